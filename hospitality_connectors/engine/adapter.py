"""What an adapter is: pure knowledge about one source system, without Odoo.

An adapter is a class with a ``code``, registered by :func:`register`. Nothing in it touches a database or the clock;
what it needs comes in as values (:class:`Env`), and it reaches its vendor through the context that it is given alone.
"""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from .redaction import EVENTS
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


def gone(entity, external_id, observed_at=None):
    """Return the :class:`Raw` that says that the source has a record no more."""
    body = json.dumps([{"entity": entity, "op": "tombstone", "external_id": external_id}])
    return Raw(entity, external_id, body, EVENTS, f"gone:{entity}:{external_id}:{observed_at or ''}", None, observed_at)


def moved(entity, external_id, into, observed_at=None):
    """Return the :class:`Raw` that says that the source has merged a record into another one."""
    body = json.dumps([{"entity": entity, "op": "merge", "external_id": external_id, "into": into}])
    key = f"moved:{entity}:{external_id}:{into}:{observed_at or ''}"
    return Raw(entity, external_id, body, EVENTS, key[:255], None, observed_at)


class Hint(NamedTuple):
    """News that a record has changed, without the record: it is fetched by its key.

    :ivar reason: the vendor's word for what has happened, for people who look for the cause
    """

    entity: str
    external_id: str
    reason: str = ""


class Gone(NamedTuple):
    """Answer of :meth:`Adapter.fetch_one`: the source has no such record any more."""


class Moved(NamedTuple):
    """Answer of :meth:`Adapter.fetch_one`: the record was merged into another one.

    :ivar into: key of the record that is left
    """

    into: str


class Window(NamedTuple):
    """What part of a stream is read.

    :ivar start: aware UTC time (streams of changes) or a date (sweeps); inclusive
    :ivar end: the same, exclusive
    """

    start: object
    end: object


class Page(NamedTuple):
    """A page of records with the cursor that comes after it.

    :ivar records: list of :class:`Raw`
    :ivar next_cursor: text that the next call gets. A stream that is no window keeps it for ever, also after the last
        page; a window forgets it when it is through.
    :ivar has_more: ask again at once
    :ivar ack: what :meth:`Adapter.acknowledge` gets once the records are stored for good; None where nothing is due
    :ivar hints: records to be fetched one by one, list of :class:`Hint`
    :ivar total: how many records the window has in all, where the vendor says so: when the number changes while the
        pages are read, records have moved between them and the window is read again
    """

    records: list
    next_cursor: str | None = None
    has_more: bool = False
    ack: object = None
    hints: list = []
    total: int | None = None


class Stream(NamedTuple):
    """Something that is read again and again.

    :ivar name: unique within the adapter; names the cursor
    :ivar kind: ``changes`` what was changed since last time; ``queue`` what the vendor hands out once, or until it is
        acknowledged; ``sweep`` the records of a range of days whatever their time of change, each night
    :ivar windowed: pages belong to a :class:`Window`; else there is one cursor without an end
    :ivar every: seconds between two readings; lanes look each minute, so that 45 means each minute
    :ivar overlap: how far a window begins before the end of the last one
    :ivar longest: longest window that the vendor accepts; a longer one is cut
    :ivar keeps: how far back the vendor knows changes; after a longer pause everything is read anew
    :ivar days: of a sweep: ``(first, last)`` day relative to today
    :ivar entity: what the records are, to count them
    """

    name: str
    kind: str = "changes"
    windowed: bool = True
    every: int = 45
    overlap: timedelta = timedelta(hours=1)
    longest: timedelta | None = None
    keeps: timedelta | None = None
    days: tuple = (-7, 30)
    entity: str = "stay"


class Rate(NamedTuple):
    """At most ``count`` calls in any ``seconds`` seconds."""

    count: int
    seconds: float


class Token(NamedTuple):
    """What a vendor's sign-in has given.

    :ivar value: text
    :ivar lifetime: seconds from now, None: until it is refused
    """

    value: str
    lifetime: float | None = None


class Finding(NamedTuple):
    """A result of *Test connection*.

    :ivar level: ``ok``, ``warning`` or ``error``
    :ivar message: full sentence for the administrator, with what to do
    """

    level: str
    message: str


class Setting(NamedTuple):
    """A setting of the connector that the adapter needs.

    :ivar name: key in ``settings``, or of a secret
    :ivar label: for people
    :ivar secret: is kept encrypted and never shown
    :ivar required: nothing is fetched without it
    :ivar default: where nothing is entered
    :ivar help: where to find it at the vendor
    :ivar choices: allowed values, empty for any text
    """

    name: str
    label: str
    secret: bool = False
    required: bool = False
    default: str = ""
    help: str = ""
    choices: tuple = ()


class Received(NamedTuple):
    """What a request of the vendor to us has brought.

    :ivar records: list of :class:`Raw`, ready to be stored
    :ivar hints: list of :class:`Hint`
    """

    records: list = []
    hints: list = []


