from odoo import api, fields, models


class HospitalityConnectorHint(models.Model):
    _inherit = "hospitality.connector.hint"

    entity_label = fields.Char(string="Record", compute="_compute_entity_label")

    @api.depends("entity")
    @api.depends_context("lang")
    def _compute_entity_label(self):
        words = self.env["hospitality.connector.words"]._get_entity_words()
        for hint in self:
            hint.entity_label = words.get(hint.entity) or (hint.entity or "").replace("_", " ").capitalize()
