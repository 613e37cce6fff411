from odoo import api, fields, models, tools


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
    hospitality_mask_contacts = fields.Boolean(
        string="Mask Contact Data",
        default=True,
        help="Reception and service see e-mails and phones of guests masked, and in full when they ask for them.",
    )

    _hospitality_document_days_positive = models.Constraint(
        "CHECK (hospitality_document_days >= 0)", "Days can't be negative."
    )

    def write(self, vals):
        result = super().write(vals)
        if "hospitality_mask_contacts" in vals:
            self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache("company_ids")
    def _masks_contacts(self, company_ids):
        """Whether one of some companies wants contact data of guests masked."""
        return any(self.sudo().browse(company_ids).mapped("hospitality_mask_contacts"))  # a setting, no secret
