from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_privacy_days = fields.Integer(related="company_id.hospitality_privacy_days", readonly=False)
    hospitality_privacy_extension_days = fields.Integer(
        related="company_id.hospitality_privacy_extension_days", readonly=False
    )
