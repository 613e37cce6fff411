from odoo import models


class HospitalityAlert(models.Model):
    _name = "hospitality.alert"
    _inherit = ["hospitality.alert", "hospitality.told"]

    def _get_told(self):
        return {
            (alert.partner_id.id, *(("vip", "") if alert.kind == "vip" else ("alert", alert.kind))) for alert in self
        }
