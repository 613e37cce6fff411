import json
import logging

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.claim import claim, lane_env, with_retry

_logger = logging.getLogger(__name__)

CLAIMED_AT_ONCE = 50
KEPT_DAYS = 30
#: A receipt may be faster than the answer to the message that it is about.
RECEIPT_SECONDS = 900
AGAIN_SECONDS = 20
MAX_TRIES = 5


class HospitalityMessageEvent(models.Model):
    """Something that a provider has told by a web-hook, once per event.

    The web-hook checks the signature and stores the row; lanes act on it. What it said is kept until then only.
    """

    _name = "hospitality.message.event"
    _description = "Event of a Message Channel"
    _log_access = False
    _order = "id desc"
    _rec_name = "event_id"

    source = fields.Char(required=True, readonly=True, help="Code of the channel, or what else delivers.")
    event_id = fields.Char(required=True, readonly=True)
    provider_id = fields.Many2one("hospitality.message.provider", readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade", index=True)
    kind = fields.Char(required=True, readonly=True)
    payload = fields.Json(readonly=True, groups="base.group_system")
    state = fields.Selection(
        [("new", "New"), ("done", "Done"), ("ignored", "Ignored"), ("error", "Error")],
        required=True,
        readonly=True,
        default="new",
    )
    received_at = fields.Datetime(required=True, readonly=True)
    due_at = fields.Datetime(required=True, readonly=True)
    tries = fields.Integer(readonly=True, default=0)
    error = fields.Char(readonly=True)

    _event_uniq = models.Constraint("UNIQUE (source, event_id)", "This event was told already.")
    _queue_idx = models.Index("(id) WHERE state = 'new'")

    @api.model
    def _store(self, source, events, provider=None, company=None):
        """Store what a web-hook says; what it said before is left out.

        :param events: `engine.messenger.Incoming`
        :return: number of new ones
        """
        now = fields.Datetime.now()
        new = 0
        for event in events:
            self.env.cr.execute(
                SQL(
                    """INSERT INTO hospitality_message_event (source, event_id, provider_id, company_id, kind,
                                                              payload, state, received_at, due_at, tries)
                       VALUES (%s, %s, %s, %s, %s, %s, 'new', %s, %s, 0)
                           ON CONFLICT (source, event_id) DO NOTHING""",
                    source,
                    event.event_id,
                    provider.id if provider else None,
                    company.id if company else None,
                    event.kind,
                    json.dumps({k: v for k, v in event._asdict().items() if v and k not in ("event_id", "kind")}),
                    now,
                    now,
                ),
                log_exceptions=False,  # they would show what a guest has written
            )
            new += self.env.cr.rowcount
        if new:
            self.env.ref("hospitality_crm.cron_message_event")._trigger()
        return new

    @api.model
    def _run_lane(self):
        """Job: act on what providers have told."""
        while with_retry(self._step):
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _step(self):
        """Act on one event, in a transaction of its own: it may wait for a message that is being handed over.

        :return: number of events
        """
        with lane_env(self.env) as env:
            now = fields.Datetime.now()
            ids = claim(env, self._table, SQL("state = 'new' AND due_at <= %s", now), limit=1)
            if not ids:
                return 0
            event = env[self._name].browse(ids)
            try:
                with env.cr.savepoint():
                    state = env["hospitality.message.reply"]._apply(event)
            except Exception as error:
                if getattr(error, "pgcode", None):
                    raise
                _logger.exception("Event %s of %s can't be processed", event.id, event.source)
                state = "error"
                event._settle("error", type(error).__name__)
            else:
                event._settle(state)
            return 1

    def _settle(self, state, error=None):
        """Write what became of the event; what it said is forgotten.

        :param str state: *later* looks at it again
        """
        self.ensure_one()
        now = fields.Datetime.now()
        if state == "later" and (now - self.received_at).total_seconds() < RECEIPT_SECONDS:
            self.write({"due_at": fields.Datetime.add(now, seconds=AGAIN_SECONDS), "tries": self.tries + 1})
            return
        if state == "error" and self.tries < MAX_TRIES:
            wait = AGAIN_SECONDS * 4**self.tries
            self.write({"due_at": fields.Datetime.add(now, seconds=wait), "tries": self.tries + 1, "error": error})
            return
        values = {"state": "ignored" if state == "later" else state, "error": error}
        if state != "error":
            values["payload"] = False
        self.write(values)

    @api.autovacuum
    def _forget_old(self):
        self.flush_model()
        before = fields.Datetime.subtract(fields.Datetime.now(), days=KEPT_DAYS)
        self.env.cr.execute(
            SQL("DELETE FROM hospitality_message_event WHERE received_at < %s AND state <> 'new'", before)
        )
