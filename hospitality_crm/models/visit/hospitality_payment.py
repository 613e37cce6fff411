from odoo import api, fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityPayment(models.Model):
    """A payment of a stay or of a check. Of a card only brand and last four digits are kept."""

    _name = "hospitality.payment"
    _description = "Payment"
    _inherit = ["hospitality.sourced"]
    _order = "paid_at desc, id desc"
    _log_access = False

    stay_id = fields.Many2one("hospitality.stay", index="btree_not_null", ondelete="cascade")
    check_id = fields.Many2one("hospitality.check", index="btree_not_null", ondelete="cascade")
    company_id = SoftMany2one("res.company", compute="_compute_company_id", store=True, precompute=True)
    property_id = SoftMany2one("hospitality.property", compute="_compute_company_id", store=True, precompute=True)
    paid_at = fields.Datetime()
    method = fields.Selection(
        [
            ("cash", "Cash"),
            ("card", "Card"),
            ("room", "Room Charge"),
            ("transfer", "Transfer"),
            ("voucher", "Voucher"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    currency_id = SoftMany2one("res.currency", required=True)
    amount = fields.Monetary(required=True)
    tip = fields.Monetary()
    state = fields.Selection([("live", "Live"), ("void", "Void"), ("refund", "Refund")], required=True, default="live")
    card_brand = fields.Char()
    card_last4 = fields.Char(size=4)

    _one_parent = models.Constraint(
        "CHECK (num_nonnulls(stay_id, check_id) = 1)", "A payment belongs to one stay or to one check."
    )

    @api.depends("stay_id", "check_id")
    def _compute_company_id(self):
        for payment in self:
            parent = payment.stay_id or payment.check_id
            payment.company_id = parent.company_id
            payment.property_id = parent.property_id
