from odoo import api, models


class PhoneBlacklist(models.Model):
    _inherit = "phone.blacklist"

    @api.model_create_multi
    def create(self, vals_list):
        entries = super().create(vals_list)
        entries._sync_contact_points()
        return entries

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            self._sync_contact_points()
        return result

    def _sync_contact_points(self):
        """Prefer another number of the guests as long as this one is blocked."""
        for active, entries in self.grouped("active").items():
            self.env["hospitality.contact.point"]._set_reachable("phone", entries.mapped("number"), not active)
