"""Excel workbooks, read row by row."""

import datetime
import io
import itertools
import re
import warnings
import zipfile

from .errors import FileError, RowError
from .reader_csv import PROBE_RECORDS
from .table import MAX_COLUMNS, Table, clean_header, find_header, fit


def read(container, options=None):
    """Open a workbook.

    :param Container container: the file
    :param dict options: ``sheet`` and ``header_row`` where the user decided them
    :rtype: Table
    :raise FileError: no such sheet, no heading, no rows, damaged
    """
    options = options or {}
    book = _load(container)
    names = [sheet.title for sheet in book.worksheets]
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
    if options.get("sheet"):
        if options["sheet"] not in names:
            raise FileError("no_sheet", sheet=options["sheet"], sheets=", ".join(names))
        sheets = [book[options["sheet"]]]
    else:
        sheets = visible
    filled = [(sheet, probe, records) for sheet, probe, records in map(_probe, sheets) if probe]
    if not filled:
        raise FileError("empty")
    sheet, probe, records = filled[0]
    header_row = options.get("header_row")
    index = header_row - 1 if header_row else find_header([values for _n, values, _e in probe])
    if index is None or not 0 <= index < len(probe):
        raise FileError("no_header")
    header = clean_header(probe[index][1])
    rows = _fitted(itertools.chain(probe[index + 1 :], records), len(header))
    first = next(rows, None)
    if first is None:
        raise FileError("header_only")
    questions = []
    if len(filled) > 1:
        choices = [other.title for other, _probe_, _records_ in filled]
        questions.append({"option": "sheet", "chosen": sheet.title, "choices": choices})
    return Table(
        header,
        itertools.chain([first], rows),
        index + 1,
        {"kind": "xlsx", "sheet": sheet.title, "header_row": index + 1},
        questions,
    )


def _load(container):
    import openpyxl  # only who imports a workbook pays for it

    stream = container.open()
    if container.packed:
        stream = io.BytesIO(stream.read())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
    except (KeyError, ValueError, TypeError, OSError, SyntaxError, zipfile.BadZipFile) as error:
        raise FileError("damaged", detail=str(error)[:200]) from error
    if not book.worksheets:
        raise FileError("empty")
    return book


def _probe(sheet):
    # The stored dimensions are often wrong; without them openpyxl reads what is there.
    sheet.reset_dimensions()
    records = _records(sheet)
    probe = list(itertools.islice(records, PROBE_RECORDS))
    return sheet, probe if any(any(values) for _n, values, _e in probe) else [], records


def _records(sheet):
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1), 1):
            yield number, [_as_text(value) for value in cells], None
    except (KeyError, ValueError, TypeError, SyntaxError, zipfile.BadZipFile, IndexError) as error:
        raise FileError("damaged", detail=str(error)[:200]) from error


# How a workbook writes a control character (ECMA-376, 22.4.2.4).
_CONTROL = re.compile("_x([0-9A-Fa-f]{4})_")


def _as_text(value):
    """Return a cell as the text that a CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _CONTROL.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time():
            return value.date().isoformat()
        return value.replace(microsecond=0).isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _fitted(records, width):
    for number, values, error in records:
        if not any(values):
            continue
        try:
            yield number, fit(values, width), error
        except RowError as wrong:
            yield number, None, wrong
