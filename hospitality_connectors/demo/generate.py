"""The whole demo group for a day, as the files of its source systems."""

from typing import NamedTuple

from . import hotels, livebook, tables
from .files import File

SOURCES = (
    # code, name, kind, trust, property
    ("pms_city", "PMS of Hotel Atlântico Lisboa", "pms", 70, "CITY"),
    ("pms_resort", "PMS of Atlântico Resort Algarve", "pms", 70, "RESORT"),
    ("pms_live", "Front desks (live book)", "pms", 80, "CITY"),
    ("pos_mare", "Till and table book of Maré", "pos", 50, "MARE"),
)


class Demo(NamedTuple):
    """The group on a day.

    :ivar files: list of :class:`.files.File`, in the order in which they must be imported
    :ivar cast: rows of the live guests, with ``story arrival status role head relation``
    :ivar truth: list of dicts ``source profile booking role person household culture script tags``:
        which made-up person stands behind each profile on each booking
    """

    files: list
    cast: list
    truth: list


def generate(today, size="full", seed=hotels.SEED, truth=True, since=None):
    """Return the demo group as of a day; the same for the same arguments.

    :param datetime.date today: the day that the boards show
    :param str size: ``full``, or ``small``: the last 3,000 bookings of the file, the live book thinned
        out in the future, three weeks of restaurants
    :param int seed: another one gives other people
    :param bool truth: keep who is who
    :param datetime.date since: the day for which the history was moved, None: the same day. With it a
        later day has all records of an earlier one, brought up to date.
    :rtype: Demo
    """
    since = since or today
    files, true = [], []

    def keep(source, rows):
        if truth:
            true.extend({"source": source, **row} for row in rows)

    stays, reachable = {}, {}
    for hotel, source, style in (("CITY", "pms_city", "plain"), ("RESORT", "pms_resort", "european")):
        past = hotels.history(hotel, since, size, seed)
        stays[hotel], reachable[hotel] = past.stays, past.reachable
        name = hotel.lower()
        files.append(File(f"{name}_guests.csv", source, "guest", past.guests, style))
        files.append(File(f"{name}_stays.csv", source, "stay", past.stays, style))
        keep(source, past.truth)
    cast, live, rows = livebook.live(today, size, seed, reachable, since)
    files.append(File("live_guests.xlsx", "pms_live", "guest", cast))
    files.append(File("live_stays.xlsx", "pms_live", "stay", live))
    keep("pms_live", rows)
    past, present = tables.bica(stays["CITY"], live, today, size, seed, since)
    files += _restaurant("bica", "pms_city", past)
    files += _restaurant("bica_live", "pms_live", present)
    mare = tables.mare(today, size, seed, since)
    wanted = {row["guest"] for row in (*mare.checks, *mare.reservations)}
    guests, rows = tables.customers(wanted, since, seed)
    files.append(File("mare_customers.csv", "pos_mare", "guest", guests))
    files += _restaurant("mare", "pos_mare", mare)
    keep("pos_mare", rows)
    return Demo(files, cast, true)


def _restaurant(name, source, day):
    return [
        file
        for file in (
            File(f"{name}_tables.xml", source, "reservation", day.reservations),
            File(f"{name}_checks.json", source, "check", day.checks),
            File(f"{name}_lines.csv", source, "charge", day.lines),
            File(f"{name}_payments.json", source, "payment", day.payments),
        )
        if file.records
    ]
