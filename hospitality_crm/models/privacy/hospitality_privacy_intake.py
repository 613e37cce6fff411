import datetime
import re
import unicodedata

from odoo import api, fields, models, tools

from ...tools import signed_token
from .hospitality_privacy_request import KINDS

SCOPE = "hospitality-privacy-request"
#: Days in which a request of the public form has to be confirmed.
CONFIRM_DAYS = 7
#: Uses of the form per minute and network address, and per hour and e-mail address; mails per hour to one address.
PER_ADDRESS, PER_EMAIL, MAILS = 10, 5, 3
_LIMITS = {"name": 100, "email": 254, "details": 4000}
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}\Z")
#: What a guest may correct in the portal by himself; the rest he writes in words.
PORTAL_FIELDS = ("name", "email", "phone", "street", "street2", "zip", "city")


class TooManyRequests(Exception):
    """:ivar seconds: when it may be tried again"""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.seconds = seconds


class HospitalityPrivacyRequest(models.Model):
    """How requests come in from outside."""

    _inherit = "hospitality.privacy.request"

    @api.model
    def _submit_form(self, values, ip):
        """Take a request from the public form. Nothing of what happens depends on whether the person is known.

        :param values: ``kind email name details``, and ``website``, which people don't see and robots fill
        :return: *ok*, or *invalid* when the address or the kind is wrong
        :raise TooManyRequests: the form was used too often from this network address or for this e-mail address
        """
        kind, email = values.get("kind"), _read_email(values.get("email"))
        Limit = self.env["hospitality.privacy.limit"]
        if wait := Limit._take("address", ip or "", PER_ADDRESS, 60):
            raise TooManyRequests(wait)
        if kind not in dict(KINDS) or not email:
            return "invalid"
        if wait := Limit._take("email", email, PER_EMAIL, 3600):
            raise TooManyRequests(wait)
        if (values.get("website") or "").strip():
            return "ok"
        recent = fields.Datetime.now() - datetime.timedelta(hours=1)
        request = self.search(
            [("state", "=", "unconfirmed"), ("email", "=", email), ("kind", "=", kind), ("received_at", ">", recent)],
            limit=1,
        ) or self.create(
            {
                "kind": kind,
                "channel": "form",
                "state": "unconfirmed",
                "email": email,
                "requester_name": _clean(values.get("name"), _LIMITS["name"]),
                "details": _clean(values.get("details"), _LIMITS["details"], lines=True),
            }
        )
        if not Limit._take("mail", email, MAILS, 3600):
            request._send_confirmation()
        return "ok"

    def _send_confirmation(self):
        """Send the link that proves that the person reads the mail of the address."""
        template = self.env.ref("hospitality_crm.mail_template_privacy_confirm")
        # The page behind the link speaks the language of the form.
        url = f"{self.get_base_url().rstrip('/')}/hospitality/privacy/confirm/{self._get_token()}?lang={self.env.lang}"
        template.with_context(hospitality_url=url).send_mail(
            self.id, email_values={"email_to": self.email, "recipient_ids": []}
        )

    def _get_token(self):
        return signed_token.sign(self.env, SCOPE, self.ids, self.email, CONFIRM_DAYS)

    @api.model
    def _find_unconfirmed(self, token):
        """Return the request that a link belongs to, empty when it isn't valid (any more)."""
        Request = self.sudo()  # the signature is the right to confirm

        def find_address(ids):
            request = Request.browse(ids).exists()
            return (request.email or "") if request.state == "unconfirmed" else None

        return Request.browse(signed_token.read(self.env, SCOPE, token, find_address))

    def _confirm(self):
        """Open a request whose address was proven; link the guest if one person alone has it."""
        self.ensure_one()
        self.write({"state": "open"})
        self._log("confirmed")
        values = {"proof": "email"}
        Partner = self.env["res.partner"]
        guests = Partner._find_by_contact_points([self.email]).get(self.email, Partner)
        if len(guests) == 1:
            values["partner_id"] = guests.id
        self.write(values)

    def _get_blockers_for_guest(self):
        """Return in words for the person what stands in the way of the erasure, without what staff have noted."""
        self.ensure_one()
        texts = {
            "staff": self.env._("You have a login of our staff."),
            "in_house": self.env._("You are staying with us, and your bill is still open."),
            "planned": self.env._("You have a stay ahead. Cancel it, or wait until it is over."),
            "reservation": self.env._("You have reserved a table. Cancel it, or wait until your visit is over."),
            "balance": self.env._("A bill is not settled yet."),
            "invoice": self.env._("An invoice is not paid yet."),
        }
        other = self.env._("We have to keep the data for now, as the law demands. Ask us about it.")
        return list(dict.fromkeys(texts.get(blocker["code"], other) for blocker in self.blockers or []))

    @api.model
    def _submit_portal(self, partner, values):
        """Take a request from the portal.

        :param partner: contact of the user, with ``sudo``
        :return: the request; empty when the kind is wrong
        :raise TooManyRequests: this user has asked too often
        """
        kind = values.get("kind")
        if kind not in dict(KINDS):
            return self.browse()
        if wait := self.env["hospitality.privacy.limit"]._take("portal", str(partner.id), PER_EMAIL, 3600):
            raise TooManyRequests(wait)
        guest = partner.browse(partner._get_merged_targets()[partner.id])
        correction = {}
        if kind == "correction":
            for name in PORTAL_FIELDS:
                value = _clean(values.get(name), 200)
                if value and value != guest[name]:
                    correction[name] = value
        return self.create(
            {
                "kind": kind,
                "channel": "portal",
                "partner_id": guest.id,
                "company_id": (guest.company_id or self.env.company).id,
                "proof": "portal",
                "details": _clean(values.get("details"), _LIMITS["details"], lines=True),
                "correction": correction or False,
            }
        )


def _read_email(text):
    """Return a normalised address, False when the text is anything else."""
    text = text.strip() if isinstance(text, str) and len(text) <= _LIMITS["email"] else ""
    email = tools.email_normalize(text)
    return email if email and email == text.lower() and _EMAIL.match(email) else False


def _clean(text, limit, lines=False):
    """Return what a person may have typed, without characters that nobody types.

    >>> _clean(" a\\x00b\\u202ec\\n", 10), _clean("a\\nb", 10, lines=True)
    ('abc', 'a\\nb')
    """
    if not isinstance(text, str):
        return False
    kept = "\n" if lines else ""
    text = text.replace("\r\n", "\n")[: limit * 4]
    text = "".join(char for char in text if char in kept or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    return unicodedata.normalize("NFC", text).strip()[:limit] or False
