from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine.visit.business_date import DAYPARTS, business_date, daypart, local_time

ZONES = st.sampled_from(
    ["Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]
)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1))
# A business day ends on a minute.
CLOSES = st.integers(0, 719)


def test_bill_closed_at_half_past_two_belongs_to_the_day_before():
    assert business_date(datetime(2026, 11, 22, 1, 30), "Europe/Paris", 4.0) == date(2026, 11, 21)


def test_day_ends_on_the_minute():
    assert business_date(datetime(2026, 1, 2, 3, 29, 59), "Europe/Paris", 4.5) == date(2026, 1, 1)
    assert business_date(datetime(2026, 1, 2, 3, 30), "Europe/Paris", 4.5) == date(2026, 1, 2)


def test_clocks_go_forward():
    # 29 March 2026, 02:00 becomes 03:00 in Paris; the wall clock decides, not the elapsed hours
    assert business_date(datetime(2026, 3, 29, 1, 59), "Europe/Paris", 4.0) == date(2026, 3, 28)
    assert business_date(datetime(2026, 3, 29, 2, 0), "Europe/Paris", 4.0) == date(2026, 3, 29)


def test_clocks_go_back():
    # 25 October 2026, 03:00 becomes 02:00: 02:30 happens twice and is the day before both times
    for instant in (datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 30)):
        assert local_time(instant, "Europe/Paris") == datetime(2026, 10, 25, 2, 30)
        assert business_date(instant, "Europe/Paris", 4.0) == date(2026, 10, 24)
    assert business_date(datetime(2026, 10, 25, 3, 0), "Europe/Paris", 4.0) == date(2026, 10, 25)


def test_aware_instants_are_read_as_such():
    aware = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=12)))
    assert local_time(aware, "UTC") == datetime(2026, 7, 1, 0, 0)


def test_unknown_time_zone_has_a_name():
    with pytest.raises(ValueError, match="Mars/Base"):
        business_date(datetime(2026, 1, 1), "Mars/Base")


@pytest.mark.parametrize(
    ("hour", "part"),
    [
        (0, "late"),
        (4, "late"),
        (5, "breakfast"),
        (10, "breakfast"),
        (11, "lunch"),
        (15, "afternoon"),
        (18, "dinner"),
        (22, "dinner"),
        (23, "late"),
    ],
)
def test_dayparts(hour, part):
    assert daypart(datetime(2026, 1, 1, hour), "UTC") == part


def test_every_hour_has_a_part():
    assert [end for end, _part in DAYPARTS] == sorted(end for end, _part in DAYPARTS)
    assert DAYPARTS[-1][0] == 24


@given(INSTANTS, ZONES, CLOSES)
def test_business_date_is_today_or_yesterday_on_the_wall(instant, zone, close):
    local = local_time(instant, zone)
    day = business_date(instant, zone, close / 60)
    assert day == local.date() - timedelta(days=60 * local.hour + local.minute < close)


@given(INSTANTS, st.integers(0, 3 * 24 * 60), CLOSES.map(lambda minutes: minutes / 60))
def test_business_date_never_goes_back_without_a_clock_change(instant, minutes, close):
    later = instant + timedelta(minutes=minutes)
    assert business_date(instant, "Asia/Kolkata", close) <= business_date(later, "Asia/Kolkata", close)
