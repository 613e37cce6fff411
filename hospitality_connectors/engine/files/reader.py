"""One door to the rows of a file of any type."""

from . import reader_csv, reader_json, reader_xlsx, reader_xml
from .container import recognise
from .errors import FileError, RowError
from .flatten import flatten
from .table import MAX_COLUMNS, MAX_ROW, Table


def open_table(source, options=None, **limits):
    """Open a file for reading.

    :param source: path, bytes, or a :class:`Container`
    :param dict options: what is known already, as in ``Table.facts``: ``encoding``, ``delimiter``,
        ``sheet``, ``header_row``, ``record_path``, and ``header`` for JSON and XML, which saves
        the pass that collects the names
    :param limits: see :func:`recognise`
    :rtype: Table
    :raise FileError: the file can't be imported
    """
    container = source if hasattr(source, "open") and hasattr(source, "kind") else recognise(source, **limits)
    if container.kind == "csv":
        return reader_csv.read(container, options)
    if container.kind == "xlsx":
        return reader_xlsx.read(container, options)
    return _nested(container, options or {})


def _nested(container, options):
    facts = {"kind": container.kind}
    options = dict(options)
    if container.kind == "xml":
        reader = reader_xml
        if not options.get("record_path"):
            options["record_path"] = "/".join(reader_xml.find_record_path(container))
        facts["record_path"] = options["record_path"]
    else:
        reader = reader_json
    header = options.get("header") or _collect_header(reader, container, options)
    return Table(header, _rows(reader.records(container, options), header), 1, {**facts, "header": header})


def _collect_header(reader, container, options):
    names = {}
    count = 0
    first_error = None
    for _number, record, error in reader.records(container, options):
        count += record is not None
        first_error = first_error or error
        for flat in flatten(record) if record is not None else ():
            names.update(dict.fromkeys(flat))
            if len(names) > MAX_COLUMNS:
                raise FileError("too_many_columns", count=len(names), limit=MAX_COLUMNS)
    if not count and first_error:
        raise FileError("damaged", detail=first_error.params.get("detail", str(first_error)))
    if not names:
        raise FileError("no_records")
    return list(names)


def _rows(records, header):
    for number, record, error in records:
        if error:
            yield number, None, error
            continue
        for flat in flatten(record):
            values = [flat.get(name, "") for name in header]
            if sum(map(len, values)) > MAX_ROW:
                yield number, None, RowError("too_long", limit=MAX_ROW // 1024)
            elif any(values):
                yield number, values, None
