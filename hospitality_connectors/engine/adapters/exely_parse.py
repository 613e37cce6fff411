"""What records of Exely mean."""

from decimal import Decimal

from ..adapter import ParseError
from ..files.words import country_code
from .records import EXPONENTS, compact, content, local_day, path, stamp, utc, with_parts
from .values import amount_of, birthdate_of, count_of, day_of, dicts_of, key_of, list_of, present, text_of, whole_mask

ROOMS = {"CheckedIn": "in_house", "CheckedOut": "checked_out", "Cancelled": "cancelled"}
STATES = {
    "Unconfirmed": "enquiry",
    "Pending": "enquiry",
    "Confirmed": "reserved",
    "Active": "reserved",
    "Cancelled": "cancelled",
    "Released": "cancelled",
}


def parse(raw, env):
    """Return the canonical events of a record."""
    record = content(raw)
    if raw.entity == "guest":
        return [_person(record)]
    if raw.entity != "booking":
        raise ParseError("", "unknown_entity", f"{raw.entity!r} is no kind of record that Exely has.")
    key_of(record, "number")
    if isinstance(record.get("pms"), dict):
        return _reservation(record, env)
    if isinstance(record.get("booking"), dict):
        return _booking(record, env)
    raise ParseError("booking", "missing_field", "The record holds no booking.")


# Guests


def _person(record):
    person = record.get("person") if isinstance(record.get("person"), dict) else {}
    key = text_of(person.get("pmsPersonId"))
    if not key:
        raise ParseError("person.pmsPersonId", "missing_key", "The guest has no key.")
    status = person.get("status") if isinstance(person.get("status"), dict) else {}
    cards = dicts_of(record, "memberships")
    values = {
        **_name(person.get("personName")),
        "gender": {"Male": "male", "Female": "female"}.get(text_of(person.get("gender"))),
        "birthdate": birthdate_of(text_of(person.get("birthDate"))),
        "nationality": _country(person.get("citizenship")),
        "lang": (text_of(record.get("language")) or "")[:35],
        "emails": present(*(whole_mask(one.get("address")) for one in dicts_of(person, "emails"))),
        "phones": present(*(whole_mask(one.get("phoneNumber")) for one in dicts_of(person, "phones"))),
        "vip": text_of(status.get("displayName")) if text_of(status.get("id")) not in (None, "0") else None,
        "memberships": [
            compact({"program": text_of(card.get("program")), "number": text_of(card.get("membership"))})
            for card in cards
            if text_of(card.get("membership"))
        ],
    }
    values = compact(values)
    if not values:
        return {"entity": "guest", "op": "anonymise", "external_id": key}
    return _guest(key, values)


def _guest(key, values, version=None, kind="person"):
    return {"entity": "guest", "external_id": key, "version": version, "kind": kind, "values": values}


def _name(name):
    name = name if isinstance(name, dict) else {}
    return {
        "given_name": whole_mask(name.get("firstName")),
        "middle_name": whole_mask(name.get("middleName")),
        "family_name": whole_mask(name.get("lastName")),
    }


def _country(value):
    code = text_of(value) or ""
    try:
        return country_code(code) if len(code) in (2, 3) else None
    except ValueError:
        return None


# Bookings of the PMS


