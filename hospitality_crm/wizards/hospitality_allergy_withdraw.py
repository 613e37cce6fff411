from odoo import fields, models


class HospitalityAllergyWithdraw(models.TransientModel):
    """Asks a named person for the reason before an allergy goes out of use."""

    _name = "hospitality.allergy.withdraw"
    _description = "Withdraw Allergy"

    allergy_ids = fields.Many2many("hospitality.allergy", string="Allergies", required=True)
    reason = fields.Char(required=True, help='For example: "Guest said so at check-in".')
    confirmed = fields.Boolean(string="I confirm that the guest or a physician said so")

    def action_withdraw(self):
        """Withdraw the allergies in the name of the current user."""
        self.ensure_one()
        self.allergy_ids._withdraw(self.reason if self.confirmed else "")
        return {"type": "ir.actions.act_window_close"}
