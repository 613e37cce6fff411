from odoo import api, models


class HospitalityGuestDirty(models.Model):
    _inherit = "hospitality.guest.dirty"

    @api.model
    def _refresh_guests(self, partner_ids):
        """Find the visits that are the guests' since they were touched, before what follows from visits is derived."""
        found = self.env["hospitality.check"]._find_connected(partner_ids)
        if found:
            self._follow_evidence(partner_ids, found)
        return super()._refresh_guests(partner_ids)

    @api.model
    def _follow_evidence(self, partner_ids, found):
        """Give what evidence connects with guests to them; see `hospitality.check._find_connected`."""
        return self.env["hospitality.check"]._relink(found)
