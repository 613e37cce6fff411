from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...tools.soft_many2one import SoftMany2one
from .visit_tally import add_columns, add_index, charge_columns


class HospitalityCharge(models.Model):
    """A line of a stay's folio or of a check. It belongs to the guest of its parent.

    States: *live* counts; *moved* went to another folio and counts there; *void* never was;
    *allowance* and *refund* count with their own (negative) amount.
    """

    _name = "hospitality.charge"
    _description = "Charge"
    _inherit = ["hospitality.sourced", "hospitality.touch"]
    _order = "business_date desc, id desc"
    _log_access = False

    stay_id = fields.Many2one("hospitality.stay", index="btree_not_null", ondelete="cascade")
    check_id = fields.Many2one("hospitality.check", index=False, ondelete="cascade")
    company_id = SoftMany2one("res.company", compute="_compute_company_id", store=True, precompute=True)
    property_id = SoftMany2one("hospitality.property", compute="_compute_company_id", store=True, precompute=True)
    business_date = fields.Date(required=True)
    department = fields.Selection(
        [
            ("room", "Room"),
            ("fb", "Food and Beverage"),
            ("other", "Other"),
            ("package", "Package"),
            ("tax", "Tax"),
            ("fee", "Fee"),
            ("tip", "Tip"),
        ],
        required=True,
        default="other",
    )
    code = fields.Char()
    name = fields.Char(required=True)
    category = fields.Char()
    quantity = fields.Float(default=1.0)
    currency_id = SoftMany2one("res.currency", required=True)
    amount_gross = fields.Monetary()
    amount_net = fields.Monetary()
    amount_tax = fields.Monetary()
    window = fields.Integer(string="Folio Window", default=1)
    state = fields.Selection(
        [
            ("live", "Live"),
            ("moved", "Moved Away"),
            ("void", "Void"),
            ("allowance", "Allowance"),
            ("refund", "Refund"),
        ],
        required=True,
        default="live",
    )
    reverses = fields.Char(string="Reverses Line", help="Id of the reversed line in the source.")

    _one_parent = models.Constraint(
        "CHECK (num_nonnulls(stay_id, check_id) = 1)", "A charge belongs to one stay or to one check."
    )

    @api.depends("stay_id", "check_id")
    def _compute_company_id(self):
        for charge in self:
            parent = charge.stay_id or charge.check_id
            charge.company_id = parent.company_id
            charge.property_id = parent.property_id

    @api.constrains("currency_id", "stay_id", "check_id")
    def _check_currency(self):
        for charge in self:
            parent = charge.stay_id or charge.check_id
            if parent.currency_id and parent.currency_id != charge.currency_id:
                raise ValidationError(
                    self.env._(
                        "%(line)s is in %(currency)s, but %(parent)s is in %(other)s. A bill has one currency: convert "
                        "the line.",
                        line=charge.name,
                        currency=charge.currency_id.name,
                        parent=parent.display_name,
                        other=parent.currency_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        charges = super().create(vals_list)
        self.env["hospitality.stay"]._refresh_revenue(charges.stay_id.ids)
        return charges

    def write(self, vals):
        before = self.stay_id
        result = super().write(vals)
        self.env["hospitality.stay"]._refresh_revenue((before | self.stay_id).ids)
        return result

    def unlink(self):
        stays = self.stay_id
        result = super().unlink()
        self.env["hospitality.stay"]._refresh_revenue(stays.ids)
        return result

    def init(self):
        """Let PostgreSQL derive a short key of the dish, and keep it in the index of the check.

        The favourite dish of a guest is then counted without reading a line. The key is no field, else the ORM
        would write it; it is NULL for everything that is no dish or doesn't count.
        """
        add_columns(self.env.cr, self._table, charge_columns())
        add_index(
            self.env.cr,
            "hospitality_charge_check_idx",
            self._table,
            SQL("(check_id) INCLUDE (dish_key, id) WHERE check_id IS NOT NULL"),
        )

    def _get_touched_guests(self):
        charges = self.sudo()  # ids go to the queue, not to the user
        return charges.stay_id._get_touched_guests() | charges.check_id._get_touched_guests()
