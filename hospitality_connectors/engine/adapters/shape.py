"""Looking into records of vendors: what is not as described is said with its path, never a crash."""

import re
from zoneinfo import ZoneInfo

from ..adapter import ParseError
from .records import minor_units
from .values import text_of

_TABLE = re.compile(r"(?:table|tisch|tbl|tab|стіл|стол|t)?\.?\s*#?\s*(\d{1,4}[a-z]?)", re.IGNORECASE).fullmatch
_ROOM = re.compile(r"(?:room|zimmer|rm|номер|кімната)\.?\s*#?\s*(\w{1,10})", re.IGNORECASE).fullmatch


def need(record, name, where=""):
    """Return the key that a record must have, as text.

    :raise ParseError: it has none
    """
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise ParseError(where + name, "missing_field", f"The value “{where}{name}” is missing.")
    return str(value)


def rows(record, name, where=""):
    """Return a list of named values in a record; an empty one where the record has none.

    :raise ParseError: it holds something else
    """
    value = record.get(name)
    if value in (None, "", {}):
        return []
    if not isinstance(value, list):
        raise ParseError(where + name, "wrong_type", f"“{where}{name}” is not a list.")
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            place = f"{where}{name}.{index}"
            raise ParseError(place, "wrong_type", f"“{place}” is not a set of named values.")
    return value


def part(record, name, where=""):
    """Return named values in a record; an empty dict where the record has none.

    :raise ParseError: it holds something else
    """
    value = record.get(name)
    if value in (None, "", []):
        return {}
    if not isinstance(value, dict):
        raise ParseError(where + name, "wrong_type", f"“{where}{name}” is not a set of named values.")
    return value


def minor(amount, currency, where):
    """Return an amount in smallest units as a decimal text, see :func:`.records.minor_units`.

    :raise ParseError: with the path
    """
    if amount is not None and not isinstance(amount, (str, int, float)):
        raise ParseError(where, "bad_amount", f"“{where}” is not an amount.")
    try:
        return minor_units(amount, currency if isinstance(currency, str) else "")
    except ParseError as error:
        raise ParseError(where, error.code, error.message) from None


def table(value):
    """Return the name of a table out of what a till shows for one; a name of a person is none.

    >>> table("Table 12"), table("7a"), table("Anna")
    ('12', '7a', None)
    """
    found = _TABLE(text_of(value) or "")
    return found and found.group(1)


def room(value):
    """Return the number of a room out of a note on a payment that was put on it.

    >>> room("Room #204"), room("cash"), room(None)
    ('204', None, None)
    """
    found = _ROOM(text_of(value) or "")
    return found and found.group(1)


def pairs(value):
    """Return ``{left: right}`` of a setting ``left=right, left=right``.

    >>> pairs("VIP1=A7, VIP2 = B8,")
    {'VIP1': 'A7', 'VIP2': 'B8'}
    """
    halves = (item.partition("=") for item in (value or "").split(",") if "=" in item)
    return {left.strip(): right.strip() for left, _equals, right in halves if left.strip() and right.strip()}


def group_of(groups, command):
    """Return ``(word, group)`` of a command that says whether a guest is a VIP, or which level he has.

    A VIP whose word stands for no group of its own belongs to the one that stands for ``VIP``.

    :param dict groups: of VIPs or of levels, whichever the command is about; see :func:`pairs`
    :return: the word is empty, and the group None, where the guest is none any more; the group alone is None where
        nobody has set one: then it is said in words
    """
    word = command.values.get("code" if command.kind == "vip" else "level") or ""
    group = groups.get(word) if word else None
    return word, groups.get("VIP") if word and not group and command.kind == "vip" else group


def named_by(groups, owned):
    """Return the first word whose group is among those that a guest is in, None where there is none.

    >>> named_by({"Gold": "5", "Blue": "7"}, {"7", "9"})
    'Blue'
    """
    return next((word for word, group in groups.items() if group in owned), None)


def words(value):
    """Return the parts of a setting that are separated by commas."""
    return [item.strip() for item in (value or "").split(",") if item.strip()]


def same_zone(zone, tz, at):
    """Say whether two time zones show the same time at an instant; a zone that nobody knows does not.

    >>> from datetime import datetime, timezone
    >>> same_zone("Europe/Kiev", "Europe/Kyiv", datetime(2026, 1, 1, tzinfo=timezone.utc))
    True
    """
    try:
        return at.astimezone(ZoneInfo(zone)).utcoffset() == at.astimezone(ZoneInfo(tz)).utcoffset()
    except (ValueError, OSError, KeyError, TypeError):
        return False
