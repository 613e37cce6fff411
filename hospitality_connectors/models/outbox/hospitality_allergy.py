from odoo import api, models


class HospitalityAllergy(models.Model):
    """Sources are told of it in the transaction that changes it."""

    _inherit = "hospitality.allergy"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._tell_sources()
        return records

    def write(self, vals):
        before = self._get_told()
        result = super().write(vals)
        self._tell_sources(before)
        return result

    def _get_told(self):
        """Return the ids of the guests."""
        return set(self.partner_id.ids)

    def _tell_sources(self, before=()):
        Outbox = self.env["hospitality.connector.outbox"].sudo()  # whoever may change it has it told
        Outbox._tell(self._get_told().union(before), "allergy")
