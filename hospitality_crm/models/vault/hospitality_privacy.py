from odoo import api, models

from ..privacy.privacy_handler import ALL, PrivacyHandler


class HospitalityPrivacy(models.AbstractModel):
    _inherit = "hospitality.privacy"

    @api.model
    def _privacy_handlers(self):
        return {
            **super()._privacy_handlers(),
            "hospitality.identity.document": PrivacyHandler(
                erase="delete",
                portable=True,
                hide=("cipher", "key_id", "number_hash", "scan_key_id"),
            ),
            "hospitality.document.term": PrivacyHandler(erase="none", plain=ALL, export=False, own=False),
            "hospitality.access.log": PrivacyHandler(
                erase="keep",
                plain=ALL,
                export=False,
                own=False,
                reason="Who has seen data of guests is kept under ids alone.",
            ),
            "hospitality.access.reason": PrivacyHandler(erase="none", export=False, own=False),
            "hospitality.last.contact": PrivacyHandler(erase="delete", own=False),
        }
