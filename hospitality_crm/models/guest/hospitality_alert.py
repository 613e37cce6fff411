from odoo import api, fields, models


class HospitalityAlert(models.Model):
    """What staff must know at a defined moment: VIP, do not rent, incognito, anything else."""

    _name = "hospitality.alert"
    _description = "Guest Alert"
    _inherit = ["hospitality.sourced", "hospitality.fact"]
    _order = "partner_id, level desc, id"

    partner_id = fields.Many2one(required=True)
    kind = fields.Selection(
        [
            ("vip", "VIP"),
            ("do_not_rent", "Do Not Rent"),
            ("incognito", "Incognito"),
            ("payment", "Payment"),
            ("safety", "Safety"),
            ("info", "Information"),
        ],
        required=True,
        default="info",
    )
    level = fields.Selection([("1_warn", "Warns"), ("2_block", "Blocks")], required=True, default="1_warn")
    message = fields.Char(translate=False)
    at_booking = fields.Boolean(string="When Booking", default=True)
    at_check_in = fields.Boolean(string="At Check-in", default=True)
    at_seating = fields.Boolean(string="When Seating", default=True)
    at_check_out = fields.Boolean(string="At Check-out")
    date_from = fields.Date()
    date_to = fields.Date()
    active = fields.Boolean(default=True)
    property_id = fields.Many2one(
        "hospitality.property", index="btree_not_null", ondelete="restrict", help="Empty: holds everywhere."
    )

    _dates_order = models.Constraint(
        "CHECK (date_to IS NULL OR date_from IS NULL OR date_to >= date_from)",
        "An alert can't end before it begins.",
    )

    @api.depends("kind", "message")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for alert in self:
            alert.display_name = ": ".join(filter(None, [labels.get(alert.kind), alert.message]))
