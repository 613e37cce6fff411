from odoo import api, models


class HospitalityPreference(models.Model):
    """Sources are told of it in the transaction that changes it."""

    _inherit = "hospitality.preference"

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

    def unlink(self):
        before = self._get_told()
        result = super().unlink()
        self._tell_sources(before)
        return result

    def _get_told(self):
        """Return ``{(guest id, code of the type)}``."""
        return {(preference.partner_id.id, preference.type_id.code) for preference in self if preference.type_id.code}

    def _tell_sources(self, before=()):
        Outbox = self.env["hospitality.connector.outbox"].sudo()  # whoever may change it has it told
        for partner_id, code in self.exists()._get_told().union(before):
            Outbox._tell([partner_id], "preference", [code])
