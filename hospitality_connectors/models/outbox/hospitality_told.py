from odoo import api, models


class HospitalityTold(models.AbstractModel):
    """What staff know of a guest and his sources are told, in the transaction that changes it."""

    _name = "hospitality.told"
    _description = "Told to Sources"

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
        """Return ``{(guest id, kind, topic)}`` of what sources know of these records."""
        raise NotImplementedError

    def _tell_sources(self, before=()):
        Outbox = self.env["hospitality.connector.outbox"].sudo()  # whoever may change it has it told
        for partner_id, kind, topic in sorted(self.exists()._get_told().union(before)):
            Outbox._tell([partner_id], kind, [topic])
