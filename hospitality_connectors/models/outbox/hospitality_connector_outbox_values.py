import hmac

from odoo import fields, models

#: Channels of consents that sources know.
CHANNELS = ("email", "sms", "phone", "post", "messenger")


class HospitalityConnectorOutbox(models.Model):
    """What a row says: read from the guest as he is now."""

    _inherit = "hospitality.connector.outbox"

    def _get_values(self):
        """Return the plain values of the command, or None when there is nothing to say any more."""
        self.ensure_one()
        partner = self.profile_id.partner_id
        if self.profile_id.state != "live" or not partner:
            return None
        return getattr(self, f"_get_{self.kind}_values")(partner)

    def _get_known(self):
        """Return what the source itself said last about the subject: what it says beside that is not ours to undo."""
        if self.kind == "vip":
            return {"known": (self.profile_id.values or {}).get("vip") or ""}
        if self.kind == "allergy":
            # Also those that were withdrawn here.
            told = self.env["hospitality.allergy"].with_context(active_test=False)
            domain = [("profile_id", "=", self.profile_id.id), ("is_dropped", "=", False)]
            return {"known": sorted(set(filter(None, told.search(domain).allergen_id.mapped("code"))))}
        if self.kind == "consent":
            # A source may have one switch for several channels.
            states = {channel: self._get_marketing_states(self.profile_id.partner_id, channel) for channel in CHANNELS}
            return {"granted": [name for name, rows in states.items() if set(rows.mapped("effective")) == {"granted"}]}
        return {}

    def _says(self, digest):
        """Say whether the source was told this last time."""
        return hmac.compare_digest(self.digest or "", digest)

    def _get_alerts(self, partner):
        today = fields.Date.context_today(self)
        place = self.profile_id.property_id
        return self.env["hospitality.alert"].search(
            [
                ("partner_id", "=", partner.id),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", today),
                ("property_id", "in", [False, place.id]),
            ]
        )

    def _get_vip_values(self, partner):
        alerts = self._get_alerts(partner).filtered(lambda alert: alert.kind == "vip")
        return {"code": (alerts[0].message or "VIP") if alerts else ""}

    def _get_alert_values(self, partner):
        alerts = self._get_alerts(partner).filtered(lambda alert: alert.kind == self.topic)
        return {
            "kind": self.topic,
            "active": bool(alerts),
            "text": "; ".join(filter(None, alerts.mapped("message"))),
        }

    def _get_allergy_values(self, partner):
        allergies = self.env["hospitality.allergy"].search([("partner_id", "=", partner.id), ("kind", "!=", "none")])
        return {
            "codes": sorted(filter(None, allergies.allergen_id.mapped("code"))),
            "text": "; ".join(dict.fromkeys(allergies.mapped("display_name"))),
        }

    def _get_preference_values(self, partner):
        found = self.env["hospitality.preference"].search(
            [("partner_id", "=", partner.id), ("type_id.code", "=", self.topic), ("is_current", "=", True)]
        )
        return {
            "code": self.topic,
            "active": bool(found),
            "text": "; ".join(dict.fromkeys(found.mapped("display_name"))),
        }

    def _get_marketing_states(self, partner, channel):
        """Return what a guest has said about marketing by a channel, as far as the place of the profile goes."""
        states = self.env["hospitality.consent.state"].search(
            [
                ("partner_id", "=", partner.id),
                ("channel", "=", channel),
                ("purpose_id.is_marketing", "=", True),
                ("brand_id", "in", [False, self.profile_id.property_id.brand_id.id]),
            ]
        )
        return states.filtered(lambda row: row.effective in ("granted", "denied"))

    def _get_consent_values(self, partner):
        """Consent to marketing by a channel: the most restrictive of its purposes, nothing where nobody was asked."""
        known = self._get_marketing_states(partner, self.topic)
        if not known:
            return None
        denied = known.filtered(lambda row: row.effective == "denied")
        deciding = denied or known
        events = deciding.sudo().event_id  # who has said it, no more
        if all(event.profile_id == self.profile_id and event.external_ref for event in events):
            return None  # the source itself
        since = max(deciding.mapped("since"))
        return {
            "channel": self.topic,
            "state": "denied" if denied else "granted",
            "at": f"{since:%Y-%m-%dT%H:%M:%SZ}",
        }

    def _get_tier_values(self, partner):
        """Tier and number that staff have entered for a programme; nothing where they have not."""
        profiles = self.env["hospitality.profile"].search(
            [("partner_id", "=", partner.id), ("source_id.code", "=", "odoo"), ("state", "=", "live")], order="id desc"
        )
        entries = [entry for profile in profiles for entry in (profile.values or {}).get("memberships") or ()]
        entry = next((entry for entry in entries if entry.get("program") == self.topic), None)
        if entry is None:
            return None
        return {"program": self.topic, "number": entry.get("number") or "", "level": entry.get("level") or ""}

    def _get_note_values(self, partner):
        return None
