from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_array, pg_int_array
from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one

#: A source that has changed the record meanwhile is asked so often before a person decides.
MOST_CONFLICTS = 5
#: What fails so often waits for a person.
MOST_TRIES = 12


class HospitalityConnectorOutbox(models.Model):
    """What a source has to be told about a guest: written with the change, sent after its commit.

    There is one row per guest's record in a source and subject, such as his VIP status or one consent. It holds no
    values: what is said is read when it is sent, so that it is the latest, and a guest who was erased meanwhile leaves
    nothing here. A later change makes the same row wait again under a new key.
    """

    _name = "hospitality.connector.outbox"
    _description = "What a Source Is Told"
    _inherit = ["hospitality.connector.leased"]
    _order = "noted_at desc, id desc"
    _rec_name = "kind"
    _log_access = False

    connector_id = SoftMany2one("hospitality.connector", required=True, readonly=True)
    profile_id = SoftMany2one("hospitality.profile", required=True, readonly=True)
    partner_id = fields.Many2one(related="profile_id.partner_id", string="Guest")
    for_partner_id = fields.Integer(readonly=True, help="The guest that the record belonged to when it was noted.")
    kind = fields.Selection(
        [
            ("vip", "VIP"),
            ("tier", "Tier"),
            ("alert", "Alert"),
            ("allergy", "Allergies"),
            ("preference", "Preference"),
            ("consent", "Consent"),
            ("note", "Note"),
        ],
        required=True,
        readonly=True,
    )
    topic = fields.Char(required=True, readonly=True, help="Which alert, preference, channel or programme.")
    revision = fields.Integer(readonly=True, help="Grows with each change; part of the key that the source gets.")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("told", "Told"),
            ("conflict", "To Be Decided"),
            ("refused", "Refused"),
            ("gone", "No Such Record"),
            ("dropped", "Not to Be Told"),
        ],
        required=True,
        readonly=True,
    )
    digest = fields.Char(readonly=True, help="Hash of what the source was told last.")
    noted_at = fields.Datetime(readonly=True)
    told_at = fields.Datetime(readonly=True)
    attempts = fields.Integer(readonly=True)
    conflicts = fields.Integer(readonly=True)
    error_message = fields.Char(string="Answer", readonly=True)

    _topic_uniq = models.Constraint(
        "UNIQUE (connector_id, profile_id, kind, topic)", "A source is told about a subject by one row."
    )
    _due_idx = models.Index("(next_at) WHERE state = 'waiting'")
    _profile_idx = models.Index("(profile_id)")

    # Noting

    @api.model
    def _tell(self, partner_ids, kind, topics=("",)):
        """Have the sources of guests told about a subject, in the current transaction.

        Sources that can't be told, or must not, are left out.

        :param partner_ids: ids of contacts
        :param str kind: see the field
        :param topics: which alerts, preferences, channels; one text for all without any
        :return: number of rows that wait now
        """
        connectors = self.env["hospitality.connector"]._get_tellers(kind)
        if not connectors or not partner_ids:
            return 0
        count = self._note(
            SQL(
                "SELECT t.connector_id, p.id, p.partner_id, %s AS kind, topic"
                " FROM hospitality_profile p"
                " JOIN (%s) t ON t.source_id = p.source_id AND t.place = %s"
                " CROSS JOIN unnest(%s::varchar[]) AS topic"
                " WHERE p.partner_id = ANY(%s::int[]) AND p.state = 'live'",
                kind,
                self._get_teller_rows(connectors),
                self._get_place(connectors),
                pg_array(list(topics)),
                pg_int_array(sorted(set(partner_ids))),
            ),
            again=True,
        )
        return count

    @api.model
    def _get_teller_rows(self, connectors):
        """Return the query of ``(connector_id, source_id, place)``: who tells whom; place 0 stands for all others."""
        rows = []
        for connector in connectors.sorted("id", reverse=True):
            rows.append((connector.id, connector.source_id.id, connector.property_id.id or 0))
        places = {(source, place): connector for connector, source, place in rows}
        # A guest whose record belongs to a property without a connector of its own is told of by the first one.
        for connector, source, _place in rows:
            places[source, 0] = connector
        values = SQL(", ").join(SQL("(%s, %s, %s)", connector, *key) for key, connector in sorted(places.items()))
        return SQL("SELECT * FROM (VALUES %s) AS v(connector_id, source_id, place)", values)

    @api.model
    def _get_place(self, connectors):
        places = pg_int_array(connectors.property_id.ids)
        return SQL("CASE WHEN p.property_id = ANY(%s::int[]) THEN p.property_id ELSE 0 END", places)

    @api.model
    def _note(self, query, again):
        """Have rows wait.

        :param SQL query: of connector, profile, guest, kind, topic
        :param bool again: rows that were told already wait again; else only new ones are added
        :return: number of rows that wait now
        """
        update = SQL(
            "DO UPDATE SET state = 'waiting', revision = o.revision + 1, noted_at = excluded.noted_at,"
            " for_partner_id = excluded.for_partner_id,"
            " next_at = excluded.next_at, attempts = 0, conflicts = 0"
        )
        rows = self.env.execute_query(
            SQL(
                "INSERT INTO hospitality_connector_outbox AS o"
                " (connector_id, profile_id, for_partner_id, kind, topic, revision, state, noted_at, next_at, attempts,"
                " conflicts)"
                " SELECT DISTINCT q.*, 1, 'waiting', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 0, 0"
                " FROM (%s) q ORDER BY 1, 2, 3, 4"
                " ON CONFLICT (connector_id, profile_id, kind, topic) %s RETURNING id",
                query,
                update if again else SQL("DO NOTHING"),
            )
        )
        if rows:
            self.invalidate_model(flush=False)
            self.env["hospitality.connector"]._wake_readers()
        return len(rows)

    # Sending

    @api.model
    def _claim_due(self, limit):
        """Take rows of one connector that are due, in the current transaction.

        :return: ``(connector id, lease, records)``, or None
        """
        claimed = self._claim_of_one(SQL("w.state = 'waiting'"), SQL("w.revision"), limit)
        if not claimed:
            return None
        connector_id, lease, rows = claimed
        return connector_id, lease, self.browse([row[0] for row in rows])

    @api.model
    def _settle(self, lease, id_, revision, values):
        """Write what became of a row; when the guest was changed meanwhile, the row goes on waiting."""
        row = self.search([("id", "=", id_), ("lease", "=", lease)])
        if not row:
            return
        row.write({"lease": False, "leased_until": False})
        if row.revision == revision:
            row.write(values)

    # People

    def _check_admin(self):
        if not self.env.su and not self.env.user.has_group("hospitality_crm.group_hospitality_admin"):
            raise AccessError(self.env._("Only an administrator of the guest CRM decides what sources are told."))

    def action_retry(self):
        """Tell it again, as it is now."""
        self._check_admin()
        rows = self.sudo().filtered(lambda row: row.state != "waiting")  # rights were checked
        now = fields.Datetime.now()
        for row in rows:
            row.write({"state": "waiting", "revision": row.revision + 1, "next_at": now, "attempts": 0, "conflicts": 0})
        self.env["hospitality.connector"]._wake_readers()

    def action_drop(self):
        """Don't tell it."""
        self._check_admin()
        rows = self.sudo().filtered(lambda row: row.state not in ("told", "dropped"))  # rights were checked
        rows.write({"state": "dropped"})
