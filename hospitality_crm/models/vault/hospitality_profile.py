from odoo import models

from ...engine.contact import mask_point

#: Key of the canonical values -> channel of its texts.
CHANNELS = {"emails": "email", "emails_invalid": "email", "phones": "phone", "handles": "messenger"}


class HospitalityProfile(models.Model):
    """What a source says of a guest is read with its addresses and numbers masked where they are hidden from a user."""

    _inherit = "hospitality.profile"

    def _read_format(self, fnames, load="_classic_read"):
        rows = super()._read_format(fnames, load)
        sensitive = not self.env.su and not {"values", "meta"}.isdisjoint(fnames)
        if sensitive and self.env["res.partner"]._hides_contacts():
            for row in rows:
                if "values" in row:
                    row["values"] = self._mask_values(row["values"] or {})
                if "meta" in row:
                    row["meta"] = False  # it lists addresses that were rejected
        return rows

    def _get_readable_values(self):
        values = super()._get_readable_values()
        hides = not self.env.su and self.env["res.partner"]._hides_contacts()
        return self._mask_values(values) if hides else values

    def _mask_values(self, values):
        return {
            name: [mask_point(CHANNELS[name], text) for text in value] if name in CHANNELS else value
            for name, value in values.items()
        }
