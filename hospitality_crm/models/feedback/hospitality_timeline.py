from odoo import api, models

from ..timeline.timeline_source import TimelineSource

GOOD, POOR = 80, 50


class HospitalityTimeline(models.AbstractModel):
    _inherit = "hospitality.timeline"

    @api.model
    def _get_sources(self):
        return super()._get_sources() | {
            "review": TimelineSource(
                model="hospitality.review",
                time="at",
                columns={
                    "property": "property_id.name",
                    "source": "source_id.name",
                    "title": "title",
                    "score": "score",
                    "has_rating": "has_rating",
                    "status": "status",
                },
                render=self._render_review,
            )
        }

    @api.model
    def _render_review(self, at, data):
        removed, rated = data["status"] == "removed", data["has_rating"]
        tone = "secondary"
        if removed:
            tone = "muted"
        elif rated:
            tone = "success" if data["score"] >= GOOD else "danger" if data["score"] < POOR else "warning"
        score = self.env._("%s of 100", round(data["score"])) if rated else ""
        return {
            "icon": "fa-star-half-o",
            "tone": tone,
            "title": data["property"],
            "subtitle": [part for part in (self.env._("Review"), data["source"], data["title"]) if part],
            "badge": self._get_label("hospitality.review", "status", "removed") if removed else score,
        }
