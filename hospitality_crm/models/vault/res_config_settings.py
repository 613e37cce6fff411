from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_document_days = fields.Integer(related="company_id.hospitality_document_days", readonly=False)
    hospitality_mask_contacts = fields.Boolean(related="company_id.hospitality_mask_contacts", readonly=False)
    hospitality_document_scan = fields.Boolean(related="company_id.hospitality_document_scan", readonly=False)
