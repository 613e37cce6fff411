from odoo import models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_merge_guests(self):
        """Show the selected guests side by side, to merge them."""
        if len(self) < 2:
            raise UserError(self.env._("Select at least two guests to merge."))
        return {
            "type": "ir.actions.client",
            "tag": "hospitality_merge_guests",
            "target": "new",
            "name": self.env._("Merge guests"),
            "context": {"partner_ids": self.ids, "dialog_size": "extra-large"},
        }

    def action_review_duplicates(self):
        """Open the review screen with the proposals that this guest is part of."""
        self.ensure_one()
        action = self.env["ir.actions.client"]._for_xml_id("hospitality_crm.hospitality_match_review_action")
        return {**action, "path": False, "context": {"match_partner_ids": self.ids}}
