from odoo import models


class HospitalityStay(models.Model):
    _inherit = "hospitality.stay"

    def action_name_in_review(self):
        """Say that the review in the context is about this stay."""
        self.ensure_one()
        self.env["hospitality.review"].browse(self.env.context["review_id"]).write({"stay_id": self.id})
