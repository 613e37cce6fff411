"""Who sits at the tables of the two restaurants."""

from collections import defaultdict
from datetime import timedelta
from random import Random

from . import bookings as file
from .hotels import SEED, group
from .livebook import FIRST_ARRIVAL, YEAR
from .persons import person
from .records import exact_record
from .restaurants import AHEAD, DAYS, Till

LOCAL = 4_000_000
CUSTOMERS = 1100
IN_HOUSE_DINE = 0.72
KNOWN = 0.12


def first_day(since, size):
    """Return the day with which the restaurants' records begin."""
    return file.LAST_DEPARTURE + timedelta(file.shift_to(since) - DAYS[size])


def days(today, size, since):
    """Yield ``(index, day)`` of all recorded days."""
    day = first_day(since, size)
    while day <= today + timedelta(AHEAD):
        yield (day - first_day(since, "full")).days, day
        day += timedelta(1)


def bica(history, live, today, size="full", seed=SEED, since=None):
    """Return ``(Day of the history, Day of the live book)`` of the city hotel's restaurant.

    :param history: stay rows of the city hotel from :func:`.hotels.history`
    :param live: stay rows from :func:`.livebook.live`
    """
    since = since or today
    turn = FIRST_ARRIVAL + timedelta(file.shift_to(since) + YEAR)
    first = first_day(since, size)
    present = defaultdict(list)
    for rows, words, begin, end in (
        (history, ("Check-Out",), first, turn),
        (live, ("Checked-out", "Checked-in", "Confirmed"), turn, today + timedelta(AHEAD + 1)),
    ):
        for row in rows:
            if row["property"] == "CITY" and row["status"] in words:
                for at in range(
                    max(0, (begin - row["arrival"]).days), (min(row["departure"], end) - row["arrival"]).days
                ):
                    present[row["arrival"] + timedelta(at)].append(row)
    for rows in present.values():
        rows.sort(key=lambda row: row["confirmation"])

    def guests(rng, day, booked):
        rows = present.get(day, ())
        if booked or rng.random() < IN_HOUSE_DINE:
            # Nobody dines before he has come; a table may be booked for the evening of the arrival.
            rows = [row for row in rows if booked or row["status"] != "Confirmed"]
            if rows:
                row = rows[rng.randrange(len(rows))]
                covers = max(1, min(8, row["adults"] + row["children"]))
                stay = row["confirmation"] if row["status"] != "Confirmed" else ""
                return {"guest": row["profile"], "stay": stay, "covers": covers}
        return {"guest": "", "stay": "", "covers": 0}

    tills = Till("BICA", guests, seed), Till("BICA", guests, seed)
    for index, day in days(today, size, since):
        tills[day >= turn].day(index, day, today)
    return tills[0].out, tills[1].out


def customers(wanted, since, seed=SEED):
    """Return ``(guest rows, truth rows)`` of the customers that Maré's till and table book know.

    About half of them have stayed at the city hotel, the others live nearby.

    :param wanted: keys of profiles, as in the rows of :func:`mare`
    """
    rng = Random(f"{seed}:customers")
    rows, group_, _described = group(seed)
    in_town = [
        group_.seats[row.number].person
        for row in rows
        if row.hotel == "CITY"
        and row.status == "checked_out"
        and row.arrival >= file.LAST_ARRIVAL - timedelta(DAYS["full"])
    ]
    guests, truth = [], []
    for number in range(1, CUSTOMERS + 1):
        if rng.random() < 0.5:
            known = in_town[rng.randrange(len(in_town))]
            spec = group_.people[known]
        else:
            known, spec = LOCAL + number, ("PT", 0, "head")
        who = person(seed, known, *spec, year=since.year)
        short = who.short if who.short and rng.random() < 0.2 else ""
        values = exact_record(who).values
        given_only = rng.random() < 0.12
        if short:
            values = {**values, "given_name": short}
        row = {
            "profile": f"K{number:05d}",
            "given_name": values["given_name"],
            "family_name": "" if given_only else values["family_name"],
            "phone": who.phone if rng.random() < 0.85 else "",
            "email": who.email if rng.random() < 0.45 else "",
            "birthdate": str(who.birthdate) if rng.random() < 0.2 else "",
            "lang": who.lang if rng.random() < 0.3 else "",
            "notes": rng.choice(("", "", "", "", "Regular", "Likes the window table", "Wine lover")),
        }
        tags = [tag for tag, made in (("given_only", given_only), ("dim", short)) if made]
        if row["profile"] in wanted:
            guests.append(row)
            truth.append(
                {"profile": row["profile"], "booking": "", "role": "customer", "person": known,
                 "household": who.household, "culture": who.culture, "script": "latin", "tags": " ".join(tags)}
            )  # fmt: skip
    return guests, truth


def mare(today, size="full", seed=SEED, since=None):
    """Return the :class:`.restaurants.Day` of the restaurant that stands alone."""
    since = since or today

    def guests(rng, _day, booked):
        if booked or rng.random() < KNOWN:
            # Regulars come far more often than most.
            return {"guest": f"K{int(CUSTOMERS * rng.random() ** 2.2) + 1:05d}", "stay": "", "covers": 0}
        return {"guest": "", "stay": "", "covers": 0}

    till = Till("MARE", guests, seed)
    for index, day in days(today, size, since):
        till.day(index, day, today)
    return till.out
