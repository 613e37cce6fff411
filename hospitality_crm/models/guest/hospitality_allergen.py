from odoo import fields, models


class HospitalityAllergen(models.Model):
    _name = "hospitality.allergen"
    _description = "Allergen"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"

    is_eu14 = fields.Boolean(
        string="Declared by EU Law", help="One of the 14 allergens of Regulation (EU) No 1169/2011, Annex II."
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "An allergen with this code exists already.")
