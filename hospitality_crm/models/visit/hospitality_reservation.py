from odoo import api, fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityReservation(models.Model):
    """A table at a time for a number of covers."""

    _name = "hospitality.reservation"
    _description = "Table Reservation"
    _inherit = ["hospitality.visit", "hospitality.touch"]
    _order = "starts_at desc, id desc"
    _log_access = False
    _alert_moments = {"requested": "booking", "waitlist": "booking", "booked": "booking", "seated": "seating"}

    profile_id = fields.Many2one(string="Guest Profile")
    partner_id = fields.Many2one(index=False)
    outlet_id = SoftMany2one("hospitality.outlet")
    status = fields.Selection(
        [
            ("requested", "Requested"),
            ("waitlist", "Waiting List"),
            ("booked", "Booked"),
            ("seated", "Seated"),
            ("finished", "Finished"),
            ("cancelled", "Cancelled"),
            ("no_show", "No-show"),
            ("unknown", "Unknown"),
        ],
        required=True,
        default="booked",
    )
    starts_at = fields.Datetime(required=True)
    business_date = fields.Date(required=True)
    duration = fields.Integer(string="Duration (Minutes)")
    covers = fields.Integer(required=True, default=2)
    table = fields.Char()
    channel_id = SoftMany2one("hospitality.channel")
    booked_on = fields.Date()
    occasion = fields.Char()
    wishes = fields.Text()
    currency_id = SoftMany2one("res.currency")
    deposit = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    check_ids = fields.One2many("hospitality.check", "reservation_id", string="Checks")

    _covers_positive = models.Constraint("CHECK (covers > 0)", "A table is reserved for at least one person.")
    _partner_date_idx = models.Index("(partner_id, business_date)")
    _property_date_idx = models.Index("(property_id, business_date)")

    @api.depends("partner_id", "business_date", "covers")
    def _compute_display_name(self):
        for reservation in self:
            reservation.display_name = self.env._(
                "%(guest)s, %(date)s, %(covers)s covers",
                guest=reservation.partner_id.name or "",
                date=fields.Date.to_string(reservation.business_date) or "",
                covers=reservation.covers,
            )
