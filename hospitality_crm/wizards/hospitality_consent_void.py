from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError


class HospitalityConsentVoid(models.TransientModel):
    """Asks why a statement is wrong before it is taken back. It stays in the ledger; it doesn't count any more."""

    _name = "hospitality.consent.void"
    _description = "Take Back a Statement"

    # A relation would hang on the ledger, which only grows.
    keys = fields.Json(default=lambda self: self.env.context.get("active_ids"))
    event_ids = fields.Many2many("hospitality.consent.event", string="Statements", compute="_compute_event_ids")
    reason = fields.Text(required=True, help='For example: "Recorded on the card of a namesake".')

    @api.depends("keys")
    def _compute_event_ids(self):
        for wizard in self:
            wizard.event_ids = [Command.set([int(key) for key in wizard.keys or ()])]

    def action_void(self):
        """Take the statements back in the name of the current user."""
        self.ensure_one()
        self.event_ids.check_access("read")
        if not self.env["hospitality.consent.void"].has_access("create"):
            raise AccessError(self.env._("Guest relations managers and data protection officers take statements back."))
        events = self.event_ids._filter_voidable()
        if not events:
            raise UserError(self.env._("These statements were taken back already."))
        events._void(self.reason)
        return {"type": "ir.actions.act_window_close"}
