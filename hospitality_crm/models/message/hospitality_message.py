from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools.claim import lane_env, with_retry
from ...tools.soft_many2one import SoftMany2one
from ..consent.hospitality_purpose import CHANNELS
from .guest_lock import try_lock_sql

STATES = [
    ("planned", "Planned"),
    ("postponed", "Postponed"),
    ("refused", "Not Sent"),
    ("sending", "Being Sent"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("uncertain", "Uncertain"),
    ("bounced", "Returned"),
    ("cancelled", "Cancelled"),
]
#: A hand-over that takes longer than this is looked at: its worker may have died.
SENDING_SECONDS = 120
SWEPT_AT_ONCE = 200


class HospitalityMessage(models.Model):
    """A message that was considered for a guest: sent, postponed or refused, and why.

    Rows are written by `hospitality.gate` alone. ``state`` says what has become of it:

    * *planned* and *postponed* ones wait, the latter until ``due_at``;
    * *refused* ones end with a ``reason``;
    * *sending* means that the hand-over to the provider has begun, which is committed before it begins. A worker that
      dies in it leaves the message *uncertain*: nobody knows whether it went, so a person decides;
    * *sent*, *delivered*, *failed* (the provider has refused it for certain) and *bounced* are what providers say.

    ``consent_event_id`` is the statement that allowed the message at the moment of its hand-over. ``history`` lists
    earlier decisions as ``[time, state, reason]``. The address is a contact point; none is kept here.
    """

    _name = "hospitality.message"
    _description = "Message to a Guest"
    _log_access = False
    _order = "id desc"
    _rec_name = "purpose_id"

    partner_id = fields.Many2one("res.partner", string="Guest", required=True, readonly=True, ondelete="restrict")
    planned_partner_id = fields.Integer(
        readonly=True, aggregator=None, help="The guest when the message was planned, before any merge."
    )
    company_id = SoftMany2one("res.company", required=True, readonly=True)
    brand_id = SoftMany2one("hospitality.brand", readonly=True)
    purpose_id = SoftMany2one("hospitality.purpose", required=True, readonly=True)
    is_gated = fields.Boolean(string="Needs Consent", readonly=True, help="Off: a message about a booking or payment.")
    channel = fields.Selection(CHANNELS, required=True, readonly=True)
    provider = fields.Char(readonly=True)
    point_id = SoftMany2one("hospitality.contact.point", string="Address", readonly=True)
    origin_model = fields.Char(required=True, readonly=True)
    origin_id = fields.Many2oneReference("origin_id", model_field="origin_model", required=True, readonly=True)
    origin_ref = fields.Char(required=True, readonly=True, default="")
    origin = fields.Char(string="Sent by", compute="_compute_origin")
    can_open_origin = fields.Boolean(compute="_compute_origin")
    priority = fields.Integer(default=50, required=True, readonly=True, aggregator=None)
    state = fields.Selection(STATES, required=True, readonly=True)
    reason = fields.Char(string="Code of the Reason", readonly=True)
    details = fields.Json(readonly=True)
    reason_text = fields.Text(string="Why", compute="_compute_reason_text")
    history = fields.Json(readonly=True)
    history_text = fields.Text(string="Decided Before", compute="_compute_reason_text")
    consent_event_id = SoftMany2one(
        "hospitality.consent.event",
        string="Deciding Statement",
        readonly=True,
        groups="hospitality_crm.group_hospitality_manager,hospitality_crm.group_hospitality_dpo",
    )
    considered_at = fields.Datetime(required=True, readonly=True)
    decided_at = fields.Datetime(required=True, readonly=True)
    due_at = fields.Datetime(string="Not Before", readonly=True)
    expires_at = fields.Datetime(string="Not After", readonly=True)
    leased_until = fields.Datetime(readonly=True)
    handed_at = fields.Datetime(string="Handed Over", readonly=True)
    sent_at = fields.Datetime(readonly=True)
    mail_id = fields.Integer(readonly=True, aggregator=None)
    sms_id = fields.Integer(readonly=True, aggregator=None)
    trace_id = fields.Integer(readonly=True, aggregator=None)
    external_ref = fields.Char(string="Key at the Provider", readonly=True)
    error = fields.Char(readonly=True)

    _origin_uniq = models.UniqueIndex(
        "(origin_id, planned_partner_id, origin_model, channel, origin_ref)",
        "This message was considered for this guest already.",
    )
    _partner_idx = models.Index("(partner_id, id)")
    _handed_idx = models.Index(
        "(handed_at) INCLUDE (partner_id, channel, brand_id, company_id, state)"
        " WHERE handed_at IS NOT NULL AND is_gated"
    )
    _point_idx = models.Index("(point_id, origin_id)")
    _origin_queue_idx = models.Index(
        "(origin_model, origin_id, priority DESC, id) WHERE state IN ('planned', 'postponed')"
    )
    _channel_queue_idx = models.Index("(channel, provider, priority DESC, id) WHERE state IN ('planned', 'postponed')")
    _open_end_idx = models.Index("(state, id) WHERE state IN ('sending', 'uncertain')")
    _external_ref_idx = models.Index("(external_ref) WHERE external_ref IS NOT NULL")

    @api.depends("origin_model", "origin_id")
    def _compute_origin(self):
        for model, messages in self.grouped("origin_model").items():
            names = {}
            lasting = model in self.env and not self.env[model]._transient
            if lasting:
                Origin = self.env[model].sudo()  # its name is part of the message, for whoever may read that
                records = Origin.browse(messages.mapped("origin_id")).exists()
                names = {record.id: record.display_name for record in records}
            label = self.env[model]._description if model in self.env else model
            for message in messages:
                message.origin = names.get(message.origin_id) or label
                message.can_open_origin = message.origin_id in names and self.env[model].has_access("read")

    @api.depends("state", "reason", "details", "due_at", "history")
    @api.depends_context("lang", "tz")
    def _compute_reason_text(self):
        texts = self.env["hospitality.message.texts"]
        for message in self:
            message.reason_text = texts._tell(message)
            message.history_text = texts._tell_history(message)

    # -- a person decides ----------------------------------------------------------------------

    def _check_may_decide(self):
        groups = ("group_hospitality_marketing", "group_hospitality_manager")
        if not any(self.env.user.has_group(f"hospitality_crm.{group}") for group in groups):
            raise AccessError(self.env._("Marketing and guest relations managers decide about messages."))
        self.check_access("read")

    def action_mark_sent(self):
        """Say that uncertain messages have reached their guests."""
        self._settle_uncertain("sent")

    def action_send_again(self):
        """Say that uncertain messages never went: they wait to be sent again."""
        self._settle_uncertain("planned")

    def _settle_uncertain(self, state):
        self._check_may_decide()
        if any(message.state != "uncertain" for message in self):
            raise UserError(
                self.env._("Only messages of which nobody knows whether they went are decided by a person.")
            )
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_message
                      SET state = %(state)s, reason = NULL, leased_until = NULL, decided_at = %(now)s,
                          sent_at = CASE WHEN %(state)s = 'sent' THEN handed_at END,
                          handed_at = CASE WHEN %(state)s = 'sent' THEN handed_at END,
                          history = %(history)s
                    WHERE id = ANY(%(ids)s) AND state = 'uncertain'""",
                state=state,
                now=fields.Datetime.now(),
                ids=self.ids,
                history=self._add_to_history(SQL("'decided by user %s'", self.env.uid)),
            )
        )
        self.invalidate_recordset()

    def action_cancel(self):
        """Take back messages that wait."""
        self._check_may_decide()
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_message
                      SET state = 'cancelled', decided_at = %s, history = %s
                    WHERE id = ANY(%s) AND state IN ('planned', 'postponed')""",
                fields.Datetime.now(),
                self._add_to_history(SQL("reason")),
                self.ids,
            )
        )
        self.invalidate_recordset()

    @api.model
    def _add_to_history(self, reason, row=None):
        """Return the expression that adds the decision so far to ``history``.

        :param SQL reason: what to remember as its reason
        :param SQL row: prefix of the columns, where others have the same names
        """
        return SQL(
            "COALESCE(%(row)shistory, '[]'::jsonb) || jsonb_build_array(jsonb_build_array("
            "to_char(%(row)sdecided_at, 'YYYY-MM-DD\"T\"HH24:MI:SS'), %(row)sstate, %(reason)s))",
            row=row or SQL(),
            reason=reason,
        )

    def action_open_origin(self):
        """Open what has sent the message."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.origin_model,
            "res_id": self.origin_id,
            "view_mode": "form",
        }

    # -- upkeep --------------------------------------------------------------------------------

    @api.model
    def _run_sweeper(self):
        """Job: find messages whose worker died while it handed them over."""
        done = with_retry(self._sweep_step)
        self.env["ir.cron"]._commit_progress(done, remaining=int(done == SWEPT_AT_ONCE))

    @api.model
    def _sweep_step(self):
        """Mark as uncertain what nobody is sending any more: whoever sends holds the guest's lock.

        :return: number of messages marked
        """
        with lane_env(self.env) as env:
            rows = env.execute_query(
                SQL(
                    """SELECT id, %(lock)s FROM hospitality_message
                        WHERE state = 'sending' AND handed_at < %(before)s ORDER BY id LIMIT %(limit)s""",
                    lock=try_lock_sql(SQL("partner_id")),
                    before=fields.Datetime.subtract(fields.Datetime.now(), seconds=SENDING_SECONDS),
                    limit=SWEPT_AT_ONCE,
                )
            )
            ids = [message_id for message_id, locked in rows if locked]
            if ids:
                env.cr.execute(
                    SQL(
                        "UPDATE hospitality_message SET state = 'uncertain', reason = 'died'"
                        " WHERE id = ANY(%s) AND state = 'sending'",
                        ids,
                    )
                )
            return len(ids)
