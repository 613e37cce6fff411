from odoo import models


class HospitalityAllergy(models.Model):
    _name = "hospitality.allergy"
    _inherit = ["hospitality.allergy", "hospitality.told"]

    def _get_told(self):
        return {(partner_id, "allergy", "") for partner_id in self.partner_id.ids}
