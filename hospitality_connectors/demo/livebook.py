"""The live book: what the front desks work with today, beside the history of the bookings file.

All bookings of the file have ended. So that there are arrivals, guests in house and a future, the
bookings of September to December 2016 are taken as the pattern of the weeks that follow the end of
the file: moved by 52 weeks more than the history, each seen as of today. They come from another source
system (``pms_live``), and so never count among the 119,390 of the file.
"""

from collections import defaultdict
from datetime import date, timedelta
from random import Random

from . import bookings as file
from .hotels import SEED, group, parties, stay_row
from .persons import person
from .places import ROOM_TYPES, rooms
from .records import exact_record, hotel_record

FIRST_ARRIVAL = date(2016, 9, 2)
YEAR = 364
HORIZON = 120
KEEP_NEAR = 1.0
KEEP_FAR = {"full": 0.08, "small": 0.03}
RETURNS = 0.4
RETURNS_UNKNOWN = 0.1
COMPANION_KNOWN = 0.45
NEW = 1_000_000
NEW_PARTNER = 2_000_000
NEW_CHILD = 3_000_000

# Arrivals of each day of the week that have a story to show, by hotel: (story, country or "" for a
# returning guest).
CAST = {
    "CITY": (
        ("vip_birthday", ""),
        ("allergy", "GB"),
        ("do_not_rent", "DE"),
        ("local", "UA"),
        ("local", "AM"),
        ("local", "CN"),
        ("incognito", "US"),
        ("anniversary", "FR"),
        ("payment", "ES"),
        ("local", "GR"),
    ),
    "RESORT": (
        ("vip", ""),
        ("local", "UA"),
        ("allergy", "IE"),
        ("honeymoon", "IT"),
        ("birthday", "NL"),
        ("local", "IL"),
        ("safety", "GB"),
    ),
}


def pattern(today, size="full", seed=SEED):
    """Yield ``(booking, status, early)``: the bookings on the books of a day, moved.

    Which bookings are taken follows from the week, so that a later day of it sees the same ones with
    their later status. ``early``: the guests come in the morning of their arrival.
    """
    shift = file.shift_to(today) + YEAR
    week = file.LAST_DEPARTURE + timedelta(file.shift_to(today))
    rows, _group, _described = group(seed)
    for row in rows:
        if row.arrival < FIRST_ARRIVAL:
            continue
        booking = row.moved(shift)
        if booking.arrival > week + timedelta(HORIZON) or booking.booked_on > today:
            continue
        rng = Random(f"{seed}:live:{row.number}")
        keep = KEEP_NEAR if is_near(booking, week) and row.status != "cancelled" else KEEP_FAR[size]
        if rng.random() < keep:
            early = bool(booking.nights) and row.status == "checked_out" and rng.random() < 0.2
            yield booking, status_on(booking, today, early, rng.random() < 0.45), early


def status_on(booking, today, early, leaves_early):
    """Return the status that a booking had on a day, when its later fate was not known yet."""
    if booking.status == "cancelled":
        return "cancelled" if booking.status_date <= today else "reserved"
    if booking.status == "no_show":
        return "no_show" if booking.arrival < today else "reserved"
    if booking.arrival > today or (booking.arrival == today and not early):
        return "reserved"
    if booking.departure < today or (booking.departure == today and leaves_early):
        return "checked_out"
    return "in_house"


def profile_of(number):
    """Return the key of a person's profile in the live book, where everybody has one only."""
    return f"L{number:07d}"


def room_plan(today, seed=SEED):
    """Return ``{booking number: room number}`` of the week: who comes gets a room to himself.

    The plan is made for all bookings of the week at once, so that nobody moves from day to day.
    """
    shift = file.shift_to(today) + YEAR
    week = file.LAST_DEPARTURE + timedelta(file.shift_to(today))
    near = [
        booking
        for row in group(seed)[0]
        if row.arrival >= FIRST_ARRIVAL and is_near(booking := row.moved(shift), week) and row.status != "cancelled"
    ]
    near.sort(key=lambda b: (b.status != "checked_out", b.arrival, b.number))
    free = {
        (hotel, room_type): [number for number, kind in rooms(hotel) if kind == room_type]
        for hotel, types in ROOM_TYPES.items()
        for room_type in types
    }
    taken, plan = defaultdict(list), {}
    for booking in near:
        leaves = max(booking.departure, booking.arrival + timedelta(1))
        for number in free[booking.hotel, booking.room_type_charged]:
            nights = taken[booking.hotel, number]
            if all(leaves <= start or booking.arrival >= end for start, end in nights):
                nights.append((booking.arrival, leaves))
                plan[booking.number] = number
                break
    return plan


def is_near(booking, week):
    """Whether somebody comes, stays or leaves in the week that begins on a day, or on the day after it."""
    return booking.arrival <= week + timedelta(7) and booking.departure >= week


