from odoo import api, fields, models


class HospitalityConnectorOutbox(models.Model):
    _inherit = "hospitality.connector.outbox"

    topic_label = fields.Char(string="Topic", compute="_compute_topic_label")

    @api.depends("kind", "topic")
    @api.depends_context("lang")
    def _compute_topic_label(self):
        alerts = dict(self.env["hospitality.alert"]._fields["kind"]._description_selection(self.env))
        channels = dict(self.env["hospitality.consent.state"]._fields["channel"]._description_selection(self.env))
        words = {"alert": alerts, "consent": channels, "preference": {}}
        codes = [row.topic for row in self if row.kind == "preference"]
        if codes:
            types = self.env["hospitality.preference.type"].with_context(active_test=False)
            words["preference"] = {kind.code: kind.display_name for kind in types.search([("code", "in", codes)])}
        for row in self:
            row.topic_label = words.get(row.kind, {}).get(row.topic, row.topic)

    @api.depends("kind", "partner_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            row.display_name = ": ".join(filter(None, (kinds.get(row.kind), row.partner_id.display_name)))
