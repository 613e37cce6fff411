import base64
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.translate import code_translations

from odoo.addons.hospitality_crm.tools.arrays import pg_array, pg_int_array
from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one

from ...engine import reasons

GC_BATCH = 10_000


class HospitalityConnectorInbox(models.Model):
    """A raw record as the source delivered it, stored before anything is done with it.

    States: *new* waits for a lane; *waiting* was read but refers to a record that has not arrived
    yet (``wait_key``) and is taken up again when it does; *done* is applied, or was older than or
    equal to what is stored; *quarantined* can't be applied, with a reason for people, until
    somebody replays it; *skipped* was discarded by a person, with his reason.
    """

    _name = "hospitality.connector.inbox"
    _description = "Inbox Record"
    _order = "id desc"
    _rec_name = "event_key"
    _log_access = False

    connector_id = SoftMany2one("hospitality.connector", required=True)
    event_key = fields.Char(required=True, readonly=True, help="Unique per delivered event.")
    entity = fields.Char(string="Kind of Record", readonly=True)
    external_id = fields.Char(string="Key in the Source", readonly=True)
    body = fields.Text(readonly=True, help="The record, redacted.", groups="hospitality_crm.group_hospitality_admin")
    encoding = fields.Selection([("text", "Text"), ("base64", "Base64")], default="text", readonly=True)
    content_type = fields.Char(readonly=True)
    version = fields.Float(readonly=True)
    state = fields.Selection(
        [
            ("new", "New"),
            ("waiting", "Waiting for Another Record"),
            ("done", "Done"),
            ("quarantined", "In Quarantine"),
            ("skipped", "Discarded"),
        ],
        required=True,
        default="new",
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    error_code = fields.Char(readonly=True)
    error_message = fields.Text(string="Reason in English", readonly=True)
    error_reason = fields.Json(readonly=True)
    reason = fields.Text(
        compute="_compute_reason", search="_search_reason", help="Why the record isn't imported, in your language."
    )
    error_path = fields.Char(string="Where", readonly=True)
    warnings = fields.Json(readonly=True)
    wait_key = fields.Char(string="Waits For", readonly=True, help="Kind and key of the record that is referred to.")
    adapter_revision = fields.Integer(readonly=True)
    force = fields.Boolean(readonly=True, help="Apply it even if what is stored says the same.")
    received_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    observed_at = fields.Datetime(readonly=True, help="When the record was read from the source.")
    processed_at = fields.Datetime(readonly=True)
    discard_reason = fields.Char(readonly=True)
    discarded_by_id = SoftMany2one("res.users", readonly=True)

    _event_key_uniq = models.Constraint(
        "UNIQUE (connector_id, event_key)", "The connector has stored this event already."
    )
    _new_idx = models.Index("(connector_id, id) WHERE state = 'new'")
    _quarantine_idx = models.Index("(connector_id, error_code) WHERE state = 'quarantined'")
    _wait_idx = models.Index("(wait_key) WHERE state = 'waiting'")
    # Rows are settled roughly in the order of their time: a few pages of BRIN find the old ones.
    _settled_idx = models.Index("USING brin (processed_at)")
    _warned_idx = models.Index("(connector_id) WHERE warnings IS NOT NULL")

    @api.depends("error_message", "error_reason")
    @api.depends_context("lang")
    def _compute_reason(self):
        tell = self._get_teller()
        for record in self:
            record.reason = tell(record.error_reason, record.error_message)

    def _search_reason(self, operator, value):
        if operator not in ("ilike", "like", "=", "in"):
            return NotImplemented
        # In the language of the reader it is known only after reading: look into what is stored.
        return Domain("error_message", operator, value) | Domain("error_code", operator, value)

    @api.model
    def _get_translator(self):
        """Return a function that translates a text of the engine into the language of the user."""
        # The engine knows no translations; its texts are exported with those of the addon.
        known = code_translations.get_python_translations("hospitality_connectors", self.env.lang or "en_US")
        return lambda text: known.get(text, text)

    @api.model
    def _get_teller(self):
        """Return a function of a reason (see ``engine.reasons``) and its text in English.

        It returns the reason in the language of the user, and the text where there is none: rows of before, and
        adapters with words of their own.
        """
        translate = self._get_translator()
        texts = self.env["hospitality.bulk.visit"]._get_refusal_texts()

        def tell(reason, text=""):
            try:
                return reasons.tell(reason, translate, texts) if reason else text
            except (KeyError, TypeError, ValueError):
                return text

        return tell

    def action_replay(self):
        """Have the records read and applied again, by the same code as the first time."""
        self._check_admin()
        self.sudo()._replay()  # rights were checked

    def action_replay_alike(self):
        """Replay every record in quarantine for the same reason as this one."""
        self._check_admin()
        self.ensure_one()
        self.search(
            [
                ("connector_id", "=", self.connector_id.id),
                ("state", "=", "quarantined"),
                ("error_code", "=", self.error_code),
            ]
        ).action_replay()

    def action_discard(self):
        """Ask why the records are not wanted and take them out of the queue."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Discard Records"),
            "res_model": "hospitality.connector.discard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_inbox_ids": self.ids},
        }

    def _check_admin(self):
        if not self.env.su and not self.env.user.has_group("hospitality_crm.group_hospitality_admin"):
            raise AccessError(
                self.env._("Only an administrator of the guest CRM may replay or discard records of the inbox.")
            )

    def _replay(self, force=False):
        """Put records back into the queue.

        :param bool force: apply them even if what is stored says the same, because what codes
            mean has changed
        """
        records = self.filtered(lambda record: record.state != "new")
        records.write(
            {
                "state": "new",
                "force": force,
                "wait_key": False,
                "discard_reason": False,
                "discarded_by_id": False,
            }
        )
        records.connector_id._wake(len(records))

    def _discard(self, reason):
        """Take records out of the queue in the name of the current user.

        :param str reason: why they are not wanted
        :raise UserError: when no reason is given
        """
        self._check_admin()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the records are not wanted."))
        self.filtered(lambda record: record.state in ("new", "waiting", "quarantined")).sudo().write(  # see above
            {
                "state": "skipped",
                "discard_reason": reason.strip(),
                "discarded_by_id": self.env.uid,
                "processed_at": fields.Datetime.now(),
            }
        )

    @api.autovacuum
    def _gc_settled(self):
        """Delete records that were settled some time ago: raw data is not kept for ever.

        The number of days is the system parameter ``hospitality_connectors.inbox_days`` (30).
        What was imported stays; a later delivery of the same record changes nothing.
        """
        get_param = self.env["ir.config_parameter"].sudo().get_param  # a number, no secret
        days = int(get_param("hospitality_connectors.inbox_days", 30))
        limit = fields.Datetime.now() - timedelta(days=days)
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM hospitality_connector_inbox WHERE id IN (SELECT id FROM hospitality_connector_inbox"
                " WHERE state IN ('done', 'skipped') AND processed_at < %s LIMIT %s) RETURNING id",
                limit,
                GC_BATCH,
            )
        )
        self.invalidate_model(flush=False)
        return len(rows), len(rows) == GC_BATCH

    @api.model
    def _scrub(self, source, profile_ids, inbox_ids=()):
        """Empty the bodies of settled records that are about anonymised guests.

        These are records whose own key is that of the guest or of a visit of his, and those whose text names
        his key. They stay as a log; what was imported from them stays as well, but they can't be replayed.

        :param source: ``hospitality.source`` record
        :param list profile_ids: source profiles of the guests
        :param inbox_ids: further rows that are known to be about such a guest
        """
        ids = self._find_about(source, profile_ids, inbox_ids)
        self.env.cr.execute(SQL("UPDATE hospitality_connector_inbox SET body = NULL WHERE id = ANY(%s)", ids))
        self.invalidate_model(["body"], flush=False)

    @api.model
    def _find_about(self, source, profile_ids, inbox_ids=(), states=("waiting", "done", "quarantined", "skipped")):
        """Return the ids of records with a body that are about guests; see :meth:`_scrub`.

        :param states: of records to look at; None: all
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT external_id, TRUE FROM hospitality_profile WHERE id = ANY(%(ids)s::int[])"
                " UNION ALL SELECT external_id, FALSE FROM hospitality_booking WHERE profile_id = ANY(%(ids)s::int[])"
                " UNION ALL SELECT external_id, FALSE FROM hospitality_stay WHERE profile_id = ANY(%(ids)s::int[])"
                " UNION ALL SELECT s.external_id, FALSE FROM hospitality_stay s JOIN hospitality_stay_guest g"
                " ON g.stay_id = s.id WHERE g.profile_id = ANY(%(ids)s::int[])"
                " UNION ALL SELECT external_id, FALSE FROM hospitality_reservation"
                " WHERE profile_id = ANY(%(ids)s::int[])"
                " UNION ALL SELECT external_id, FALSE FROM hospitality_check WHERE profile_id = ANY(%(ids)s::int[])"
                " UNION ALL SELECT external_id, FALSE FROM hospitality_review WHERE profile_id = ANY(%(ids)s::int[])",
                ids=pg_int_array(profile_ids),
            )
        )
        named = [json.dumps(key, ensure_ascii=False) for key, is_guest in rows if is_guest]
        found = self.env.execute_query(
            SQL(
                "SELECT i.id FROM hospitality_connector_inbox i JOIN hospitality_connector c ON c.id = i.connector_id"
                " WHERE c.source_id = %s AND i.body IS NOT NULL AND %s"
                " AND (i.id = ANY(%s::int[]) OR i.external_id = ANY(%s::varchar[])"
                " OR EXISTS (SELECT FROM unnest(%s::text[]) AS n(key) WHERE strpos(i.body, n.key) > 0))",
                source.id,
                SQL("TRUE") if states is None else SQL("i.state = ANY(%s)", list(states)),
                pg_int_array(inbox_ids),
                pg_array(sorted({key for key, _is_guest in rows})),
                pg_array(named),
            )
        )
        return [row[0] for row in found]

    def _encode_body(self, body):
        """Return ``(text, encoding)`` under which a body of bytes or text can be stored."""
        if isinstance(body, bytes):
            try:
                body = body.decode()
            except UnicodeDecodeError:
                return base64.b64encode(body).decode(), "base64"
        if "\x00" in body or not _is_encodable(body):
            return base64.b64encode(body.encode("utf-8", "surrogatepass")).decode(), "base64"
        return body, "text"

    def _decode_body(self, body, encoding):
        """Return what :meth:`_encode_body` was given: text, or bytes that are no UTF-8 text."""
        if encoding != "base64":
            return body
        body = base64.b64decode(body)
        try:
            return body.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return body


def _is_encodable(text):
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
