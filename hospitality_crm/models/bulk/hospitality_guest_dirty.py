from odoo import api, models


class HospitalityGuestDirty(models.Model):
    _inherit = "hospitality.guest.dirty"

    @api.model
    def _refresh_guests(self, partner_ids):
        self.env["hospitality.check"]._relink(partner_ids)
        return super()._refresh_guests(partner_ids)
