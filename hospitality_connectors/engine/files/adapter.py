"""The adapter of file rows.

A row is stored as JSON: ``{"m": id of the mapping, "r": row number, "v": values}`` with ``k`` (keys
by content), ``o`` (what other rows say about the same key) and ``e`` (why the row can't be imported)
where there is something to say.
"""

import json
from functools import lru_cache

from ..adapter import Adapter, Capabilities, ParseError, Raw, register
from ..types import EventError
from .convert import Unknown
from .errors import FileError, RowError
from .mapping import Mapping
from .redact import Redactor

CONTENT_TYPE = "application/x-hospitality-row+json"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@lru_cache(maxsize=64)
def _compile(text):
    plan = json.loads(text)
    return Mapping(plan["mapping"], plan["header"], plan.get("places"), plan.get("tz") or "UTC")


def plan(mapping, header, places=None, tz="UTC"):
    """Return what rows are parsed with as one text, to be put into the settings of the connector.

    :param dict mapping: see :mod:`mapping`
    :param list header: names of the columns
    :param dict places: see :class:`Mapping`
    """
    content = {"mapping": mapping, "header": header, "places": places or {}, "tz": tz}
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def compiled(text):
    """Return the :class:`Mapping` of a :func:`plan`, made once.

    :raise FileError: the mapping doesn't fit
    """
    return _compile(text)


def redactor_for(mapping):
    """Return a :class:`Redactor` that knows which columns are keys and telephone numbers."""
    keys, phones = set(), set()
    for fields in mapping.slots.values():
        for field in fields:
            if field.target.kind in ("key", "ref"):
                keys |= set(field.columns)
            elif field.target.kind == "phone":
                phones |= set(field.columns)
    return Redactor(mapping.header, keys, phones)


def raw_row(mapping_id, mapping, numberer, prefix, number, values, error, observed_at=None):
    """Return the :class:`Raw` of a row.

    :param list values: redacted, or None with an error
    :param Numberer numberer: gives the keys by content; call for each row in the order of the file
    :param str prefix: begins the event keys of the file, 32 hex digits
    :param RowError error: why the row can't be imported
    """
    body = {"m": mapping_id, "r": number}
    key = ""
    if values is None:
        body["v"] = []
        event_key = f"{prefix}{number:032x}"
    else:
        body["v"] = values
        row = mapping.clean(values)
        keys = numberer.keys(row)
        error = error or numberer.conflict(row)
        for name, content in (("k", keys), ("o", numberer.overrides(row))):
            if content:
                body[name] = content
        key = mapping.key(mapping.main, row, keys) or next(iter(keys.values()), "")
        event_key = prefix + numberer.event_key(row)
    if error:
        body["e"] = {"code": error.code, "params": error.params}
    return Raw(mapping.main, key[:255], _encode(body), CONTENT_TYPE, event_key, None, observed_at)


@register
class FileAdapter(Adapter):
    """Rows of imported files."""

    code = "file"
    name = "Files (CSV, XLSX, JSON, XML)"

    def capabilities(self):
        entities = frozenset(("guest", "booking", "stay", "reservation", "check", "charge", "payment"))
        return Capabilities(entities, "none", "none", "decimal", "property_local")

    def parse(self, raw, env):
        """Return the events of a row.

        ``env.settings["plans"]`` holds the :func:`plan` of each mapping by its id (as text).
        """
        body = json.loads(raw.body)
        number = body["r"]
        if "e" in body:
            raise _refusal(f"row {number}", RowError(body["e"]["code"], **body["e"]["params"]), number)
        text = env.settings.get("plans", {}).get(str(body["m"]))
        if text is None:
            raise EventError("", "no_mapping")
        try:
            return compiled(text).parse(body["v"], body.get("k"), body.get("o"))
        except FileError as error:
            path = error.params.get("column") or error.params.get("target") or f"row {number}"
            raise _refusal(path, error, number) from None
        except Unknown as error:
            refusal = _refusal(f"row {number}", RowError("unknown_word", value=str(error)[:80]), number)
            refusal.code = "bad_choice"
            raise refusal from None


def _refusal(path, error, number):
    """Return the :class:`ParseError` of what is wrong with a row."""
    reason = {"key": f"file.{error.code}", "params": error.params, "row": number}
    return ParseError(path, error.code, f"Row {number}: {error}", reason)
