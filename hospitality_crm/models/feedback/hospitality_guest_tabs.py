from odoo import api, models

from ..card.guest_subject import GuestSubject
from ..card.hospitality_guest_tabs import NEWEST


class HospitalityGuestTabs(models.AbstractModel):
    _inherit = "hospitality.guest.tabs"

    @api.model
    def _get_tabs(self):
        return {**super()._get_tabs(), "reviews": ("tab_reviews",)}

    @api.model
    def _get_subjects(self):
        return {
            **super()._get_subjects(),
            "tab_reviews": GuestSubject(
                model="hospitality.review",
                order="at desc, id desc",
                columns={
                    "at": "at",
                    "title": "title",
                    "text": "text",
                    "score": "score",
                    "has_rating": "has_rating",
                    "status": "status",
                    "reply": "reply",
                    "property": "property_id.name",
                    "source": "source_id.name",
                },
                **NEWEST,
            ),
        }

    @api.model
    def _show_tab_reviews(self, rows, partner_id):
        for row in rows:
            row["at"] = str(row["at"] or "")[:10]
            row["text"] = (row["text"] or "")[:300]
            row["replied"] = bool(row.pop("reply"))
        return self._label("hospitality.review", rows, status="status")
