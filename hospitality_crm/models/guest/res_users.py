from odoo import api, models
from odoo.exceptions import UserError


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_allergy_withdrawn(self):
        withdrawn = (
            self.env["hospitality.allergy"]
            .sudo()  # whoever deletes the user need not see allergies
            .with_context(active_test=False)
            .search([("withdrawn_by_id", "in", self.ids)], limit=1)
        )
        if withdrawn:
            raise UserError(
                self.env._(
                    "%(user)s has confirmed that a guest's allergy no longer holds and answers for it by name."
                    " Archive the user instead of deleting it.",
                    user=withdrawn.withdrawn_by_id.display_name,
                )
            )
