import json
from collections import defaultdict

from odoo import api, fields, models

from ...engine import reasons

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

    @api.model
    def _get_error_label(self, code):
        """Return what records that are refused for one reason have in common, as a sentence."""
        texts = self.env["hospitality.bulk.visit"]._get_refusal_texts()
        for key in (f"event.{code}", f"bulk.{code}", f"file.{code}", code):
            if key in texts or key in reasons.TEXTS:
                template = texts.get(key) or self._get_translator()(reasons.TEXTS[key])
                return template % defaultdict(lambda: "…")
        return code

    @api.model
    def _web_read_group_groupby_formatter(self, groupby_spec, values):
        """Groups are headed by words; what is in them is found by the code."""
        if groupby_spec == "error_code":
            return lambda code: (code and self._get_error_label(code), [("error_code", "=", code)])
        if groupby_spec == "entity":
            words = self.env["hospitality.connector.words"]._get_entity_words()
            return lambda entity: (words.get(entity, entity), [("entity", "=", entity)])
        return super()._web_read_group_groupby_formatter(groupby_spec, values)

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
