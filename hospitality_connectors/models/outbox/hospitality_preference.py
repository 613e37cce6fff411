from odoo import models


class HospitalityPreference(models.Model):
    _name = "hospitality.preference"
    _inherit = ["hospitality.preference", "hospitality.told"]

    def _get_told(self):
        return {
            (preference.partner_id.id, "preference", preference.type_id.code)
            for preference in self
            if preference.type_id.code
        }
