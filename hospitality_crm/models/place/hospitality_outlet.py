from odoo import fields, models


class HospitalityOutlet(models.Model):
    """A point of sale of a property: restaurant, bar, spa, room service."""

    _name = "hospitality.outlet"
    _description = "Outlet"
    _inherit = ["hospitality.code.mixin"]
    _order = "property_id, sequence, name, id"

    property_id = fields.Many2one("hospitality.property", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="property_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [
            ("restaurant", "Restaurant"),
            ("bar", "Bar"),
            ("breakfast", "Breakfast"),
            ("room_service", "Room Service"),
            ("spa", "Spa"),
            ("shop", "Shop"),
            ("other", "Other"),
        ],
        required=True,
        default="restaurant",
    )

    _code_uniq = models.Constraint(
        "UNIQUE (property_id, code)", "An outlet with this code exists already in the property."
    )

    def write(self, vals):
        result = super().write(vals)
        if "kind" in vals:
            self.env["hospitality.guest.rebuild"]._queue()
        return result
