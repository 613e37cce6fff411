from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.soft_many2one import SoftMany2one
from . import guest_metrics_query as query
from .hospitality_guest_dirty import lock_all_guests

SPEND = "hospitality_crm.group_hospitality_spend_total"


class HospitalityGuestMetrics(models.Model):
    """What a guest's visits add up to, one row per guest and company.

    Written by SQL for the guests that were touched (`hospitality.guest.dirty`) or for a range of
    guests (`hospitality.guest.rebuild`); never by hand. Both ways run the same query, and only
    rows that differ are rewritten. A guest without anything that counts has no row.

    *Stays.* The people of a stay decide: everybody who sleeps gets the stay and its nights, the
    payer gets the spend. Where several people are marked as payers it is the one in the role
    *payer*, then the main guest, then the first; where nobody is marked, the guest of the stay. A
    stay without people counts for its guest. Stays in house and checked out count; cancelled and
    no-show ones are counted as such; confirmed and tentative ones from today on are upcoming visits;
    enquiries, the waiting list and unknown statuses count nowhere. Posting masters are no stays
    and have no nights, but their revenue counts.

    *Tables.* Open, paid and refunded checks are visits with their covers; so are seated and finished
    reservations that no check belongs to. Draft, voided and unknown checks don't count. A refund
    is no visit and counts negative. A check with the status *refunded* that no refund refers
    to was a visit without revenue.

    *Revenue* is gross of tax, without tips, in the currency of the company, at the rate of each stay or
    check. It comes from the amounts of stays that took place, from posted folio lines of
    cancelled and no-show ones (fees; a forecast of theirs doesn't count), and from checks. A check charged to a
    room counts as a visit, and for the favourites, like any other; its money is left out where
    the stay contains it already: when the stay's revenue comes from its folio lines, or from
    totals of the source that have F&B in them. Spa, shop and other outlets earn *other* revenue,
    all others F&B. So the revenues of all guests add up to the revenue of the house. Each amount is
    taken to a millionth of the currency; the sum is rounded to its decimals.

    *Averages.* ADR is room revenue per night over the stays that the guest paid; average check the
    money of all his checks, also those charged to a room, per visit with a check; lead time the
    days from booking to arrival over his stays.

    *Favourites* are the most frequent ones, of equal ones that of the latest visit, then the smallest
    id. The room type is the one charged; a dish is counted once per line.

    *Visits.* The last visit is the departure of a stay that has ended, the arrival of one in
    house, or the business date at the table.
    """

    _name = "hospitality.guest.metrics"
    _description = "Guest Metrics"
    _order = "last_visit desc nulls last, id desc"
    _rec_name = "partner_id"
    _log_access = False

    # A foreign key would lock the guest's row for every row written here. The guest's unlink takes the rows along.
    partner_id = SoftMany2one("res.partner", string="Guest", required=True, readonly=True, ondelete="cascade")
    company_id = SoftMany2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    stay_count = fields.Integer(string="Stays", readonly=True)
    night_count = fields.Integer(string="Nights", readonly=True)
    check_count = fields.Integer(string="Checks", readonly=True)
    cover_count = fields.Integer(string="Covers", readonly=True)
    reservation_count = fields.Integer(string="Table Reservations", readonly=True, help="That were honoured.")
    cancel_count = fields.Integer(string="Cancellations", readonly=True, help="Of stays and tables.")
    no_show_count = fields.Integer(string="No-shows", readonly=True, help="Of stays and tables.")
    upcoming_count = fields.Integer(string="Upcoming Visits", readonly=True)
    direct_count = fields.Integer(string="Direct Stays", readonly=True)
    direct_share = fields.Float(readonly=True, aggregator="avg", help="Share of stays booked directly.")
    lead_time_avg = fields.Float(
        string="Average Lead Time", readonly=True, aggregator="avg", help="Days from booking to arrival."
    )
    first_visit = fields.Date(readonly=True)
    last_visit = fields.Date(readonly=True)
    next_visit = fields.Date(readonly=True)
    days_since = fields.Integer(
        string="Days since Last Visit",
        compute="_compute_days_since",
        search="_search_days_since",
        help="Counted to the current business day of the company's properties.",
    )
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
    revenue_room = fields.Monetary(string="Room Revenue", readonly=True, groups=SPEND)
    revenue_fb = fields.Monetary(string="F&B Revenue", readonly=True, groups=SPEND)
    revenue_other = fields.Monetary(string="Other Revenue", readonly=True, groups=SPEND)
    revenue_total = fields.Monetary(string="Revenue", readonly=True, groups=SPEND)
    check_average = fields.Monetary(string="Average Check", readonly=True, aggregator="avg", groups=SPEND)
    adr = fields.Monetary(
        string="ADR",
        readonly=True,
        aggregator="avg",
        groups=SPEND,
        help="Average daily rate: room revenue per paid night.",
    )
    refreshed_at = fields.Datetime(string="Last Changed", readonly=True)

    _partner_company_uniq = models.Constraint(
        "UNIQUE (partner_id, company_id)", "There is one row of metrics per guest and company."
    )
    _last_visit_idx = models.Index("(last_visit DESC NULLS LAST, id DESC)")
    _next_visit_idx = models.Index("(next_visit) WHERE next_visit IS NOT NULL")

    def init(self):
        """Leave room on the pages: a row that is written anew then stays on its page and touches no index."""
        self.env.cr.execute(SQL("ALTER TABLE %s SET (fillfactor = 85)", SQL.identifier(self._table)))

    @api.depends("last_visit", "company_id")
    def _compute_days_since(self):
        today = self._get_company_days()
        for metrics in self:
            last = metrics.last_visit
            metrics.days_since = (today(metrics.company_id.id) - last).days if last else 0

    def _search_days_since(self, operator, value):
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}.get(operator)
        if turned is None or isinstance(value, bool):
            return NotImplemented
        today = self._get_company_days()
        return Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("last_visit", "!=", False)
            & Domain("last_visit", turned, today(company.id) - timedelta(days=value))
            for company in self.env["res.company"].search([])
        )

    @api.model
    def _get_all_properties(self):
        Property = self.env["hospitality.property"].sudo()  # business dates are no secret; lanes see all companies
        return Property.search([("active", "in", [True, False])])

    @api.model
    def _get_company_days(self):
        """Return a function from a company id to its current business date, that of its first property."""
        properties = self._get_all_properties()
        days = properties._get_business_dates()
        by_company = {}
        for prop in properties:
            by_company.setdefault(prop.company_id.id, days[prop.id])
        today = fields.Date.context_today(self)
        return lambda company_id: by_company.get(company_id, today)

    @api.model
    def _refresh(self, partner_ids):
        """Bring the metrics of some guests up to date.

        To be called by a lane that holds the guests (`hospitality.guest.dirty`), else an older reading
        might overwrite a newer one, or two add one row. Everybody else marks guests as dirty.

        :return: number of rows written or deleted
        """
        if not partner_ids:
            return 0
        self.env.flush_all()
        return self._write_metrics(query.guests_in(partner_ids))

    @api.model
    def _rebuild(self, first, last):
        """Bring the metrics of all guests with ids from ``first`` to ``last`` up to date.

        :return: number of rows written or deleted
        """
        self.env.flush_all()
        lock_all_guests(self.env)
        # The hash tables of a range fit; the default would spill them to disk.
        self.env.cr.execute(SQL("SET LOCAL work_mem = '128MB'"))
        return self._write_metrics(query.guests_between(first, last))

    @api.model
    def _write_metrics(self, scope):
        # Compiling the plan would take longer than running it, the groups of a chunk fit into hash tables, which are
        # faster than sorting, and hardly a key is looked up twice.
        self.env.cr.execute(
            SQL(
                "SET LOCAL jit = off; SET LOCAL enable_sort = off; SET LOCAL enable_mergejoin = off;"
                " SET LOCAL enable_memoize = off; SET LOCAL max_parallel_workers_per_gather = 0"
            )
        )
        columns = [SQL.identifier(name) for name in query.COLUMNS]
        fresh = [SQL.identifier("f", name) for name in query.COLUMNS]
        stored = [SQL.identifier("m", name) for name in query.COLUMNS]
        days = self._get_all_properties()._get_business_dates()
        [(written,)] = self.env.execute_query(
            SQL(
                """
                WITH fresh AS MATERIALIZED (
                    SELECT f.*, m.id AS metrics_id, (%(stored)s) IS DISTINCT FROM (%(fresh)s) AS differs
                      FROM (%(query)s) AS f
                      LEFT JOIN hospitality_guest_metrics m
                             ON m.partner_id = f.partner_id AND m.company_id = f.company_id AND %(guest)s),
                changed AS (
                    UPDATE hospitality_guest_metrics m
                       SET (%(columns)s, refreshed_at) = ROW(%(fresh)s, %(now)s)
                      FROM fresh f
                     WHERE m.id = f.metrics_id AND f.differs AND %(guest)s
                    RETURNING 1),
                added AS (
                    INSERT INTO hospitality_guest_metrics (partner_id, company_id, %(columns)s, refreshed_at)
                    SELECT f.partner_id, f.company_id, %(fresh)s, %(now)s
                      FROM fresh f
                     WHERE f.metrics_id IS NULL
                    RETURNING 1),
                removed AS (
                    DELETE FROM hospitality_guest_metrics m
                     WHERE %(guest)s AND NOT EXISTS (SELECT FROM fresh f WHERE f.metrics_id = m.id)
                    RETURNING 1)
                SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) + (SELECT count(*) FROM removed)
                """,
                query=query.metrics_query(scope, days),
                columns=SQL(", ").join(columns),
                fresh=SQL(", ").join(fresh),
                stored=SQL(", ").join(stored),
                now=fields.Datetime.now(),
                guest=scope.all(SQL("m.partner_id")),
            )
        )
        self.env.cr.execute(
            SQL(
                "SET LOCAL jit TO DEFAULT; SET LOCAL enable_sort TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT;"
                " SET LOCAL enable_memoize TO DEFAULT; SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
            )
        )
        self.invalidate_model(flush=False)
        return written

    @api.model
    def _mark_overdue(self):
        """Mark the guests whose next visit lies in the past: it came true or is to be forgotten."""
        days = self._get_all_properties()._get_business_dates()
        today = min(days.values(), default=fields.Date.today())
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT partner_id FROM hospitality_guest_metrics WHERE next_visit < %s", today)
        )
        self.env["hospitality.guest.dirty"]._mark([row[0] for row in rows])
