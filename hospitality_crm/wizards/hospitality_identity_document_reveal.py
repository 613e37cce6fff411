from odoo import api, fields, models
from odoo.exceptions import UserError


class HospitalityIdentityDocumentReveal(models.TransientModel):
    """Asks why somebody needs the number of a document, then shows it. The number is never stored here."""

    _name = "hospitality.identity.document.reveal"
    _description = "Reveal an Identity Document"

    document_id = fields.Many2one("hospitality.identity.document", required=True, ondelete="cascade")
    reason = fields.Char()
    has_scan = fields.Boolean(related="document_id.has_scan")
    number = fields.Char(compute="_compute_number", exportable=False)
    scan = fields.Binary(string="Copy", compute="_compute_scan", exportable=False)

    # Reading one of these fields is the view: it is checked and logged each time.
    @api.depends_context("uid")
    def _compute_number(self):
        for wizard in self:
            wizard.number = wizard.document_id._reveal(wizard.reason)

    @api.depends_context("uid")
    def _compute_scan(self):
        for wizard in self:
            wizard.scan = wizard.document_id._reveal(wizard.reason, "scan")

    def action_show(self):
        """Show the number."""
        return self._open("hospitality_crm.hospitality_identity_document_reveal_view_form_number")

    def action_show_scan(self):
        """Show the copy."""
        return self._open("hospitality_crm.hospitality_identity_document_reveal_view_form_scan")

    def _open(self, view):
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why you need the number: it is kept in the access log."))
        return {
            "type": "ir.actions.act_window",
            "name": self.document_id.display_name,
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref(view).id, "form")],
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "medium"},
        }
