import json

from odoo import api, fields, models

#: Longer records are shown as they came: to lay them out takes the server longer than it helps anybody.
MOST_LAID_OUT = 262_144


class HospitalityConnectorInbox(models.Model):
    _inherit = "hospitality.connector.inbox"

    entity_label = fields.Char(string="Record", compute="_compute_words")
    wait_label = fields.Char(compute="_compute_words")
    body_shown = fields.Text(
        string="As Received", compute="_compute_body_shown", groups="hospitality_crm.group_hospitality_admin"
    )

    @api.depends("entity", "wait_key")
    @api.depends_context("lang")
    def _compute_words(self):
        words = self.env["hospitality.connector.words"]._get_entity_words()
        for record in self:
            record.entity_label = words.get(record.entity) or (record.entity or "").replace("_", " ").capitalize()
            entity, _colon, key = (record.wait_key or "").partition(":")
            record.wait_label = f"{words.get(entity, entity)} {key}" if key else entity

    @api.depends("entity", "external_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for record in self:
            record.display_name = f"{record.entity_label} {record.external_id or ''}".strip() or record.event_key

    @api.depends("body", "encoding")
    def _compute_body_shown(self):
        for record in self:
            body = self._decode_body(record.body, record.encoding) if record.body else ""
            if isinstance(body, bytes):
                record.body_shown = record.body
            else:
                record.body_shown = _lay_out(body)


def _lay_out(body):
    if len(body) > MOST_LAID_OUT or not body.lstrip().startswith(("{", "[")):
        return body
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return body
