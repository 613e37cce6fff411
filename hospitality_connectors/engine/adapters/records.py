"""What adapters do alike: records to raw, texts to money and time."""

import json
import re
from datetime import date, datetime, timezone
from decimal import Decimal
from hashlib import blake2b
from zoneinfo import ZoneInfo

from ..adapter import ParseError, Raw

#: Currencies whose smallest unit is not a hundredth (ISO 4217, list one).
EXPONENTS = {
    **dict.fromkeys(("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF").split(), 0),
    **dict.fromkeys(("BHD IQD JOD KWD LYD OMR TND").split(), 3),
    **dict.fromkeys(("CLF UYW").split(), 4),
}

_WHOLE = re.compile(r"[+-]?\d{1,18}(?:\.0{0,6})?", re.ASCII).fullmatch


def raw(entity, external_id, record, version=None, observed_at=None):
    """Return the :class:`Raw` of a JSON value.

    Its event key changes when the content does. Without a version it changes with the day, too, so that a record that
    was changed back is taken up again.

    :param version: number that grows with each change, or None
    """
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    digest = blake2b(body.encode("utf-8", "replace"), digest_size=12).hexdigest()
    day = f":{observed_at:%Y%m%d}" if version is None and observed_at else ""
    key = f"{entity}:{external_id}:{'' if version is None else version}:{digest}{day}"
    return Raw(entity, str(external_id), body, "application/json", key, version, observed_at)


def content(raw_record):
    """Return the JSON object of a stored record.

    :raise ParseError: it is none
    """
    try:
        record = json.loads(raw_record.body)
    except (ValueError, RecursionError) as error:
        raise ParseError("", "not_json", f"The record is not readable JSON: {error}.") from None
    if not isinstance(record, dict):
        raise ParseError("", "not_a_record", "The record is not a set of named values.")
    return record


def path(record, *names, default=None):
    """Return a value from nested dicts and lists; ``default`` where a step is missing or None.

    >>> path({"a": [{"b": 1}]}, "a", 0, "b"), path({"a": None}, "a", "b")
    (1, None)
    """
    value = record
    for name in names:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and isinstance(name, int) and -len(value) <= name < len(value):
            value = value[name]
        else:
            return default
    return default if value is None else value


def minor_units(amount, currency):
    """Return an amount in smallest units, a number or a text, as a decimal text.

    >>> minor_units(1250, "JPY"), minor_units("1250", "UAH"), minor_units(1250, "KWD"), minor_units(None, "EUR")
    ('1250', '12.50', '1.250', None)

    :raise ParseError: it is no whole number
    """
    if amount is None or amount == "":
        return None
    text = str(amount)
    if not _WHOLE(text):
        raise ParseError("", "bad_amount", f"{text[:40]!r} is not an amount in smallest units.")
    value = Decimal(text)
    return format(value.scaleb(-EXPONENTS.get(currency or "", 2)), "f")


def stamp(text):
    """Return the Unix time of an ISO 8601 instant (without a zone: UTC), None where there is none.

    >>> stamp("2026-03-01T12:00:00Z"), stamp("2026-03-01T12:00:00.5+04:00"), stamp("")
    (1772366400.0, 1772352000.5, None)
    """
    instant = parse_instant(text)
    return None if instant is None else instant.timestamp()


def parse_instant(text, tz="UTC"):
    """Return an aware time in UTC of an ISO 8601 text, None where it is none.

    :param tz: zone of texts that name none; of a time that a change of clocks makes twice, the first
    """
    if not text or not isinstance(text, str):
        return None
    text = text.strip().replace(" ", "T", 1)
    text = text[:-1] + "+00:00" if text[-1:] in "Zz" else text
    head, dot, tail = text.partition(".")
    if dot:  # Python 3.10 reads three or six digits only
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6]:0<6}{tail[digits:]}"
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            value = value.replace(tzinfo=ZoneInfo(tz))
        return value.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def local_day(text, tz):
    """Return the date (``YYYY-MM-DD``) at a place of an instant; a plain date is returned as it is.

    >>> local_day("2026-03-28T22:00:00Z", "Europe/Kyiv"), local_day("2026-03-29", "Europe/Kyiv")
    ('2026-03-29', '2026-03-29')
    """
    if not text:
        return None
    if len(text) == 10:
        return text
    instant = parse_instant(text, tz)
    return None if instant is None else instant.astimezone(ZoneInfo(tz)).date().isoformat()


def utc(text, tz="UTC"):
    """Return an instant as canonical events want it, None where there is none.

    >>> utc("2026-07-01 14:00:00", "Asia/Yerevan")
    '2026-07-01T10:00:00Z'
    """
    instant = parse_instant(text, tz)
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def as_day(text):
    """Return the :class:`datetime.date` of the first ten characters, None where they are none."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def compact(values):
    """Return a dict without empty values; zero and False stay."""
    return {key: value for key, value in values.items() if value is not None and value != "" and value != []}


#: Records that name their parts: ``(entity, field, entity of the parts)``.
_PARTS = (("booking", "stays", "stay"), ("check", "lines", "charge"), ("check", "payments", "payment"))


def with_parts(events):
    """Return events whose bookings and checks name their parts, so that what is taken out of them is closed.

    >>> check, line = {"entity": "check", "external_id": "7"}, {"entity": "charge", "external_id": "7:1", "check": "7"}
    >>> with_parts([check, line])[0]["lines"]
    ['7:1']
    """
    keys = {}
    for event in events:
        for whole, name, entity in _PARTS:
            if event["entity"] == entity and event.get(whole) and event.get("op", "upsert") == "upsert":
                keys.setdefault((whole, event[whole]), {}).setdefault(name, []).append(event["external_id"])
    return [{**event, **keys.get((event["entity"], event["external_id"]), {})} for event in events]
