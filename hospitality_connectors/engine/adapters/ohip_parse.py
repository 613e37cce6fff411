"""Reservations, folios and journal entries of OPERA Cloud as canonical events.

Field names are those of Oracle's REST API specifications of OPERA Cloud 25.5 (UPL 1.0). Reservations of the list and of
the look-up by number name some things differently, and statuses are spelled in three ways.
"""

import re

from ..adapter import ParseError
from .ohip_profile import comments_of, first, inner, letters
from .records import compact, path, utc
from .values import amount_of, count_of, day_of, dicts_of, is_true, key_of, text_of

#: By the letters alone: ``CheckedOut``, ``CHECKED OUT`` and ``Checked Out`` are one.
STATUS = {
    "requested": "enquiry",
    "prospect": "enquiry",
    "waitlist": "waitlist",
    "waitlisted": "waitlist",
    "reserved": "reserved",
    "duein": "reserved",
    "inhouse": "in_house",
    "checkedin": "in_house",
    "dueout": "in_house",
    "walkin": "in_house",
    "pendingcheckout": "in_house",
    "checkedout": "checked_out",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "noshow": "no_show",
}
CARDS = frozenset("ab am ax cb dc ds dt ec er jc jl mc nb so st sw va xy vi".split())
METHODS = {"ca": "cash", "cash": "cash", "db": "transfer", "cl": "transfer", "ch": "transfer", "vo": "voucher"}


def ids_of(items, kind):
    """Return the first id of a type in a list of ids, None without one."""
    found = [text_of(item.get("id")) for item in items if letters(item.get("type")) == kind and text_of(item.get("id"))]
    return found[0] if found else None


def people_of(record):
    """Return ``[(profile id, whether he is the main guest)]`` of a reservation in either shape."""
    found = []
    for item in dicts_of(record, "reservationGuests"):
        key = ids_of(dicts_of(item, "profileInfo", "profileIdList"), "profile")
        if key:
            found.append((key, is_true(item.get("primary"))))
    guest = record.get("reservationGuest")
    if not found and isinstance(guest, dict):
        key = text_of(guest.get("id"))
        found = [(key, True)] if key else []
        for item in dicts_of(guest, "accompanyGuests"):
            key = ids_of(dicts_of(item, "profileIdList"), "profile")
            found += [(key, False)] if key else []
    found.sort(key=lambda person: not person[1])
    return list(dict(reversed(found)).items())[::-1]


def reservation_id(record):
    """Return the number of a reservation, None where it has none."""
    return ids_of(dicts_of(record, "reservationIdList"), "reservation")


def parse_reservation(record, env, version):
    """Return the events of a reservation: its booking and the stay."""
    key = key_of({"reservationId": reservation_id(record)}, "reservationId")
    room = record.get("roomStay") if isinstance(record.get("roomStay"), dict) else {}
    rate = first(dicts_of(room, "roomRates"))
    word = text_of(record.get("computedReservationStatus")) or text_of(record.get("reservationStatus"))
    word = word or text_of(room.get("reservationStatus"))
    status = STATUS.get(letters(word))
    cancelled = record.get("cancellation") or record.get("cancellationInfo")
    hotel = text_of(record.get("hotelId"))
    block = rate.get("reservationBlock") or room.get("reservationBlock")
    attached = _attached(record)
    shared = {
        "version": version,
        "property": env.property if not hotel or hotel == (env.settings.get("hotel_id") or hotel) else hotel,
        "status": status,
        "status_raw": word,
        "booked_on": day_of(record.get("createBusinessDate") or record.get("createDateTime"), "createDateTime", env.tz),
        "cancelled_on": day_of(path(cancelled, "date"), "cancellation.date", env.tz) if status == "cancelled" else None,
        "channel": text_of(rate.get("bookingMedium")) or text_of(room.get("bookingChannelCode")),
    }
    booking = ids_of(dicts_of(record, "reservationIdList"), "confirmation") or key
    people = people_of(record)
    events = [
        compact(
            {
                "entity": "booking",
                "external_id": booking,
                **shared,
                "booker": attached.get("reservationcontact") or (people[0][0] if people else None),
                "company": attached.get("company"),
                "agency": attached.get("travelagent") or attached.get("source"),
                "confirmation": booking,
                "channel_ref": text_of(path(dicts_of(record, "externalReferences"), 0, "id")),
                "group_code": text_of(path(block, "blockName")) or ids_of(dicts_of(block, "blockIdList"), "block"),
            }
        )
    ]
    events.append(_stay(record, room, rate, key, booking, people, shared, env))
    return events


