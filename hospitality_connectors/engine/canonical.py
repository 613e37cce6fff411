"""Canonical events: the one language between adapters and the writer of facts.

An adapter turns a raw record into a list of events, plain dicts:

``{"entity": ..., "op": ..., "external_id": ..., "version": ..., **fields}``

* ``entity`` is a key of :data:`FIELDS`; ``op`` is ``upsert`` (default) or ``tombstone`` (deleted in
  the source); guests know ``anonymise``, ``merge`` (the source has merged this record ``into`` another
  one) and ``unmerge`` (it has a life of its own again) as well, consents nothing but ``upsert``.
* ``external_id`` is the record's key in the source: a non-empty text of at most 255 characters.
* ``version`` is a number that grows with every change of the record in the source (a version
  number or the time of change in seconds since 1970, UTC), or missing when the source has none;
  the time of reception stands in for it then.
* An upsert is a *snapshot*: a missing or empty field means that the source has no value for it.
  Never send a delta. The end state is then the same for every order of delivery.
* Field names are the column names of the model. References are codes (``property room_type
  room_type_charged room channel outlet currency``) or external ids in the same source (``booking
  stay check reservation refund_of``, and ``guest booker company agency into``, which name guest events).
* ``stays`` of a booking, ``lines`` and ``payments`` of a check are the keys of all of them: a planned stay that is not
  named any more is cancelled, a line or payment void.
* Money is a ``Decimal``, an ``int`` or a text with a decimal point, in the units of ``currency``.
  Dates are ``YYYY-MM-DD`` in the calendar of the property, instants are ISO 8601 (without a zone
  they count as UTC).
* ``status`` takes canonical values only. An adapter that does not know a source's word leaves
  ``status`` out and sends ``status_raw``: the mapping of the connector decides.

:func:`validate` returns a new, coerced event or raises :class:`EventError`;
:func:`payload_hash` says whether two snapshots say the same.
"""

from hashlib import blake2b
from json.encoder import c_make_encoder, encode_basestring
from typing import NamedTuple

from .types import (
    CODE,
    COUNT,
    LINE,
    LONG,
    REF,
    SHORT,
    EventError,
    choice,
    currency,
    day,
    flag,
    guest_values,
    guests,
    instant,
    is_masked,
    link,
    money,
    number,
    text,
    text_list,
    whole,
)

STAY_STATUS = (
    "enquiry",
    "optional",
    "waitlist",
    "reserved",
    "in_house",
    "checked_out",
    "cancelled",
    "no_show",
    "unknown",
)
RESERVATION_STATUS = (
    "requested",
    "waitlist",
    "booked",
    "seated",
    "finished",
    "cancelled",
    "no_show",
    "unknown",
)
CHECK_STATUS = ("draft", "open", "paid", "voided", "refunded", "unknown")
DEPARTMENT = ("room", "fb", "other", "package", "tax", "fee", "tip")
CHARGE_STATE = ("live", "moved", "void", "allowance", "refund")
PAYMENT_METHOD = ("cash", "card", "room", "transfer", "voucher", "other")
PAYMENT_STATE = ("live", "void", "refund")
DAYPART = ("breakfast", "lunch", "afternoon", "dinner", "late")
PURPOSE = ("leisure", "business", "group", "event")
GUEST_KIND = ("person", "company", "agency", "group")
CONSENT_CHANNEL = ("email", "sms", "phone", "post", "messenger", "third_party", "profiling")
CONSENT_STATE = ("granted", "denied", "unknown")
GUEST_OPS = ("upsert", "tombstone", "anonymise", "merge", "unmerge")
OPS = {"guest": GUEST_OPS, "consent": ("upsert",)}
"""What may be done to records of a kind; those of others are upserted or deleted."""
_OPS = ("upsert", "tombstone")
DEFAULT_SCALE = 5.0
"""The best rating of sources that do not say theirs."""
EVIDENCE = ("loyalty_number", "phone", "email", "card_fingerprint", "room")
"""What a check says about whose it is, where its source does not name the ``guest``."""


class Field(NamedTuple):
    """A field of an event: its type and whether an upsert must give it."""

    type: object
    required: bool = False