def _reservation(record, env):
    pms = record["pms"]
    booking = record["booking"] if isinstance(record.get("booking"), dict) else {}
    number, version = key_of(record, "number"), stamp(text_of(pms.get("modifyDateTime")))
    customer, company = text_of(path(pms, "customer", "pmsPersonId")), path(pms, "customerCompany")
    company = company if isinstance(company, dict) and text_of(company.get("id")) else {}
    source = text_of(path(pms, "channelInformation", "channelName")) or text_of(path(pms, "creationSource", "name"))
    common = {"property": env.property or None, "version": version}
    company_key = f"company:{text_of(company['id'])}" if company else None
    events = []
    if company and text_of(company.get("name")):
        kind = "agency" if company.get("type") == "Payer" else "company"
        values = {"name": text_of(company["name"])}
        events.append(
            {"entity": "guest", "external_id": f"company:{text_of(company['id'])}", "kind": kind, "values": values}
        )
    company_key = f"company:{text_of(company['id'])}" if company else None
    events.append(
        compact(
            {
                **common,
                "entity": "booking",
                "external_id": number,
                "booker": customer,
                "company": company_key if company.get("type") != "Payer" else None,
                "agency": company_key if company.get("type") == "Payer" else None,
                "confirmation": number,
                "group_code": text_of(pms.get("groupName")),
                **_state(None, text_of(pms.get("reservationStatus"))),
                **_times(booking, env.tz),
                "channel": source and source[:64],
            }
        )
    )
    rooms = record["rooms"] if isinstance(record.get("rooms"), dict) else {}
    stays, sums = dicts_of(pms, "roomStays"), _sums(record, env)
    known = _match(stays, dicts_of(booking, "roomStays"))
    for index, stay in enumerate(stays):
        where = f"pms.roomStays.{index}"
        key = text_of(stay.get("pmsRoomStayId"))
        if not key:
            raise ParseError(f"{where}.pmsRoomStayId", "missing_key", "The stay has no key.")
        other = known.get(index, {})
        currency = text_of(path(stay, "totalPrice", "amount", "currencyCode")) or text_of(pms.get("currencyCode"))
        room_type = text_of(path(other, "roomType", "name")) or text_of(stay.get("roomTypeId"))
        room = text_of(stay.get("roomId"))
        wishes = [text_of(pms.get("customerComment"))] + [
            text_of(one.get("name")) for one in dicts_of(stay, "amenities")
        ]
        events.append(
            compact(
                {
                    **common,
                    "entity": "stay",
                    "external_id": key,
                    "booking": number,
                    "guests": _people(stay, customer),
                    **_state(text_of(stay.get("status")), text_of(pms.get("reservationStatus"))),
                    "arrival": _day(stay, "checkInDateTime", where, env.tz),
                    "departure": _day(stay, "checkOutDateTime", where, env.tz),
                    "eta": (text_of(stay.get("checkInDateTime")) or "")[11:16],
                    "checked_in_at": utc(text_of(stay.get("actualCheckInDateTime")), env.tz),
                    "checked_out_at": utc(text_of(stay.get("actualCheckOutDateTime")), env.tz),
                    **_times(booking, env.tz),
                    "room_type": room_type and room_type[:64],
                    "room": rooms.get(room) or room,
                    "rate_plan": text_of(path(other, "ratePlans", 0, "name")),
                    "channel": source and source[:64],
                    "adults": count_of(path(stay, "guestCount", "adults"), f"{where}.guestCount.adults"),
                    "children": count_of(path(stay, "guestCount", "children"), f"{where}.guestCount.children"),
                    "requests": "\n".join(filter(None, wishes)),
                    "currency": currency or env.currency or None,
                    "warnings": [] if currency else ["currency:assumed"],
                    **(sums.get(key) or _total(stay, where)),
                }
            )
        )
    return with_parts(events)


def _state(room, booking):
    status = ROOMS.get(room) or STATES.get(booking)
    raw = "/".join(filter(None, (booking, room)))
    return {"status": status if room in (None, "New", *ROOMS) else None, "status_raw": raw or None}


def _day(stay, name, where, tz):
    """Return the date of a local time: as it is written, whatever the zone."""
    day = day_of(stay.get(name), f"{where}.{name}", tz)
    if day is None:
        raise ParseError(f"{where}.{name}", "missing_field", f"{name} is missing.")
    return day


def _times(booking, tz):
    return {
        "booked_on": local_day(text_of(booking.get("createdDateTime")), tz),
        "cancelled_on": local_day(text_of(path(booking, "cancellation", "cancelledDateTime")), tz),
    }


def _people(stay, customer):
    """Return the people of a stay; the customer is its first person where he stays himself."""
    ids = list(dict.fromkeys(filter(None, map(text_of, list_of(stay, "guestsIds")))))
    if customer in ids:
        ids.sort(key=lambda id_: id_ != customer)
    people = [{"guest": id_, "role": "companion" if index else "primary"} for index, id_ in enumerate(ids)]
    if customer and customer not in ids:
        people.append({"guest": customer, "role": "booker" if ids else "primary"})
    return people


def _match(stays, others):
    """Return what the booking interface knows of stays of the PMS, where there is no doubt which is which."""
    found = {}
    for index, stay in enumerate(stays):
        if len(stays) == len(others) == 1:
            fitting = others
        else:
            fitting = [
                other
                for other in others
                if text_of(path(other, "roomType", "id")) == text_of(stay.get("roomTypeId"))
                and (text_of(path(other, "stayDates", "arrivalDateTime")) or "")[:10]
                == (text_of(stay.get("checkInDateTime")) or "")[:10]
            ]
        if fitting and all(
            path(one, "ratePlans", 0, "name") == path(fitting[0], "ratePlans", 0, "name") for one in fitting
        ):
            found[index] = fitting[0]
    return found


# Money


