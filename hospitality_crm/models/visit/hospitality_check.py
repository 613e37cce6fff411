from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...engine.visit import business_date
from ...tools.soft_many2one import SoftMany2one
from .visit_tally import add_columns, add_index, check_columns


class HospitalityCheck(models.Model):
    """A bill of an outlet. Its business date is the day it belongs to, not the day of the clock."""

    _name = "hospitality.check"
    _description = "Check"
    _inherit = ["hospitality.visit", "hospitality.priced", "hospitality.touch"]
    _order = "business_date desc, id desc"
    _rec_name = "number"
    _log_access = False

    profile_id = fields.Many2one(string="Guest Profile", index="btree_not_null")
    partner_id = SoftMany2one(index=False)
    outlet_id = SoftMany2one("hospitality.outlet")
    stay_id = fields.Many2one("hospitality.stay", index="btree_not_null", ondelete="restrict")
    reservation_id = fields.Many2one("hospitality.reservation", index="btree_not_null", ondelete="restrict")
    refund_of_id = fields.Many2one("hospitality.check", index="btree_not_null", ondelete="restrict")
    number = fields.Char()
    status = fields.Selection(
        [
            ("draft", "Draft"),
            ("open", "Open"),
            ("paid", "Paid"),
            ("voided", "Voided"),
            ("refunded", "Refunded"),
            ("unknown", "Unknown"),
        ],
        required=True,
        default="paid",
    )
    opened_at = fields.Datetime()
    closed_at = fields.Datetime()
    business_date = fields.Date(
        compute="_compute_business_date", store=True, readonly=False, precompute=True, required=True
    )
    daypart = fields.Selection(
        [
            ("breakfast", "Breakfast"),
            ("lunch", "Lunch"),
            ("afternoon", "Afternoon"),
            ("dinner", "Dinner"),
            ("late", "Late Night"),
        ],
        compute="_compute_daypart",
        store=True,
        readonly=False,
        precompute=True,
    )
    table = fields.Char()
    covers = fields.Integer()
    waiter = fields.Char()
    amount_subtotal = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_discount = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_service = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_tax = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_tip = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_total = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    line_keys = fields.Json(readonly=True, help="Keys of its items, where the source lists them all.")
    payment_keys = fields.Json(readonly=True, help="Keys of its payments, where the source lists them all.")
    charge_ids = fields.One2many(
        "hospitality.charge", "check_id", string="Items", groups="hospitality_crm.group_hospitality_spend"
    )
    payment_ids = fields.One2many(
        "hospitality.payment", "check_id", string="Payments", groups="hospitality_crm.group_hospitality_spend"
    )

    _property_date_idx = models.Index("(property_id, business_date)")

    def init(self):
        """Let PostgreSQL derive what a check counts for (`visit_tally`), and keep it in an index like a stay's."""
        add_columns(self.env.cr, self._table, check_columns())
        add_index(
            self.env.cr,
            "hospitality_check_partner_day_idx",
            self._table,
            SQL(
                "(partner_id, business_date) INCLUDE (id, company_id, metric_tally, metric_money, outlet_id, daypart,"
                " stay_id, covers) WHERE partner_id IS NOT NULL"
            ),
        )

    @api.model
    def _get_rate_day_field(self):
        return "business_date"

    @api.depends("opened_at", "closed_at", "property_id")
    def _compute_business_date(self):
        for check in self:
            prop = check.property_id
            at = check.closed_at or check.opened_at
            if prop and (at or not check.business_date):
                check.business_date = prop._get_business_dates(at)[prop.id]
            else:
                check.business_date = check.business_date

    @api.depends("opened_at", "closed_at", "property_id")
    def _compute_daypart(self):
        for check in self:
            at = check.opened_at or check.closed_at
            check.daypart = business_date.daypart(at, check.property_id.tz) if at else check.daypart

    @api.constrains("property_id", "outlet_id")
    def _check_parts(self):
        self._check_parts_of_property("outlet_id")

    @api.constrains("refund_of_id")
    def _check_refund(self):
        for check in self:
            if check.refund_of_id == check:
                raise ValidationError(self.env._("%s can't be the refund of itself.", check.display_name))

    @api.depends("number", "outlet_id", "business_date")
    def _compute_display_name(self):
        for check in self:
            check.display_name = " ".join(
                filter(
                    None,
                    [check.outlet_id.name, check.number, fields.Date.to_string(check.business_date)],
                )
            )
