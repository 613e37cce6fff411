"""Records of Cloudbeds as canonical events.

Field names are those of the vendor's description of its API: PMS v1.3 (reservations with rate details, guests) and
accounting v1.0 (transactions), MIT licence.
"""

from .records import compact, path, utc, with_parts
from .values import (
    amount_of,
    birthdate_of,
    count_of,
    country_of,
    day_of,
    dicts_of,
    is_true,
    key_of,
    present,
    text_of,
    whole_mask,
)

STATUS = {
    "not_confirmed": "enquiry",
    "confirmed": "reserved",
    "checked_in": "in_house",
    "checked_out": "checked_out",
    "canceled": "cancelled",
    "no_show": "no_show",
}
#: What a room says of itself while its reservation lives; rooms of one reservation come and go on their own.
ROOM_STATUS = {"cancelled": "cancelled", "in_house": "in_house", "checked_out": "checked_out"}
LIVING = ("confirmed", "checked_in", "checked_out")
GENDER = {"M": "male", "F": "female"}
DEPARTMENT = {
    "ROOM": "room",
    "ROOM_REVENUE": "room",
    "RESERVATION": "room",
    "TAX": "tax",
    "FEE": "fee",
    "PAYMENT_FEE": "fee",
    "CHECK_SERVICE_CHARGE": "fee",
    "GRATUITY": "tip",
    "ITEM_POS": "fb",
    "CHECK_ITEM": "fb",
    "CHECK_DISCOUNT": "fb",
}
#: Movements between the hotel and others, and between ledgers: nothing that a guest has bought or paid.
NOT_A_CHARGE = ("CHANNEL_COMMISSION", "CHANNEL_COMMISSION_MANUAL", "ACCOUNTS_RECEIVABLE")
METHOD = {"91": "cash", "92": "transfer", "93": "card"}
#: Custom fields of guests that mean something here, by setting.
FIELD_SETTINGS = ("vip_field", "tier_field")


def parse_guest(record, env, version):
    """Return the events of a guest as the list of changed guests, or the look-up of one, shows him."""
    key = key_of(record, "guestID")
    target = text_of(record.get("newGuestID"))
    if is_true(record.get("isMerged")) and target and target != key:
        merge = {"entity": "guest", "op": "merge", "external_id": key, "into": target, "version": version}
        # One who was merged before he was ever read is met here first.
        return [*([_guest(key, record, env, version)] if _values(record, env) else []), merge]
    if is_true(record.get("isAnonymized")):
        return [{"entity": "guest", "op": "anonymise", "external_id": key, "version": version}]
    events = [_guest(key, record, env, version)] if _values(record, env) else []
    if record.get("unmerged"):
        events.insert(0, {"entity": "guest", "op": "unmerge", "external_id": key, "version": version})
    if "guestOptIn" in record and record["guestOptIn"] is not None:
        ticked = is_true(record["guestOptIn"])
        consent = {
            "entity": "consent",
            "external_id": f"{key}:guestOptIn",
            "version": version,
            "guest": key,
            "channel": "email",
            "state": "granted" if ticked else env.settings.get("unticked") or "unknown",
            "source_field": "guestOptIn",
        }
        events.append(consent)
    return events


def _guest(key, record, env, version):
    values = _values(record, env)
    return {"entity": "guest", "external_id": key, "version": version, "kind": "person", "values": values}


def _values(record, env):
    """Return the values of a guest. The names differ by endpoint in a prefix only."""

    def get(name):
        prefixed = "guest" + name[0].upper() + name[1:]
        value = record.get(name)
        return whole_mask(record.get(prefixed) if value in (None, "") else value)

    fields = _custom_fields(record)
    vip, tier = (fields.get(env.settings.get(name) or None) for name in FIELD_SETTINGS)
    return compact(
        {
            "given_name": get("firstName"),
            "family_name": get("lastName"),
            "gender": GENDER.get(get("gender")),
            "emails": present(get("email")),
            "phones": present(get("phone"), get("cellPhone")),
            "birthdate": birthdate_of(get("birthDate") or get("birthdate")),
            "street": get("address") or get("address1"),
            "street2": get("address2"),
            "zip": get("zip"),
            "city": get("city"),
            "state": get("state"),
            "country": country_of(get("country")),
            "company_name": get("companyName"),
            "vat": get("companyTaxID"),
            "vip": vip,
            "memberships": [{"program": env.settings["tier_field"], "level": tier}] if tier else None,
            "notes": get("specialRequests"),
        }
    )


