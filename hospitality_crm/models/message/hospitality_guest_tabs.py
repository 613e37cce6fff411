from odoo import api, models

from ..card.guest_subject import GuestSubject
from ..card.hospitality_guest_tabs import NEWEST


class HospitalityGuestTabs(models.AbstractModel):
    _inherit = "hospitality.guest.tabs"

    @api.model
    def _get_tabs(self):
        return {**super()._get_tabs(), "messages": ("tab_messages",)}

    @api.model
    def _get_subjects(self):
        return {
            **super()._get_subjects(),
            "tab_messages": GuestSubject(
                model="hospitality.message",
                order="id desc",
                columns={
                    "id": "id",
                    "purpose": "purpose_id.name",
                    "channel": "channel",
                    "brand": "brand_id.name",
                    "state": "state",
                    "at": "decided_at",
                },
                **NEWEST,
            ),
        }

    @api.model
    def _show_tab_messages(self, rows, partner_id):
        messages = self.env["hospitality.message"].browse(row["id"] for row in rows)
        for row, message in zip(rows, messages, strict=True):
            row["why"] = message.reason_text
            row["origin"] = message.origin
            row["at"] = str(row["at"] or "")[:16]
        return self._label("hospitality.message", rows, state="state", channel="channel")
