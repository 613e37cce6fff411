from odoo import api, fields, models


class HospitalityConnectorCursor(models.Model):
    _inherit = "hospitality.connector.cursor"

    stream_label = fields.Char(string="What Is Read", compute="_compute_stream_label")

    @api.depends("stream", "connector_id.adapter")
    @api.depends_context("lang")
    def _compute_stream_label(self):
        words = self.env["hospitality.connector.words"]._get_stream_words()
        for cursor in self:
            # A customer's own list is called as he has called it.
            known = words if cursor.connector_id.adapter != "rest" else {}
            cursor.stream_label = known.get(cursor.stream) or (cursor.stream or "").replace("_", " ").capitalize()