_VISIT = {"property": Field(CODE), "status_raw": Field(SHORT), "warnings": Field(text_list(50))}
FIELDS = {
    "guest": {
        "property": Field(CODE),
        "kind": Field(choice(GUEST_KIND)),
        "values": Field(guest_values, True),
        "warnings": Field(text_list(50)),
    },
    "booking": {
        **_VISIT,
        "booker": Field(REF),
        "company": Field(REF),
        "agency": Field(REF),
        "confirmation": Field(SHORT),
        "channel_ref": Field(SHORT),
        "group_code": Field(SHORT),
        "channel": Field(CODE),
        "status": Field(choice(STAY_STATUS)),
        "booked_on": Field(day),
        "cancelled_on": Field(day),
        "stays": Field(text_list(1000)),
    },
    "reservation": {
        **_VISIT,
        "guest": Field(REF),
        "outlet": Field(CODE),
        "status": Field(choice(RESERVATION_STATUS)),
        "starts_at": Field(instant, True),
        "business_date": Field(day),
        "duration": Field(whole(0, 100_000)),
        "covers": Field(whole(1, 32_767)),
        "table": Field(SHORT),
        "channel": Field(CODE),
        "booked_on": Field(day),
        "occasion": Field(SHORT),
        "wishes": Field(LONG),
        "currency": Field(currency),
        "deposit": Field(money),
    },
    "stay": {
        **_VISIT,
        "booking": Field(REF),
        "guest": Field(REF),
        "guests": Field(guests),
        "status": Field(choice(STAY_STATUS)),
        "arrival": Field(day, True),
        "departure": Field(day, True),
        "eta": Field(text(5)),
        "checked_in_at": Field(instant),
        "checked_out_at": Field(instant),
        "booked_on": Field(day),
        "cancelled_on": Field(day),
        "lead_time": Field(whole(-3_660, 36_600)),
        "room_type": Field(CODE),
        "room_type_charged": Field(CODE),
        "room": Field(CODE),
        "rate_plan": Field(SHORT),
        "meal_plan": Field(SHORT),
        "market": Field(SHORT),
        "channel": Field(CODE),
        "adults": Field(COUNT),
        "children": Field(COUNT),
        "infants": Field(COUNT),
        "purpose": Field(choice(PURPOSE)),
        "requests": Field(LONG),
        "request_count": Field(COUNT),
        "parking_count": Field(COUNT),
        "change_count": Field(COUNT),
        "deposit_kind": Field(SHORT),
        "sharer_group": Field(SHORT),
        "is_pseudo": Field(flag),
        "currency": Field(currency),
        "rate_amount": Field(money),
        "amount_room": Field(money),
        "amount_fb": Field(money),
        "amount_other": Field(money),
        "amount_tax": Field(money),
        "amount_total": Field(money),
        "balance": Field(money),
    },
    "check": {
        **_VISIT,
        "guest": Field(REF),
        "outlet": Field(CODE),
        "stay": Field(REF),
        "reservation": Field(REF),
        "refund_of": Field(REF),
        "number": Field(SHORT),
        "status": Field(choice(CHECK_STATUS)),
        "opened_at": Field(instant),
        "closed_at": Field(instant),
        "business_date": Field(day),
        "daypart": Field(choice(DAYPART)),
        "table": Field(SHORT),
        "covers": Field(COUNT),
        "waiter": Field(SHORT),
        "loyalty_number": Field(SHORT),
        "phone": Field(SHORT),
        "email": Field(SHORT),
        "card_fingerprint": Field(SHORT),
        "lines": Field(text_list(1000)),
        "payments": Field(text_list(1000)),
        "room": Field(CODE),
        "currency": Field(currency),
        "amount_subtotal": Field(money),
        "amount_discount": Field(money),
        "amount_service": Field(money),
        "amount_tax": Field(money),
        "amount_tip": Field(money),
        "amount_total": Field(money),
    },
    "charge": {
        "stay": Field(REF),
        "check": Field(REF),
        "business_date": Field(day),
        "department": Field(choice(DEPARTMENT)),
        "code": Field(SHORT),
        "name": Field(LINE, True),
        "category": Field(SHORT),
        "quantity": Field(number),
        "currency": Field(currency),
        "amount_gross": Field(money),
        "amount_net": Field(money),
        "amount_tax": Field(money),
        "window": Field(whole(0, 10_000)),
        "state": Field(choice(CHARGE_STATE)),
        "reverses": Field(REF),
        "warnings": Field(text_list(50)),
    },
    "payment": {
        "stay": Field(REF),
        "check": Field(REF),
        "paid_at": Field(instant),
        "method": Field(choice(PAYMENT_METHOD)),
        "currency": Field(currency),
        "amount": Field(money, True),
        "tip": Field(money),
        "state": Field(choice(PAYMENT_STATE)),
        "card_brand": Field(text(40)),
        "card_last4": Field(text(4)),
        "warnings": Field(text_list(50)),
    },
    "review": {
        "property": Field(CODE),
        "stay": Field(REF),
        "check": Field(REF),
        "reservation": Field(REF),
        "rating": Field(number),
        "scale": Field(number),
        "title": Field(LINE),
        "text": Field(LONG),
        "language": Field(text(35)),
        "author": Field(LINE),
        "url": Field(link),
        "at": Field(instant, True),
        "updated_at": Field(instant),
        "reply": Field(LONG),
        "replied_at": Field(instant),
        "warnings": Field(text_list(50)),
    },
    "consent": {
        "property": Field(CODE),
        "guest": Field(REF, True),
        "channel": Field(choice(CONSENT_CHANNEL), True),
        "state": Field(choice(CONSENT_STATE), True),
        "purpose": Field(CODE),
        "at": Field(instant),
        "source_field": Field(SHORT),
        "warnings": Field(text_list(50)),
    },
}
ENTITIES = tuple(FIELDS)
"""Kinds of records in the order in which they are written: what is referred to comes first."""

