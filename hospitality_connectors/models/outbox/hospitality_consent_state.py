from odoo import api, models


class HospitalityConsentState(models.Model):
    """Sources are told of consents in the transaction that records them."""

    _inherit = "hospitality.consent.state"

    @api.model
    def _refresh(self, partner_ids):
        result = super()._refresh(partner_ids)
        Outbox = self.env["hospitality.connector.outbox"].sudo()  # whoever may record a consent has it told
        Outbox._tell_consents(list(partner_ids))
        return result
