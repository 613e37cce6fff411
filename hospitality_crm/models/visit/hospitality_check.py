from odoo import api, fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityCheck(models.Model):
    """A bill of an outlet. Its business date is the day it belongs to, not the day of the clock."""

    _name = "hospitality.check"
    _description = "Check"
    _inherit = ["hospitality.visit", "hospitality.touch"]
    _order = "business_date desc, id desc"
    _rec_name = "number"
    _log_access = False

    profile_id = fields.Many2one(string="Guest Profile", index="btree_not_null")
    partner_id = fields.Many2one(index=False)
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
    business_date = fields.Date(required=True)
    daypart = fields.Selection(
        [
            ("breakfast", "Breakfast"),
            ("lunch", "Lunch"),
            ("afternoon", "Afternoon"),
            ("dinner", "Dinner"),
            ("late", "Late Night"),
        ]
    )
    table = fields.Char()
    covers = fields.Integer()
    waiter = fields.Char()
    currency_id = SoftMany2one("res.currency")
    currency_rate = fields.Float(default=1.0)
    amount_subtotal = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_discount = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_service = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_tax = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_tip = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    amount_total = fields.Monetary(groups="hospitality_crm.group_hospitality_spend")
    charge_ids = fields.One2many("hospitality.charge", "check_id", string="Items", groups="hospitality_crm.group_hospitality_spend")
    payment_ids = fields.One2many("hospitality.payment", "check_id", string="Payments", groups="hospitality_crm.group_hospitality_spend")

    # INCLUDE: see hospitality.stay
    _partner_date_idx = models.Index(
        "(partner_id, business_date) INCLUDE (id, company_id, status, outlet_id, daypart, stay_id, refund_of_id,"
        " covers, currency_rate, amount_total) WHERE partner_id IS NOT NULL"
    )
    _property_date_idx = models.Index("(property_id, business_date)")

    @api.depends("number", "outlet_id", "business_date")
    def _compute_display_name(self):
        for check in self:
            check.display_name = " ".join(
                filter(
                    None,
                    [check.outlet_id.name, check.number, fields.Date.to_string(check.business_date)],
                )
            )
