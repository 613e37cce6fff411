from odoo import api, fields, models

from ..card.guest_subject import GuestSubject
from ..card.hospitality_guest_tabs import NEWEST


class HospitalityGuestTabs(models.AbstractModel):
    _inherit = "hospitality.guest.tabs"

    @api.model
    def _get_tabs(self):
        return {**super()._get_tabs(), "consents": ("tab_consents",)}

    @api.model
    def _get_subjects(self):
        return {
            **super()._get_subjects(),
            "tab_consents": GuestSubject(
                model="hospitality.consent.state",
                order="purpose_id, channel, brand_id, id",
                columns={
                    "purpose": "purpose_id.name",
                    "channel": "channel",
                    "brand": "brand_id.name",
                    "state": "state",
                    "since": "since",
                    "valid_until": "valid_until",
                },
                **NEWEST,
            ),
        }

    @api.model
    def _show_tab_consents(self, rows, partner_id):
        today = fields.Date.to_string(fields.Date.today())
        for row in rows:
            row["expired"] = row["state"] == "granted" and bool(row["valid_until"]) and row["valid_until"] < today
            row["since"] = str(row["since"] or "")[:10]
        return self._label("hospitality.consent.state", rows, state="state", channel="channel")
