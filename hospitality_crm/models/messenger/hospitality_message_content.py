import datetime

from odoo import api, fields, models
from odoo.tools import SQL

#: What was sent is kept for questions about it, then only the decision is.
KEPT = datetime.timedelta(days=30)
FINAL = ("refused", "sent", "delivered", "failed", "bounced", "cancelled")


class HospitalityMessageContent(models.Model):
    """What a message of a messenger or call says, and how far its sending has come.

    The message itself (`hospitality.message`) keeps the decision without any text.
    """

    _name = "hospitality.message.content"
    _description = "Text of a Message"
    _log_access = False
    _rec_name = "message_id"

    message_id = fields.Many2one("hospitality.message", required=True, readonly=True, ondelete="cascade")
    provider_id = fields.Many2one("hospitality.message.provider", index=True, readonly=True, ondelete="restrict")
    text = fields.Text(required=True, readonly=True)
    buttons = fields.Json(readonly=True)
    template = fields.Json(readonly=True)
    tries = fields.Integer(readonly=True, default=0)
    activity_id = fields.Integer(string="Call Task", readonly=True, aggregator=None)
    outcome = fields.Selection(
        [
            ("reached", "Reached"),
            ("no_answer", "No Answer"),
            ("wrong_number", "Wrong Number"),
            ("do_not_call", "Doesn't Want Calls"),
        ],
        readonly=True,
    )

    _message_uniq = models.Constraint("UNIQUE (message_id)", "A message has one text.")
    _activity_idx = models.Index("(activity_id) WHERE activity_id IS NOT NULL")

    @api.model
    def _forget_tasks(self, activity_ids):
        """Let messages be given to a caller again when they are due."""
        self.env.cr.execute(
            SQL("UPDATE hospitality_message_content SET activity_id = NULL WHERE activity_id = ANY(%s)", activity_ids)
        )
        self.invalidate_model(["activity_id"], flush=False)

    @api.model
    def _cancel_tasks(self, activity_ids):
        """Cancel the messages of call tasks that somebody deletes."""
        if not activity_ids:
            return
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_message m SET state = 'cancelled', decided_at = %s
                     FROM hospitality_message_content c
                    WHERE c.activity_id = ANY(%s) AND c.outcome IS NULL AND m.id = c.message_id
                      AND m.state IN ('planned', 'postponed')""",
                fields.Datetime.now(),
                activity_ids,
            )
        )
        self._forget_tasks(activity_ids)
        self.env["hospitality.message"].invalidate_model(flush=False)

    @api.autovacuum
    def _forget_old(self):
        """Delete texts of messages that ended a while ago."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """DELETE FROM hospitality_message_content c USING hospitality_message m
                    WHERE m.id = c.message_id AND m.state = ANY(%s) AND m.decided_at < %s""",
                list(FINAL),
                fields.Datetime.now() - KEPT,
            )
        )
