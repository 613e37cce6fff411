from odoo import api, fields, models, tools
from odoo.tools import SQL

from ...tools import signed_token
from .hospitality_purpose import ANY, CHANNELS

SCOPE = "hospitality-preferences"
LINK_DAYS = 30
#: Channels that a guest answers for on the page; advertising networks are asked about by their own purpose.
SHOWN = tuple(code for code, _label in CHANNELS)


class HospitalityPreferenceCentre(models.AbstractModel):
    """What a guest sees and changes about the use of his data, by a personal link or in the portal.

    A link holds for one guest, for the e-mail address he had when it was made, and for ``LINK_DAYS`` days: who gets a
    recycled address or finds an old message can't open it. A guest who was merged away is shown his present record.
    """

    _name = "hospitality.preference.centre"
    _description = "Preference Centre"

    # -- links ---------------------------------------------------------------------------------

    @api.model
    def _get_url(self, partner, brand=None):
        """Return the personal link of a guest."""
        base = (brand and brand.base_url) or partner.get_base_url()
        return f"{base.rstrip('/')}/hospitality/preferences/{self._get_token(partner)}"

    @api.model
    def _get_token(self, partner):
        return signed_token.sign(self.env, SCOPE, partner.ids, partner.email_normalized, LINK_DAYS)

    @api.model
    def _find_guest(self, token):
        """Return the guest whom a link belongs to, empty when it isn't valid (any more)."""
        Partner = self.env["res.partner"].sudo()  # the signature is the right to see one's own choices

        def find_address(ids):
            partner = Partner.browse(ids).exists()
            return (partner.email_normalized or "") if partner else None

        partner = Partner.browse(signed_token.read(self.env, SCOPE, token, find_address))
        return Partner.browse(partner._get_merged_targets()[partner.id]) if partner else Partner

    @api.model
    def _send_link(self, email):
        """Send a new link to an address, if a guest has it; whoever asks can't tell."""
        address = tools.email_normalize(email or "")
        Partner = self.env["res.partner"].sudo()  # nothing of what is found is shown
        guests = Partner._find_by_contact_points([address]).get(address, Partner) if address else Partner
        guest = guests.filtered(lambda g: g.email_normalized == address)[:1]
        if not guest:
            return
        template = self.env.ref("hospitality_crm.mail_template_preference_link").sudo()  # as above
        template.with_context(hospitality_url=self._get_url(guest)).send_mail(
            guest.id, email_values={"email_to": address, "recipient_ids": []}
        )

    # -- the page ------------------------------------------------------------------------------

    @api.model
    def _get_page(self, guest):
        """Return what the page shows, in the language of the environment.

        :return: dict of ``guest``, ``summary`` (list of label and value), ``brands``: per brand, or once for all, its
            purposes with the answers on each channel (``granted denied pending unknown`` and since when)
        """
        purposes = self.env["hospitality.purpose"].sudo()._get_asked()  # their names are for guests
        brands = self.env["hospitality.brand"].sudo().search([("active", "=", True)])  # their names are for guests
        # A house with one brand is answered as a whole, and shown with what was said to its brand alone.
        views = [(brand, brand) for brand in brands] if len(brands) > 1 else [(brands.browse(), brands)]
        sections = [
            {"brand": brand, "purposes": [self._get_item(guest, purpose, brand, seen) for purpose in purposes]}
            for brand, seen in ((brand, self._get_states(guest, seen_by)) for brand, seen_by in views)
        ]
        return {"guest": guest, "summary": self._get_summary(guest), "sections": sections}

    @api.model
    def _get_item(self, guest, purpose, brand, states):
        """Return a purpose with the text that is shown about it and its answers."""
        Notice = self.env["hospitality.notice"].sudo()  # published texts are for guests
        answers = []
        for channel in self._get_shown_channels(purpose):
            state, since = states.get((purpose.id, channel), ("unknown", None))
            name = f"c-{brand.id or 0}-{purpose.id}-{channel}"
            answers.append({"channel": channel, "name": name, "state": state, "since": since})
        notice = Notice._find_version(purpose, brand, self.env.lang)
        # Without a text nobody can show later what was agreed to: then a guest can refuse alone.
        return {"purpose": purpose, "notice": notice, "answers": answers, "can_agree": bool(notice)}

    @api.model
    def _get_shown_channels(self, purpose):
        return [ANY] if not purpose.per_channel else list(SHOWN)

    @api.model
    def _get_states(self, guest, brand):
        """Return ``(purpose id, channel) -> (state today, since)`` as one brand sees it."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (purpose_id, channel) purpose_id, channel,
                          CASE WHEN state = 'granted' AND valid_until < %s THEN 'unknown' ELSE state END, since
                     FROM hospitality_consent_state
                    WHERE partner_id = %s AND (brand_id IS NULL OR brand_id = %s)
                    ORDER BY purpose_id, channel, brand_id NULLS LAST""",
                fields.Date.today(),
                guest.id,
                brand.id or None,
            )
        )
        return {(purpose_id, channel): (state, since) for purpose_id, channel, state, since in rows}

    @api.model
    def _get_summary(self, guest):
        """Return the main facts that are kept of a guest, addresses masked: a link may be read by others."""
        metrics = self.env["hospitality.guest.metrics"].sudo().search([("partner_id", "=", guest.id)])  # his own
        facts = [
            (self.env._("Name"), guest.name),
            (self.env._("E-mail"), self._mask(guest.email_normalized)),
            (self.env._("Phone"), self._mask(guest.phone_sanitized or guest.phone)),
            (self.env._("Stays"), sum(metrics.mapped("stay_count"))),
            (self.env._("Visits to our tables"), sum(metrics.mapped("check_count"))),
        ]
        return [(label, value) for label, value in facts if value]

    @api.model
    def _mask(self, value):
        """Return an address or number of which only the owner recognises the rest.

        >>> self._mask("anna@example.com"), self._mask("+380441234567")
        ('a***@example.com', '*********567')
        """
        if not value:
            return ""
        if "@" in value:
            name, _at, host = value.partition("@")
            return f"{name[:1]}***@{host}"
        return "*" * max(len(value) - 4, 0) + value[-3:]

    # -- answers -------------------------------------------------------------------------------

    @api.model
    def _apply(self, guest, answers, method, ip=None):
        """Record the answers of a page that differ from what holds.

        :param answers: dict from the name of a question on the page to ``yes`` or ``no``; others are passed over
        :param method: ``preference_centre`` or ``portal``
        :return: number of statements recorded
        """
        lang = guest.lang or self.env.lang
        entries = []
        for section in self._get_page(guest)["sections"]:
            brand = section["brand"]
            for item in section["purposes"]:
                for answer in item["answers"]:
                    said = {"yes": "granted", "no": "withdrawn"}.get(answers.get(answer["name"]))
                    if said is None or {"granted": "granted", "withdrawn": "denied"}[said] == answer["state"]:
                        continue
                    if said == "granted" and not item["can_agree"]:
                        continue
                    if said == "withdrawn" and answer["state"] != "granted":
                        said = "denied"
                    entries.append(
                        {
                            "partner_id": guest.id,
                            "purpose": item["purpose"],
                            "channel": answer["channel"],
                            "decision": said,
                            "brand": brand or None,
                            "notice": item["notice"] or None,
                        }
                    )
        self._record(guest, entries, method, lang, ip)
        return len(entries)

    @api.model
    def _refuse_all(self, guest, method, ip=None):
        """Record that a guest wants nothing any more, on any channel, of any brand.

        :return: number of statements recorded
        """
        purposes = self.env["hospitality.purpose"].sudo()._get_asked()  # all, whoever asks
        # What was said to one brand is withdrawn by what is said to all.
        State = self.env["hospitality.consent.state"].sudo()  # his own
        open_ = State.search([("partner_id", "=", guest.id), ("state", "!=", "denied"), ("brand_id", "!=", False)])
        by_brand = {(row.purpose_id.id, row.channel) for row in open_}
        states = self._get_states(guest, self.env["hospitality.brand"])
        entries = [
            {"partner_id": guest.id, "purpose": purpose, "channel": channel, "decision": "withdrawn"}
            for purpose in purposes
            for channel in purpose._get_channels()
            if states.get((purpose.id, channel), ("unknown",))[0] != "denied" or (purpose.id, channel) in by_brand
        ]
        self._record(guest, entries, method, guest.lang or self.env.lang, ip)
        return len(entries)

    @api.model
    def _record(self, guest, entries, method, lang, ip):
        if entries:
            Event = self.env["hospitality.consent.event"].sudo()  # the link, or the portal login, is the right
            Event._record_many(entries, method=method, lang=lang, ip=ip)
