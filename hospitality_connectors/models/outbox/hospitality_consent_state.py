from odoo import api, models

from .hospitality_connector_outbox_values import CHANNELS


class HospitalityConsentState(models.Model):
    """Sources are told of consents in the transaction that records them."""

    _inherit = "hospitality.consent.state"

    @api.model
    def _refresh(self, partner_ids):
        result = super()._refresh(partner_ids)
        Outbox = self.env["hospitality.connector.outbox"].sudo()  # whoever may record a consent has it told
        Outbox._tell(list(partner_ids), "consent", CHANNELS)
        return result
