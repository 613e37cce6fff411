from odoo import api, models


class HospitalityGuestDirty(models.Model):
    _inherit = "hospitality.guest.dirty"

    @api.model
    def _refresh_guests(self, partner_ids):
        result = super()._refresh_guests(partner_ids)
        self.env["hospitality.guest.search"]._refresh(partner_ids)
        return result
