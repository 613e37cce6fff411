from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_consent_age = fields.Integer(related="company_id.hospitality_consent_age", readonly=False)
