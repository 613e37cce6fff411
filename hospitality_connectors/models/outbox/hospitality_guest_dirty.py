from odoo import api, models


class HospitalityGuestDirty(models.Model):
    """A guest who was merged, or whom a source has just come to know: it is told what it doesn't know of him yet."""

    _inherit = "hospitality.guest.dirty"

    @api.model
    def _refresh_guests(self, partner_ids):
        result = super()._refresh_guests(partner_ids)
        self.env["hospitality.connector.outbox"].sudo()._tell_known(list(partner_ids))  # a lane of the system
        return result
