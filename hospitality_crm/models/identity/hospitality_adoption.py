from odoo import api, models


class HospitalityAdoption(models.Model):
    _inherit = "hospitality.adoption"

    @api.model
    def _insert_profiles(self, source, profiles, meta):
        ids = super()._insert_profiles(source, profiles, meta)
        self.env["hospitality.matcher"]._mark(ids.values())
        return ids
