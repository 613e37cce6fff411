from odoo import fields, models


class HospitalityConnectorDiscard(models.TransientModel):
    """Ask why records of the inbox are not wanted."""

    _name = "hospitality.connector.discard"
    _description = "Discard Inbox Records"

    inbox_ids = fields.Many2many("hospitality.connector.inbox", string="Records", required=True)
    reason = fields.Char(required=True)

    def action_discard(self):
        """Discard the records with the reason."""
        self.inbox_ids._discard(self.reason)
        return {"type": "ir.actions.act_window_close"}
