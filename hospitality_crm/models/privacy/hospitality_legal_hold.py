from odoo import api, fields, models


class HospitalityLegalHold(models.Model):
    """A reason in law to keep a guest's data for now: a dispute, an investigation, a claim. It stops his erasure."""

    _name = "hospitality.legal.hold"
    _description = "Legal Hold"
    _order = "id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", string="Guest", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    reason = fields.Char(required=True)
    date_from = fields.Date(required=True, default=fields.Date.context_today)
    date_to = fields.Date(string="Until", help="Empty: until somebody ends it.")
    active = fields.Boolean(default=True)

    _dates = models.Constraint("CHECK (date_to IS NULL OR date_to >= date_from)", "A hold can't end before it begins.")

    @api.model
    def _find(self, partner_ids):
        """Return the holds that are in force today for some contacts."""
        today = fields.Date.context_today(self)
        domain = [("partner_id", "in", list(partner_ids)), ("date_from", "<=", today)]
        return self.search([*domain, "|", ("date_to", "=", False), ("date_to", ">=", today)])
