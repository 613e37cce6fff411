"""Which business day and which part of the day an instant belongs to.

A hotel's day ends at night, not at midnight: a bill closed at 02:30 belongs to the day before. The hour that ends the
day (``day_close``) is read on the clock on the wall of the property, so a night in which the clocks change is one
business day like every other.
"""

from datetime import timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYPARTS = ((5, "late"), (11, "breakfast"), (15, "lunch"), (18, "afternoon"), (23, "dinner"), (24, "late"))
"""Parts of the day, each with the local hour before which it ends."""


@lru_cache
def _zone(tz):
    try:
        return ZoneInfo(tz or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{tz!r} is not the name of a time zone") from error


def local_time(instant, tz):
    """Return the time on the wall clock, without time zone.

    :param datetime instant: in UTC, naive or aware
    :param str tz: name of a time zone of the IANA database; unknown names raise ``ValueError``

    >>> from datetime import datetime
    >>> local_time(datetime(2026, 7, 1, 22, 15), "Europe/Paris")
    datetime.datetime(2026, 7, 2, 0, 15)
    """
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=timezone.utc)
    return instant.astimezone(_zone(tz)).replace(tzinfo=None, fold=0)


def business_date(instant, tz, day_close=4.0):
    """Return the business date of an instant.

    :param datetime instant: in UTC, naive or aware
    :param str tz: time zone of the property
    :param float day_close: hour of the night that ends the business day, 0 to 12 (4.5 is 04:30)

    >>> from datetime import datetime
    >>> business_date(datetime(2026, 11, 22, 1, 30), "Europe/Paris", 4.0)
    datetime.date(2026, 11, 21)
    >>> business_date(datetime(2026, 11, 22, 3, 0), "Europe/Paris", 4.0)
    datetime.date(2026, 11, 22)
    """
    return (local_time(instant, tz) - timedelta(hours=day_close)).date()


def daypart(instant, tz):
    """Return the part of the day: breakfast, lunch, afternoon, dinner or late.

    >>> from datetime import datetime
    >>> daypart(datetime(2026, 11, 21, 18, 30), "Europe/Paris")
    'dinner'
    >>> daypart(datetime(2026, 11, 22, 1, 30), "Europe/Paris")
    'late'
    """
    hour = local_time(instant, tz).hour
    return next(part for end, part in DAYPARTS if hour < end)
