from odoo import api, models

from ..privacy.privacy_handler import PrivacyHandler


class HospitalityPrivacy(models.AbstractModel):
    _inherit = "hospitality.privacy"

    @api.model
    def _privacy_handlers(self):
        return super()._privacy_handlers() | {
            "hospitality.review": PrivacyHandler(
                blank=("title", "text", "author", "url", "reply", "warnings"),
                plain=("external_id", "payload_hash", "status_raw"),
                text=("language",),
                hide=("payload_hash",),
                portable=True,
                reason="Ratings stay for statistics, without what was written and by whom.",
            )
        }
