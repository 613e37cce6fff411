"""The live book: what the front desks work with today, beside the history of the bookings file.

All bookings of the file have ended. So that there are arrivals, guests in house and a future, the
bookings of September to December 2016 are taken as the pattern of the weeks that follow the end of
the file: moved by 52 weeks more than the history, each seen as of today. They come from another source
system (``pms_live``), and so never count among the 119,390 of the file.
"""

from collections import defaultdict
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from . import bookings as file
from .hotels import SEED, group, parties, stay_row
from .persons import person
from .places import ROOM_TYPES, rooms
from .records import exact_record, hotel_record

FIRST_ARRIVAL = date(2016, 9, 2)
YEAR = 364
# The pattern's week in which the day of the first load lies begins here.
FIRST_DAY = file.LAST_DEPARTURE - timedelta(YEAR)
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


def pattern(today, size="full", seed=SEED, since=None):
    """Yield ``(booking, status)``: the bookings on the books of a day, moved.

    A later day sees all bookings that an earlier one saw, with their later status, and new ones.
    """
    since = since or today
    shift = file.shift_to(since) + YEAR
    week = file.LAST_DEPARTURE + timedelta(file.shift_to(today))
    for row in group(seed)[0]:
        if row.arrival < FIRST_ARRIVAL:
            continue
        booking = row.moved(shift)
        if booking.arrival > week + timedelta(HORIZON) or booking.booked_on > today:
            continue
        rng = Random(f"{seed}:live:{row.number}")
        keep = KEEP_NEAR if is_near(booking, today, since) and row.status != "cancelled" else KEEP_FAR[size]
        if rng.random() < keep:
            yield booking, status_on(booking, today, comes_early(row, seed), rng.random() < 0.45)


def comes_early(booking, seed):
    """Whether the guests are there already in the morning of their arrival."""
    came = booking.nights and booking.status == "checked_out"
    return bool(came) and Random(f"{seed}:early:{booking.number}").random() < 0.2


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


def room_plan(today, seed=SEED, since=None):
    """Return ``{booking number: room number}``: who comes gets a room to himself.

    The plan is made in the order of arrival and for whole weeks, so that nobody moves from day to day.
    """
    since = since or today
    shift = file.shift_to(since) + YEAR
    near = [
        booking
        for row in group(seed)[0]
        if row.arrival >= FIRST_ARRIVAL
        and row.status != "cancelled"
        and is_near(booking := row.moved(shift), today, since)
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


def is_near(booking, today, since):
    """Whether somebody comes, stays or leaves between the week of the first load and that of today."""
    first, week = (file.LAST_DEPARTURE + timedelta(file.shift_to(day)) for day in (since, today))
    return booking.arrival <= week + timedelta(7) and booking.departure >= first


class Guest(NamedTuple):
    """Who makes a booking: number of the person, ``(country, household, role)`` of him, whether the front
    desk recognises him, and what there is to tell of him."""

    person: int
    spec: tuple
    known: bool
    story: str


def guest_plan(seed=SEED, reachable=None):
    """Return ``{booking number: Guest}`` of all bookings that the live book may ever hold.

    It doesn't depend on the day. Who comes back comes once; the first who arrive after the day of the
    load have the first choice.
    """
    rows, dealt, _described = group(seed)
    pools = {
        (hotel, country): Random(f"{seed}:{hotel}:{country}").sample(sorted(set(people)), len(set(people)))
        for hotel, found in (reachable or {}).items()
        for country, people in found.items()
    }
    casts, plan, taken = {}, {}, set()
    coming = [row for row in rows if row.arrival >= FIRST_ARRIVAL]
    for row in sorted(coming, key=lambda row: (row.arrival < FIRST_DAY, row.arrival, row.number)):
        rng = Random(f"{seed}:guest:{row.number}")
        story, country = "", row.country
        if row.status == "checked_out" and row.nights and not comes_early(row, seed):
            stories = casts.setdefault((row.hotel, row.arrival), list(CAST[row.hotel]))
            if stories:
                story, country = stories.pop(0)
        chance = rng.random()
        returns = not country if story else row.status != "cancelled" and (row.repeated or chance < RETURNS)
        pool = pools.get((row.hotel, row.country or "PT"))
        seat = dealt.seats[row.number]
        if returns and pool:
            number = pool.pop()
            plan[row.number] = Guest(number, dealt.people[number], True, story)
        elif not story and chance > 1 - RETURNS_UNKNOWN and seat.person not in taken:
            plan[row.number] = Guest(seat.person, dealt.people[seat.person], False, "")
        else:
            plan[row.number] = Guest(NEW + row.number, (country or "PT", 0, "head"), False, story)
        taken.add(plan[row.number].person)
    return plan


def live(today, size="full", seed=SEED, reachable=None, since=None):
    """Return the live book of both hotels on a day.

    :param since: the day for which the history was moved; None: the same day
    :param reachable: by hotel, the ``reachable`` of :class:`.hotels.History`: the front desk recognises
        some of these people by their address; None: nobody comes back
    :return: ``(guest rows, stay rows, truth rows)`` as from :func:`.hotels.history`; a guest row has
        also ``story arrival status role head relation`` (of its first booking), a stay row ``room`` and ``eta``
    """
    since = since or today
    described = group(seed)[2]
    people, plan = guest_plan(seed, reachable), room_plan(today, seed, since)
    guests, stays, truth, known = [], [], [], {}
    for booking, status in sorted(
        pattern(today, size, seed, since), key=lambda found: (found[0].arrival, found[0].number)
    ):
        rng = Random(f"{seed}:party:{booking.number}")
        lead = people[booking.number]
        party = [(lead.person, lead.spec, "primary"), *_companions(rng, booking, lead.person, lead.spec)]
        keys = [profile_of(number) for number, _spec, _role in party]
        for key, (number, spec, role) in zip(keys, party, strict=True):
            if key not in known:
                who = person(seed, number, *spec, year=since.year)
                story = lead.story if role == "primary" else ""
                if role == "primary" and (lead.known or story):
                    record = exact_record(who)
                else:
                    seen = booking._replace(status=status)
                    record = hotel_record(seed, who, seen, 900_000 + number, described, role)
                values = dict(record.values)
                if story in ("birthday", "vip_birthday"):
                    values["birthdate"] = _birthday(who.birthdate, booking.arrival)
                guests.append(
                    {
                        **{"profile": key, **values, "arrival": booking.arrival, "status": status},
                        **{"role": role, "story": story, "head": keys[0], "relation": spec[2]},
                    }
                )
                known[key] = {
                    **{"person": number, "household": who.household, "culture": who.culture},
                    **{"script": record.script, "tags": " ".join(record.tags)},
                }
            truth.append({"profile": key, "booking": f"L{booking.key}", "role": role, **known[key]})
        stays.append({**_stay(rng, booking, status, keys, plan, today), **parties(booking, described)})
    return guests, stays, truth


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
