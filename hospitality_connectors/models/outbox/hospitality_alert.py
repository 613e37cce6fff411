from odoo import api, models


class HospitalityAlert(models.Model):
    """Sources are told of it in the transaction that changes it."""

    _inherit = "hospitality.alert"

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
        """Return ``{(guest id, kind)}`` of what sources know of these alerts."""
        return {(alert.partner_id.id, alert.kind) for alert in self}

    def _tell_sources(self, before=()):
        Outbox = self.env["hospitality.connector.outbox"].sudo()  # whoever may change it has it told
        for partner_id, kind in self.exists()._get_told().union(before):
            if kind == "vip":
                Outbox._tell([partner_id], "vip")
            else:
                Outbox._tell([partner_id], "alert", [kind])
