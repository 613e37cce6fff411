from odoo import models
from odoo.tools import SQL

from ...engine.files.adapter import plan

# Mappings of words that a column of a file may hold.
_WORDS = {
    "stay_status": ("stay.status", "booking.status"),
    "reservation_status": ("reservation.status",),
    "check_status": ("check.status",),
    "department": ("charge.department",),
    "method": ("payment.method",),
    "purpose": ("stay.purpose",),
}


class HospitalityConnector(models.Model):
    _inherit = "hospitality.connector"

    def _get_adapter_env(self, records=None):
        env = super()._get_adapter_env(records)
        if self.adapter != "file":
            return env
        mappings = self.env["hospitality.import.mapping"].search([("connector_id", "=", self.id)])
        return env._replace(settings={**env.settings, "plans": self._get_import_plans(mappings)})

    def _get_import_plans(self, mappings):
        """Return what rows are parsed with, as text by the id of the column mapping."""
        self.ensure_one()
        codes = self._get_code_map()
        places = self._get_import_places(codes)
        words = {}
        for (kind, code), target in codes.items():
            for name in _WORDS.get(kind, ()):
                words.setdefault(name, {})[code] = target
        tz = self.property_id.tz or "UTC"
        return {str(mapping.id): plan(mapping._get_content(words), mapping.header, places, tz) for mapping in mappings}

    def _get_import_places(self, codes):
        """Return ``{code: {"tz": name}}`` of all properties, by their codes and by those of the source."""
        rows = self.env.execute_query(SQL("SELECT code, tz FROM hospitality_property WHERE active"))
        places = {code: {"tz": tz or "UTC"} for code, tz in rows}
        for (kind, code), target in codes.items():
            if kind == "property" and target in places:
                places[code] = places[target]
        return places
