from odoo import fields, models
from odoo.tools import html2plaintext

from ...tools.soft_many2one import SoftMany2one


class MailActivity(models.Model):
    """A call to a guest as a task: what came of it decides about the message, and about further calls."""

    _inherit = "mail.activity"

    hospitality_message_id = SoftMany2one(
        "hospitality.message",
        string="Message",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="hospitality_crm.group_hospitality_base",
    )
    hospitality_outcome = fields.Selection(
        [
            ("reached", "Reached"),
            ("no_answer", "No Answer"),
            ("wrong_number", "Wrong Number"),
            ("do_not_call", "Doesn't Want Calls"),
        ],
        string="Outcome",
        copy=False,
    )
    hospitality_phone = fields.Char(string="Phone", compute="_compute_hospitality_phone")

    def _compute_hospitality_phone(self):
        for activity in self:
            partner = activity.res_model == "res.partner" and self.env["res.partner"].browse(activity.res_id)
            activity.hospitality_phone = partner.phone if partner and partner.has_access("read") else False

    def action_call_reached(self):
        """Say that the guest was called."""
        return self._finish_call("reached")

    def action_call_no_answer(self):
        """Say that nobody answered."""
        return self._finish_call("no_answer")

    def action_call_wrong_number(self):
        """Say that somebody else answered: the number isn't used any more."""
        return self._finish_call("wrong_number")

    def action_call_refused(self):
        """Say that the guest wants no more calls, which is recorded as his withdrawal."""
        return self._finish_call("do_not_call")

    def _finish_call(self, outcome):
        self.check_access("write")
        self.write({"hospitality_outcome": outcome})
        self._action_done()
        return True

    def _action_done(self, feedback=False, attachment_ids=None):
        calls = [
            (activity.hospitality_message_id, activity.hospitality_outcome or "reached")
            for activity in self.sudo()  # who may finish the task may say how the call went
            if activity.active and activity.hospitality_message_id
        ]
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        for message, outcome in calls:
            self.env["hospitality.messenger"].sudo()._record_call(  # as above
                message, outcome, html2plaintext(feedback) if feedback else ""
            )
        return result

    def unlink(self):
        """Take the messages of deleted calls back."""
        Content = self.env["hospitality.message.content"].sudo()  # who may delete the task cancels the call
        Content._cancel_tasks(self.ids)
        return super().unlink()
