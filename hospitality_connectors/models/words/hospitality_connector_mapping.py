from odoo import api, fields, models

from .hospitality_connector_words import VALUE_FIELDS


class HospitalityConnectorMapping(models.Model):
    _inherit = "hospitality.connector.mapping"

    target_label = fields.Char(string="Meaning", compute="_compute_target_label")

    @api.depends("kind", "target")
    @api.depends_context("lang")
    def _compute_target_label(self):
        Words = self.env["hospitality.connector.words"]
        for kind, mappings in self.grouped("kind").items():
            codes = {code for code in mappings.mapped("target") if code}
            words = Words._get_value_words(kind, codes) if codes else None
            for mapping in mappings:
                mapping.target_label = (words or {}).get(mapping.target, mapping.target)

    @api.model
    def get_choices(self, kind, connector_id=False):
        """Return ``[[code, words]]`` that codes of a kind may stand for.

        :param str kind: see the field
        :param int connector_id: the connector whose source uses the code
        :return: False when any text may
        """
        self.check_access("read")
        place = self.env["hospitality.connector"].browse(connector_id).property_id
        words = self.env["hospitality.connector.words"]._get_value_words(kind, place=place)
        if words is None:
            return False
        pairs = [[code, text] for code, text in words.items()]
        # Values stand in the order of a stay's life, records in that of their names.
        return pairs if kind in VALUE_FIELDS else sorted(pairs, key=lambda pair: pair[1].casefold())
