from rapidfuzz import fuzz, process

from odoo import api, models

from ...engine.files.words import choose, plain
from .hospitality_connector_mapping import RECORD_KINDS

#: Words of a kind are looked up in this table of the engine.
TABLES = {
    "stay_status": "stay.status",
    "reservation_status": "reservation.status",
    "check_status": "check.status",
    "department": "charge.department",
    "method": "payment.method",
    "purpose": "stay.purpose",
}
#: How alike a code and a name must be, and how much more than the next one (0 to 100).
ALIKE, AHEAD = 80, 6
AT_ONCE = 500
#: Kinds whose records belong to a property.
PLACED = ("room_type", "room", "outlet")


class HospitalityConnectorMapping(models.Model):
    """What an unknown code probably means: proposed, so that a person has to confirm it only."""

    _inherit = "hospitality.connector.mapping"

    @api.model
    def _propose(self, limit=AT_ONCE):
        """Fill in what unmapped codes probably mean.

        :return: the codes with a proposal
        """
        found = self.browse()
        rows = self.search([("state", "=", "unmapped"), ("target", "=", False)], order="id desc", limit=limit)
        for (kind, place), mappings in rows.grouped(lambda row: (row.kind, row._get_place())).items():
            names = self._get_names(kind, place)
            for mapping in mappings:
                target = self._guess(kind, mapping.code, names)
                if target:
                    mapping.write({"target": target, "state": "proposed"})
                    found |= mapping
        return found

    def _get_place(self):
        return self.connector_id.property_id if self.kind in PLACED else self.env["hospitality.property"]

    @api.model
    def _get_names(self, kind, place):
        """Return ``{code or name in plain letters: code}`` of the records that a kind of code may mean."""
        model = RECORD_KINDS.get(kind)
        if not model:
            return {}
        domain = [("property_id", "in", [False, place.id])] if kind in PLACED and place else []
        names = {}
        for record in self.env[model].search(domain):
            code = record.name if kind == "currency" else record.code
            if code:
                names.setdefault(plain((record.name if "name" in record._fields else record.display_name) or ""), code)
                names[plain(code)] = code
        return names

    @api.model
    def _guess(self, kind, code, names):
        """Return what a code probably means, None where that is not clear."""
        if kind in TABLES:
            return choose(TABLES[kind], code)
        word = plain(code)
        if word in names:
            return names[word]
        if len(word) < 4:
            return None  # three letters are like anything
        best = process.extract(word, names.keys(), scorer=fuzz.token_sort_ratio, limit=3)
        if not best or best[0][1] < ALIKE:
            return None
        target = names[best[0][0]]
        rivals = [score for name, score, _index in best[1:] if names[name] != target]
        return target if not rivals or best[0][1] - rivals[0] >= AHEAD else None
