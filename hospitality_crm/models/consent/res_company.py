from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    hospitality_consent_age = fields.Integer(
        string="Age of Consent",
        default=16,
        help="Younger guests need a guardian to agree for them: 16 by GDPR, from 13 where a country says so.",
    )