def _custom_fields(record):
    return {
        text_of(field.get("customFieldName")): whole_mask(field.get("customFieldValue"))
        for field in dicts_of(record, "customFields")
    }


def parse_reservation(record, env, version):
    """Return the events of a reservation: the people on it, the booking, and one stay per room."""
    key = key_of(record, "reservationID")
    rooms = dicts_of(record, "rooms")
    if is_true(record.get("isDeleted")):
        keys = dict.fromkeys([key, *filter(None, (text_of(room.get("subReservationID")) for room in rooms))])
        gone = [{"entity": "stay", "op": "tombstone", "external_id": stay, "version": version} for stay in keys]
        return [*gone, {"entity": "booking", "op": "tombstone", "external_id": key, "version": version}]
    people = _people(record)
    events = []
    for person in people:
        if is_true(person.get("isAnonymized")):
            events.append({"entity": "guest", "op": "anonymise", "external_id": person["guestID"], "version": version})
        elif _values(person, env):
            events.append(_guest(person["guestID"], person, env, version))
    shared = _shared(record, env, key, version)
    events.append(_booking(record, shared, key))
    whole = {
        **record,
        "roomCheckIn": record.get("reservationCheckIn"),
        "roomCheckOut": record.get("reservationCheckOut"),
    }
    for index, room in enumerate(rooms or [whole]):
        events.append(_stay(record, room, index, len(rooms), people, shared, env))
    return with_parts(events)


def _shared(record, env, key, version):
    """Return what the booking and its stays have in common."""
    word = text_of(record.get("status"))
    status = STATUS.get(word)
    here = text_of(record.get("propertyID"))
    cancelled = record.get("dateCancelled") if status == "cancelled" else None
    return {
        "version": version,
        "property": env.property if not here or here == str(env.settings.get("property_id") or here) else here,
        "status": status,
        "status_raw": word,
        "booked_on": day_of(record.get("dateCreated"), "dateCreated", env.tz),
        "cancelled_on": day_of(cancelled, "dateCancelled", env.tz),
        "channel": path(record, "sourceName") or path(record, "source", "name"),
    }


def _booking(record, shared, key):
    return compact(
        {
            "entity": "booking",
            "external_id": key,
            **shared,
            "booker": text_of(record.get("guestID")),
            "confirmation": key,
            "channel_ref": text_of(record.get("thirdPartyIdentifier")) or text_of(record.get("sourceReservationID")),
            "group_code": text_of(record.get("allotmentBlockCode")) or text_of(record.get("groupCode")),
        }
    )


def _stay(record, room, index, count, people, shared, env):
    """Return the stay in one room.

    Prices of a room are its own; what is booked beside it, and taxes, belong to the whole reservation and are counted
    with its first room, so that the sum over the rooms is that of the reservation.
    """
    key = text_of(room.get("subReservationID")) or text_of(record.get("reservationID"))
    here = f"rooms.{index}."
    word = text_of(room.get("roomStatus"))
    status, status_raw = shared["status"], shared["status_raw"]
    if shared["status_raw"] in LIVING and word in ROOM_STATUS:
        status, status_raw = ROOM_STATUS[word], word
    elif shared["status_raw"] == "checked_in" and word == "not_checked_in":
        status = "reserved"
    total = record.get("balanceDetailed")
    rates = room.get("detailedRoomRates") or room.get("detailedRates")
    amount_room = (
        sum(amount_of(rate, here + "detailedRoomRates", required=True) for rate in rates.values())
        if isinstance(rates, dict) and rates
        else None
    )
    if amount_room is None and count <= 1:
        amount_room = amount_of(path(total, "subTotal"), "balanceDetailed.subTotal")
    other = tax = amount_total = balance = None
    if index == 0:
        other = amount_of(path(total, "additionalItems"), "balanceDetailed.additionalItems")
        tax = amount_of(path(total, "taxesFees"), "balanceDetailed.taxesFees")
        balance = amount_of(record.get("balance"), "balance")
    if amount_room is not None:
        amount_total = amount_room + (other or 0) + (tax or 0)
    elif count <= 1:
        amount_total = amount_of(record.get("total"), "total")
    main = text_of(room.get("guestID")) or text_of(record.get("guestID"))
    return compact(
        {
            "entity": "stay",
            "external_id": key,
            **shared,
            "status": status,
            "status_raw": status_raw,
            "booking": text_of(record.get("reservationID")),
            "guest": main,
            "guests": _roomers(people, key, main, count),
            "arrival": day_of(room.get("roomCheckIn"), here + "roomCheckIn", env.tz),
            "departure": day_of(room.get("roomCheckOut"), here + "roomCheckOut", env.tz),
            "eta": (text_of(record.get("estimatedArrivalTime")) or "")[:5],
            "room_type": text_of(room.get("roomTypeName")),
            "room": text_of(room.get("roomName")),
            "rate_plan": text_of(room.get("rateName")),
            "meal_plan": text_of(record.get("mealPlans")),
            "market": text_of(room.get("marketCode")),
            "adults": count_of(room.get("adults"), here + "adults"),
            "children": count_of(room.get("children"), here + "children"),
            "is_pseudo": bool(is_true(room.get("roomTypeIsVirtual"))),
            "currency": text_of(record.get("propertyCurrency")) or env.currency,
            "amount_room": amount_room,
            "amount_other": other,
            "amount_tax": tax,
            "amount_total": amount_total,
            "balance": balance,
        }
    )


