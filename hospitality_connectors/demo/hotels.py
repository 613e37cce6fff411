"""The records of the two hotels: what their PMS would export for the bookings of the file."""

from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from . import bookings as file
from . import organisations, people
from .persons import person
from .records import hotel_record

SEED = 19
SMALL = 3000
MAX_COMPANIONS = 3
CHANNELS = {
    # (code, name, kind)
    "WEB": ("Own website", "direct"),
    "PHONE": ("Telephone, mail and walk-in", "direct"),
    "OTA": ("Online travel agencies", "ota"),
    "AGENCY": ("Travel agencies and tour operators", "agency"),
    "CORP": ("Corporate contracts", "corporate"),
    "GDS": ("Global distribution systems", "gds"),
    "OTHER": ("Unknown", "other"),
    "TABLES": ("Table booking widget", "direct"),
}


def channel(booking):
    """Return the code of the channel of a booking, from its market, distribution channel and agent."""
    if booking.distribution == "GDS":
        return "GDS"
    if booking.market == "Online TA":
        return "OTA"
    if booking.market in ("Direct", "Complementary") and booking.distribution == "Direct":
        return "WEB" if booking.agent else "PHONE"
    if booking.market in ("Corporate", "Aviation") or booking.distribution == "Corporate":
        return "CORP"
    if booking.distribution == "TA/TO":
        return "AGENCY"
    return "PHONE" if booking.distribution == "Direct" else "OTHER"


def purpose(booking):
    """Return why people travel, as far as the market segment tells; ``""`` if it doesn't."""
    if booking.market in ("Corporate", "Aviation") or booking.company:
        return "business"
    if booking.market == "Groups" or booking.customer_type == "Group":
        return "group"
    return "leisure" if booking.market in ("Online TA", "Offline TA/TO", "Direct") else ""


class History(NamedTuple):
    """What the PMS of a hotel would export.

    :ivar guests: rows of profiles
    :ivar stays: rows of bookings
    :ivar truth: a row per profile on a booking: ``profile booking role person household culture script
        tags``
    :ivar reachable: country -> numbers of people who have stayed and left their own e-mail address
    """

    guests: list
    stays: list
    truth: list
    reachable: dict


@lru_cache(maxsize=2)
def group(seed=SEED):
    """Return ``(bookings, Group, organisations)`` of the whole file, unmoved."""
    rows = file.read()
    return rows, people.assign(rows, seed), organisations.describe(rows, seed)


def latest(rows, count):
    """Return the ``count`` bookings with the latest arrival, in the order of the file."""
    return sorted(sorted(rows, key=lambda b: (b.arrival, b.number))[-count:], key=lambda b: b.number)


def stay_row(booking):
    """Return the row of a booking in the hotel's export, amounts as ``Decimal``, dates as ``date``.

    The revenue of the room is rate times nights, and nothing unless the guests came.
    """
    revenue = booking.revenue
    return {
        "confirmation": booking.key,
        "property": booking.hotel,
        "status": booking.status_raw,
        "arrival": booking.arrival,
        "departure": booking.departure,
        "booked": booking.booked_on,
        "cancelled": booking.status_date if booking.status == "cancelled" else None,
        "lead_time": booking.lead_time,
        "room_type": booking.room_type,
        "room_type_charged": booking.room_type_charged,
        "adults": booking.adults,
        "children": booking.children,
        "babies": booking.babies,
        "meal": booking.meal,
        "market": booking.market,
        "channel": channel(booking),
        "rate_plan": booking.customer_type,
        "purpose": purpose(booking),
        "requests": booking.requests,
        "parking": booking.parking,
        "changes": booking.changes,
        "deposit": booking.deposit,
        "rate": booking.rate,
        "revenue": revenue,
        "currency": "EUR",
    }


def profile_key(number):
    return f"P{number:06d}"


def parties(booking, described):
    """Return the columns of a stay row that name its agency and its company, "" where there is none."""
    row = {}
    for kind, code in (("agency", booking.agent), ("company", booking.company)):
        known = described.get((kind, code), {})
        row[kind] = f"{kind[0].upper()}{code}" if code else ""
        for field in ("name", "email", "phone"):
            row[f"{kind}_{field}"] = known.get(field, "")
    return row


def history(hotel, today, size="full", seed=SEED):
    """Return what the PMS of a hotel would export on a day.

    :param str hotel: ``CITY`` or ``RESORT``
    :param date today: the file is moved by whole weeks to end just before it
    :param str size: ``full``, or ``small`` for the last :data:`SMALL` bookings of both hotels
    :rtype: History
    """
    rows, group_, described = group(seed)
    shift = file.shift_to(today)
    chosen = latest(rows, SMALL) if size == "small" else rows
    guests, stays, truth, known, reachable = [], [], [], {}, defaultdict(list)
    for booking in chosen:
        if booking.hotel != hotel:
            continue
        seat = group_.seats[booking.number]
        companions = seat.companions[:MAX_COMPANIONS]
        keys = [profile_key(profile) for _number, profile in companions] + [""] * MAX_COMPANIONS
        stays.append(
            {
                "profile": profile_key(seat.profile),
                **{f"companion{at + 1}": keys[at] for at in range(MAX_COMPANIONS)},
                **stay_row(booking.moved(shift)),
                **parties(booking, described),
            }
        )
        for number, profile, role in (
            (seat.person, seat.profile, "primary"),
            *((number, profile, "companion") for number, profile in companions),
        ):
            if profile not in known:
                who = person(seed, number, *group_.people[number], year=today.year)
                origin = rows[group_.origins[profile] - 1]
                record = hotel_record(seed, who, origin, profile, described, role)
                guests.append({"profile": profile_key(profile), **record.values})
                known[profile] = {
                    "person": number,
                    "household": who.household,
                    "culture": who.culture,
                    "script": record.script,
                    "tags": " ".join(record.tags),
                }
                if booking.status == "checked_out" and who.email and record.values.get("email") == who.email:
                    reachable[who.country].append(number)
            truth.append({"profile": profile_key(profile), "booking": booking.key, "role": role, **known[profile]})
    return History(guests, stays, truth, reachable)
