"""The common shape of every file: a heading and rows of text."""

import re
from collections import Counter
from dataclasses import dataclass, field

from .errors import FileError, RowError

MAX_COLUMNS = 1000
MAX_ROW = 1 << 20
_NUMERIC = re.compile(r"^[\s\d.,:/+()'%€$£¥₴₽֏-]+$")


@dataclass
class Table:
    """A file opened for reading.

    :ivar header: names of the columns, unique
    :ivar rows: iterator of ``(row number, values, error)``; values is a list of text as long as the
        header, error a :class:`RowError` instead of it
    :ivar first_row: number of the heading row, 1 for the first row of the file
    :ivar facts: how it was read (encoding, delimiter, sheet, ...), as remembered with the mapping
    :ivar questions: what the user should confirm, list of dicts with ``option``, ``choices``
    """

    header: list
    rows: object
    first_row: int = 1
    facts: dict = field(default_factory=dict)
    questions: list = field(default_factory=list)


def find_header(records):
    """Return the index of the heading among the first records of a file.

    Reports often begin with a title and a date. The heading is the first record that is as wide as
    the rows that follow it and holds names, not values.

    :param list records: first records, each a list of text
    :return: index, or None
    :rtype: int or None

    >>> find_header([["Arrivals"], [], ["Name", "Date"], ["Ann", "2025-01-01"]])
    2
    """
    filled = [sum(1 for value in record if value.strip()) for record in records]
    widths = Counter(count for count in filled if count)
    if not widths:
        return None
    usual = max(widths.items(), key=lambda item: (item[1], item[0]))[0]
    needed = max(min(usual, 2), usual * 0.6)
    for index, record in enumerate(records):
        if filled[index] >= needed:
            names = [value for value in record if value.strip()]
            values = sum(1 for name in names if _NUMERIC.match(name) or "@" in name)
            return index if values * 2 <= len(names) and "@" not in "".join(names) else None
    return None


def clean_header(names):
    """Trim the names of a heading, drop blank columns at its end and refuse repeated names.

    A blank name inside the heading becomes ``Column 3``.

    :return: list of names
    :raise FileError: repeated names or too many columns
    """
    names = [" ".join(name.replace("\ufeff", "").split()) for name in names]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise FileError("no_header")
    if len(names) > MAX_COLUMNS:
        raise FileError("too_many_columns", count=len(names), limit=MAX_COLUMNS)
    names = [name or f"Column {index}" for index, name in enumerate(names, 1)]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise FileError("duplicate_header", names=", ".join(f"“{name}”" for name in repeated))
    return names


def fit(values, width):
    """Bring the values of a row to the width of the heading.

    :raise RowError: cells beyond the heading hold values
    """
    count = len(values)
    if count == width:
        return values
    if count < width:
        return values + [""] * (width - count)
    if any(value.strip() for value in values[width:]):
        raise RowError("too_many_cells", count=count, expected=width)
    return values[:width]
