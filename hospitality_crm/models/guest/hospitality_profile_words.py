from odoo import api, fields, models

from .golden_fields import COLUMNS


class HospitalityProfile(models.Model):
    """What a source has said of a guest, for people: by the names that the guest card uses."""

    _inherit = "hospitality.profile"

    values_shown = fields.Json(string="As Received", compute="_compute_values_shown")

    @api.depends("values")
    @api.depends_context("lang", "uid")
    def _compute_values_shown(self):
        labels = self._get_value_labels()
        for profile in self:
            profile.values_shown = {
                labels.get(name) or name.replace("_", " ").capitalize(): value
                for name, value in profile._get_readable_values().items()
            }

    def _get_readable_values(self):
        """Hook: the values as the current user may read them."""
        self.ensure_one()
        return self.values or {}

    @api.model
    def _get_value_labels(self):
        """Return ``{canonical key: label}`` in the language of the reader."""
        described = self.env["res.partner"].fields_get(list(COLUMNS.values()), ["string"])
        labels = {key: described[column]["string"] for key, column in COLUMNS.items() if column in described}
        return labels | {
            "emails_invalid": self.env._("Invalid E-mail Addresses"),
            "handles": self.env._("Messengers"),
            "memberships": self.env._("Memberships"),
            "notes": self.env._("Notes"),
            "preferences": self.env._("Preferences"),
            "suffix": self.env._("Suffix"),
            "vip": self.env._("VIP"),
            "diet": self.env._("Allergies and Diets"),
        }
