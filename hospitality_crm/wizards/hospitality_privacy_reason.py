from odoo import fields, models


class HospitalityPrivacyReason(models.TransientModel):
    """Asks for the reason of a refusal or of a longer deadline: the person is told."""

    _name = "hospitality.privacy.reason"
    _description = "Reason for a Person"

    request_id = fields.Many2one("hospitality.privacy.request", required=True, readonly=True)
    mode = fields.Selection([("refuse", "Refuse"), ("extend", "Extend the Deadline")], required=True, readonly=True)
    reason = fields.Text(required=True)

    def action_apply(self):
        """Refuse the request, or extend its deadline."""
        self.ensure_one()
        self.request_id.check_access("write")
        if self.mode == "refuse":
            self.request_id._refuse(self.reason)
        else:
            self.request_id._extend(self.reason)
        return {"type": "ir.actions.act_window_close"}