def _attached(record):
    items = [*dicts_of(record, "attachedProfiles"), *dicts_of(record, "reservationProfiles", "reservationProfile")]
    found = {}
    for item in items:
        kind, ids = letters(item.get("reservationProfileType")), dicts_of(item, "profileIdList")
        key = ids_of(ids, "profile") or text_of(path(ids, 0, "id"))
        if key:
            found.setdefault(kind, key)
    return found


def _stay(record, room, rate, key, booking, people, shared, env):
    def either(single, listed, tail=text_of):
        value = path(rate, single) if path(rate, single) is not None else path(room, listed or single)
        return tail(value)

    counts = rate.get("guestCounts") or room.get("guestCounts")
    adults = path(counts, "adults") if counts else room.get("adultCount")
    children = path(counts, "children") if counts else room.get("childCount")
    sharers = [text_of(path(item, "reservationId", "id")) for item in dicts_of(record, "sharedGuests")]
    sharers = sorted({*filter(None, sharers), key}, key=lambda one: (len(one), one))
    pays = letters(room.get("primaryShareType")) != "nonprimary" and record.get("payeeSharer") is not False
    pseudo = is_true(room.get("pseudoRoom")) or any(
        is_true(item.get("pseudoRoom")) for item in dicts_of(room, "roomRates")
    )
    amounts, currency = _revenue(record, room)
    return compact(
        {
            "entity": "stay",
            "external_id": key,
            **shared,
            "booking": booking,
            "guest": people[0][0] if people else None,
            "guests": [
                {"guest": guest, "role": "companion" if index else "primary", "pays": bool(pays and not index)}
                for index, (guest, _primary) in enumerate(people)
            ],
            "arrival": day_of(room.get("arrivalDate"), "roomStay.arrivalDate", env.tz),
            "departure": day_of(room.get("departureDate"), "roomStay.departureDate", env.tz),
            "eta": _clock(path(room, "expectedTimes", "reservationExpectedArrivalTime")),
            "room_type": either("roomType", None),
            "room_type_charged": either("roomTypeCharged", None),
            "room": text_of(path(room, "currentRoomInfo", "roomId")) or either("roomId", None),
            "rate_plan": either("ratePlanCode", None),
            "market": either("marketCode", None),
            "adults": count_of(adults, "roomStay.adults"),
            "children": count_of(children, "roomStay.children"),
            "purpose": {"business": "business", "leisure": "leisure"}.get(letters(rate.get("purposeOfStay"))),
            "requests": _requests(record),
            "sharer_group": f"share:{sharers[0]}" if len(sharers) > 1 else None,
            "is_pseudo": pseudo,
            "currency": currency or env.currency,
            **amounts,
        }
    )


def _revenue(record, room):
    """Return amounts of a stay and their currency: what was posted, else what is expected."""
    totals = path(record, "cashiering", "revenuesAndBalances") or record.get("revenuesAndBalances") or {}
    names = {
        "amount_room": "roomRevenue",
        "amount_fb": "foodAndBevRevenue",
        "amount_other": "otherRevenue",
        "amount_total": "totalRevenue",
        "balance": "balance",
    }
    amounts, currency = {}, None
    for name, source in names.items():
        amounts[name] = amount_of(path(totals, source, "amount"), f"revenuesAndBalances.{source}")
        currency = currency or text_of(path(totals, source, "currencyCode"))
    if not amounts["amount_total"]:
        total = room.get("total") or room.get("totalAmount")
        after = path(total, "amountAfterTax")
        after = path(total, "amountBeforeTax", default=path(total, "amount")) if after is None else after
        expected = amount_of(after, "roomStay.total")
        if expected is not None:
            amounts["amount_total"] = expected
        currency = currency or text_of(path(total, "currencyCode"))
    return amounts, currency


def _requests(record):
    kinds = ("reservation", "gen", "general", "guest", "")
    comments = [
        item
        for item in dicts_of(record, "comments")
        if letters(inner(item, "comment").get("type")) in kinds and not is_true(inner(item, "comment").get("internal"))
    ]
    return comments_of(comments)


