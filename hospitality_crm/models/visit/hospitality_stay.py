from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...tools.soft_many2one import SoftMany2one
from .hospitality_booking import STAY_STATUS
from .visit_tally import add_columns, add_index, stay_columns


class HospitalityStay(models.Model):
    """One room from arrival to departure. No status is final: a no-show can be reinstated.

    Revenue is the sum of the live folio lines over all windows where the source sends lines
    (``revenue_basis`` *lines*), else the source's own buckets, else rate times nights.
    """

    _name = "hospitality.stay"
    _description = "Stay"
    _inherit = ["hospitality.visit", "hospitality.priced", "hospitality.transition", "hospitality.touch"]
    _order = "arrival desc, id desc"
    _log_access = False
    _alert_moments = {
        "optional": "booking",
        "waitlist": "booking",
        "reserved": "booking",
        "in_house": "check_in",
        "checked_out": "check_out",
    }

    profile_id = fields.Many2one(string="Guest Profile")
    partner_id = SoftMany2one(index=False)
    booking_id = fields.Many2one("hospitality.booking", index="btree_not_null", ondelete="restrict")
    status = fields.Selection(STAY_STATUS, required=True, default="reserved")
    arrival = fields.Date(required=True)
    departure = fields.Date(required=True)
    nights = fields.Integer(compute="_compute_nights", store=True, precompute=True)
    eta = fields.Char(string="Expected Time of Arrival", help="Local time of the property, HH:MM.")
    checked_in_at = fields.Datetime()
    checked_out_at = fields.Datetime()
    booked_on = fields.Date()
    cancelled_on = fields.Date()
    lead_time = fields.Integer(string="Lead Time (Days)")
    room_type_id = SoftMany2one("hospitality.room.type", string="Room Type Booked")
    room_type_charged_id = SoftMany2one("hospitality.room.type", string="Room Type Charged")
    room_id = SoftMany2one("hospitality.room")
    rate_plan = fields.Char()
    meal_plan = fields.Char()
    market = fields.Char(string="Market Segment")
    channel_id = SoftMany2one("hospitality.channel")
    adults = fields.Integer()
    children = fields.Integer()
    infants = fields.Integer()
    purpose = fields.Selection(
        [("leisure", "Leisure"), ("business", "Business"), ("group", "Group"), ("event", "Event")]
    )
    requests = fields.Text(string="Special Requests")
    request_count = fields.Integer()
    parking_count = fields.Integer(string="Parking Spaces")
    change_count = fields.Integer(string="Changes to the Booking")
    deposit_kind = fields.Char(string="Deposit")
    sharer_group = fields.Char(help="Stays with the same value share one room.")
    is_pseudo = fields.Boolean(string="Posting Master", help="A folio without a guest in a room; counts no nights.")
    rate_amount = fields.Monetary(string="Rate per Night", groups="hospitality_crm.group_hospitality_spend")
    amount_room = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_fb = fields.Monetary(string="Amount F&B", groups="hospitality_crm.group_hospitality_spend")
    amount_other = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_tax = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_total = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    balance = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    revenue_basis = fields.Selection(
        [("lines", "Folio Lines"), ("source", "Totals of the Source"), ("rate", "Rate times Nights")],
        groups="hospitality_crm.group_hospitality_spend",
    )
    guest_ids = fields.One2many("hospitality.stay.guest", "stay_id", string="People")
    charge_ids = fields.One2many(
        "hospitality.charge", "stay_id", string="Folio", groups="hospitality_crm.group_hospitality_spend"
    )
    payment_ids = fields.One2many(
        "hospitality.payment", "stay_id", string="Payments", groups="hospitality_crm.group_hospitality_spend"
    )

    _departure_after_arrival = models.Constraint(
        "CHECK (departure >= arrival)", "The departure can't lie before the arrival."
    )
    _property_arrival_idx = models.Index("(property_id, arrival)")
    _property_departure_idx = models.Index("(property_id, departure)")

    def init(self):
        """Let PostgreSQL derive what a stay counts for (`visit_tally`), and keep it in an index of the guest.

        The metrics of a guest are then read from the index alone, without a page per stay. It costs some 5 % of the
        time and 0.3 kB of WAL per inserted row, and makes a change of these columns touch the other indexes too.
        """
        add_columns(self.env.cr, self._table, stay_columns())
        add_index(
            self.env.cr,
            "hospitality_stay_partner_day_idx",
            self._table,
            SQL(
                "(partner_id, arrival) INCLUDE (company_id, property_id, channel_id, metric_share, metric_tally,"
                " metric_nights, metric_seen, metric_lead, metric_room_type, metric_room, metric_fb, metric_other)"
            ),
        )

    @api.depends("arrival", "departure")
    def _compute_nights(self):
        for stay in self:
            stay.nights = (stay.departure - stay.arrival).days if stay.arrival and stay.departure else 0

    @api.model
    def _get_rate_day_field(self):
        return "arrival"

    @api.constrains("property_id", "room_id", "room_type_id", "room_type_charged_id")
    def _check_parts(self):
        self._check_parts_of_property("room_id", "room_type_id", "room_type_charged_id")

    @api.constrains("checked_in_at", "checked_out_at")
    def _check_instants(self):
        for stay in self:
            if stay.checked_in_at and stay.checked_out_at and stay.checked_out_at < stay.checked_in_at:
                raise ValidationError(self.env._("%s: the check-out can't lie before the check-in.", stay.display_name))

    @api.depends("partner_id", "arrival", "departure")
    def _compute_display_name(self):
        for stay in self:
            dates = " – ".join(fields.Date.to_string(date) for date in (stay.arrival, stay.departure) if date)
            stay.display_name = ", ".join(filter(None, [stay.partner_id.name, dates]))

    def _get_alert_guests(self):
        return super()._get_alert_guests() | self.guest_ids.partner_id

    def _get_touched_guests(self):
        return super()._get_touched_guests() | set(self.sudo().guest_ids.partner_id.ids)  # ids go to the queue
