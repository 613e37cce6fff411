from odoo import api, fields, models
from odoo.tools import format_date, formatLang


class HospitalityConnectorDifference(models.Model):
    _inherit = "hospitality.connector.difference"

    theirs_label = fields.Char(string="In the Source", compute="_compute_words")
    ours_label = fields.Char(string="Here", compute="_compute_words")

    @api.depends("kind", "theirs", "ours")
    @api.depends_context("lang")
    def _compute_words(self):
        statuses = self.env["hospitality.connector.words"]._get_value_words("stay_status")
        for row in self:
            # What a check at random finds merged is known by the record that is left.
            merged_into = row.theirs if row.kind == "extra" else False
            row.theirs_label = (
                self.env._("Merged into %s", merged_into)
                if merged_into
                else self._get_words(row.kind, row.theirs, statuses)
            )
            row.ours_label = self._get_words(row.kind, row.ours, statuses)

    @api.model
    def _get_words(self, kind, text, statuses):
        if not text:
            return False
        if kind == "day":
            return format_date(self.env, text)
        if kind == "amount":
            amount, _blank, currency = text.partition(" ")
            return f"{formatLang(self.env, float(amount), digits=2)} {currency}".strip()
        return statuses.get(text, text) if kind in ("missing", "extra", "status") else text
