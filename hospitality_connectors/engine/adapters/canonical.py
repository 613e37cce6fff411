"""Canonical events that systems of one's own post."""

import json
from hashlib import blake2b

from ..adapter import Adapter, Capabilities, Raw, Received, Reply, Setting, register
from ..canonical import ENTITIES
from ..hook.verify import AnyOf, Basic, HeaderToken, StandardWebhooks
from ..redaction import redact_raw
from ..types import EventError

#: What canonical events call each other by, and telephone numbers: they may look like numbers of cards.
_REFERENCES = frozenset(
    "externalid version guest booker company agency into booking stay stays check reservation lines payments refundof"
    " reverses confirmation channelref groupcode loyaltynumber memberships.number .number phone values.phones".split()
)


@register
class CanonicalAdapter(Adapter):
    """Records that are canonical events already: one JSON object or a list of them.

    Systems of one's own post them, described in ``docs/hook-openapi.json``. They prove themselves by a signature
    (Standard Webhooks), or, where they can't make one, by a token in a header or a login.
    """

    code = "canonical"
    name = "Canonical Events (JSON)"
    settings = (
        Setting(
            "hook_key",
            "Signing Key",
            secret=True,
            help="Key of the signature webhook-signature, as in Standard Webhooks. It protects best.",
        ),
        Setting("hook_token", "Token", secret=True, help="Value of the header X-API-Key, for what can't sign."),
        Setting("hook_login", "Login", secret=True, help="user:password of HTTP Basic, for what can't sign."),
    )
    hook = AnyOf(StandardWebhooks(), HeaderToken("X-API-Key"), Basic())

    def capabilities(self):
        return Capabilities(frozenset(ENTITIES), webhook="record")

    def redact(self, raw):
        return redact_raw(raw, keep=_REFERENCES)

    def parse(self, raw, env):
        try:
            events = json.loads(raw.body)
        except (ValueError, RecursionError) as error:
            raise EventError("", "not_json", str(error)) from None
        return events if isinstance(events, list) else [events]

    def receive(self, request, env):
        try:
            events = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise EventError("", "not_json", str(error)) from None
        post = request.headers.get("webhook-id") or ""
        events = events if isinstance(events, list) else [events]
        return Received([self._record(event, f"{post[:150]}:{place}") for place, event in enumerate(events)])

    def _record(self, event, place):
        # What is no event is stored as well: it waits in quarantine, beside the others that land.
        known = event if isinstance(event, dict) else {}
        body = json.dumps(event, ensure_ascii=False)
        # An event without a version may say again what it said before the last change: only the same post repeats it.
        key = ""
        if not place.startswith(":") and known.get("version") in (None, ""):
            key = f"post:{place}:{blake2b(body.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"
        return Raw(str(known.get("entity") or ""), str(known.get("external_id") or ""), body, event_key=key)

    def reply(self, request, error=None):
        if request.method != "POST":
            return Reply(200)
        if error is None:
            return Reply(200, b'{"stored": true}', "application/json")
        body = json.dumps({"error": error.code, "message": error.message}).encode()
        return Reply(400, body, "application/json")
