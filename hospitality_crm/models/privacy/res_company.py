from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    hospitality_privacy_days = fields.Integer(
        string="Days to Answer a Privacy Request", default=30, help="As the law asks: 30 days in most countries."
    )
    hospitality_privacy_extension_days = fields.Integer(
        string="Days of the One Extension",
        default=60,
        help="Where the law allows one for complicated requests. 0: it allows none.",
    )

    _privacy_days = models.Constraint(
        "CHECK (hospitality_privacy_days BETWEEN 1 AND 90 AND hospitality_privacy_extension_days BETWEEN 0 AND 90)",
        "Privacy requests are answered within 1 to 90 days, extended by 0 to 90.",
    )
