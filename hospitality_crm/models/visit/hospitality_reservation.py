from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.soft_many2one import SoftMany2one


class HospitalityReservation(models.Model):
    """A table at a time for a number of covers."""

    _name = "hospitality.reservation"
    _description = "Table Reservation"
    _inherit = ["hospitality.visit", "hospitality.transition", "hospitality.touch"]
    _order = "starts_at desc, id desc"
    _log_access = False
    _alert_moments = {"requested": "booking", "waitlist": "booking", "booked": "booking", "seated": "seating"}

    profile_id = fields.Many2one(string="Guest Profile")
    partner_id = SoftMany2one(index=False)
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
    business_date = fields.Date(
        compute="_compute_business_date", store=True, readonly=False, precompute=True, required=True
    )
    duration = fields.Integer(string="Duration (Minutes)")
    covers = fields.Integer(required=True, default=2)
    table = fields.Char()
    channel_id = SoftMany2one("hospitality.channel")
    booked_on = fields.Date()
    occasion = fields.Char()
    wishes = fields.Text()
    currency_id = SoftMany2one(
        "res.currency", compute="_compute_currency_id", store=True, readonly=False, precompute=True
    )
    deposit = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    check_ids = fields.One2many("hospitality.check", "reservation_id", string="Checks")

    _covers_positive = models.Constraint("CHECK (covers > 0)", "A table is reserved for at least one person.")
    # INCLUDE: see hospitality.stay
    _partner_date_idx = models.Index(
        "(partner_id, business_date) INCLUDE (id, company_id, property_id, outlet_id, status, covers)"
    )
    _property_date_idx = models.Index("(property_id, business_date)")

    @api.depends("starts_at", "property_id")
    def _compute_business_date(self):
        for table in self:
            prop, at = table.property_id, table.starts_at
            table.business_date = prop._get_business_dates(at)[prop.id] if prop and at else table.business_date

    @api.constrains("property_id", "outlet_id")
    def _check_parts(self):
        self._check_parts_of_property("outlet_id")

    @api.depends("partner_id", "business_date", "covers")
    def _compute_display_name(self):
        for reservation in self:
            reservation.display_name = self.env._(
                "%(guest)s, %(date)s, %(covers)s covers",
                guest=reservation.partner_id.name or "",
                date=fields.Date.to_string(reservation.business_date) or "",
                covers=reservation.covers,
            )

    def action_seat(self):
        """The guests sit at their table."""
        return self._move_to("seated", ("requested", "waitlist", "booked", "no_show", "unknown"))

    def action_finish(self):
        """The guests have left."""
        return self._move_to("finished", ("seated",))

    def action_cancel(self):
        """The table is given back."""
        return self._move_to("cancelled", ("requested", "waitlist", "booked", "unknown"))

    def action_no_show(self):
        """Nobody came.

        :raise UserError: before the day of the reservation
        """
        for table in self:
            if table.business_date > table._get_today():
                raise UserError(
                    self.env._(
                        "%s is still to come: it can be cancelled, but nobody has missed it.", table.display_name
                    )
                )
        return self._move_to("no_show", ("requested", "waitlist", "booked", "unknown"))

    def action_reinstate(self):
        """Take the last step back: cancelled and no-show tables are booked again, guests that left sit again."""
        booked = {"status": "booked"}
        return self._take_back(
            {"cancelled": booked, "no_show": booked, "seated": booked, "finished": {"status": "seated"}}
        )