class Reply(NamedTuple):
    """What the vendor gets back."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


class Command(NamedTuple):
    """What a source is to be told.

    :ivar key: our own key of it: the same when it is tried again
    :ivar kind: one of :attr:`Capabilities.push`
    :ivar external_id: of the guest's record in the source
    :ivar values: plain values; see `docs/contracts.md` for those of each kind
    """

    key: str
    kind: str
    external_id: str
    values: dict


class Pushed(NamedTuple):
    """What became of a :class:`Command`.

    :ivar state: ``done``; ``same`` the source says so already; ``conflict`` it was changed meanwhile: fetch it again,
        then decide; ``gone`` there is no such record; ``refused`` the source doesn't accept it
    :ivar message: in the vendor's words
    :ivar moved: with *gone*: the key of the record that it was merged into
    """

    state: str
    message: str = ""
    moved: str = ""


PUSH_KINDS = ("vip", "tier", "alert", "allergy", "preference", "consent", "note", "erasure")


class Capabilities(NamedTuple):
    """What a source can do.

    :ivar entities: canonical entities that the adapter yields
    :ivar cursor_kind: ``modified token revision offset queue none``
    :ivar guest_ids: ``stable`` (one id per person), ``per_booking`` or ``none``
    :ivar money_mode: ``decimal``, ``minor_int`` or ``minor_str``
    :ivar tz_mode: ``utc``, ``property_local`` or ``mixed``
    :ivar webhook: ``none``, ``hint`` (tells what to fetch) or ``record`` (brings the record)
    :ivar merge_signal: how the source says that two guests are one: ``pointer`` (the lost one points to the other),
        ``event``, ``vanish`` (the lost one is gone) or ``none``
    :ivar push: kinds of :class:`Command` that it understands, out of :data:`PUSH_KINDS`
    """

    entities: frozenset
    cursor_kind: str = "none"
    guest_ids: str = "stable"
    money_mode: str = "decimal"
    tz_mode: str = "utc"
    webhook: str = "none"
    merge_signal: str = "none"
    push: frozenset = frozenset()


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
    """Base of all adapters.

    What talks to the vendor gets a context (see :class:`engine.network.session.Session`) and has no clock, no sleep
    and no state of its own: an instance lives for one step.

    :cvar revision: grows whenever ``parse`` yields other events
    :cvar settings: what the administrator has to enter, tuple of :class:`Setting`
    :cvar rates: limits of the vendor per bucket, ``{bucket: (Rate, ...)}``; the bucket ``""`` is that of calls that
        name none
    :cvar hook: how requests of the vendor prove themselves, see :mod:`engine.hook.verify`; None where there are none
    :cvar local: the source is this very database: `_fetch_local`, `_fetch_local_one` and `_check_local` of
        `hospitality.connector` stand in for :meth:`fetch_page`, :meth:`fetch_one` and :meth:`check`
    """

    code = None
    name = None
    revision = 1
    settings = ()
    rates: dict = {}
    hook = None
    local = False

    def capabilities(self):
        """Return the :class:`Capabilities` of the source."""
        raise NotImplementedError

    def account(self, settings):
        """Return the account at the vendor whose limits and token several connectors share; empty: each has its own."""
        return ""

    def token_owner(self, ctx):
        """Return what a token belongs to beside the account, tuple of texts: whose grant it is.

        Connectors of one account in which it differs have tokens of their own. Secrets may be among it: nothing but a
        hash of it is kept.
        """
        return ()

    # Reading

    def streams(self, settings):
        """Return the :class:`Stream` tuples to be read, in the order of their first reading: guests before stays.

        :param dict settings: of the connector
        """
        return ()

    def check(self, ctx):
        """Return what a look at the source shows, a list of :class:`Finding`: access, property, time zone, currency.

        :raise engine.network.errors.NetworkError: there was no look; the caller tells it
        """
        return []

    def sign_in(self, ctx):
        """Return a new :class:`Token`; called by one worker at a time when there is none or the last one is spent.

        Use ``ctx.call(..., signed=False)``.
        """
        raise NotImplementedError

    def sign(self, ctx):
        """Return the headers that a call carries to prove who we are; ``ctx.token()`` is the value of the token."""
        return {}

    def fetch_page(self, ctx, stream, window, cursor):
        """Return a :class:`Page` of a stream.

        :param Stream stream:
        :param Window window: None where the stream has none
        :param cursor: ``next_cursor`` of the page before, None for the first one
        """
        raise NotImplementedError

    def fetch_one(self, ctx, entity, external_id):
        """Return the record with a key: list of :class:`Raw`, :class:`Gone` or :class:`Moved`."""
        raise NotImplementedError

    def fetchable(self, settings):
        """Return ``{canonical entity: entity of fetch_one}`` of what can be fetched by the key that is stored for it.

        A stay that isn't named is fetched with its booking.
        """
        return {}

    def acknowledge(self, ctx, ack):
        """Tell the vendor that a page is stored; called after the commit, and once more when we crashed before it."""

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

    # Requests of the vendor to us

    def receive(self, request, env):
        """Return what a proven request brings; pure, and quick: the vendor waits.

        :param engine.hook.request.HookRequest request:
        :return: :class:`Received`
        :raise EventError: the request makes no sense; it is answered by :meth:`reply` with the error
        """
        raise NotImplementedError

    def reply(self, request, error=None):
        """Return the :class:`Reply` to a request whose records are stored, or that can't be read (``error``)."""
        return Reply(200) if error is None else Reply(400, b"unreadable")

    # Telling the source

    def push(self, ctx, command):
        """Tell the source something; return :class:`Pushed`.

        What was changed there since we have read it is never overwritten: that is a *conflict*.
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
