from odoo import api, models
from odoo.fields import Domain


class HospitalityRelation(models.Model):
    _inherit = "hospitality.relation"

    @api.model
    def _find_between(self, guest, other):
        """Return the relations between two guests, from whichever side they were recorded."""
        return self.search(
            (Domain("partner_id", "=", guest.id) & Domain("related_id", "=", other.id))
            | (Domain("partner_id", "=", other.id) & Domain("related_id", "=", guest.id))
        )
