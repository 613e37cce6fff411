from odoo import api, models


class HospitalityGuestDirty(models.Model):
    _inherit = "hospitality.guest.dirty"

    @api.model
    def _follow_evidence(self, partner_ids, found):
        result = super()._follow_evidence(partner_ids, found)
        # A check that has found its guest takes its reviews along.
        self.env["hospitality.review"]._follow_visits(partner_ids)
        return result
