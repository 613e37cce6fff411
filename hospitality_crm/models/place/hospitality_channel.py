from odoo import api, fields, models


class HospitalityChannel(models.Model):
    """How a booking reached the house: own website, telephone, OTA, agency, corporate."""

    _name = "hospitality.channel"
    _description = "Booking Channel"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"

    kind = fields.Selection(
        [
            ("direct", "Direct"),
            ("ota", "Online Travel Agency"),
            ("agency", "Travel Agency or Tour Operator"),
            ("corporate", "Corporate"),
            ("gds", "Global Distribution System"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    is_direct = fields.Boolean(compute="_compute_is_direct", store=True)

    _code_uniq = models.Constraint("UNIQUE (code)", "A channel with this code exists already.")

    @api.depends("kind")
    def _compute_is_direct(self):
        for channel in self:
            channel.is_direct = channel.kind == "direct"

    def write(self, vals):
        result = super().write(vals)
        if "kind" in vals:
            self.env["hospitality.guest.rebuild"]._queue()
        return result
