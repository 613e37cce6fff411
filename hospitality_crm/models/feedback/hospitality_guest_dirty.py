from odoo import api, models


class HospitalityGuestDirty(models.Model):
    _inherit = "hospitality.guest.dirty"

    @api.model
    def _refresh_guests(self, partner_ids):
        result = super()._refresh_guests(partner_ids)
        self.env["hospitality.review"]._follow_visits(partner_ids)
        return result
