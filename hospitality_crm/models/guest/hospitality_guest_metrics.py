from odoo import fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityGuestMetrics(models.Model):
    """What a guest's visits add up to, one row per guest and company.

    Written set-wise for the guests that were touched; never by hand. Amounts are in the
    currency of the company.
    """

    _name = "hospitality.guest.metrics"
    _description = "Guest Metrics"
    _order = "partner_id, company_id"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", string="Guest", required=True, readonly=True, ondelete="cascade"
    )
    company_id = SoftMany2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    stay_count = fields.Integer(string="Stays", readonly=True)
    night_count = fields.Integer(string="Nights", readonly=True)
    check_count = fields.Integer(string="Checks", readonly=True)
    cover_count = fields.Integer(string="Covers", readonly=True)
    reservation_count = fields.Integer(string="Table Reservations", readonly=True)
    cancel_count = fields.Integer(string="Cancellations", readonly=True)
    no_show_count = fields.Integer(string="No-shows", readonly=True)
    upcoming_count = fields.Integer(string="Upcoming Visits", readonly=True)
    direct_count = fields.Integer(string="Direct Stays", readonly=True)
    direct_share = fields.Float(readonly=True, aggregator="avg")
    lead_time_avg = fields.Float(string="Average Lead Time", readonly=True, aggregator="avg", help="Days.")
    first_visit = fields.Date(readonly=True)
    last_visit = fields.Date(readonly=True)
    next_visit = fields.Date(readonly=True)
    days_since = fields.Integer(string="Days since Last Visit", compute="_compute_days_since")
    channel_id = SoftMany2one("hospitality.channel", string="Usual Channel", readonly=True)
    room_type_id = SoftMany2one("hospitality.room.type", string="Favourite Room Type", readonly=True)
    outlet_id = SoftMany2one("hospitality.outlet", string="Favourite Outlet", readonly=True)
    favourite_dish = fields.Char(readonly=True)
    favourite_daypart = fields.Selection(
        [
            ("breakfast", "Breakfast"),
            ("lunch", "Lunch"),
            ("afternoon", "Afternoon"),
            ("dinner", "Dinner"),
            ("late", "Late Night"),
        ],
        readonly=True,
    )
    revenue_room = fields.Monetary(readonly=True, groups="hospitality_crm.group_hospitality_spend_total")
    revenue_fb = fields.Monetary(
        string="F&B Revenue", readonly=True, groups="hospitality_crm.group_hospitality_spend_total"
    )
    revenue_other = fields.Monetary(readonly=True, groups="hospitality_crm.group_hospitality_spend_total")
    revenue_total = fields.Monetary(readonly=True, groups="hospitality_crm.group_hospitality_spend_total")
    check_average = fields.Monetary(
        string="Average Check",
        readonly=True,
        aggregator="avg",
        groups="hospitality_crm.group_hospitality_spend_total",
    )
    adr = fields.Monetary(
        string="ADR",
        readonly=True,
        aggregator="avg",
        groups="hospitality_crm.group_hospitality_spend_total",
        help="Average daily rate: room revenue per paid night.",
    )
    refreshed_at = fields.Datetime(readonly=True)

    _partner_company_uniq = models.Constraint(
        "UNIQUE (partner_id, company_id)", "There is one row of metrics per guest and company."
    )

    def _compute_days_since(self):
        today = fields.Date.context_today(self)
        for metrics in self:
            metrics.days_since = (today - metrics.last_visit).days if metrics.last_visit else 0
