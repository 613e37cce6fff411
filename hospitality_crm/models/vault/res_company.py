from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    hospitality_document_days = fields.Integer(
        string="Keep Identity Documents (Days)",
        default=30,
        help="Days after the departure. Countries with a term of their own come first.",
    )
    hospitality_document_scan = fields.Boolean(
        string="Keep Copies of Identity Documents",
        help="Many countries forbid hotels to copy documents. Allow it only where a law asks for it.",
    )

    _hospitality_document_days_positive = models.Constraint(
        "CHECK (hospitality_document_days >= 0)", "Days can't be negative."
    )
