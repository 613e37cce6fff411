from odoo import fields, models


class HospitalityRoom(models.Model):
    _name = "hospitality.room"
    _description = "Room"
    _inherit = ["hospitality.code.mixin"]
    _order = "property_id, sequence, code, id"

    property_id = fields.Many2one("hospitality.property", required=True, index=True, ondelete="restrict")
    room_type_id = fields.Many2one("hospitality.room.type", index=True, ondelete="restrict")
    zone_id = fields.Many2one("hospitality.zone", index=True, ondelete="restrict")

    _code_uniq = models.Constraint(
        "UNIQUE (property_id, code)", "A room with this number exists already in the property."
    )
