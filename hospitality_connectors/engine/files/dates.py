"""Dates and times as people and programs write them."""

import re
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

LOCALES = ("en", "uk", "ru", "de", "fr", "es", "it", "pt", "pl", "nl", "tr", "cs", "hu", "ro", "hy", "ka", "sv")
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z)?$")
_YEAR_FIRST = re.compile(r"(\d{4})([./年])(\d{1,2})[./月](\d{1,2})[.日]?(?:[ T,]+(.*))?$")
_NUMERIC = re.compile(r"(\d{1,2})\s?([./-])\s?(\d{1,2})\s?[./-]\s?(\d{4}|\d{2})(?:\s?[рrг]\.)?(?:[ T,]+(.*))?$")
_NAMED = re.compile(r"^(.*?)(\d{1,2}:\d{2}.*)?$", re.DOTALL)
_SERIAL = re.compile(r"\d{4,5}(?:\.\d+)?$")
_TIME = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp])?\.?\s*[Mm]?\.?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$"
)
_EXCEL_EPOCH = date(1899, 12, 30)
_BLANK = re.compile(r"[0\s.:/T-]*$")


class Moment(NamedTuple):
    """:ivar day: date
    :ivar second: seconds since midnight, None where only a date was given
    :ivar offset: seconds east of UTC, None for local time
    """

    day: date
    second: int | None = None
    offset: int | None = None


@lru_cache(maxsize=1)
def months():
    """Return the number of each month name and abbreviation in :data:`LOCALES`, in lower case."""
    from babel import Locale  # loads locale data, only needed for files with month names

    names = {}
    for code in LOCALES:
        for context in Locale.parse(code).months.values():
            for width in ("abbreviated", "wide"):
                for number, name in context[width].items():
                    names.setdefault(name.lower().strip("."), number)
    names.update({"sept": 9, "june": 6, "july": 7})
    return names


def parse_time(text):
    """Return ``(seconds since midnight, offset or None)``.

    >>> parse_time("7:30 pm"), parse_time("00:15")
    ((70200, None), (900, None))
    """
    match = _TIME.match(text.strip())
    if not match:
        raise ValueError(text)
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if match[4] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(text)
    return hour * 3600 + minute * 60 + second, _offset(match[5])


def _offset(text):
    if not text:
        return None
    if text in ("Z", "UTC"):
        return 0
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def parse_moment(text, order="dmy", last_year=2035):
    """Return the date and time that a text stands for.

    :param str text: ISO, ``31.12.2025``, ``12/31/25 7:30 PM``, ``27 липня 2015``, Excel serial, ...
    :param str order: ``dmy`` or ``mdy``: which comes first where both are numbers
    :param int last_year: last year that two digits stand for; 36 means 1936 with 2035
    :rtype: Moment or None
    :return: None for a date that says nothing (``0000-00-00``)
    :raise ValueError: not a date

    >>> parse_moment("2015-07-01").day, parse_moment("7/1/15", "mdy").day, parse_moment("1. Juli 2015").day
    (datetime.date(2015, 7, 1), datetime.date(2015, 7, 1), datetime.date(2015, 7, 1))
    """
    text = text.strip()
    match = _ISO.match(text)
    if match:
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        if not year and not month:
            return None
        second = None
        if match[4]:
            second = int(match[4]) * 3600 + int(match[5]) * 60 + int(match[6] or 0)
            if second >= 86400:
                raise ValueError(text)
        return Moment(date(year, month, day), second, _offset(match[7]))
    if _BLANK.match(text):
        return None
    match = _NUMERIC.match(text)
    if match:
        first, second_number = int(match[1]), int(match[3])
        day, month = (second_number, first) if order == "mdy" else (first, second_number)
        return _with_time(date(_year(match[4], last_year), month, day), match[5])
    match = _YEAR_FIRST.match(text)
    if match:
        return _with_time(date(int(match[1]), int(match[3]), int(match[4])), match[5])
    match = _COMPACT.match(text)
    if match and 1850 <= int(match[1]) < 2200:
        time = f"{match[4]}:{match[5]}:{match[6] or '00'}{match[7] or ''}" if match[4] else None
        return _with_time(date(int(match[1]), int(match[2]), int(match[3])), time)
    if _SERIAL.match(text):
        return _from_serial(text)
    if text.isdigit() and len(text) in (10, 13):
        moment = datetime.fromtimestamp(int(text[:10]), timezone.utc)
        return Moment(moment.date(), moment.hour * 3600 + moment.minute * 60 + moment.second, 0)
    return _named(text, last_year)


def _with_time(day, text):
    if not text or not text.strip():
        return Moment(day)
    return Moment(day, *parse_time(text))


def _year(text, last_year):
    if len(text) == 4:
        return int(text)
    year = last_year - last_year % 100 + int(text)
    return year if year <= last_year else year - 100


def _from_serial(text):
    number = float(text)
    # From 1 March 1900 on, Excel's count of days is right; 80000 is the year 2119.
    if not 60 < number < 80000:
        raise ValueError(text)
    whole = int(number)
    second = round((number - whole) * 86400)
    return Moment(_EXCEL_EPOCH + timedelta(whole), second or None)


def _named(text, last_year):
    """A date with the name of its month, in any order: 27 July 2015, July 27th, 2015, 27-Jul-15."""
    match = _NAMED.match(text)
    words = re.findall(r"[^\W\d_]+|\d+", match[1].lower())
    known = months()
    month = next((known[word] for word in words if word in known), None)
    numbers = [word for word in words if word.isdigit()]
    if month is None or len(numbers) != 2:
        raise ValueError(text)
    first, second = numbers
    if len(first) == 4:
        first, second = second, first
    return _with_time(date(_year(second, last_year), month, int(first)), match[2])


def parse_month(text):
    """Return the number of a month that is given by number or name.

    >>> parse_month("July"), parse_month("08"), parse_month("серпня")
    (7, 8, 8)
    """
    text = text.strip().lower().strip(".")
    number = int(text) if text.isdigit() else months().get(text, 0)
    if not 1 <= number <= 12:
        raise ValueError(text)
    return number


class DateEvidence:
    """What the values of a column say about the order of day and month."""

    __slots__ = ("clear", "count", "day_first", "month_first", "open", "other", "sample", "serial", "timed")

    def __init__(self):
        self.count = self.clear = self.day_first = self.month_first = self.open = self.other = 0
        self.serial = self.timed = 0
        self.sample = ""

    def add(self, text):
        text = text.strip()
        match = _NUMERIC.match(text)
        if match:
            first, second = int(match[1]), int(match[3])
            if max(first, second) > 31 or min(first, second) > 12 or not min(first, second):
                self.other += 1
                return
            self.count += 1
            self.timed += bool(match[5])
            if first > 12:
                self.day_first += 1
            elif second > 12:
                self.month_first += 1
            elif first == second:
                self.clear += 1
            elif match[2] == ".":
                # Nobody writes the month first with dots.
                self.day_first += 1
            else:
                self.open += 1
                self.sample = self.sample or text
            return
        try:
            moment = parse_moment(text)
        except ValueError:
            self.other += 1
            return
        self.count += 1
        if moment is None:
            return
        self.timed += moment.second is not None
        if _SERIAL.match(text):
            self.serial += 1
        else:
            self.clear += 1

    @property
    def order(self):
        """``dmy`` or ``mdy``; None while both are possible, "" when the column contradicts itself."""
        if self.day_first and self.month_first:
            return ""
        if self.day_first:
            return "dmy"
        if self.month_first:
            return "mdy"
        return None if self.open else "dmy"
