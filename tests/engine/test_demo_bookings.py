"""The bookings file: read without loss, moved without changing what happened."""

import csv
import gzip
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from hospitality_connectors.demo import bookings
from hospitality_connectors.demo.countries import iso2


@pytest.fixture(scope="module")
def rows():
    return bookings.read()


@pytest.fixture(scope="module")
def raw():
    with gzip.open(bookings.PATH, "rt", newline="") as file:
        return list(csv.DictReader(file))


def test_counts_are_those_of_the_file(rows):
    assert len(rows) == 119_390
    assert Counter(row.hotel for row in rows) == {"CITY": 79_330, "RESORT": 40_060}
    assert Counter(row.status for row in rows) == {
        "checked_out": 75_166,
        "cancelled": 43_017,
        "no_show": 1_207,
    }


def test_equal_rows_stay_several_bookings(rows):
    assert len({row.key for row in rows}) == 119_390
    assert len(rows) - len({row[1:] for row in rows}) == 31_994


def test_revenue_is_rate_times_nights_to_the_cent(rows, raw):
    wanted = Counter()
    for row in raw:
        if row["reservation_status"] == "Check-Out":
            nights = int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"])
            wanted[row["hotel"].split()[0].upper()] += Decimal(row["adr"]) * nights
    found = Counter()
    for row in rows:
        found[row.hotel] += row.revenue
    assert found == wanted
    assert sum(found.values()) == Decimal("25996260.41")


def test_odd_values_of_the_file_survive(rows):
    assert min(row.rate for row in rows) == Decimal("-6.38")
    assert max(row.rate for row in rows) == 5400
    assert sum(not row.nights for row in rows) == 715
    assert not any({row.agent, row.company, row.country} & {"NULL"} for row in rows)
    assert sum(not row.country for row in rows) == 488


@pytest.mark.parametrize("code, wanted", [("PRT", "PT"), ("CN", "CA"), ("CHN", "CN"), ("TMP", "TL"), ("", "")])
def test_countries(code, wanted):
    assert iso2(code) == wanted


def test_unknown_country_is_refused():
    with pytest.raises(ValueError, match="XXX"):
        iso2("XXX")


def test_shift_is_whole_weeks_and_ends_every_stay(rows):
    last = max(row.departure for row in rows)
    assert last == bookings.LAST_DEPARTURE
    for offset in range(14):
        today = date(2031, 3, 1) + timedelta(offset)
        days = bookings.shift_to(today)
        assert days % 7 == 0
        assert 0 <= (today - last).days - days < 7


def test_moving_keeps_lead_time_nights_and_weekday(rows):
    for row in rows[::5000]:
        moved = row.moved(3353)
        assert moved.arrival - moved.booked_on == row.arrival - row.booked_on
        assert moved.departure - moved.arrival == row.departure - row.arrival
        assert moved.arrival.weekday() == row.arrival.weekday()
        assert (moved.key, moved.status) == (row.key, row.status)
