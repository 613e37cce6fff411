from odoo import api, models

from odoo.addons.hospitality_crm.models.privacy.privacy_handler import ALL, PrivacyHandler


class HospitalityPrivacy(models.AbstractModel):
    _inherit = "hospitality.privacy"

    @api.model
    def _privacy_handlers(self):
        """Raw records have no reference to a contact: the eraser finds them by the keys of the profiles."""
        machinery = PrivacyHandler(erase="none", plain=ALL, export=False, own=False)
        inbox = PrivacyHandler(
            erase="none",
            export=False,
            own=False,
            plain=ALL,
            reason="What was delivered is given to the person as his source records.",
        )
        return super()._privacy_handlers() | {
            "hospitality.connector": machinery,
            "hospitality.connector.account": machinery,
            "hospitality.connector.census": machinery,
            "hospitality.connector.comparison": machinery,
            "hospitality.connector.cursor": machinery,
            "hospitality.connector.difference": machinery,
            "hospitality.connector.hint": machinery,
            "hospitality.connector.list": machinery,
            "hospitality.connector.outbox": machinery,
            "hospitality.connector.mapping": machinery,
            "hospitality.connector.hook.count": machinery,
            "hospitality.connector.inbox": inbox,
            "hospitality.connector.secret": machinery,
            "hospitality.import.folder": machinery,
            "hospitality.import.mapping": machinery,
            # Samples and reports of a file: searched for the guest's addresses with every other table.
            "hospitality.import.job": PrivacyHandler(erase="none", export=False, own=False),
            "hospitality.import.line": PrivacyHandler(erase="none", export=False, own=False),
        }
