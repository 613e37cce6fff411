"""Viber REST Bot API: https://developers.viber.com/docs/api/rest-bot-api/."""

import urllib.parse

from .provider import (
    Incoming,
    Outcome,
    Provider,
    hmac_hex,
    key_of,
    part,
    post_json,
    same,
    text_of,
    time_of,
    unclear,
)

# Codes of the documentation's table "Error codes". The status of the answer is 200 in all cases.
_LATER = frozenset({12})
_GONE = frozenset({5, 6, 11})
_BROKEN = frozenset({1, 2, 7, 8, 9, 10, 15, 23, 24})
_EVENTS = ["delivered", "failed", "subscribed", "unsubscribed", "conversation_started", "message"]


class Viber(Provider):
    """A bot. The handle is the id that it knows the guest by."""

    kind = "viber"
    api_url = "https://chatapi.viber.com/pa"
    secrets = ("token",)
    settings = ("username",)
    rate = 40  # 500 requests in 10 seconds
    longest = 7000

    def _call(self, credentials, method, payload):
        base = (credentials.get("api_url") or self.api_url).rstrip("/")
        token = credentials["token"]
        return post_json(f"{base}/{method}", payload, {"X-Viber-Auth-Token": token}, secrets=(token,))

    def prepare(self, credentials, outgoing):
        lines = [outgoing.text, *(f"{label}: {url}" for label, url in outgoing.buttons)]
        refusal = self._refuse_text(outgoing._replace(text="\n".join(lines) if outgoing.text.strip() else ""))
        if refusal:
            return refusal
        payload = {
            "receiver": outgoing.address,
            "type": "text",
            "text": "\n".join(lines),
            "sender": {"name": (credentials.get("sender") or credentials.get("username") or "Bot")[:28]},
            "tracking_data": outgoing.key,
        }
        return self._call(credentials, "send_message", payload)

    def read_answer(self, status, answer, wait=None):
        code = answer.get("status") if isinstance(answer, dict) else None
        if not isinstance(code, int) or isinstance(code, bool):
            return unclear(status, wait)
        if code == 0:
            return Outcome("sent", external_ref=key_of(answer.get("message_token")) or None)
        error = f"{code} {text_of(answer.get('status_message'), 300)}"
        if code in _LATER:
            return Outcome("later", error=error, wait=wait)
        return Outcome("failed", error=error, unreachable=code in _GONE, broken=code in _BROKEN)

    def verify(self, credentials, headers, body, now):
        token = credentials.get("token")
        return bool(token) and same(headers.get("X-Viber-Content-Signature"), hmac_hex(token, body))

    def parse(self, credentials, headers, payload):
        if not isinstance(payload, dict):
            return []
        event, token = key_of(payload.get("event")), key_of(payload.get("message_token"))
        user = key_of(payload.get("user_id")) or key_of(part(payload, "user").get("id"))
        common = {"event_id": f"{event}:{token}", "at": time_of(payload.get("timestamp"), 1000.0)}
        if not token:
            return []
        if event in ("delivered", "failed"):
            error = text_of(payload.get("desc"), 300)
            return [Incoming(kind="status", address=user, external_ref=token, state=event, error=error, **common)]
        if event == "unsubscribed" and user:
            return [Incoming(kind="blocked", address=user, **common)]
        if event in ("conversation_started", "subscribed") and user:
            return [Incoming(kind="start", address=user, token=text_of(payload.get("context"), 64), **common)]
        sender = key_of(part(payload, "sender").get("id"))
        text = text_of(part(payload, "message").get("text"))
        if event == "message" and sender and text:
            return [Incoming(kind="text", address=sender, text=text, **common)]
        return []

    def get_test(self, credentials):
        return self._call(credentials, "get_account_info", {})

    def read_test(self, status, answer):
        if isinstance(answer, dict) and answer.get("status") == 0:
            return True, text_of(answer.get("uri") or answer.get("name"), 100)
        return False, self.read_answer(status, answer).error or ""

    def get_registration(self, credentials, url):
        return self._call(credentials, "set_webhook", {"url": url, "event_types": _EVENTS, "send_name": False})

    def get_start_link(self, credentials, token):
        name = credentials.get("username")
        return f"viber://pa?chatURI={urllib.parse.quote(name, safe='')}&context={token}" if name else ""
