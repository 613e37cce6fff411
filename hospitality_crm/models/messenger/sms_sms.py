import datetime
import logging

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import gate as engine
from ...tools.claim import claim, lane_env, with_retry

_logger = logging.getLogger(__name__)

PARKED_AT_ONCE = 500
CLAIMED_AT_ONCE = 50
PROVIDER = "sms"
#: A failure of the account, not of the message: everything waits.
ACCOUNT_FAILURES = frozenset({"sms_credit", "sms_acc", "sms_registration_needed", "twilio_from_missing"})
#: The core doesn't tell a broken connection from an answer of the server.
UNCLEAR_FAILURES = frozenset({"sms_server", "unknown", False})
HARD_FAILURES = frozenset({"sms_number_format", "sms_invalid_destination"})
ACCOUNT_PAUSE = datetime.timedelta(minutes=15)
#: What the core's trace says about a reason of the gate.
FAILURE_TYPES = {
    "no_address": "sms_number_missing",
    "blacklisted": "sms_blacklist",
    "suppressed": "sms_blacklist",
    "unreachable": "sms_blacklist",
    "address_kind": "sms_blacklist",
    "duplicate": "sms_duplicate",
    "already": "sms_duplicate",
}


class SmsSms(models.Model):
    """Text messages to guests with a purpose that they must have agreed to go through the gate, whoever made them.

    Such a message is planned at the gate as soon as the queue sees it and is *waiting* until its hand-over, one at a
    time. It is never sent from a user's transaction.
    """

    _name = "sms.sms"
    _inherit = ["sms.sms", "hospitality.purposed"]

    state = fields.Selection(
        selection_add=[("gated", "Waiting for the Gate")],
        ondelete={"gated": lambda records: records.write({"state": "canceled"})},
    )
    hospitality_purpose_id = fields.Many2one(readonly=True, copy=False)
    hospitality_brand_id = fields.Many2one(readonly=True, copy=False)
    hospitality_gated = fields.Boolean(string="Needs Consent", readonly=True, copy=False)

    _hospitality_gated_idx = models.Index("(state, id) WHERE hospitality_gated")

    @api.model_create_multi
    def create(self, vals_list):
        self._complete_purposes(vals_list)
        return super().create(vals_list)

    @api.model
    def _complete_purposes(self, vals_list):
        """Give messages of mailings the purpose of the mailing, and find those that the gate decides about."""
        Mailing = self.env["mailing.mailing"].sudo()  # its purpose decides, whoever sends
        mailings = Mailing.browse({v["mailing_id"] for v in vals_list if v.get("mailing_id")})
        by_id = {mailing.id: mailing for mailing in mailings}
        marketing = self._get_marketing()
        posted = self.env.context.get("hospitality_sms_purpose_id")
        for vals in vals_list:
            mailing = by_id.get(vals.get("mailing_id"))
            if mailing:
                # A mailing is advertising unless it says otherwise.
                vals.update(mailing._get_purpose_values())
                vals["hospitality_purpose_id"] = vals["hospitality_purpose_id"] or marketing.id
            elif posted:
                vals.setdefault("hospitality_purpose_id", posted)
        Purpose = self.env["hospitality.purpose"].sudo()  # its legal basis decides, whoever sends
        purposes = Purpose.browse({v.get("hospitality_purpose_id") for v in vals_list})
        gated = {p.id for p in purposes.filtered("id") if not engine.is_service(p.legal_basis, p.is_marketing)}
        partner_ids = {v.get("partner_id") for v in vals_list if v.get("hospitality_purpose_id") in gated}
        Partner = self.env["res.partner"].sudo().with_context(active_test=False)  # who is a guest, whoever may see him
        guests = set(Partner.search([("id", "in", list(filter(None, partner_ids))), ("is_guest", "=", True)]).ids)
        for vals in vals_list:
            vals["hospitality_gated"] = vals.get("hospitality_purpose_id") in gated and vals.get("partner_id") in guests

    # -- the core's ways of sending ------------------------------------------------------------

    def send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Leave what needs the gate to the queue."""
        gated = self.filtered("hospitality_gated")
        if gated:
            self.env.ref("sms.ir_cron_sms_scheduler_action")._trigger()
        return super(SmsSms, self - gated).send(
            unlink_failed=unlink_failed, unlink_sent=unlink_sent, raise_exception=raise_exception
        )

    def _send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        free = self.filtered(lambda sms: not sms.hospitality_gated)
        if free:
            return super(SmsSms, free)._send(
                unlink_failed=unlink_failed, unlink_sent=unlink_sent, raise_exception=raise_exception
            )
        return None

    @api.model
    def _process_queue(self):
        while with_retry(self._park_step):
            if not self.env["ir.cron"]._commit_progress(1):
                break
        result = super()._process_queue()
        while self._send_gated_step():
            if not self.env["ir.cron"]._commit_progress(1):
                break
        self._settle_refused()
        return result

    # -- planning ------------------------------------------------------------------------------

    @api.model
    def _park_step(self):
        """Plan messages that wait in the core's queue.

        :return: number of messages
        """
        with lane_env(self.env) as env:
            ids = claim(
                env,
                self._table,
                SQL("state = 'outgoing' AND hospitality_gated AND to_delete IS NOT TRUE"),
                limit=PARKED_AT_ONCE,
            )
            parked = env["sms.sms"].browse(ids)
            for group in parked.grouped(lambda sms: sms._get_plan_key()).values():
                group._plan_at_gate()
            return len(ids)

    def _get_plan_key(self):
        """Return what messages that are planned together have in common."""
        company = self._get_sms_company()
        origin = ("mailing.mailing", self.mailing_id.id) if self.mailing_id else ("sms.sms", self.id)
        return (*origin, self.hospitality_purpose_id, self.hospitality_brand_id, company)

    def _plan_at_gate(self):
        """Plan messages of one origin; those that are refused at once are cancelled."""
        model, origin_id, purpose, brand, company = self[0]._get_plan_key()
        Gate = self.env["hospitality.gate"]
        spec = Gate._spec(
            purpose,
            "sms",
            self.env[model].browse(origin_id),
            brand=brand or None,
            company=company,
            provider=PROVIDER,
        )
        Gate._plan(self.partner_id.ids, spec)
        self.write({"state": "gated"})
        self.flush_recordset()
        policy = self.env["hospitality.message.policy"]._get(company.id, brand.id or 0)
        # What has failed for certain and is tried again goes through the gate once more.
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_message m
                      SET sms_id = s.id, state = CASE m.state WHEN 'failed' THEN 'planned' ELSE m.state END,
                          expires_at = CASE m.state WHEN 'failed' THEN %s::timestamp ELSE m.expires_at END,
                          error = CASE m.state WHEN 'failed' THEN NULL ELSE m.error END
                     FROM sms_sms s
                    WHERE s.id = ANY(%s) AND m.origin_model = %s AND m.origin_id = %s AND m.origin_ref = ''
                      AND m.channel = 'sms' AND m.planned_partner_id = s.partner_id
                      AND m.state IN ('planned', 'postponed', 'refused', 'failed')
                      AND (m.sms_id IS NULL OR m.state = 'failed')
                RETURNING s.id""",
                fields.Datetime.now() + datetime.timedelta(hours=policy.give_up_hours),
                self.ids,
                model,
                origin_id,
            )
        )
        linked = {row[0] for row in self.env.cr.fetchall()}
        self.env["hospitality.message"].invalidate_model(flush=False)
        # The origin has written to him already.
        self.filtered(lambda sms: sms.id not in linked)._cancel_gated("sms_duplicate", "")

    # -- sending -------------------------------------------------------------------------------

    @api.model
    def _send_gated_step(self):
        """Hand messages over that are due.

        :return: number of messages; 0 when there are none, or the account doesn't work
        """
        with self.env["hospitality.gate"]._passage() as passage:
            due = SQL("channel = 'sms' AND provider = %s AND sms_id IS NOT NULL AND sms_id <> 0", PROVIDER)
            ids = passage.claim(due, CLAIMED_AT_ONCE)
            failed = {}
            goes_on = True
            rest = list(ids)
            while rest and goes_on:
                message_id = rest.pop(0)
                if passage.enter(message_id):
                    goes_on = self._hand_over(passage, message_id, failed)
            passage.give_back(rest)
        self.env["hospitality.messenger"]._note_unreachable(failed)
        return len(ids) if goes_on else 0

    @api.model
    def _hand_over(self, passage, message_id, failed):
        """Hand over the message that was entered, and leave it.

        :param dict failed: gets the ids of contact points that don't work
        :return: whether the account goes on
        """
        message = passage.env["hospitality.message"].browse(message_id)
        sms = passage.env["sms.sms"].browse(message.sms_id).exists()
        if sms.state not in ("gated", "error"):
            passage.leave("cancelled", error="the text message was taken back")
            return True
        if not sms.sms_tracker_id:
            passage.env["sms.tracker"].create({"sms_uuid": sms.uuid})
            sms.invalidate_recordset(["sms_tracker_id"])
        sms.write({"state": "outgoing", "failure_type": False, "number": message.point_id.value or sms.number})
        try:
            sms._send_now()
        except Exception as error:
            if getattr(error, "pgcode", None):
                raise
            _logger.warning("Text message %s: %s", sms.id, type(error).__name__)
            sms._update_sms_state_and_trackers("error", failure_type="sms_server")
        failure = sms.failure_type
        if sms.state != "error":
            passage.leave("sent", external_ref=sms.uuid, error=None)
            passage.env.flush_all()
            return True
        goes_on = True
        if failure in ACCOUNT_FAILURES:
            sms.write({"state": "gated"})
            passage.leave("planned", due_at=fields.Datetime.now() + ACCOUNT_PAUSE, error=failure)
            goes_on = False
        elif failure in UNCLEAR_FAILURES:
            passage.leave("uncertain", external_ref=sms.uuid, error=failure or "unknown")
            goes_on = False
        else:
            passage.leave("failed", external_ref=sms.uuid, error=failure)
            if failure in HARD_FAILURES:
                failed[message.point_id.id] = "hard"
        passage.env.flush_all()
        return goes_on

    def _send_now(self):
        """Send past our own guard: the gate has let it pass."""
        ((sms_api, sms),) = self._split_by_api()
        return super(SmsSms, sms.with_context(sms_api=sms_api))._send(unlink_sent=True, raise_exception=True)

    # -- refused -------------------------------------------------------------------------------

    @api.model
    def _settle_refused(self):
        """Cancel what the gate has refused, with its reason."""
        rows = self.env.execute_query(
            SQL(
                """SELECT s.id, m.id FROM sms_sms s JOIN hospitality_message m ON m.sms_id = s.id
                    WHERE s.hospitality_gated AND s.state = 'gated' AND m.state IN ('refused', 'cancelled')"""
            )
        )
        messages = self.env["hospitality.message"].sudo().browse([row[1] for row in rows])  # why, whoever may see it
        by_message = {message_id: sms_id for sms_id, message_id in rows}
        for (reason, text), group in messages.grouped(lambda m: (m.reason, m.reason_text)).items():
            sms = self.browse([by_message[message.id] for message in group])
            sms._cancel_gated(FAILURE_TYPES.get(reason, "sms_optout"), text)

    def _cancel_gated(self, failure_type, text):
        """Cancel messages, with their traces and notifications."""
        self.write({"state": "canceled", "failure_type": failure_type})
        trackers = self.sms_tracker_id.sudo()  # as the core does
        # Notifications of the core don't know the reasons of mass messages.
        trackers._update_sms_notifications("canceled", failure_type="unknown", failure_reason=text or False)
        traces = trackers._update_sms_traces("cancel", failure_type=failure_type, failure_reason=text or False)
        trackers._update_sms_mailings("cancel", traces)
