"""A gateway of one's own, called as in Standard Webhooks: https://www.standardwebhooks.com.

It gets ``{"type": "message.send", "timestamp": ..., "data": {"key", "address", "text", "buttons", ...}}`` and answers
with any 2xx, optionally ``{"id": its own key}``. It may post back, signed in the same way, ``message.delivered``,
``message.failed`` (``data``: ``id`` or ``key``, ``error``, ``unreachable``), ``message.received`` (``address``,
``text``), ``address.blocked`` (``address``).
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets

from .provider import Incoming, Outcome, Provider, Request, key_of, mapping, part, same, text_of, time_of, unclear

TOLERANCE = 300
"""Seconds that the clock of the other side may be off."""
PREFIX = "whsec_"


def new_secret():
    """Return a random secret of 256 bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_bytes(secret):
    """Return the key of a secret: base64 after ``whsec_``, else the text itself."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret[len(PREFIX) :], validate=True)
        except binascii.Error:
            return b""
    return secret.encode()


def sign(secret, event_id, timestamp, body):
    """Return the signature of a body, version 1.

    >>> body = b'{"test": 2432232314}'
    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    digest = hmac.new(secret_bytes(secret), f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class WebHook(Provider):
    """Whatever understands the protocol of this module: a gateway to another messenger, a print or call service."""

    kind = "webhook"
    secrets = ("secret",)
    settings = ()
    rate = 20
    longest = 100_000

    def prepare(self, credentials, outgoing):
        refusal = self._refuse_text(outgoing)
        if refusal:
            return refusal
        data = {
            "key": outgoing.key,
            "address": outgoing.address,
            "text": outgoing.text,
            "buttons": [{"label": label, "url": url} for label, url in outgoing.buttons],
        }
        if outgoing.template:
            data["template"] = outgoing.template
        return self._post(credentials, outgoing.key, outgoing.at, "message.send", data | (outgoing.extra or {}))

    def _post(self, credentials, key, at, kind, data):
        payload = {"type": kind, "timestamp": at, "data": data}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(at),
            "webhook-signature": sign(credentials["secret"], key, at, body),
        }
        return Request("POST", credentials["api_url"], headers, body, (credentials["secret"],))

    def read_answer(self, status, answer, wait=None):
        if 200 <= status < 300:
            reference = key_of(answer.get("id")) if isinstance(answer, dict) else ""
            return Outcome("sent", external_ref=reference or None)
        said = text_of(answer.get("error"), 300) if isinstance(answer, dict) else ""
        outcome = unclear(status, wait, f"{status} {said}".strip())
        if status == 422 and isinstance(answer, dict) and answer.get("unreachable") is True:
            return outcome._replace(unreachable=True)
        # 500 is the answer of the gateway itself, which keeps to the key when it is asked again.
        return outcome._replace(state="later") if status == 500 else outcome

    def verify(self, credentials, headers, body, now):
        event_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
        if not event_id or not (timestamp or "").isdecimal() or not secret_bytes(credentials.get("secret") or ""):
            return False
        if abs(now - int(timestamp[:12])) > TOLERANCE:
            return False
        expected = sign(credentials["secret"], event_id, int(timestamp), body)
        given = (headers.get("webhook-signature") or "").split(" ")[:10]
        return any([same(signature, expected) for signature in given])

    def parse(self, credentials, headers, payload):
        payload = mapping(payload)
        data, kind = part(payload, "data"), payload.get("type")
        common = {
            "event_id": key_of(headers.get("webhook-id")),
            "address": key_of(data.get("address")),
            "at": time_of(payload.get("timestamp")),
        }
        if kind in ("message.delivered", "message.failed"):
            return [
                Incoming(
                    kind="status",
                    external_ref=key_of(data.get("id")),
                    key=key_of(data.get("key")),
                    state=kind.partition(".")[2],
                    error=text_of(data.get("error"), 300),
                    unreachable=data.get("unreachable") is True,
                    **common,
                )
            ]
        if kind == "message.received" and common["address"]:
            return [Incoming(kind="text", text=text_of(data.get("text")), **common)]
        if kind == "address.blocked" and common["address"]:
            return [Incoming(kind="blocked", **common)]
        return []

    def get_test(self, credentials):
        at = int(credentials.get("now") or 0)
        return self._post(credentials, f"test_{at}", at, "test", {})

    def read_test(self, status, answer):
        return 200 <= status < 300, "" if 200 <= status < 300 else f"status {status}"
