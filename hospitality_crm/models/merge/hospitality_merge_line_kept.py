from odoo import api, fields, models
from odoo.exceptions import UserError


class HospitalityMergeLine(models.Model):
    """Kept documents in words."""

    _inherit = "hospitality.merge.line"

    partner_id = fields.Many2one(related="loser_id.partner_id", string="Archived Contact")
    document_label = fields.Char(string="Documents", compute="_compute_document")
    document_count = fields.Integer(string="Number", compute="_compute_document")
    kept_reason = fields.Char(string="Why They Stay", compute="_compute_document")

    @api.depends("table_name", "row_ids")
    def _compute_document(self):
        Merge = self.env["hospitality.merge"]
        labels = Merge._get_table_labels(set(self.mapped("table_name")))
        reasons = Merge._get_kept_documents()
        for line in self:
            line.document_label = labels[line.table_name]
            line.document_count = len(line.row_ids or ())
            line.kept_reason = reasons.get(Merge._get_model_of_table(line.table_name), "")

    def action_open_documents(self):
        """Open the documents, as far as the user may see them."""
        self.ensure_one()
        model = self.env["hospitality.merge"]._get_model_of_table(self.table_name)
        if model is None:
            raise UserError(self.env._("The app that these documents belong to is not installed any more."))
        return {
            "type": "ir.actions.act_window",
            "name": self.document_label,
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", list(self.row_ids or ()))],
            "context": {"active_test": False, "create": False},
        }
