from odoo import api, models


class HospitalityContactLink(models.Model):
    _inherit = "hospitality.contact.link"

    @api.model_create_multi
    def create(self, vals_list):
        links = super().create(vals_list)
        self._mark_for_search(links)
        return links

    def write(self, vals):
        self._mark_for_search(self)
        result = super().write(vals)
        self._mark_for_search(self)
        return result

    def unlink(self):
        self._mark_for_search(self)
        return super().unlink()

    @api.model
    def _mark_for_search(self, links):
        self.env["hospitality.guest.search"]._mark(links.profile_id.partner_id.ids)
