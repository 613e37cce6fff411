from odoo import api, models

from .guest_lock import lock_guests


class HospitalityConsentState(models.Model):
    _inherit = "hospitality.consent.state"

    _granted_idx = models.Index(
        "(purpose_id, channel, partner_id) INCLUDE (brand_id, valid_until, event_id) WHERE state = 'granted'"
    )

    @api.model
    def _refresh(self, partner_ids):
        """Wait for messages that are being handed over: none begins after what changes here is committed."""
        lock_guests(self.env, partner_ids)
        return super()._refresh(partner_ids)
