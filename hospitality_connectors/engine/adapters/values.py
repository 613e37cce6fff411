"""Values of records, read strictly: what is there and makes no sense is an error that names its place."""

from datetime import timedelta, timezone
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from ..adapter import ParseError
from .records import as_day, local_day, parse_instant


def key_of(record, name):
    """Return the key of a record as text.

    :raise ParseError: it has none
    """
    value = text_of(record.get(name))
    if not value:
        raise ParseError(name, "missing_key", f"The record has no {name}, so nobody can say which one it is.")
    return value


def text_of(value):
    """Return a text or number as text without blanks around it; None for everything else.

    >>> text_of(" 7 "), text_of(7), text_of(""), text_of({}), text_of(True)
    ('7', '7', None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value).strip() or None


def is_true(value):
    """Say whether a flag is set, whichever way the vendor writes it.

    >>> [is_true(value) for value in (True, "true", "Y", 1, "0", None, "no")]
    [True, True, True, True, False, False, False]
    """
    return value is True or value == 1 or (isinstance(value, str) and value.lower() in ("true", "1", "yes", "y"))


def list_of(record, *names):
    """Return the list at a place of nested dicts, those without one as an empty list; of a dict its values."""
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    if isinstance(record, dict):
        record = list(record.values())
    return record if isinstance(record, list) else []


def dicts_of(record, *names):
    """Return the dicts among :func:`list_of`."""
    return [item for item in list_of(record, *names) if isinstance(item, dict)]


def day_of(value, where, tz):
    """Return a date in the property's calendar as ``YYYY-MM-DD``, None where there is none.

    Of a local time the date is what stands there, whatever the zone; an instant in UTC is taken to the place first.

    >>> day_of("2026-03-29 23:30:00", "", "Asia/Tokyo"), day_of("2026-03-29T23:30:00Z", "", "Asia/Tokyo")
    ('2026-03-29', '2026-03-30')

    :raise ParseError: it is no date
    """
    text = text_of(value)
    if not text or text.startswith("0000"):
        return None
    instant = text[10:].strip().upper().endswith("Z")
    found = as_day(local_day(text, tz) if instant else text)
    if found is None or not 1850 <= found.year < 2200:
        raise ParseError(where, "bad_date", f"{text[:40]!r} is not a date.")
    return found.isoformat()


def count_of(value, where):
    """Return a whole number that may be written as text, None where there is none.

    :raise ParseError: it is none
    """
    text = text_of(value)
    if text is None:
        return None
    try:
        number = int(Decimal(text))
    except (InvalidOperation, ValueError, OverflowError):
        number = -1
    if not 0 <= number <= 32_767:
        raise ParseError(where, "bad_number", f"{text[:40]!r} is not a number of people.")
    return number


def amount_of(value, where, required=False):
    """Return an amount as :class:`Decimal`, exactly as it is written, None where there is none.

    :raise ParseError: it is none
    """
    text = text_of(value)
    if text is None and not required and not isinstance(value, (bool, list, dict)):
        return None
    try:
        amount = Decimal(text or "")
        if not amount.is_finite() or abs(amount) >= 10**12:
            raise InvalidOperation
    except InvalidOperation:
        raise ParseError(where, "bad_amount", f"{str(value)[:40]!r} is not an amount of money.") from None
    return amount


def whole_mask(value):
    """Return a text; one that the vendor has hidden in part counts as hidden as a whole, so that it never overwrites.

    >>> whole_mask("j***@mail.example"), whole_mask(" Jane ")
    ('*****', 'Jane')
    """
    value = text_of(value)
    return "*****" if value and "***" in value else value


def present(*values):
    """Return the values that are there, each once; None for none."""
    return list(dict.fromkeys(value for value in values if value and value != "N/A")) or None


def country_of(value):
    """Return a country of two letters, or a mask; None for everything else."""
    return value if value and (value == "*****" or (len(value) == 2 and value.isascii() and value.isalpha())) else None


def birthdate_of(value):
    """Return a date of birth, or a mask; None for what is no date."""
    if value == "*****":
        return value
    found = as_day(value)
    return found.isoformat() if found and 1850 <= found.year < 2200 else None


def version_of(text, tz, now):
    """Return the Unix time of a local time of change, None where there is none; an instant is taken as it is.

    A local time that a change of clocks makes twice is the last of the two that is not ahead of the vendor's clock, so
    that what is read later never counts as older.

    :param datetime now: time at the vendor, aware
    """
    first = parse_instant(text, tz)
    if first is None:
        return None
    second = first.astimezone(ZoneInfo(tz)).replace(fold=1).astimezone(timezone.utc)
    return (second if second <= now + timedelta(seconds=5) else first).timestamp()
