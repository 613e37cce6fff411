"""What an adapter is: pure knowledge about one source system, without Odoo.

An adapter is a class with a ``code``, registered by :func:`register`. Nothing in it touches a
database, the network or the clock: what it needs comes in as :class:`Env`.
"""

import json
from datetime import datetime
from typing import NamedTuple

from .canonical import ENTITIES
from .types import EventError


class Raw(NamedTuple):
    """A record as it came from the source.

    :ivar entity: what the record is about (``guest``, ``stay``, ...), as the adapter names it
    :ivar external_id: key of the record in the source, or empty
    :ivar body: the record as bytes or text
    :ivar content_type: MIME type of ``body``
    :ivar event_key: unique key of this delivery within the connector. The same key is stored
        once, so it must change when the content does: an event id of the vendor, or key and
        version, or key and hash. Empty: hash of entity, external id and body.
    :ivar version: version of the record where the envelope says so, else None
    :ivar observed_at: when the record was fetched (naive UTC), None: now
    """

    entity: str
    external_id: str
    body: object
    content_type: str = "application/json"
    event_key: str = ""
    version: float | None = None
    observed_at: datetime | None = None


class Page(NamedTuple):
    """A page of records with the cursor that comes after it."""

    records: list
    next_cursor: str | None = None
    has_more: bool = False


class Capabilities(NamedTuple):
    """What a source can do.

    :ivar entities: canonical entities that the adapter yields
    :ivar cursor_kind: ``modified token revision offset queue none``
    :ivar guest_ids: ``stable`` (one id per person), ``per_booking`` or ``none``
    :ivar money_mode: ``decimal``, ``minor_int`` or ``minor_str``
    :ivar tz_mode: ``utc``, ``property_local`` or ``mixed``
    """

    entities: frozenset
    cursor_kind: str = "none"
    guest_ids: str = "stable"
    money_mode: str = "decimal"
    tz_mode: str = "utc"


class Env(NamedTuple):
    """What parsing may depend on, as plain values.

    :ivar settings: settings of the connector (dict); read only
    :ivar property: code of the connector's default property, or empty
    :ivar tz: time zone of that property
    :ivar currency: ISO code of that property's currency, or empty
    """

    settings: dict
    property: str = ""
    tz: str = "UTC"
    currency: str = ""


class ParseError(EventError):
    """A raw record that the adapter can't read."""

    def __init__(self, path, code, message, reason=None):
        super().__init__(path, code, message=message)
        self.reason = reason

    def __reduce__(self):
        return (type(self), (self.path, self.code, self.message, self.reason))


class Adapter:
    """Base of all adapters. ``revision`` grows whenever ``parse`` yields other events."""

    code = None
    name = None
    revision = 1

    def capabilities(self):
        """Return the :class:`Capabilities` of the source."""
        raise NotImplementedError

    def redact(self, raw):
        """Return ``raw`` without what must never be stored: card numbers, documents, tokens.

        Called before anything is written.
        """
        return raw

    def parse(self, raw, env):
        """Return the canonical events of a stored record; pure.

        :param Raw raw: ``body`` is text (bytes where the body is no UTF-8 text)
        :param Env env:
        :return: list of event dicts, not yet validated; empty: nothing to do with this record
        :raise EventError: the record can't be read
        """
        raise NotImplementedError


_ADAPTERS = {}


def register(cls):
    """Class decorator: make an adapter available under its ``code``."""
    _ADAPTERS[cls.code] = cls
    return cls


def get(code):
    """Return an instance of the adapter registered as ``code``.

    :raise KeyError: no such adapter
    """
    return _ADAPTERS[code]()


def selection():
    """Return ``[(code, name)]`` of the registered adapters."""
    return [(code, cls.name) for code, cls in sorted(_ADAPTERS.items())]


@register
class CanonicalAdapter(Adapter):
    """Records that are canonical events already: one JSON object or a list of them."""

    code = "canonical"
    name = "Canonical Events (JSON)"

    def capabilities(self):
        return Capabilities(frozenset(ENTITIES))

    def parse(self, raw, env):
        try:
            events = json.loads(raw.body)
        except (ValueError, RecursionError) as error:
            raise EventError("", "not_json", str(error)) from None
        return events if isinstance(events, list) else [events]
