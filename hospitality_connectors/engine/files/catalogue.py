"""What the columns of a file can mean: the fields of the canonical events, slot by slot."""

import re
from dataclasses import dataclass

from .. import canonical, types

PEOPLE = ("guest", "sharer", "companion", "booker", "payer", "company", "agency")
RECORDS = ("booking", "stay", "reservation", "check", "charge", "payment")
_NUMBERED = re.compile(r"(sharer|companion)([2-9])$")

_KINDS = {
    types.day: "date",
    types.instant: "moment",
    types.money: "money",
    types.number: "number",
    types.flag: "boolean",
    types.currency: "currency",
    types.country: "country",
    types.REF: "ref",
    types.CODE: "code",
    types.COUNT: "integer",
}
_NOT_MAPPED = {"guests", "values", "warnings", "status_raw", "guest", "booker", "company", "agency"}

LABELS = {
    "external_id": "Key",
    "version": "Last Change",
    "status_on": "Date of the Status",
    "email": "E-mail",
    "phone": "Phone",
    "membership_number": "Membership Number",
    "membership_program": "Membership Programme",
    "membership_level": "Membership Level",
    "vat": "VAT Number",
    "vip": "VIP Level",
    "zip": "Postcode",
    "lang": "Language",
    "eta": "Expected Time of Arrival",
    "name": "Name",
    "amount_fb": "Amount F&B",
    "rate_amount": "Rate per Night",
    "booked_on": "Booked On",
    "cancelled_on": "Cancelled On",
    "starts_at": "Date and Time",
    "outlet": "Outlet",
    "room_type": "Room Type Booked",
    "room_type_charged": "Room Type Charged",
    "market": "Market Segment",
    "channel_ref": "Reference in the Channel",
    "confirmation": "Confirmation Number",
    "request_count": "Number of Requests",
    "parking_count": "Parking Spaces",
    "change_count": "Number of Changes",
    "lead_time": "Lead Time (Days)",
    "is_pseudo": "Posting Master",
    "refund_of": "Refund of Check",
    "reverses": "Reverses Line",
    "window": "Folio Window",
    "card_last4": "Last 4 Digits of the Card",
}
SLOT_LABELS = {
    "guest": "Guest",
    "sharer": "Sharer",
    "companion": "Companion",
    "booker": "Booker",
    "payer": "Payer",
    "company": "Company",
    "agency": "Agency",
    "booking": "Booking",
    "stay": "Stay",
    "reservation": "Table Reservation",
    "check": "Check",
    "charge": "Line",
    "payment": "Payment",
}


@dataclass(frozen=True)
class Target:
    """A meaning of a column.

    :ivar slot: which of the records that a row holds
    :ivar field: field of its event
    :ivar kind: ``text code ref date moment money number integer boolean choice country currency
        language gender email phone key version``
    :ivar choices: allowed values of a choice
    """

    slot: str
    field: str
    kind: str
    choices: tuple = ()

    @property
    def name(self):
        return f"{self.slot}.{self.field}"

    @property
    def label(self):
        slot = _NUMBERED.sub(r"\1", self.slot)
        number = self.slot[len(slot) :]
        name = LABELS.get(self.field) or self.field.replace("_", " ").title()
        return f"{SLOT_LABELS[slot]}{' ' + number if number else ''}: {name}"


def entity_of(slot):
    """Return the entity of the events of a slot.

    >>> entity_of("agency"), entity_of("companion2"), entity_of("stay")
    ('guest', 'guest', 'stay')
    """
    return "guest" if _NUMBERED.sub(r"\1", slot) in PEOPLE else slot


def kind_of(slot):
    """Return the kind of guest that stands in a people slot."""
    return slot if slot in ("company", "agency") else "person"


def role_of(slot):
    """Return the role on a stay of a people slot, None where it has none."""
    role = _NUMBERED.sub(r"\1", slot)
    return {"guest": "primary"}.get(role, role if role in ("sharer", "companion", "booker", "payer") else None)


def _person_targets(slot):
    yield Target(slot, "external_id", "key")
    yield Target(slot, "version", "version")
    for name, kind in types.VALUES.items():
        if name == "emails":
            yield Target(slot, "email", "email")
        elif name == "phones":
            yield Target(slot, "phone", "phone")
        elif name == "memberships":
            for part in ("number", "program", "level"):
                yield Target(slot, f"membership_{part}", "text")
        elif name == "gender":
            yield Target(slot, name, "gender", types.GENDER)
        elif name == "lang":
            yield Target(slot, name, "language")
        else:
            yield Target(slot, name, _KINDS.get(kind, "text"))
    if slot == "guest":
        yield Target(slot, "property", "code")


def _record_targets(slot):
    yield Target(slot, "external_id", "key")
    yield Target(slot, "version", "version")
    for name, field in canonical.FIELDS[slot].items():
        if name in _NOT_MAPPED or (slot, name) == ("stay", "booking"):
            continue
        kind = _KINDS.get(field.type)
        label = field.type.label
        if not kind and " | " in label:
            yield Target(slot, name, "choice", tuple(label.split(" | ")))
        else:
            yield Target(slot, name, kind or ("integer" if label.startswith("whole") else "text"))
    if slot in ("stay", "booking"):
        yield Target(slot, "status_on", "date")


def _build():
    targets = {}
    for slot in (*PEOPLE, *RECORDS):
        for target in _person_targets(slot) if slot in PEOPLE else _record_targets(slot):
            targets[target.name] = target
    return targets


TARGETS = _build()


def find(name):
    """Return the :class:`Target` of a name such as ``stay.arrival`` or ``companion2.name``, None if unknown."""
    target = TARGETS.get(name)
    if target:
        return target
    slot, _dot, field = name.partition(".")
    match = _NUMBERED.match(slot)
    base = TARGETS.get(f"{match[1]}.{field}") if match else None
    return Target(slot, field, base.kind, base.choices) if base else None


# Slots that can stand in a row beside what the row is.
BESIDE = {
    "guest": (),
    "booking": ("booker", "guest", "company", "agency"),
    "stay": ("guest", "sharer", "companion", "booker", "payer", "company", "agency", "booking"),
    "reservation": ("guest",),
    "check": ("guest", "charge", "payment"),
    "charge": ("check", "stay", "booking", "guest", "payment"),
    "payment": ("check", "stay", "booking", "guest"),
}
