"""Incoming SMS of Twilio: https://www.twilio.com/docs/usage/security#validating-requests."""

import base64
import hashlib
import hmac

from .provider import Incoming, key_of, same, text_of


def sign(token, url, values):
    """Return the signature of a posted form.

    :param str url: as Twilio knows it, with its query string
    :param dict values: fields of the form

    >>> sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", {
    ...     "CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
    ...     "To": "+18005551212"})
    'GvWf1cFY/Q7PnoempGyD5oXAezc='
    """
    text = url + "".join(f"{name}{value}" for name, value in sorted(values.items()))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def verify(token, url, values, signature):
    """Say whether a form comes from Twilio."""
    return bool(token) and same(signature, sign(token, url, values))


def parse(values):
    """Return the message of a verified form, None when it has none."""
    sid, sender = key_of(values.get("MessageSid")), key_of(values.get("From"))
    if not sid or not sender:
        return None
    # With its own opt-out management Twilio says what it has understood, in whatever language.
    kind = {"STOP": "stop", "START": "resume"}.get(values.get("OptOutType"), "text")
    return Incoming(sid, kind, sender, text=text_of(values.get("Body")))
