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
_NOT_MAPPED = set("guests values warnings status_raw guest booker company agency stays lines payments".split())


def _(text):
    """Mark a text for the translation export; it is translated where it is shown."""
    return text


LABELS = {
    "external_id": _("Key"),
    "version": _("Last Change"),
    "status_on": _("Date of the Status"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "membership_number": _("Membership Number"),
    "membership_program": _("Membership Programme"),
    "membership_level": _("Membership Level"),
    "vat": _("VAT Number"),
    "vip": _("VIP Level"),
    "zip": _("Postcode"),
    "lang": _("Language"),
    "eta": _("Expected Time of Arrival"),
    "name": _("Name"),
    "amount_fb": _("Amount F&B"),
    "rate_amount": _("Rate per Night"),
    "booked_on": _("Booked On"),
    "cancelled_on": _("Cancelled On"),
    "starts_at": _("Date and Time"),
    "outlet": _("Outlet"),
    "room_type": _("Room Type Booked"),
    "room_type_charged": _("Room Type Charged"),
    "market": _("Market Segment"),
    "channel_ref": _("Reference in the Channel"),
    "confirmation": _("Confirmation Number"),
    "request_count": _("Number of Requests"),
    "parking_count": _("Parking Spaces"),
    "change_count": _("Number of Changes"),
    "lead_time": _("Lead Time (Days)"),
    "is_pseudo": _("Posting Master"),
    "refund_of": _("Refund of Check"),
    "reverses": _("Reverses Line"),
    "window": _("Folio Window"),
    "card_last4": _("Last 4 Digits of the Card"),
    "adults": _("Adults"),
    "amount": _("Amount"),
    "amount_discount": _("Amount Discount"),
    "amount_gross": _("Amount Gross"),
    "amount_net": _("Amount Net"),
    "amount_other": _("Amount Other"),
    "amount_room": _("Amount Room"),
    "amount_service": _("Amount Service"),
    "amount_subtotal": _("Amount Subtotal"),
    "amount_tax": _("Amount Tax"),
    "amount_tip": _("Amount Tip"),
    "amount_total": _("Amount Total"),
    "arrival": _("Arrival"),
    "balance": _("Balance"),
    "birthdate": _("Birthdate"),
    "business_date": _("Business Date"),
    "card_brand": _("Card Brand"),
    "category": _("Category"),
    "channel": _("Channel"),
    "check": _("Check"),
    "checked_in_at": _("Checked In At"),
    "checked_out_at": _("Checked Out At"),
    "children": _("Children"),
    "city": _("City"),
    "closed_at": _("Closed At"),
    "code": _("Code"),
    "company_name": _("Company Name"),
    "country": _("Country"),
    "covers": _("Covers"),
    "currency": _("Currency"),
    "daypart": _("Daypart"),
    "department": _("Department"),
    "departure": _("Departure"),
    "deposit": _("Deposit"),
    "deposit_kind": _("Deposit Kind"),
    "duration": _("Duration"),
    "family_name": _("Family Name"),
    "gender": _("Gender"),
    "given_name": _("Given Name"),
    "group_code": _("Group Code"),
    "infants": _("Infants"),
    "local_name": _("Local Name"),
    "meal_plan": _("Meal Plan"),
    "method": _("Method"),
    "middle_name": _("Middle Name"),
    "nationality": _("Nationality"),
    "notes": _("Notes"),
    "number": _("Number"),
    "occasion": _("Occasion"),
    "opened_at": _("Opened At"),
    "paid_at": _("Paid At"),
    "property": _("Property"),
    "purpose": _("Purpose"),
    "quantity": _("Quantity"),
    "rate_plan": _("Rate Plan"),
    "requests": _("Requests"),
    "reservation": _("Reservation"),
    "room": _("Room"),
    "salutation": _("Salutation"),
    "sharer_group": _("Sharer Group"),
    "state": _("State"),
    "status": _("Status"),
    "stay": _("Stay"),
    "street": _("Street"),
    "street2": _("Street2"),
    "suffix": _("Suffix"),
    "table": _("Table"),
    "tip": _("Tip"),
    "waiter": _("Waiter"),
    "wishes": _("Wishes"),
}

SLOT_LABELS = {
    "guest": _("Guest"),
    "sharer": _("Sharer"),
    "companion": _("Companion"),
    "booker": _("Booker"),
    "payer": _("Payer"),
    "company": _("Company"),
    "agency": _("Agency"),
    "booking": _("Booking"),
    "stay": _("Stay"),
    "reservation": _("Table Reservation"),
    "check": _("Check"),
    "charge": _("Line"),
    "payment": _("Payment"),
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
        return f"{SLOT_LABELS[slot]}{' ' + number if number else ''}: {LABELS[self.field]}"


def translate_label(label, translate):
    """Return the label of a target or slot in another language.

    :param translate: function of a text in English

    >>> translate_label("Companion 2: Given Name", str.upper)
    'COMPANION 2: GIVEN NAME'
    """
    slot, colon, name = label.partition(": ")
    word, space, number = slot.rpartition(" ")
    if number.isdigit():
        slot = translate(word) + space + number
    else:
        slot = translate(slot)
    return slot + colon + (translate(name) if name else "")


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
        if kind is types.words:
            continue
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
        if (
            name in _NOT_MAPPED
            or (slot, name) == ("stay", "booking")
            or (slot == "check" and name in canonical.EVIDENCE)
        ):
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