def _people(record):
    people = [{**person, "guestID": text_of(person.get("guestID"))} for person in dicts_of(record, "guestList")]
    return [person for person in people if person["guestID"]]


def _roomers(people, stay, main, count):
    """Return who sleeps in a room: its main guest first. In the only room of a reservation that is everybody."""
    keys = [main] if main else []
    for person in people:
        rooms = [*dicts_of(person, "rooms"), *dicts_of(person, "unassignedRooms"), person]
        if count <= 1 or stay in {text_of(path(room, "subReservationID")) for room in rooms}:
            keys.append(person["guestID"])
    return [
        {"guest": key, "role": "companion" if index else "primary"} for index, key in enumerate(dict.fromkeys(keys))
    ]


def parse_transaction(record, env, version):
    """Return the charge or payment that a posted transaction is; nothing for those that are no guest's.

    Transactions never change: what is taken back is a second one with the opposite sign. Payments stand as credit.
    """
    key = key_of(record, "id")
    kind = text_of(record.get("externalRelationKind")) or ""
    code = text_of(record.get("internalTransactionCode")) or ""
    stay = text_of(record.get("subSourceIdentifier")) or text_of(record.get("sourceIdentifier"))
    if record.get("sourceKind") != "RESERVATION" or not stay or kind in NOT_A_CHARGE:
        return []
    amount = amount_of(record.get("amount"), "amount", required=True)
    shared = {
        "external_id": key,
        "version": version,
        "stay": stay,
        "currency": text_of(record.get("currency")) or env.currency,
    }
    if kind == "PAYMENT" or code.startswith("9"):
        event = {
            "entity": "payment",
            **shared,
            "amount": -amount,
            "paid_at": utc(record.get("transactionDatetime")),
            "method": METHOD.get(code[:2], "other"),
            "state": "refund" if code[-1:] in ("A", "V") else "live",
        }
        return [compact(event)]
    if code.startswith(("6", "7")):  # transfers between ledgers
        return []
    changed = code[-1:] == "A" or kind == "ADJUSTMENT"
    event = {
        "entity": "charge",
        **shared,
        "business_date": day_of(record.get("businessDate") or record.get("serviceDate"), "businessDate", env.tz),
        "department": DEPARTMENT.get(kind) or _department_of(code),
        "code": text_of(record.get("customTransactionCode")) or code,
        "name": text_of(record.get("description")) or code or kind,
        "quantity": record.get("quantity"),
        "amount_gross": amount,
        "state": "allowance" if changed else "live",
        "reverses": text_of(record.get("parentId")) if code[-1:] in ("A", "V") else None,
    }
    return [compact(event)]


def _department_of(code):
    return {"1": "room", "5": "fee", "4": "fb"}.get(code[:1]) or {"80": "tax", "81": "fee"}.get(code[:2], "other")
