"""WhatsApp Cloud API: https://developers.facebook.com/docs/whatsapp/cloud-api."""

import hashlib
import urllib.parse

from .provider import (
    Incoming,
    Outcome,
    Provider,
    Request,
    dicts,
    hmac_hex,
    key_of,
    mapping,
    part,
    post_json,
    same,
    text_of,
    time_of,
    unclear,
)

WINDOW = 24 * 3600
"""Seconds after a guest's message in which free text may be sent; later only approved templates."""

# https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
_THROTTLED = frozenset({4, 80007, 130429, 131048, 131056})
_AT_FAULT_THERE = frozenset({1, 2, 131000, 131016, 131057, 133004})
_UNREACHABLE = frozenset({131026})
_BROKEN = frozenset({0, 3, 10, 190, 131005, 131031, 131042, 131045, 133010, 368, 33, *range(200, 300)})
_STOPPED = 131050
_EVERY_STATE = {"delivered": "delivered", "read": "delivered", "failed": "failed"}


class WhatsApp(Provider):
    """A business number. The handle is the guest's number, digits with a leading plus.

    A template goes where free text may not.
    """

    kind = "whatsapp"
    api_url = "https://graph.facebook.com/v23.0"
    secrets = ("token", "app_secret", "verify_token")
    settings = ("phone_number_id", "username")
    rate = 50  # default throughput is 80 messages per second and number
    longest = 4096

    def prepare(self, credentials, outgoing):
        inside = outgoing.heard_seconds is not None and outgoing.heard_seconds < WINDOW
        number = outgoing.address.lstrip("+")
        if not number.isdigit():
            return Outcome("failed", error="the number has no digits", unreachable=True)
        payload = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": number}
        payload["biz_opaque_callback_data"] = outgoing.key
        if outgoing.template and not inside:
            payload |= self._get_template(outgoing.template)
        elif not inside:
            return Outcome(
                "failed", error="the guest hasn't written for 24 hours: WhatsApp takes an approved template only"
            )
        else:
            refusal = self._refuse_text(outgoing)
            if refusal:
                return refusal
            payload |= self._get_text(outgoing)
        token = credentials["token"]
        return post_json(
            self._get_url(credentials, "messages"), payload, {"Authorization": f"Bearer {token}"}, secrets=(token,)
        )

    def _get_url(self, credentials, *path):
        base = (credentials.get("api_url") or self.api_url).rstrip("/")
        number = urllib.parse.quote(credentials["phone_number_id"], safe="")
        return "/".join([base, number, *path])

    def _get_text(self, outgoing):
        if len(outgoing.buttons) == 1 and len(outgoing.text) <= 1024:
            label, url = outgoing.buttons[0]
            action = {"name": "cta_url", "parameters": {"display_text": label[:20], "url": url}}
            body = {"type": "cta_url", "body": {"text": outgoing.text}, "action": action}
            return {"type": "interactive", "interactive": body}
        lines = [outgoing.text, *(f"{label}: {url}" for label, url in outgoing.buttons)]
        return {"type": "text", "text": {"preview_url": False, "body": "\n".join(lines)[: self.longest]}}

    def _get_template(self, template):
        parameters = [{"type": "text", "text": text} for text in template.get("params") or ()]
        content = {"name": template["name"], "language": {"code": template["lang"]}}
        if parameters:
            content["components"] = [{"type": "body", "parameters": parameters}]
        return {"type": "template", "template": content}

    def read_answer(self, status, answer, wait=None):
        error = part(answer, "error")
        if not error:
            refs = [key_of(message.get("id")) for message in dicts(mapping(answer).get("messages"))]
            return Outcome("sent", external_ref=refs[0]) if refs and refs[0] and status < 300 else unclear(status, wait)
        return self._read_error(error, wait)

    def _read_error(self, error, wait=None):
        code = error.get("code") if isinstance(error.get("code"), int) else -1
        said = text_of(error.get("message") or error.get("title"), 200)
        more = text_of(part(error, "error_data").get("details"), 200)
        text = " ".join(filter(None, (str(code), said, more if more != said else "")))
        if code in _THROTTLED or code in _AT_FAULT_THERE:
            return Outcome("later", error=text, wait=wait)
        return Outcome("failed", error=text, unreachable=code in _UNREACHABLE, broken=code in _BROKEN)

    def verify(self, credentials, headers, body, now):
        secret = credentials.get("app_secret")
        return bool(secret) and same(headers.get("X-Hub-Signature-256"), f"sha256={hmac_hex(secret, body)}")

    def challenge(self, credentials, values):
        """Return what answers the question whether this is our web-hook, None when it wasn't asked rightly."""
        if values.get("hub.mode") == "subscribe" and same(
            values.get("hub.verify_token"), credentials.get("verify_token")
        ):
            return text_of(values.get("hub.challenge"), 200)
        return None

    def parse(self, credentials, headers, payload):
        found = []
        for entry in dicts(mapping(payload).get("entry")):
            for change in dicts(entry.get("changes")):
                value = part(change, "value")
                if key_of(part(value, "metadata").get("phone_number_id")) == credentials.get("phone_number_id"):
                    found += self._parse_value(value)
        return [event for event in found if event.event_id and event.address]

    def _parse_value(self, value):
        for message in dicts(value.get("messages")):
            yield Incoming(
                key_of(message.get("id")),
                "text",
                _number(message.get("from")),
                text=self._get_words(message),
                at=time_of(message.get("timestamp")),
            )
        for status in dicts(value.get("statuses")):
            state = _EVERY_STATE.get(status.get("status"))
            reference = key_of(status.get("id"))
            if not state or not reference:
                continue
            outcome = (
                self._read_error((dicts(status.get("errors")) or [{}])[0]) if state == "failed" else Outcome(state)
            )
            yield Incoming(
                f"{reference}:{state}",
                "status",
                _number(status.get("recipient_id")),
                external_ref=reference,
                state=state,
                error=outcome.error or "",
                unreachable=outcome.unreachable,
                key=key_of(status.get("biz_opaque_callback_data")),
                at=time_of(status.get("timestamp")),
            )
            if (outcome.error or "").startswith(f"{_STOPPED} "):
                yield Incoming(f"{reference}:stop", "stop", _number(status.get("recipient_id")))
        for choice in dicts(value.get("user_preferences")):
            if choice.get("category") == "marketing_messages" and choice.get("value") in ("stop", "resume"):
                number, at = _number(choice.get("wa_id")), time_of(choice.get("timestamp"))
                # Keys of events are kept longer than what they say: no number in them.
                key = hashlib.sha256(f"{number}:{choice['value']}:{at}".encode()).hexdigest()
                yield Incoming(key, choice["value"], number, at=at)

    def _get_words(self, message):
        interactive = part(message, "interactive")
        for found in (
            part(message, "text").get("body"),
            part(message, "button").get("text"),
            part(interactive, "button_reply").get("title"),
            part(interactive, "list_reply").get("title"),
        ):
            if isinstance(found, str):
                return text_of(found)
        return ""

    def get_test(self, credentials):
        token = credentials["token"]
        url = self._get_url(credentials) + "?fields=display_phone_number,verified_name"
        return Request("GET", url, {"Authorization": f"Bearer {token}"}, None, (token,))

    def read_test(self, status, answer):
        number = text_of(mapping(answer).get("display_phone_number"), 100)
        if status == 200 and number:
            return True, number
        return False, self.read_answer(status if status >= 300 else 400, answer).error or ""

    def get_start_link(self, credentials, token):
        number = "".join(char for char in credentials.get("username") or "" if char.isdigit())
        return f"https://wa.me/{number}?text={urllib.parse.quote(token)}" if number else ""


def _number(value):
    digits = key_of(value).lstrip("+")
    return f"+{digits}" if digits.isdigit() else ""
