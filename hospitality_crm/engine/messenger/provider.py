"""What every provider of a messenger channel can do, as values in and values out."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

KINDS = ("telegram", "whatsapp", "viber", "webhook")


class Outgoing(NamedTuple):
    """A message as it goes to one address.

    :ivar key: our own key of it, the same when it is tried again
    :ivar address: the handle without its prefix
    :ivar text: plain text
    :ivar buttons: ``(label, https address)`` pairs
    :ivar template: for providers that want an approved one: ``{"name", "lang", "params"}``; None for free text
    :ivar heard_seconds: how long ago the guest wrote last, None for never
    :ivar at: Unix time of now
    :ivar extra: what a gateway gets beside the text
    """

    key: str
    address: str
    text: str
    buttons: tuple = ()
    template: dict | None = None
    heard_seconds: float | None = None
    at: int = 0
    extra: dict | None = None


class Request(NamedTuple):
    """A request to make.

    :ivar secrets: texts of it that must not be logged
    """

    method: str
    url: str
    headers: dict
    body: bytes | None
    secrets: tuple = ()


class Outcome(NamedTuple):
    """What an answer means for the message.

    :ivar state: *sent*, *failed* (for certain), *later* (not accepted, try again), *uncertain*
    :ivar external_ref: key of the message at the provider
    :ivar error: in the provider's words
    :ivar wait: seconds that the provider wants us to wait, None where it doesn't say
    :ivar unreachable: the address doesn't work (any more)
    :ivar broken: credentials or account are at fault: nothing will be accepted before somebody has seen to it
    """

    state: str
    external_ref: str | None = None
    error: str | None = None
    wait: float | None = None
    unreachable: bool = False
    broken: bool = False


class Incoming(NamedTuple):
    """Something that a provider has told us.

    :ivar event_id: unique at the provider
    :ivar kind: *status* of a message, *text* by a guest, *start* of a conversation, *blocked* (wants nothing any more),
        *stop* and *resume* where the provider itself asks the guest about marketing
    :ivar address: handle without prefix
    :ivar external_ref: key of the message that a status is about
    :ivar state: *delivered*, *failed*
    :ivar error: in the provider's words
    :ivar unreachable: a failure that will come again at this address
    :ivar text: what the guest has written
    :ivar token: what the link carried by which he came
    :ivar at: Unix time, None where the provider doesn't say
    :ivar key: our own key of the message that a status is about, where the provider repeats it
    """

    event_id: str
    kind: str
    address: str = ""
    external_ref: str = ""
    state: str = ""
    error: str = ""
    unreachable: bool = False
    text: str = ""
    token: str = ""
    at: float | None = None
    key: str = ""


class Provider:
    """A provider.

    ``credentials`` are texts by name; which ones is in `secrets` and `settings`.

    :cvar kind: code
    :cvar api_url: where it is called by default
    :cvar secrets: names of credentials that nobody may read
    :cvar settings: names of those that may be read
    :cvar rate: messages per second that it takes
    :cvar longest: characters that a text may have
    """

    kind = ""
    api_url = ""
    secrets: tuple = ()
    settings: tuple = ()
    rate = 10
    longest = 4096

    def prepare(self, credentials: Mapping, outgoing: Outgoing) -> "Request | Outcome":
        """Return the request that sends a message, or why it can't be sent."""
        raise NotImplementedError

    def read_answer(self, status: int, answer: Any, wait: float | None = None) -> Outcome:
        """Return what an answer means.

        :param answer: its JSON, None when it is none
        :param wait: seconds of its ``Retry-After``
        """
        raise NotImplementedError

    def verify(self, credentials: Mapping, headers: Mapping, body: bytes, now: float) -> bool:
        """Say whether a web-hook comes from the provider. Compares in constant time.

        :param headers: case-insensitive
        :param body: as it came
        """
        raise NotImplementedError

    def parse(self, credentials: Mapping, headers: Mapping, payload: Any) -> list[Incoming]:
        """Return what a verified web-hook says. What isn't understood is left out."""
        raise NotImplementedError

    def get_test(self, credentials: Mapping) -> Request | None:
        """Return a request that shows whether the credentials work, None where there is none."""
        return None

    def read_test(self, status: int, answer: Any) -> tuple[bool, str]:
        """Return whether they do, and the name of the account or the error."""
        raise NotImplementedError

    def get_registration(self, credentials: Mapping, url: str) -> Request | None:
        """Return the request that tells the provider where our web-hook is, None where people do it."""
        return None

    def get_start_link(self, credentials: Mapping, token: str) -> str:
        """Return the link by which a guest begins a conversation that carries a token; empty where there is none."""
        return ""

    def _refuse_text(self, outgoing):
        if not outgoing.text.strip():
            return Outcome("failed", error="empty text")
        if len(outgoing.text) > self.longest:
            return Outcome("failed", error=f"text longer than {self.longest} characters")
        return None


def post_json(url, payload, headers=None, secrets=()):
    """Return the request that posts a value."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Request("POST", url, {"Content-Type": "application/json", **(headers or {})}, body, tuple(secrets))


def unclear(status, wait, error=""):
    """Return what an answer means that isn't the provider's own.

    A gateway in front of it says 502 or 504 when it doesn't know what the provider has done.
    """
    error = error or f"status {status}"
    if status in (408, 425, 429, 503):
        return Outcome("later", error=error, wait=wait)
    if status >= 500 or 200 <= status < 300:
        return Outcome("uncertain", error=error)
    return Outcome("failed", error=error, broken=status in (401, 403, 404, 410))


def hmac_hex(secret, body):
    """Return the HMAC-SHA256 of a body as hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def same(given, expected):
    """Compare texts in constant time; an empty secret matches nothing."""
    return bool(expected) and hmac.compare_digest(str(given or "").encode(), str(expected).encode())


def text_of(value, limit=4096):
    """Return a text that came from outside: without control characters and of limited length."""
    if not isinstance(value, str):
        return ""
    value = value[: limit * 2].encode("utf-8", "ignore").decode()
    hidden = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return "".join(char for char in value if (char >= " " or char == "\n") and char != "\x7f" and char not in hidden)[
        :limit
    ]


def dicts(value):
    """Return the objects of a list, nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(value):
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def part(value, name):
    """Return an object inside an object, an empty one where there is none."""
    return mapping(mapping(value).get(name))


def key_of(value):
    """Return a key that came as a number or a text, empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    return text_of(str(value), 200).strip()


def time_of(value, unit=1.0):
    """Return a Unix time that came as a number or a text, None for nonsense."""
    try:
        seconds = float(value) / unit
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < 4102444800 else None


def get(kind: str) -> Provider:
    """Return the provider of a kind.

    :raise KeyError: there is none
    """
    from . import telegram, viber, webhook, whatsapp  # they build on this module

    classes = (telegram.Telegram, whatsapp.WhatsApp, viber.Viber, webhook.WebHook)
    return {cls.kind: cls for cls in classes}[kind]()
