from odoo import api, models
from odoo.tools import SQL

from ..consent.hospitality_consent_entry import SHOWN_METHODS

_CHANNELS = {"email": ("email",), "sms": ("phone",), "phone": ("phone",), "any": ("email", "phone")}


class HospitalityConsentEvent(models.Model):
    _inherit = "hospitality.consent.event"

    @api.model
    def _record_many(self, entries, decision=None, **facts):
        """Lift the suppression of addresses whose owner agrees again, on a page that only he could open."""
        ids = super()._record_many(entries, decision, **facts)
        Suppression = self.env["hospitality.suppression"].sudo()  # the list is written by the procedure
        if Suppression._is_used():
            events = self.browse(id_ for id_ in ids if id_).filtered(
                lambda event: event.decision == "granted" and event.method in SHOWN_METHODS
            )
            for event in events:
                Suppression._lift(self._get_suppressed_addresses(event))
        return ids

    @api.model
    def _get_suppressed_addresses(self, event):
        """Return the suppressed addresses of the guest of a statement, on its channel."""
        return self.env.execute_query(
            SQL(
                """SELECT DISTINCT c.channel, c.value FROM hospitality_profile p
                     JOIN hospitality_contact_link l ON l.profile_id = p.id
                     JOIN hospitality_contact_point c ON c.id = l.point_id AND c.suppression IS NOT NULL
                    WHERE p.partner_id = %s AND c.channel = ANY(%s)""",
                event.profile_id.partner_id.id,
                list(_CHANNELS.get(event.channel, ())),
            )
        )
