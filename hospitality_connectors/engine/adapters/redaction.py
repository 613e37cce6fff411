"""What must never be stored, found and taken out of records before they are."""

import json
import re

from ..adapter import EVENTS

#: What stands in the place of a value.
HIDDEN = "[redacted]"
_NUMBER = re.compile(r"(?<![\d+])(?:\d[ -]?){12,18}\d(?!\d)")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch
#: Names of fields, in lower case without separators, whose value is taken out whatever it is.
FIELDS = frozenset(
    "cardnumber cardno pan cvv cvc cvv2 csc securitycode cardholder cardholdername nameoncard track1 track2 trackdata"
    " magstripe iban accountnumber routingnumber accesstoken refreshtoken clientsecret password secret pin"
    " documentnumber docid idnumber passportnumber passportno identificationnumber nationalid taxid ssn visanumber"
    " documentscan scan image photo signature".split()
)


def is_card(text):
    """Say whether digits are a card number by its check digit (ISO/IEC 7812-1, annex B).

    >>> is_card("4111 1111 1111 1111"), is_card("4111111111111112")
    (True, False)
    """
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(odd) + sum(sum(divmod(2 * digit, 10)) for digit in even)) % 10 == 0


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
    return _NUMBER.sub(lambda match: HIDDEN if is_card(match.group()) else match.group(), text)


def redact(value, fields=FIELDS, keep=()):
    """Return a JSON value without what must not be stored: values of ``fields``, and numbers of cards anywhere.

    :param fields: names without separators, in lower case
    :param keep: names whose values are kept as they are: keys of records, which may look like numbers of cards
    """
    if isinstance(value, dict):
        result = {}
        for key, item in value.items():
            plain = "".join(char for char in str(key).lower() if char.isalnum())
            if plain in keep:
                result[key] = item
            elif plain in fields and item not in (None, "", [], {}):
                result[key] = HIDDEN
            else:
                result[key] = redact(item, fields, keep)
        return result
    if isinstance(value, list):
        return [redact(item, fields, keep) for item in value]
    if isinstance(value, str):
        return without_cards(value)
    if isinstance(value, int) and not isinstance(value, bool) and is_card(str(value)):
        return HIDDEN
    return value


def redact_raw(record, fields=FIELDS, keep=(), drop=()):
    """Return a :class:`engine.adapter.Raw` of JSON without what must not be stored, see :func:`redact`.

    What is no JSON loses the numbers of cards alone; canonical events are as they are.

    :param drop: names of values that are left out, spelled as they come
    """
    if record.content_type == EVENTS:
        return record
    try:
        value = json.loads(record.body)
    except (ValueError, RecursionError):
        body = record.body.decode("utf-8", "replace") if isinstance(record.body, bytes) else record.body
        return record._replace(body=without_cards(body))
    value = redact(_drop(value, frozenset(drop)) if drop else value, fields, keep)
    return record._replace(body=json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _drop(value, names):
    if isinstance(value, dict):
        return {key: _drop(item, names) for key, item in value.items() if key not in names}
    if isinstance(value, list):
        return [_drop(item, names) for item in value]
    return value
