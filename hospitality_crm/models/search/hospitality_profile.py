from odoo import api, models

SEARCHED = frozenset(("name", "values", "state", "partner_id"))


class HospitalityProfile(models.Model):
    _inherit = "hospitality.profile"

    @api.model_create_multi
    def create(self, vals_list):
        profiles = super().create(vals_list)
        self.env["hospitality.guest.search"]._mark(profiles.partner_id.ids)
        return profiles

    def write(self, vals):
        if SEARCHED.isdisjoint(vals):
            return super().write(vals)
        partner_ids = self.partner_id.ids
        result = super().write(vals)
        self.env["hospitality.guest.search"]._mark(partner_ids + self.partner_id.ids)
        return result

    def unlink(self):
        self.env["hospitality.guest.search"]._mark(self.partner_id.ids)
        return super().unlink()
