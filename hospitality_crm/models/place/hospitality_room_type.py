from odoo import fields, models


class HospitalityRoomType(models.Model):
    _name = "hospitality.room.type"
    _description = "Room Type"
    _inherit = ["hospitality.code.mixin"]
    _order = "property_id, sequence, code, id"

    property_id = fields.Many2one("hospitality.property", required=True, index=True, ondelete="restrict")
    capacity = fields.Integer(default=2)

    _code_uniq = models.Constraint(
        "UNIQUE (property_id, code)", "A room type with this code exists already in the property."
    )
