"""What must never be stored, found and taken out of records before they are."""

import functools
import json
import re

from .cards import is_card, may_hold_card, replace_cards

#: Type of stored records that are canonical events already, whatever the adapter: what the reader itself has found out.
EVENTS = "application/x-hospitality-events+json"
#: What stands in the place of a value.
HIDDEN = "[redacted]"
#: A number of so many digits in a field for telephone numbers is one.
PHONE_DIGITS = 13
_NAME = re.compile(r'"([^"\\]+)"\s*:').findall
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch
#: Names of fields, in lower case without separators, whose value is taken out whatever it is.
FIELDS = frozenset(
    "cardnumber cardno pan cvv cvc cvv2 csc securitycode cardholder cardholdername nameoncard track1 track2 trackdata"
    " magstripe iban accountnumber routingnumber accesstoken refreshtoken clientsecret password secret pin"
    " documentnumber docid idnumber passportnumber passportno identificationnumber nationalid taxid ssn visanumber"
    " documentscan scan image photo signature".split()
)


def without_cards(text):
    """Return a text in which numbers of cards are replaced.

    >>> without_cards("paid with 4111-1111-1111-1111, thanks")
    'paid with [redacted], thanks'

    A text that is a UUID and nothing else is a key, whatever its digits.

    >>> without_cards("41111111-1111-1111-0000-000000000000")
    '41111111-1111-1111-0000-000000000000'
    """
    if _UUID(text):
        return text
    return replace_cards(text, lambda _number: HIDDEN)


def without_cards_any(body):
    """Return a text, or bytes in whatever encoding, without numbers of cards."""
    if not isinstance(body, bytes):
        return without_cards(body)
    try:
        return without_cards(body.decode())
    except UnicodeDecodeError:
        # Digits are ASCII in every encoding that a vendor would use.
        return without_cards(body.decode("latin-1")).encode("latin-1")


def redact(value, fields=FIELDS, keep=(), spare=None, within=""):
    """Return a JSON value without what must not be stored: values of ``fields``, and numbers of cards anywhere.

    :param fields: names without separators, in lower case
    :param keep: names, or ``parent.name``, whose texts, numbers and lists of them are kept as they are: keys of
        records, which may look like numbers of cards
    :param spare: function that says whether a text or number is to be kept whatever its name
    :param within: name of what holds the value
    """
    if isinstance(value, dict):
        result = {}
        for key, item in value.items():
            plain = _plain(str(key))
            if (plain in keep or f"{within}.{plain}" in keep or _is_phone(plain, item)) and not _is_nested(item):
                result[key] = item
            elif plain in fields and item not in (None, "", [], {}) and not _is_spared(spare, item):
                result[key] = HIDDEN
            else:
                result[key] = redact(item, fields, keep, spare, plain)
        return result
    if isinstance(value, list):
        return [redact(item, fields, keep, spare, within) for item in value]
    if isinstance(value, str):
        clean = without_cards(value)
        return value if clean != value and _is_spared(spare, value) else clean
    if _is_number(value) and is_card(str(int(value))) and not _is_spared(spare, value):
        return HIDDEN
    return value


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e20


def _is_nested(item):
    return isinstance(item, dict) or (isinstance(item, list) and any(isinstance(one, (dict, list)) for one in item))


def _is_phone(plain, item):
    """Say whether a field holds a telephone number; cards with as few digits are not issued any more."""
    if plain not in ("tel", "fax") and not any(word in plain for word in ("phone", "mobile", "whatsapp")):
        return False
    return all(sum(char.isdecimal() for char in str(one)) <= PHONE_DIGITS for one in _listed(item))


def _listed(item):
    return item if isinstance(item, list) else [item]


def _is_spared(spare, item):
    return spare is not None and not isinstance(item, (dict, list)) and spare(item)


def is_suspect(body, fields=FIELDS):
    """Say whether a JSON text may hold what must not be stored: digits enough for a card, or a field of such a name.

    Looking takes a tenth of the time of reading, and most records hold neither.
    """
    if not isinstance(body, str) or "\\" in body or may_hold_card(body):
        return True
    return any(_plain(name) in fields for name in _NAME(body))


@functools.lru_cache(maxsize=4096)
def _plain(name):
    return "".join(char for char in name.lower() if char.isalnum())


def redact_raw(record, fields=FIELDS, keep=(), drop=(), spare=None):
    """Return a :class:`engine.adapter.Raw` of JSON without what must not be stored, see :func:`redact`.

    What is no JSON loses the numbers of cards alone; canonical events are as they are.

    :param drop: names of values that are left out, spelled as they come
    """
    if record.content_type == EVENTS or (not drop and not is_suspect(record.body, fields)):
        return record
    try:
        value = json.loads(record.body)
    except (ValueError, RecursionError):
        return record._replace(body=without_cards_any(record.body))
    value = redact(_drop(value, frozenset(drop)) if drop else value, fields, keep, spare)
    return record._replace(body=json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _drop(value, names):
    if isinstance(value, dict):
        return {key: _drop(item, names) for key, item in value.items() if key not in names}
    if isinstance(value, list):
        return [_drop(item, names) for item in value]
    return value
