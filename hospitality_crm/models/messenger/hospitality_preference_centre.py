from odoo import api, models


class HospitalityPreferenceCentre(models.AbstractModel):
    """The guest's page lists the messengers by which he can connect himself."""

    _inherit = "hospitality.preference.centre"

    @api.model
    def _get_page(self, guest):
        return {**super()._get_page(guest), "messengers": guest._get_start_links()}
