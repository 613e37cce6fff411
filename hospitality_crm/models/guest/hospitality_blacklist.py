from odoo import api, models


class HospitalityBlacklist(models.AbstractModel):
    """What a blacklist of the core does for guests: a blocked value can't be reached.

    As long as it is blocked, another address or number of the guests is preferred.
    """

    _name = "hospitality.blacklist"
    _description = "Blacklist of contact points"

    # Channel of the contact points, and the field of the blacklist that holds their value.
    _contact_channel = None
    _contact_field = None

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
        for active, entries in self.grouped("active").items():
            self.env["hospitality.contact.point"]._set_reachable(
                self._contact_channel, entries.mapped(self._contact_field), not active
            )