def live(today, size="full", seed=SEED, reachable=None):
    """Return the live book of both hotels on a day.

    :param reachable: by hotel, the ``reachable`` of :class:`.hotels.History`: the front desk recognises
        some of these people by their address; None: nobody comes back
    :return: ``(guest rows, stay rows, truth rows)`` as from :func:`.hotels.history`; a guest row has
        also ``story arrival status role head relation`` (of its first booking), a stay row ``room`` and ``eta``
    """
    _rows, group_, described = group(seed)
    guests, stays, truth = [], [], []
    cast, people_in, plan = {}, {}, room_plan(today, seed)
    week = file.LAST_DEPARTURE + timedelta(file.shift_to(today))
    # In the order of booking, so that a later day of the week only adds to the end.
    chosen = sorted(pattern(today, size, seed), key=lambda found: (found[0].booked_on, found[0].number))
    for booking, status, early in chosen:
        rng = Random(f"{seed}:guest:{booking.number}")
        story, country = "", booking.country
        if booking.status == "checked_out" and booking.nights and not early and 0 <= (booking.arrival - week).days < 7:
            stories = cast.setdefault((booking.hotel, booking.arrival), list(CAST[booking.hotel]))
            if stories:
                story, country = stories.pop(0)
        pool = (reachable or {}).get(booking.hotel, {}).get(booking.country or "PT", ())
        number, spec, known = _who(rng, booking, group_, pool, people_in, story, country)
        party = [(number, spec, "primary"), *_companions(rng, booking, number, spec)]
        keys = []
        for number, spec, role in party:
            key = profile_of(number)
            keys.append(key)
            if key in people_in:
                continue
            people_in[key] = True
            who = person(seed, number, *spec, year=today.year)
            clean = known or (story and role == "primary") or status == "in_house" and rng.random() < 0.5
            if clean and role == "primary":
                record = exact_record(who)
            else:
                record = hotel_record(seed, who, booking._replace(status=status), 900_000 + number, described, role)
            values = dict(record.values)
            if story in ("birthday", "vip_birthday") and role == "primary":
                values["birthdate"] = _birthday(who.birthdate, booking.arrival)
            guests.append(
                {
                    **{"profile": key, **values, "arrival": booking.arrival, "status": status, "role": role},
                    **{"story": story if role == "primary" else "", "head": keys[0], "relation": spec[2]},
                }
            )
            truth.append(
                {"profile": key, "booking": f"L{booking.key}", "role": role, "person": number,
                 "household": who.household, "culture": who.culture, "script": record.script,
                 "tags": " ".join(record.tags)}
            )  # fmt: skip
        stays.append({**_stay(rng, booking, status, keys, plan, today), **parties(booking, described)})
    return guests, stays, truth


def _who(rng, booking, group_, pool, people_in, story, country):
    """Return ``(person number, (country, household, role), whether the hotel can recognise him)``.

    :param pool: numbers of people who may come back
    :param people_in: keys of the profiles that the live book has already
    """
    chance = rng.random()
    returns = not country if story else booking.repeated or chance < RETURNS
    if returns and pool:
        for _try in range(5):
            number = pool[rng.randrange(len(pool))]
            if profile_of(number) not in people_in:
                return number, group_.people[number], True
    seat = group_.seats[booking.number]
    if not story and chance > 1 - RETURNS_UNKNOWN and profile_of(seat.person) not in people_in:
        return seat.person, group_.people[seat.person], False
    return NEW + booking.number, (country or "PT", 0, "head"), False


def _companions(rng, booking, number, spec):
    if booking.adults >= 2 and spec[2] == "head" and rng.random() < COMPANION_KNOWN:
        yield NEW_PARTNER + booking.number, (spec[0], number, "partner"), "companion"
    if spec[2] == "head" and 0 < booking.children <= 2 and rng.random() < COMPANION_KNOWN:
        for at in range(booking.children):
            yield NEW_CHILD + booking.number * 2 + at, (spec[0], number, "child"), "companion"


def _birthday(birthdate, arrival):
    day = arrival.day if (arrival.month, arrival.day) != (2, 29) else 28
    return f"{birthdate.year:04d}-{arrival.month:02d}-{day:02d}"


STATUS_WORD = {
    "reserved": "Confirmed",
    "in_house": "Checked-in",
    "checked_out": "Checked-out",
    "cancelled": "Cancelled",
    "no_show": "No-show",
}


def _stay(rng, booking, status, keys, plan, today):
    row = stay_row(booking)
    soon = status == "reserved" and booking.arrival <= today + timedelta(2)
    room = plan.get(booking.number, "") if soon or status in ("in_house", "checked_out") else ""
    row.update(
        confirmation=f"L{booking.key}",
        status=STATUS_WORD[status],
        cancelled=booking.status_date if status == "cancelled" else None,
        revenue=booking.rate * booking.nights
        if status == "checked_out"
        else 0
        if status in ("cancelled", "no_show")
        else None,
        room=room,
        eta=f"{rng.randrange(13, 23):02d}:{rng.choice((0, 15, 30, 45)):02d}"
        if status == "reserved" and rng.random() < 0.5
        else "",
        wishes=_wishes(rng, booking) if booking.requests else "",
    )
    return {"profile": keys[0], **{f"companion{at}": (keys + [""] * 4)[at] for at in (1, 2, 3)}, **row}


WISHES = (
    "High floor, please|Quiet room away from the lift|Twin beds|Double bed|Cot in the room|Late arrival, after 22:00"
    "|Early check-in if possible|Sea view if possible|Connecting rooms|Extra pillow|Feather-free bedding"
    "|Airport transfer for two|Vegetarian breakfast|Flowers and wine in the room|Parking for a van"
).split("|")


def _wishes(rng, booking):
    return "; ".join(rng.sample(WISHES, min(booking.requests, 4)))
