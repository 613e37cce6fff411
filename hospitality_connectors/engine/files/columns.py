"""What the values of each column look like, over the whole file."""

import re

from .dates import DateEvidence, months
from .mapping import BLANK
from .numbers import NumberEvidence, currency_of
from .redact import mask_cards
from .words import ISO3

_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]{2,}")
_PHONE = re.compile(r"\+?[\d\s().\-/]{7,22}$")
_CODE3 = frozenset(item[:3] for item in ISO3.split())
PROBE = 300
DISTINCT = 20_000
SAMPLES = 4
# A column with a few bad values among good ones is still a column of dates.
SHARE = 0.6
LONG = 120


class Column:
    """Evidence about one column.

    :ivar filled: cells with a value
    :ivar samples: first different values, card numbers masked
    :ivar dates: :class:`DateEvidence` or None when the column doesn't hold dates
    :ivar numbers: :class:`NumberEvidence` or None when it doesn't hold numbers
    """

    def __init__(self, name):
        self.name = name
        self.filled = self.emails = self.phones = self.months = self.countries = self.longest = 0
        self.looked_at = 0
        self.samples = []
        self.distinct = set()
        self.dates = DateEvidence()
        self.numbers = NumberEvidence()

    def add(self, text):
        text = text.strip()
        if not text or text in BLANK:
            return
        self.filled += 1
        if text in self.distinct:
            return
        if len(self.distinct) < DISTINCT and len(text) < LONG:
            self.distinct.add(text)
        elif self.dates is None and self.numbers is None:
            return
        self._look(text)

    def _look(self, text):
        self.looked_at += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(mask_cards(text)[:80])
        self.longest = max(self.longest, len(text))
        if self.looked_at <= PROBE:
            self.emails += bool(_EMAIL.search(text))
            self.phones += bool(_PHONE.match(text)) and 7 <= sum(c.isdigit() for c in text) <= 15
            self.months += text.lower().strip(".") in months()
            self.countries += text in _CODE3
        if self.dates is not None:
            self.dates.add(text)
        if self.numbers is not None:
            self.numbers.add(text)
        if self.looked_at == PROBE:
            self._decide()

    def _decide(self):
        if self.dates.count < self.looked_at * SHARE:
            self.dates = None
        if self.numbers.count < self.looked_at * SHARE:
            self.numbers = None

    def finish(self):
        """Drop the evidence that the column has no use for."""
        if self.looked_at < PROBE:
            self._decide()
        self.distinct_count = len(self.distinct)
        if self.distinct_count > 60:
            self.distinct = set()
        return self

    def _share(self, count):
        looked = min(self.looked_at, PROBE)
        return count / looked if looked else 0

    @property
    def kind(self):
        """What the values look like: ``blank email month date number country phone text``."""
        if not self.filled:
            return "blank"
        if self._share(self.emails) > 0.6:
            return "email"
        if self._share(self.months) > 0.9:
            return "month"
        if self.dates and self.dates.count - self.dates.serial > self.looked_at * SHARE:
            return "date"
        if self.numbers:
            if self._share(self.phones) > 0.8 and self.longest >= 9 and not self.numbers.dot:
                return "phone"
            return "number"
        if self._share(self.phones) > 0.7:
            return "phone"
        if self._share(self.countries) > 0.9:
            return "country"
        return "text"

    @property
    def currency(self):
        """ISO code that the heading or the values name, "" when none, "?" when it is open."""
        code = currency_of(self.name) if not self.name.islower() else ""
        if code and code != "?":
            return code
        found = self.numbers.currencies if self.numbers else {}
        return max(found, key=found.get) if found else ""

    def summary(self):
        """Return the evidence as a dict for storage."""
        return {
            "name": self.name,
            "kind": self.kind,
            "filled": self.filled,
            "distinct": self.distinct_count,
            "samples": self.samples,
            "currency": self.currency,
            "values": sorted(self.distinct) if self.distinct_count <= 60 else [],
        }


def profile(table, progress=None):
    """Read all rows of a table and return its columns.

    :param Table table: an open table; it is read to its end
    :param progress: called with the number of rows from time to time
    :return: ``(columns, rows, bad rows)``
    """
    columns = [Column(name) for name in table.header]
    rows = bad = 0
    for _number, values, error in table.rows:
        rows += 1
        if error:
            bad += 1
            continue
        for column, value in zip(columns, values, strict=True):
            if value:
                column.add(value)
        if progress and rows % 5000 == 0:
            progress(rows)
    return [column.finish() for column in columns], rows, bad


def decide_formats(columns, used=None):
    """Decide how dates and decimals of a file are written.

    Columns that leave it open follow those that don't; where none does, the user is asked.

    :param columns: :class:`Column` list
    :param used: names of the columns that are mapped, None for all
    :return: ``(options, questions)``: options for a mapping, questions as list of dicts with
        ``option``, ``column``, ``sample``, ``choices``
    """
    options, questions = {}, []
    dated = [c for c in columns if c.dates and c.kind == "date" and (used is None or c.name in used)]
    orders = {column.dates.order for column in dated if column.dates.order}
    open_column = next((column for column in dated if column.dates.order is None), None)
    broken = next((column for column in dated if column.dates.order == ""), None)
    if broken or (orders == {"dmy", "mdy"}):
        column = broken or dated[0]
        questions.append(_question("date_order", column, column.dates.sample, ["dmy", "mdy"]))
    elif orders & {"mdy"}:
        options["date_order"] = "mdy"
    elif open_column and not any(c.dates.day_first for c in dated):
        questions.append(_question("date_order", open_column, open_column.dates.sample, ["dmy", "mdy"]))
    elif orders:
        options["date_order"] = "dmy"
    amounts = [c for c in columns if c.numbers and (used is None or c.name in used)]
    comma = sum(column.numbers.comma for column in amounts)
    dot = sum(column.numbers.dot for column in amounts)
    unsure = next((column for column in amounts if column.numbers.open), None)
    if comma > dot:
        options["decimal"] = ","
    elif dot:
        options["decimal"] = "."
    elif unsure:
        questions.append(_question("decimal", unsure, unsure.samples[0], [",", "."]))
    for column in amounts:
        if column.currency == "?":
            questions.append(_question("currency", column, column.samples[0], []))
            break
    return options, questions


def _question(option, column, sample, choices):
    return {"option": option, "column": column.name, "sample": sample, "choices": choices}
