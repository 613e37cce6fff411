from odoo import api, fields, models
from odoo.fields import Domain

from ..card.guest_subject import GuestSubject
from ..card.hospitality_guest_tabs import NEWEST


class HospitalityGuestTabs(models.AbstractModel):
    _inherit = "hospitality.guest.tabs"

    @api.model
    def _get_tabs(self):
        return {**super()._get_tabs(), "messages": ("tab_holds", "tab_messages")}

    @api.model
    def _get_subjects(self):
        return {
            **super()._get_subjects(),
            "tab_holds": GuestSubject(
                model="hospitality.message.hold",
                domain=Domain("released_at", "=", False),
                order="id desc",
                columns={"id": "id", "kind": "kind", "reason": "reason", "until": "until"},
                **NEWEST,
            ),
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
    def _show_tab_holds(self, rows, partner_id):
        # The statement is kept, so the present moment can't be part of it.
        now = fields.Datetime.to_string(fields.Datetime.now())
        for row in rows:
            row["until"] = str(row["until"] or "").replace("T", " ")[:19]
        rows = [row for row in rows if not row["until"] or row["until"] > now]
        return self._label("hospitality.message.hold", rows, kind="kind")

    @api.model
    def _show_tab_messages(self, rows, partner_id):
        messages = self.env["hospitality.message"].browse(row["id"] for row in rows)
        for row, message in zip(rows, messages, strict=True):
            row["why"] = message.reason_text
            row["origin"] = message.origin
            row["at"] = str(row["at"] or "")[:16]
        return self._label("hospitality.message", rows, state="state", channel="channel")
