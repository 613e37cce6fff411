from odoo import api, models


class HospitalityProperty(models.Model):
    _inherit = "hospitality.property"

    @api.model_create_multi
    def create(self, vals_list):
        properties = super().create(vals_list)
        if properties.address_id:
            self.env["hospitality.contact.point"]._mark_own()
        return properties

    def write(self, vals):
        result = super().write(vals)
        if vals.get("address_id"):
            self.env["hospitality.contact.point"]._mark_own()
        return result