def parse_posting(record, env, version):
    """Return the charge or payment of a journal entry, with net and tax where the journal has them."""
    posting = record.get("posting") if isinstance(record.get("posting"), dict) else record
    stay = text_of(path(posting, "guestInfo", "reservationId", "id")) or text_of(record.get("reservationId"))
    kind = letters(posting.get("transactionType"))
    if not stay or kind not in ("revenue", "payment"):
        return []
    key = key_of(posting, "transactionNo")
    split = record.get("postingBreakdown")
    debit, currency = _money(posting, "debitAmount")
    credit, other = _money(posting, "creditAmount")
    posted, third = _money(posting, "postedAmount")
    amount = (debit or 0) - (credit or 0) if debit is not None or credit is not None else None
    window = posting.get("folioWindowNo")
    shared = {
        "external_id": key,
        "version": version,
        "stay": stay,
        "currency": currency or other or third or env.currency,
    }
    day = day_of(posting.get("transactionDate") or posting.get("revenueDate"), "transactionDate", env.tz)
    if kind == "payment":
        value = -amount if amount is not None else posted
        return [_payment(posting, shared, value, day, env)]
    gross = amount_of(path(split, "grossAmount", "amount"), "postingBreakdown.grossAmount")
    net = amount_of(path(split, "netAmount", "amount"), "postingBreakdown.netAmount")
    gross = gross if gross is not None else amount if amount is not None else posted
    state = "void" if is_true(record.get("voided")) else "allowance" if posting.get("adjustmentInfo") else "live"
    code = text_of(posting.get("transactionCode")) or ""
    event = {
        "entity": "charge",
        **shared,
        "business_date": day,
        "department": department_of(code, env.settings.get("departments")),
        "code": code,
        "name": text_of(posting.get("transactionDescription")) or text_of(posting.get("remark")) or code or "-",
        "quantity": posting.get("quantity") if isinstance(posting.get("quantity"), (int, float)) else None,
        "amount_gross": gross,
        "amount_net": net,
        "amount_tax": gross - net if gross is not None and net is not None else None,
        "window": window
        if isinstance(window, int) and not isinstance(window, bool) and 0 <= window <= 10_000
        else None,
        "state": state,
    }
    return [compact(event)]


def _money(posting, name):
    return amount_of(path(posting, name, "amount"), name), text_of(path(posting, name, "currencyCode"))


def _payment(posting, shared, amount, day, env):
    if amount is None:
        raise ParseError("creditAmount", "missing_field", "The payment has no amount.")
    method = posting.get("paymentMethod")
    card = path(method, "paymentCard")
    word = letters(path(method, "paymentMethod"))
    brand = letters(path(card, "cardType"))
    last = text_of(path(card, "cardNumberLast4Digits")) or ""
    is_card = word in CARDS or brand in CARDS
    return compact(
        {
            "entity": "payment",
            **shared,
            "amount": amount,
            "paid_at": utc(day, env.tz),
            "method": "card" if is_card else METHODS.get(word, "other"),
            "state": "refund" if amount < 0 else "live",
            "card_brand": (brand or word).upper() if is_card else None,
            "card_last4": last if re.fullmatch(r"\d{4}", last, re.ASCII) else None,
        }
    )


def parse_folio(record, env, version):
    """Return the charges and payments of all windows of a reservation's folio."""
    stay = key_of(record, "reservationId")
    events = []
    for window in dicts_of(record, "reservationFolioInformation", "folioWindows"):
        for folio in dicts_of(window, "folios"):
            voided = letters(folio.get("folioStatus")) == "void"
            for posting in dicts_of(folio, "postings"):
                posting = {"folioWindowNo": window.get("folioWindowNo"), **posting}
                entry = {"posting": posting, "reservationId": stay, "voided": voided}
                events += parse_posting(entry, env, version)
    return events


def department_of(code, ranges):
    """Return the department of a transaction code by the ranges that the hotel has entered.

    >>> [department_of(code, "1000-1999=room 2000-2999=fb 9100=tax") for code in ("1200", "2000", "9100", "X", "5")]
    ['room', 'fb', 'tax', 'other', 'other']
    """
    for part in (ranges or "").replace(",", " ").split():
        span, _equals, department = part.partition("=")
        first, _dash, last = span.partition("-")
        last = last or first
        if code.isascii() and code.isdigit() and first.isdigit() and last.isdigit():
            if int(first) <= int(code) <= int(last):
                return department
        elif code and first <= code <= last and len(first) == len(code):
            return department
    return "other"


def _clock(value):
    """Return ``HH:MM`` of a time of day; of a bare date nothing."""
    found = re.match(r"\d{4}-\d\d-\d\d[T ](\d\d:\d\d)", text_of(value) or "")
    return found.group(1) if found and found.group(1) != "00:00" else None
