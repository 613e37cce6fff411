"""Targets of a mapping, each fed by one or several columns."""

from datetime import date, timedelta
from functools import lru_cache

from .convert import Converter
from .dates import Moment, parse_month, parse_time
from .errors import FileError, RowError
from .numbers import parse_number

MAX_NIGHTS = 1830
_TEXTS = ("text", "code", "ref", "key", "email", "phone")


def _year(text):
    number = int(text)
    if not 1850 <= number < 2200:
        raise ValueError(text)
    return number


class Field:
    """One target of a slot, fed by one or several columns.

    :ivar get: function of ``(cleaned row, values of the slot so far)`` that returns the value, None
        when the row says nothing; raises :class:`RowError` or :class:`Unknown`
    :ivar columns: indices of the columns
    :ivar after: whether it needs the dates of the stay
    """

    __slots__ = ("after", "columns", "convert", "get", "name", "parts", "separator", "target", "uses")

    def __init__(self, target, uses, header, mapping, options):
        self.target = target
        self.name = target.field
        words = mapping.get("maps", {}).get(target.name) or {}
        self.convert = Converter(target, options, {**{k.casefold(): v for k, v in words.items()}, **words})
        self.separator = options["separator"]
        self.uses = []
        for use in uses:
            if "value" in use and not use.get("column"):
                self.uses.append((None, str(use["value"]), use.get("part") or "", use.get("prefix") or ""))
            else:
                if use["column"] not in header:
                    raise FileError("unknown_column", column=use["column"])
                index = header.index(use["column"])
                self.uses.append((index, use["column"], use.get("part") or "", use.get("prefix") or ""))
        self.columns = [index for index, *_rest in self.uses if index is not None]
        self.parts = {part for _i, _n, part, _p in self.uses}
        self.after = bool(self.parts & {"nights", "days_before", "per_night"})
        self.get = self._reader()

    def _reader(self):
        if self.parts & {"year", "month", "day", "date", "time"}:
            return self._from_parts
        if self.after:
            return self._from_base
        if len(self.uses) == 1 and not self.uses[0][3]:
            return self._single if self.uses[0][0] is not None else self._constant
        if self.target.kind in _TEXTS:
            return self._joined
        if self.target.kind in ("money", "number", "integer"):
            return self._summed
        return self._first

    def _text(self, use, row):
        return use[1] if use[0] is None else row[use[0]]

    def _constant(self, _row, _out):
        text = self.uses[0][1]
        return self.convert(text, self.target.label) if text else None

    def _single(self, row, _out):
        index, column, _part, _prefix = self.uses[0]
        text = row[index]
        return self.convert(text, column) if text else None

    def _joined(self, row, _out):
        glue = "|" if self.target.kind in ("key", "ref") else self.separator
        if self.target.kind in ("email", "phone"):
            glue = "\n"
        texts = [use[3] + text for use in self.uses if (text := self._text(use, row))]
        if not texts or not any(row[index] for index in self.columns):
            return None
        return self.convert(glue.join(texts), self.uses[0][1])

    def _summed(self, row, _out):
        values = [self.convert(text, use[1]) for use in self.uses if (text := self._text(use, row))]
        return sum(values[1:], values[0]) if values else None

    def _first(self, row, _out):
        for use in self.uses:
            text = self._text(use, row)
            if text:
                return self.convert(use[3] + text, use[1])
        return None

    def _from_parts(self, row, _out):
        """A date or instant out of columns for year, month, day, or date and time."""
        found = {}
        for use in self.uses:
            text = self._text(use, row)
            if not text:
                continue
            part = use[2] or "date"
            try:
                if part == "year":
                    found[part] = _year(text)
                elif part == "month":
                    found[part] = parse_month(text)
                elif part == "day":
                    found[part] = int(text)
                elif part == "time":
                    found[part] = parse_time(_clock(text))
                else:
                    found[part] = self.convert(text, use[1])
            except (ValueError, OverflowError) as error:
                code = "bad_time" if part == "time" else "bad_date"
                raise RowError(code, value=text[:80], column=use[1]) from error
        if "year" in found:
            try:
                day = date(found["year"], found.get("month", 1), found.get("day", 1))
            except ValueError as error:
                text = f"{found['year']}-{found.get('month')}-{found.get('day')}"
                raise RowError("bad_date", value=text, column=self.uses[0][1]) from error
        elif found.get("date"):
            day = found["date"]
        else:
            return None
        if self.target.kind == "date":
            return day.isoformat() if isinstance(day, date) else day
        second, offset = found.get("time", (None, None))
        if isinstance(day, tuple):
            return day._replace(second=second, offset=offset) if second is not None else day
        return Moment(day, second, offset)

    def _from_base(self, row, out):
        """Arrival plus nights, arrival minus days, or an amount per night times the nights."""
        values = []
        for use in self.uses:
            text = self._text(use, row)
            if text:
                try:
                    values.append(parse_number(text, self.convert._options["decimal"]))
                except ValueError as error:
                    code = "bad_number" if use[2] == "per_night" else "too_many_nights"
                    raise RowError(code, value=text[:80], column=use[1]) from error
        arrival = out.get("arrival")
        if not values or not arrival:
            return None
        total = sum(values)
        if "per_night" in self.parts:
            departure = out.get("departure")
            if not departure:
                return None
            return total * _days(arrival, departure)
        if total != int(total) or not (0 if "nights" in self.parts else -MAX_NIGHTS) <= total <= 36500:
            raise RowError("too_many_nights", value=str(total), column=self.uses[0][1])
        try:
            return _shift(arrival, int(total) if "nights" in self.parts else -int(total))
        except OverflowError as error:
            raise RowError("too_many_nights", value=str(total), column=self.uses[0][1]) from error


@lru_cache(maxsize=16384)
def _shift(day, days):
    return (date.fromisoformat(day) + timedelta(days)).isoformat()


@lru_cache(maxsize=16384)
def _days(first, last):
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _clock(text):
    """Return 1930 and 0.8125 (a fraction of a day) as a time, other texts as they are."""
    if text.isdigit() and len(text) in (3, 4):
        return f"{text[:-2]}:{text[-2:]}"
    if text.startswith(("0.", "0,")) and text[2:].isdigit():
        minutes = round(float(text.replace(",", ".")) * 1440)
        return f"{minutes // 60}:{minutes % 60:02d}"
    return text
