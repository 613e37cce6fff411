from odoo import fields, models


class HospitalityZone(models.Model):
    """A floor, wing or section of a property."""

    _name = "hospitality.zone"
    _description = "Zone"
    _inherit = ["hospitality.code.mixin"]
    _order = "property_id, sequence, name, id"

    property_id = fields.Many2one("hospitality.property", required=True, index=True, ondelete="restrict")

    _code_uniq = models.Constraint(
        "UNIQUE (property_id, code)", "A zone with this code exists already in the property."
    )
