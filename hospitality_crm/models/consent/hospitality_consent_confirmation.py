from odoo import api, models

from ...tools import signed_token

SCOPE = "hospitality-confirmation"
LINK_DAYS = 7
#: What is typed there may be somebody else's address: it counts when its owner confirms it.
UNPROVEN_METHODS = frozenset({"form"})
#: So many confirmations are sent to an address in an hour; whoever fills in forms can't fill its mailbox.
MAILS_AN_HOUR = 3


class HospitalityConsentEvent(models.Model):
    """Double opt-in: a grant on a public form waits until the owner of the address confirms it by a link."""

    _inherit = "hospitality.consent.event"

    @api.model
    def _await_confirmation(self, entry):
        """Turn a grant that has to be confirmed into a pending one, in place."""
        waits = entry["purpose"].double_opt_in and entry.get("method") in UNPROVEN_METHODS
        if waits and entry["decision"] == "granted":
            entry.update(decision="pending", valid_until=None)

    @api.model
    def _is_agreed(self, entry):
        """Whether a pending entry asks for what the guest has agreed to already: then nothing changes for him."""
        if entry["decision"] != "pending" or entry.get("method") not in UNPROVEN_METHODS:
            return False
        guest = entry["guest"]
        found = self.env["hospitality.consent.state"]._get(
            guest.ids, entry["purpose"], entry["channel"], entry.get("brand")
        )
        return found.get(guest.id, ("unknown", None))[0] == "granted"

    @api.model
    def _ask_confirmations(self, entries):
        """Send each guest one link for all that waits for his confirmation."""
        waiting = {}
        for entry in entries:
            if entry["decision"] == "pending" and entry.get("method") in UNPROVEN_METHODS:
                waiting.setdefault(entry["guest"], []).append(entry["id"])
        template = self.env.ref("hospitality_crm.mail_template_consent_confirmation").sudo()  # read for the system
        for guest, ids in waiting.items():
            address = guest.sudo().email_normalized  # where the question goes, nothing is shown
            if not address or self.env["hospitality.privacy.limit"]._take("confirmation", address, MAILS_AN_HOUR, 3600):
                continue
            events = self.sudo().browse(ids)  # what was just recorded
            template.with_context(
                hospitality_url=events._get_confirmation_url(),
                hospitality_purposes=sorted(set(events.purpose_id.with_context(lang=guest.lang).mapped("name"))),
            ).send_mail(guest.id, email_values={"email_to": address, "recipient_ids": []})

    def _get_confirmation_url(self):
        """Return the link by which the guest confirms these statements."""
        guest = self.profile_id.partner_id
        brand = self.brand_id[:1]
        base = (brand and brand.base_url) or guest.get_base_url()
        token = signed_token.sign(self.env, SCOPE, self.ids, guest.sudo().email_normalized, LINK_DAYS)  # not shown
        return f"{base.rstrip('/')}/hospitality/confirm/{token}"

    @api.model
    def _find_confirmable(self, token):
        """Return the statements that a link confirms, empty when it isn't valid (any more)."""
        Event = self.sudo()  # the signature is the right to confirm

        def find_address(ids):
            guest = Event.browse(ids).exists().profile_id.partner_id
            return (guest.email_normalized or "") if len(guest) == 1 else None

        return Event.browse(signed_token.read(self.env, SCOPE, token, find_address)).exists()

    def _filter_waiting(self):
        """Return those whose confirmation would still change something: nothing was said since."""
        State = self.env["hospitality.consent.state"].sudo()  # of the guest himself
        return State.search([("event_id", "in", self.ids), ("state", "=", "pending")]).event_id

    def _confirm(self, ip=None):
        """Record that the guest confirms what he has asked for on a form.

        :return: the statements that were confirmed; what was refused since, or confirmed before, isn't
        """
        waiting = self._filter_waiting()
        self._record_many(
            [
                {
                    "partner_id": event.profile_id.partner_id.id,
                    "purpose": event.purpose_id,
                    "channel": event.channel,
                    "brand": event.brand_id or None,
                    "notice": event.notice_version_id or None,
                    "lang": event.lang,
                    "guardian": self.env["hospitality.profile"].browse(event.guardian_profile_id).partner_id or None,
                    "confirms_id": event.id,
                }
                for event in waiting
            ],
            "granted",
            method="confirmation",
            ip=ip,
        )
        return waiting