_TYPES = {entity: {name: field.type for name, field in fields.items()} for entity, fields in FIELDS.items()}
_REQUIRED = {
    entity: tuple(name for name, field in fields.items() if field.required) for entity, fields in FIELDS.items()
}
_ENVELOPE = frozenset(("entity", "op", "external_id", "version", "masked"))


def _validate_key(event):
    entity, op = event.get("entity"), event.get("op") or "upsert"
    if not isinstance(entity, str) or entity not in FIELDS:
        raise EventError("entity", "unknown_entity", entity)
    if not isinstance(op, str) or op not in OPS.get(entity, _OPS):
        raise EventError("op", "unknown_op", op)
    key = event.get("external_id")
    if key is None or key == "":
        raise EventError("external_id", "missing_key")
    key = REF(key, "external_id")
    if not key:
        raise EventError("external_id", "missing_key")
    version = event.get("version")
    if version is not None and version != "":
        try:
            if isinstance(version, bool):
                raise TypeError
            version = float(version)
            if not -1e15 < version < 1e15:
                raise ValueError
        except (TypeError, ValueError):
            raise EventError("version", "wrong_type", version, "a number") from None
    else:
        version = None
    result = {"entity": entity, "op": op, "external_id": key, "version": version}
    if op == "merge":
        result["into"] = _validate_winner(event, key)
    return result


def _validate_winner(event, key):
    winner = event.get("into")
    if winner is None or winner == "":
        raise EventError("into", "missing_field")
    winner = REF(winner, "into")
    if not winner:
        raise EventError("into", "missing_field")
    if winner == key:
        raise EventError("into", "cycle", winner)
    return winner


def validate(event):
    """Return the event with every value coerced to its type and empty values left out.

    :param dict event: as an adapter makes it; it is not changed
    :return: new dict with ``entity op external_id version`` and the given fields; texts are
        stripped, dates and instants are texts (instants ``YYYY-MM-DD HH:MM:SS`` in UTC), money is
        text without superfluous zeros; a guest event lists the keys of hidden values in ``masked``;
        a merge has ``into``
    :raise EventError: with path, reason code and a sentence for people
    """
    if not isinstance(event, dict):
        raise EventError("", "not_a_record", event)
    result = _validate_key(event)
    if result["op"] != "upsert":
        return result
    entity = result["entity"]
    types = _TYPES[entity]
    for name, value in event.items():
        if not value and (value is None or value == ""):
            continue
        coerce = types.get(name)
        if coerce is None:
            if name in _ENVELOPE:
                continue
            raise EventError(str(name), "unknown_field")
        if coerce is guest_values:
            masked = []
            result[name] = guest_values(value, name, masked)
            if masked:
                result["masked"] = sorted(masked)
            continue
        value = coerce(value, name)
        if value or (value != "" and value != []):
            result[name] = value
    for name in _REQUIRED[entity]:
        if name not in result:
            raise EventError(name, "missing_field")
    check = _CHECKS.get(entity)
    if check:
        check(result)
    return result


def _check_guest(event):
    if not event["values"] and not event.get("masked"):
        raise EventError("values", "no_values")


def _check_stay(event):
    arrival, departure = event["arrival"], event["departure"]
    if departure < arrival:
        raise EventError("departure", "dates_order", departure)
    if int(departure[:4]) - int(arrival[:4]) > 5:
        raise EventError("departure", "stay_too_long", f"{arrival} – {departure}")


def _check_check(event):
    if event.get("refund_of") == event["external_id"]:
        raise EventError("refund_of", "cycle", event["external_id"])
    if "business_date" not in event and "closed_at" not in event and "opened_at" not in event:
        raise EventError("business_date", "missing_field")
    for name in EVIDENCE:
        # What the source has hidden says nothing.
        if name in event and is_masked(event[name]):
            del event[name]


def _check_line(event):
    if ("stay" in event) == ("check" in event):
        raise EventError("stay", "one_parent")
    if event.get("reverses") == event["external_id"]:
        raise EventError("reverses", "cycle", event["external_id"])


def _check_review(event):
    scale = event.get("scale", DEFAULT_SCALE)
    if scale <= 0:
        raise EventError("scale", "bad_number", scale)
    if not 0 <= event.get("rating", 0) <= scale:
        raise EventError("rating", "bad_number", event["rating"])
    if not event.keys() & {"rating", "title", "text"}:
        raise EventError("rating", "no_review")


_CHECKS = {
    "guest": _check_guest,
    "stay": _check_stay,
    "check": _check_check,
    "charge": _check_line,
    "payment": _check_line,
    "review": _check_review,
}

# What json.dumps(sort_keys=True, ensure_ascii=False, separators=(",", ":")) makes anew for every call.
_chunks = c_make_encoder(None, None, encode_basestring, None, ":", ",", True, False, True)


def payload_hash(event):
    """Return the hash of what a validated event says, without its version: 32 hex digits.

    BLAKE2b with 16 bytes over JSON with sorted keys. The same snapshot has the same hash in
    whatever order the source writes its fields.
    """
    version = event["version"]
    event["version"] = None
    try:
        return blake2b("".join(_chunks(event, 0)).encode("utf-8"), digest_size=16).hexdigest()
    finally:
        event["version"] = version