def _sums(record, env):
    """Return amounts by stay out of the invoices, whose lines have no keys of their own.

    What an invoice of the whole group holds goes to the first stay. Totals of lines are with tax.
    """
    stays = [text_of(one.get("pmsRoomStayId")) for one in dicts_of(record["pms"], "roomStays")]
    currency = text_of(record["pms"].get("currencyCode")) or env.currency
    unit = Decimal(1).scaleb(-EXPONENTS.get(currency, 2))
    sums = {}
    for place, invoice in enumerate(dicts_of(record, "invoices")):
        key = text_of(invoice.get("pmsRoomStayId"))
        key = key if key in stays else next(iter(stays), None)
        found = sums.setdefault(key, {"room": Decimal(), "other": Decimal(), "tax": Decimal()})
        for index, item in enumerate(dicts_of(invoice, "items")):
            where = f"invoices.{place}.items.{index}"
            total = amount_of(path(item, "total", "value"), f"{where}.total.value")
            if total is None:
                continue
            found["room" if item.get("kind") == "RoomType" else "other"] += total
            percent = amount_of(path(item, "vat", "percent"), f"{where}.vat.percent")
            if path(item, "vat", "applicable") is True and percent and percent > 0:
                found["tax"] += (total * percent / (100 + percent)).quantize(unit)
    return {
        key: {
            "amount_room": one["room"],
            "amount_other": one["other"],
            "amount_tax": one["tax"],
            "amount_total": one["room"] + one["other"],
        }
        for key, one in sums.items()
        if key and (one["room"] or one["other"])
    }


def _total(stay, where):
    return {
        "amount_total": amount_of(path(stay, "totalPrice", "amount", "value"), f"{where}.totalPrice.amount.value"),
        "balance": amount_of(path(stay, "totalPrice", "payAmount", "value"), f"{where}.totalPrice.payAmount.value"),
    }


# Bookings without a PMS


def _booking(record, env):
    booking, number = record["booking"], key_of(record, "number")
    version = stamp(text_of(booking.get("modifiedDateTime")))
    common = {"property": env.property or None, "version": version}
    currency, state = text_of(booking.get("currencyCode")), text_of(booking.get("status"))
    source = text_of(path(booking, "source", "code")) or text_of(path(booking, "source", "type"))
    events, customer = [], None
    if values := compact(_name(booking.get("customer"))):
        customer = f"{number}:customer"
        events.append(
            {"entity": "guest", "external_id": customer, "version": version, "kind": "person", "values": values}
        )
    events.append(
        compact(
            {
                **common,
                "entity": "booking",
                "external_id": number,
                "booker": customer,
                "confirmation": number,
                **_state(None, state),
                **_times(booking, env.tz),
                "channel": source and source[:64],
            }
        )
    )
    for index, stay in enumerate(dicts_of(booking, "roomStays")):
        where, people = f"booking.roomStays.{index}", []
        mark = text_of(stay.get("index")) or str(index + 1)
        for place, guest in enumerate(dicts_of(stay, "guests")):
            if values := compact(_name(guest)):
                key = f"{number}:{mark}:{place + 1}"
                people.append({"guest": key, "role": "companion" if people else "primary"})
                events.append(
                    {"entity": "guest", "external_id": key, "version": version, "kind": "person", "values": values}
                )
        if customer:
            people.append({"guest": customer, "role": "booker" if people else "primary"})
        dates = stay.get("stayDates") if isinstance(stay.get("stayDates"), dict) else {}
        total, room_type = stay.get("total"), text_of(path(stay, "roomType", "name"))
        ages = list_of(stay, "guestCount", "childAges")
        events.append(
            compact(
                {
                    **common,
                    "entity": "stay",
                    "external_id": f"{number}:{mark}",
                    "booking": number,
                    "guests": people,
                    **_state(None, state),
                    "arrival": _day(dates, "arrivalDateTime", f"{where}.stayDates", env.tz),
                    "departure": _day(dates, "departureDateTime", f"{where}.stayDates", env.tz),
                    "eta": (text_of(dates.get("arrivalDateTime")) or "")[11:16],
                    **_times(booking, env.tz),
                    "room_type": room_type and room_type[:64],
                    "rate_plan": text_of(path(stay, "ratePlans", 0, "name")),
                    "channel": source and source[:64],
                    "adults": count_of(path(stay, "guestCount", "adultCount"), f"{where}.guestCount.adultCount"),
                    "children": len(ages),
                    "currency": currency or env.currency or None,
                    "warnings": [] if currency else ["currency:assumed"],
                    "amount_total": amount_of(path(total, "priceAfterTax"), f"{where}.total.priceAfterTax"),
                    "amount_tax": amount_of(path(total, "taxAmount"), f"{where}.total.taxAmount"),
                }
            )
        )
    return with_parts(events)
