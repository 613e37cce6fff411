"""Delimited text."""

import csv
import io
import itertools

from .encoding import detect
from .errors import FileError, RowError
from .table import MAX_ROW, Table, clean_header, find_header, fit

DELIMITERS = (",", ";", "\t", "|")
PROBE_RECORDS = 60
# A quoted cell may hold line breaks, but one that runs on like this was never closed.
MAX_LINES = 200

# What starts a formula in a spreadsheet, also in its full-width forms; exports put an apostrophe before it.
FORMULA_STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"

# The limit is one for the whole process; it is only ever raised.
csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW))


def read(container, options=None):
    """Open a delimited text file.

    :param Container container: the file
    :param dict options: ``encoding``, ``delimiter``, ``header_row`` where the user decided them
    :rtype: Table
    :raise FileError: no heading, repeated names, no rows
    """
    options = options or {}
    questions = []
    encoding = options.get("encoding")
    if not encoding:
        with container.open() as stream:
            found = detect(stream)
        encoding = found.name
        if not found.certain:
            questions.append({"option": "encoding", "chosen": encoding, "choices": [encoding, *found.others]})
    delimiter, skip = _find_delimiter(container, encoding)
    if options.get("delimiter"):
        delimiter = options["delimiter"]
    records = _records(container, encoding, delimiter, skip)
    probe = list(itertools.islice(records, PROBE_RECORDS))
    header_row = options.get("header_row")
    index = (
        header_row - 1 - skip if header_row else find_header([values for _n, values, _e in probe if values is not None])
    )
    if index is None or not 0 <= index < len(probe) or probe[index][1] is None:
        raise FileError("no_header")
    header = clean_header(probe[index][1])
    rows = _fitted(itertools.chain(probe[index + 1 :], records), len(header))
    first = next(rows, None)
    if first is None:
        raise FileError("header_only")
    return Table(
        header,
        itertools.chain([first], rows),
        probe[index][0],
        {"kind": "csv", "encoding": encoding, "delimiter": delimiter, "header_row": probe[index][0]},
        questions,
    )


def _text(container, encoding):
    # Undecodable bytes survive as surrogates, so that only their row is refused.
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    return io.TextIOWrapper(container.open(), encoding=encoding, errors=errors, newline="")


def _find_delimiter(container, encoding):
    """Return the delimiter and the number of lines to skip (Excel's ``sep=;`` line)."""
    with _text(container, encoding) as text:
        lines = list(itertools.islice(text, 400))
    if lines and lines[0].lstrip("\ufeff").lower().startswith("sep=") and len(lines[0].strip()) >= 5:
        return lines[0].strip()[4], 1
    counts = {
        delimiter: [len(record) for record in csv.reader(lines, delimiter=delimiter) if record]
        for delimiter in DELIMITERS
    }
    best, best_score = ",", 0
    for delimiter, widths in counts.items():
        if not widths:
            continue
        width = max(set(widths), key=widths.count)
        points = (width - 1) * widths.count(width) / len(widths)
        # Decimal commas are in the rows, not in the heading.
        if widths[0] < 2 <= max(other[0] for other in counts.values() if other):
            points /= 10
        if points > best_score:
            best, best_score = delimiter, points
    return best, 0


class _Lines:
    """Lines of a text that remembers those of the record being read and can take them back."""

    def __init__(self, text):
        self._text = text
        self._back = []
        self.taken = []

    def __iter__(self):
        return self

    def __next__(self):
        line = self._back.pop() if self._back else next(self._text)
        self.taken.append(line)
        return line

    def give_back(self):
        """Give all lines of the record but its first back to be read again."""
        self._back.extend(reversed(self.taken[1:]))


def _records(container, encoding, delimiter, skip):
    """Yield ``(row number, values, error)`` of each record of the file, blank ones too."""
    number = skip
    with _text(container, encoding) as text:
        lines = _Lines(text)
        for _index in range(skip):
            next(lines)
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            lines.taken = []
            number += 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield number, None, _unreadable(lines)
                reader = csv.reader(lines, delimiter=delimiter)
                continue
            if len(lines.taken) > MAX_LINES:
                yield number, None, _unreadable(lines)
                reader = csv.reader(lines, delimiter=delimiter)
                continue
            yield number, values, None


def _unreadable(lines):
    if len(lines.taken) > 1:
        lines.give_back()
        return RowError("open_quote")
    return RowError("too_long", limit=MAX_ROW // 1024)


def _fitted(records, width):
    for number, values, error in records:
        if error:
            yield number, None, error
            continue
        if not values or not any(values):
            continue
        if len(values) != width:
            try:
                values = fit(values, width)
            except RowError as wrong:
                yield number, None, wrong
                continue
        if sum(map(len, values)) > MAX_ROW:
            yield number, None, RowError("too_long", limit=MAX_ROW // 1024)
            continue
        joined = "".join(values)
        if not joined.isascii() and any("\udc80" <= char <= "\udcff" for char in joined):
            yield number, None, RowError("undecodable")
            continue
        if "'" in joined:
            values = [_unguard(value) for value in values]
        yield number, values, None


def _unguard(value):
    """Return a cell without the apostrophe that keeps spreadsheets from taking it for a formula.

    >>> _unguard("'=1+1"), _unguard("''=1+1"), _unguard("'t Hooft"), _unguard("'")
    ('=1+1', "'=1+1", "'t Hooft", "'")
    """
    rest = value.lstrip("'")
    return value[1:] if len(rest) < len(value) and rest[:1] and rest[0] in FORMULA_STARTS else value
