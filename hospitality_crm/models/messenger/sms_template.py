from odoo import fields, models


class SmsTemplate(models.Model):
    _inherit = "sms.template"

    hospitality_purpose_id = fields.Many2one(
        "hospitality.purpose",
        string="Purpose",
        domain=[("per_channel", "=", True)],
        help="What guests must have agreed to. Empty or about a booking: everybody gets it.",
    )
