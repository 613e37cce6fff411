"""What a bulk write works on: messages, their events and what became of them."""

from typing import NamedTuple

ENTITIES = ("guest", "booking", "reservation", "stay", "check", "charge", "payment", "review", "consent")
MODELS = {
    "guest": "hospitality.profile",
    "booking": "hospitality.booking",
    "reservation": "hospitality.reservation",
    "stay": "hospitality.stay",
    "check": "hospitality.check",
    "charge": "hospitality.charge",
    "payment": "hospitality.payment",
    "review": "hospitality.review",
    "consent": "hospitality.consent.delivery",
}
TABLES = {entity: model.replace(".", "_") for entity, model in MODELS.items()}


class Problem(NamedTuple):
    """Why a message can't be applied: reason code, a sentence for people, path in the event.

    :ivar reason: the sentence as data, ``{"key", "params"}``, where it can be told in any language
    """

    code: str
    message: str
    path: str = ""
    reason: dict | None = None


class Message:
    """The events of one delivery. They are applied together or not at all.

    :ivar key: whatever the caller knows the message by
    :ivar events: validated canonical events with ``payload_hash`` and ``observed`` (seconds
        since 1970), which stands in for a missing version
    :ivar state: ``done``, ``waiting`` or ``quarantined`` after the batch
    :ivar problem: :class:`Problem` of a quarantined message
    :ivar wait_key: ``entity:external id`` that a waiting message waits for
    :ivar warnings: codes of what could not be taken at face value
    :ivar force: apply although the stored hash is the same (a mapping has changed)
    """

    __slots__ = ("key", "events", "state", "problem", "wait_key", "warnings", "force")

    def __init__(self, key, events, force=False):
        self.key = key
        self.events = events
        self.force = force
        self.state = "done"
        self.problem = None
        self.wait_key = None
        self.warnings = []

    def refuse(self, code, message, path="", reason=None):
        if self.problem is None:
            self.problem = Problem(code, message, path, reason)
            self.state = "quarantined"

    def wait(self, entity, external_id):
        if self.state == "done":
            self.state = "waiting"
            self.wait_key = f"{entity}:{external_id}"


class Item:
    """An event on its way into a table.

    :ivar message: the :class:`Message` that brought it
    :ivar event: the canonical event
    :ivar row: values by column name, once codes and references are resolved
    :ivar version: version of the event, or the time of observation
    :ivar id: id of the row, once known
    :ivar evidence: of a check: ``[(kind, normalised value, digest)]``
    """

    __slots__ = ("message", "event", "key", "row", "version", "id", "partner_id", "extra", "evidence")

    def __init__(self, message, event):
        self.message = message
        self.event = event
        self.key = event["external_id"]
        version = event["version"]
        self.version = event["observed"] if version is None else version
        self.row = None
        self.id = None
        self.partner_id = None
        self.extra = None
        self.evidence = ()


class Stored(NamedTuple):
    """What is known of a row that exists already."""

    id: int
    version: float | None
    payload_hash: str | None
    state: str | None
    profile_id: int | None
    partner_id: int | None
    currency_id: int | None
    property_id: int | None
    day: object


class Batch:
    """State of one bulk write.

    :ivar source: the ``hospitality.source`` record
    :ivar options: dict with ``property_id`` (default property or None), ``codes`` (confirmed
        mappings ``{(kind, code): target code}``)
    :ivar stored: per entity ``{external id: Stored}`` of the rows that exist
    :ivar items: per entity ``{external id: Item}``, the newest of this batch
    :ivar redirects: ``{external id: Item}`` of guests that the source has merged or taken apart
    :ivar wishes: guest items that were written and tell preferences or diets, or whose profile has told some before
    :ivar diets: guest items, also older ones, that tell allergies or diets
    :ivar consents: items of consents that were written, whose statements are to be recorded
    :ivar written: per model name the ids of inserted and updated rows
    :ivar closings: the same for tombstones and anonymisations
    :ivar landed: per entity ``{external id: (id, profile id, partner id)}`` of written rows
    :ivar touched: ids of guests whose derived data must be refreshed
    :ivar fresh: ids of guests created by this batch
    :ivar awaited: whether visits of the source waited for any record when the batch began; what other
        lanes add meanwhile the sweep finds
    :ivar pending: references to records that have not arrived, see `hospitality.pending.ref`
    :ivar anonymised: ids of profiles that were anonymised
    :ivar shared: ids of stays of which it must be decided anew who gets the nights and the spend
    :ivar unmapped: ``{(kind, code): number of times}`` of codes without a record
    """

    def __init__(self, source, messages, options):
        self.source = source
        self.source_id = source.id
        self.messages = messages
        self.options = options
        self.stored = {entity: {} for entity in ENTITIES}
        self.items = {entity: {} for entity in ENTITIES}
        self.closings = {entity: {} for entity in ENTITIES}
        self.redirects = {}
        self.wishes = []
        self.diets = []
        self.consents = []
        self.landed = {entity: {} for entity in ENTITIES}
        self.written = {}
        self.counts = {}
        self.touched = set()
        self.fresh = set()
        self.awaited = False
        self.pending = []
        self.anonymised = []
        self.shared = set()
        self.unmapped = {}

    def count(self, model, inserted, updated=()):
        ids = [*inserted, *updated]
        if ids:
            self.written.setdefault(model, []).extend(ids)
            self.counts[f"{model}:inserted"] = self.counts.get(f"{model}:inserted", 0) + len(inserted)
            self.counts[f"{model}:updated"] = self.counts.get(f"{model}:updated", 0) + len(updated)

    def reference(self, entity, external_id):
        """Return ``(id, profile_id, partner_id)`` of a row that is stored or landed in this batch.

        ``(None, None, None)`` when it has not arrived.
        """
        if external_id is None:
            return _NOTHING
        found = self.landed[entity].get(external_id)
        if found:
            return found
        stored = self.stored[entity].get(external_id)
        return (stored.id, stored.profile_id, stored.partner_id) if stored else _NOTHING


_NOTHING = (None, None, None)
