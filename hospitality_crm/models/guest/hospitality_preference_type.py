from odoo import fields, models


class HospitalityPreferenceType(models.Model):
    """What can be preferred: pillow, floor, bed, table, newspaper, seat, favourite dish."""

    _name = "hospitality.preference.type"
    _description = "Preference Type"
    _inherit = ["hospitality.code.mixin"]
    _order = "category, sequence, name, id"

    category = fields.Selection(
        [
            ("room", "Room"),
            ("table", "Table"),
            ("food", "Food and Drink"),
            ("service", "Service"),
            ("contact", "Communication"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    validity_months = fields.Integer(
        default=36,
        help="After so many months without confirmation a preference counts as outdated; 0: never.",
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "A preference type with this code exists already.")
