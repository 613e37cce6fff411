"""Types of the values in canonical events.

A type is a function of a value and its path in the event that returns the coerced value or raises
:class:`EventError`; its ``label`` names it in documentation and messages.
"""

import re
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation

from .redaction import HIDDEN

GUEST_ROLE = ("primary", "sharer", "companion", "booker", "payer")
GENDER = ("female", "male", "other")


def _(text):
    """Mark a text for the translation export; it is translated where it is shown."""
    return text


MESSAGES = {
    "not_a_record": _("The record is not a set of named values."),
    "unknown_entity": _("“%(value)s” is no kind of record that can be imported."),
    "unknown_op": _("“%(value)s” is no operation; use upsert, tombstone, or for guests anonymise, merge or unmerge."),
    "missing_key": _("The record has no key: the source must say which record it is."),
    "hidden_key": _(
        "“%(path)s” looked like a card number and was not stored, so nobody can say which record it names. Have the "
        "source send a key that is no number."
    ),
    "missing_field": _("The value “%(path)s” is missing."),
    "unknown_field": _("“%(path)s” is no value of this kind of record."),
    "wrong_type": _("“%(path)s” has the wrong type: %(value)s is not %(wanted)s."),
    "bad_date": _("“%(path)s” is not a date of the calendar: %(value)s. Write it as YYYY-MM-DD."),
    "bad_instant": _("“%(path)s” is not a date and time: %(value)s. Write it as YYYY-MM-DDTHH:MM:SSZ."),
    "bad_number": _("“%(path)s” is not a number that makes sense here: %(value)s."),
    "bad_amount": _("“%(path)s” is not an amount of money: %(value)s."),
    "bad_choice": _("“%(path)s” has a value that is not known: %(value)s."),
    "bad_currency": _("“%(path)s” is not a currency code of three letters: %(value)s."),
    "bad_country": _("“%(path)s” is not a country code of two letters: %(value)s."),
    "too_long": _("“%(path)s” is longer than %(wanted)s characters."),
    "nul": _("“%(path)s” contains a NUL character, which no text may contain."),
    "bad_text": _("“%(path)s” contains broken characters; the encoding of the source is probably wrong."),
    "dates_order": _("The departure %(value)s lies before the arrival."),
    "stay_too_long": _("The stay is longer than five years: %(value)s. One of its dates is probably wrong."),
    "one_parent": _("The record must name either a stay or a check, and not both."),
    "cycle": _("“%(path)s” leads back to the record itself: %(value)s."),
    "twice": _("“%(path)s” names the same person twice with one role: %(value)s."),
    "no_values": _("The guest has neither a name nor any other value."),
    "no_review": _("The review has neither a rating nor a text."),
    "no_words": _("“%(path)s” says neither a code nor a text."),
    "bad_link": _("“%(path)s” is not a web address: %(value)s. Write it with http:// or https://."),
    "unknown_status": _(
        "Nobody has said what the status “%(value)s” means. Map it: the record is then taken up again."
    ),
    "too_large": _(
        "The record has %(value)s kB, the connector accepts %(wanted)s kB. Raise the limit if the record is right, "
        "then replay."
    ),
    "erased": _(
        "The record was about a guest who has been anonymised. Its text was erased with his data and can't be read "
        "again."
    ),
    "not_json": _("The record is not readable JSON: %(value)s."),
    "no_mapping": _("The column mapping of this row was deleted. Import the file again."),
}


class EventError(ValueError):
    """A record that can't be accepted.

    :ivar path: where in the event (``arrival``, ``guests.1.role``), empty for the event itself
    :ivar code: stable reason, a key of `MESSAGES` or one of the raiser's own
    :ivar message: a full sentence for the people who look after the import
    :ivar warnings: ``kind:code`` of words whose meaning is missing
    :ivar reason: the message as data, so that it can be told in any language (see :mod:`.reasons`); None for a
        raiser's own words
    """

    warnings = ()

    def __init__(self, path, code, value="", wanted="", message=None):
        self.path = path
        self.code = code
        self.reason = None
        if not message:
            params = {"path": path, "value": _shorten(value), "wanted": wanted}
            message = MESSAGES[code] % params
            self.reason = {"key": f"event.{code}", "params": params}
        self.message = message
        super().__init__(self.message)

    def __reduce__(self):
        return (type(self), (self.path, self.code, "", "", self.message), {"reason": self.reason})


def _shorten(value):
    text = value if isinstance(value, str) else repr(value)
    text = text.replace("\x00", "␀").encode("utf-8", "replace").decode()
    return text if len(text) <= 80 else text[:77] + "..."


def text(limit):
    """Return the type of texts of at most ``limit`` characters; numbers are written out."""

    def coerce(value, path):
        if type(value) is not str:
            if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
                raise EventError(path, "wrong_type", value, _("a text"))
            value = str(value)
        value = value.strip()
        if len(value) <= limit and value.isprintable():
            return value
        if len(value) > limit:
            raise EventError(path, "too_long", value, limit)
        if "\x00" in value:
            raise EventError(path, "nul")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise EventError(path, "bad_text") from None
        return value

    coerce.label = "text"
    return coerce


def choice(values):
    """Return the type of the texts in ``values``."""
    known = {value: value for value in values}

    def coerce(value, path):
        try:
            return known[value]
        except (KeyError, TypeError):
            raise EventError(path, "bad_choice", value) from None

    coerce.label = " | ".join(values)
    return coerce


def whole(low, high):
    """Return the type of whole numbers from ``low`` to ``high``; "2" and 2.0 are taken for 2."""

    def coerce(value, path):
        if type(value) is not int:
            try:
                if isinstance(value, bool):
                    raise ValueError
                number = float(value)
                if number != int(number):
                    raise ValueError
                value = int(number)
            except (TypeError, ValueError, OverflowError):
                raise EventError(path, "wrong_type", value, _("a whole number")) from None
        if not low <= value <= high:
            raise EventError(path, "bad_number", value)
        return value

    coerce.label = f"whole number, {low} to {high}"
    return coerce


def number(value, path):
    """Type of finite numbers."""
    try:
        if isinstance(value, bool):
            raise TypeError
        value = float(value)
    except (TypeError, ValueError):
        raise EventError(path, "wrong_type", value, _("a number")) from None
    if not -1e9 < value < 1e9:
        raise EventError(path, "bad_number", value)
    return value


number.label = "number"
_PLAIN_AMOUNT = re.compile(r"-?(?:0|[1-9]\d{0,11})(?:\.\d{0,5}[1-9])?").fullmatch


def money(value, path):
    """Type of amounts; returned as text without superfluous zeros (``"120.5"``)."""
    if type(value) is str and _PLAIN_AMOUNT(value) and value != "-0":
        return value
    try:
        if isinstance(value, bool):
            raise TypeError
        amount = Decimal(value.strip() if isinstance(value, str) else str(value))
        if not amount.is_finite() or abs(amount) >= 10**12:
            raise InvalidOperation
    except (TypeError, InvalidOperation, ValueError, AttributeError):
        raise EventError(path, "bad_amount", value) from None
    amount = round(amount, 6).normalize()
    return format(amount if amount else Decimal(), "f")


money.label = "amount of money"


def flag(value, path):
    """Type of yes and no."""
    if value is True or value is False:
        return value
    if value in (0, 1):
        return bool(value)
    raise EventError(path, "wrong_type", value, _("yes or no"))


flag.label = "yes or no"
_DATE = re.compile(r"(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])", re.ASCII).fullmatch


def day(value, path):
    """Type of dates between 1850 and 2199; returned as ``YYYY-MM-DD``."""
    if type(value) is str and _DATE(value):
        return value
    try:
        if isinstance(value, datetime):
            value = value.date()
        elif not isinstance(value, date):
            if not isinstance(value, str) or len(value) != 10:
                raise ValueError
            value = date.fromisoformat(value)
        if not 1850 <= value.year < 2200:
            raise ValueError
    except ValueError:
        raise EventError(path, "bad_date", value) from None
    return value.isoformat()


day.label = "date"


def instant(value, path):
    """Type of instants between 1970 and 2199; returned as ``YYYY-MM-DD HH:MM:SS`` in UTC."""
    try:
        if type(value) is str:
            # Python 3.10 does not read the Z itself.
            value = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
        elif not isinstance(value, datetime):
            raise ValueError
        if value.tzinfo is not None:
            value = value.astimezone(timezone.utc)
        if not 1970 <= value.year < 2200:
            raise ValueError
    except (ValueError, OverflowError):
        raise EventError(path, "bad_instant", value) from None
    return f"{value:%Y-%m-%d %H:%M:%S}"


instant.label = "instant"


def currency(value, path):
    """Type of ISO 4217 codes; whether the currency exists is for the database to say."""
    if not isinstance(value, str) or len(value) != 3 or not value.isascii() or not value.isalpha():
        raise EventError(path, "bad_currency", value)
    return value.upper()


currency.label = "ISO 4217 code"


def country(value, path):
    """Type of ISO 3166 codes of two letters."""
    if not isinstance(value, str) or len(value) != 2 or not value.isascii() or not value.isalpha():
        raise EventError(path, "bad_country", value)
    return value.upper()


country.label = "ISO 3166 code"
SHORT = text(255)
LINE = text(1000)


def link(value, path):
    """Type of web addresses with http or https, of at most 1000 characters."""
    value = LINE(value, path)
    if value and not _LINK(value):
        raise EventError(path, "bad_link", value)
    return value


link.label = "web address"
_LINK = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE).fullmatch
LONG = text(100_000)
CODE = text(64)


def reference(value, path):
    """Type of keys of records."""
    value = SHORT(value, path)
    if value == HIDDEN:
        raise EventError(path, "hidden_key")
    return value


reference.label = "text"
REF = reference
COUNT = whole(0, 32_767)


def text_list(limit):
    """Return the type of lists of short texts, without empty ones and repetitions."""

    def coerce(value, path):
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, (list, tuple)):
            raise EventError(path, "wrong_type", value, _("a list"))
        if len(value) > limit:
            raise EventError(path, "too_long", value, limit)
        items = [SHORT(item, f"{path}.{index}") for index, item in enumerate(value) if item]
        return list(dict.fromkeys(filter(None, items)))

    coerce.label = "list of texts"
    return coerce


def guests(value, path):
    """Type of the people on a stay.

    ``[{"guest": id, "role": primary|sharer|companion|booker|payer, "pays": bool, "sleeps": bool}]``
    ``role`` defaults to *primary* for the first person and *companion* for others, ``sleeps`` to
    whether the role sleeps in the room, ``pays`` to false for companions and bookers.
    """
    if not isinstance(value, (list, tuple)):
        raise EventError(path, "wrong_type", value, _("a list"))
    if len(value) > 200:
        raise EventError(path, "too_long", value, 200)
    people, seen = [], set()
    for index, item in enumerate(value):
        here = f"{path}.{index}"
        if not isinstance(item, dict):
            raise EventError(here, "wrong_type", item, _("a set of named values"))
        unknown = item.keys() - {"guest", "role", "pays", "sleeps"}
        if unknown:
            raise EventError(f"{here}.{min(unknown, key=str)}", "unknown_field")
        guest = item.get("guest")
        if guest in (None, ""):
            raise EventError(f"{here}.guest", "missing_field")
        guest = REF(guest, f"{here}.guest")
        role = _ROLE(item.get("role") or ("companion" if people else "primary"), f"{here}.role")
        if (guest, role) in seen:
            raise EventError(here, "twice", guest)
        seen.add((guest, role))
        pays, sleeps = item.get("pays"), item.get("sleeps")
        people.append(
            {
                "guest": guest,
                "role": role,
                "pays": role not in ("companion", "booker") if pays is None else flag(pays, f"{here}.pays"),
                "sleeps": role not in ("booker", "payer") if sleeps is None else flag(sleeps, f"{here}.sleeps"),
            }
        )
    return people


guests.label = "list of people"
_ROLE = choice(GUEST_ROLE)


def memberships(value, path):
    """Type of the programmes that a guest belongs to: ``[{"program", "number", "level"}]``."""
    if not isinstance(value, (list, tuple)) or len(value) > 50:
        raise EventError(path, "wrong_type", value, _("a list of at most 50 memberships"))
    result = []
    for index, item in enumerate(value):
        here = f"{path}.{index}"
        if not isinstance(item, dict):
            raise EventError(here, "wrong_type", item, _("a set of named values"))
        unknown = item.keys() - {"program", "number", "level"}
        if unknown:
            raise EventError(f"{here}.{min(unknown, key=str)}", "unknown_field")
        entry = {key: SHORT(item[key], f"{here}.{key}") for key in sorted(item) if item[key]}
        result.append({key: part for key, part in entry.items() if part != HIDDEN})
    return result


memberships.label = "list of {program, number, level}"


def words(value, path):
    """Type of wishes and diets: ``[{"code", "text"}]``, each with a code of the source, a text or both."""
    if not isinstance(value, (list, tuple)) or len(value) > 100:
        raise EventError(path, "wrong_type", value, _("a list of at most 100 wishes"))
    result = []
    for index, item in enumerate(value):
        here = f"{path}.{index}"
        if not isinstance(item, dict):
            raise EventError(here, "wrong_type", item, _("a set of named values"))
        unknown = item.keys() - {"code", "text"}
        if unknown:
            raise EventError(f"{here}.{min(unknown, key=str)}", "unknown_field")
        word = {}
        for name, coerce in (("code", CODE), ("text", LINE)):
            part = item.get(name)
            if part is not None and part != "" and (part := coerce(part, f"{here}.{name}")):
                word[name] = part
        if not word:
            raise EventError(here, "no_words")
        if word not in result:
            result.append(word)
    return result


words.label = "list of {code, text}"

# Canonical values of a guest. Strange but harmless content (an e-mail address without @) is not
# refused here: the writer keeps it in the profile and does not make a contact point of it.
VALUES = {
    "name": LINE,
    "salutation": SHORT,
    "given_name": SHORT,
    "middle_name": SHORT,
    "family_name": SHORT,
    "suffix": SHORT,
    "local_name": LINE,
    "gender": choice(GENDER),
    "birthdate": day,
    "nationality": country,
    "lang": text(35),
    "emails": text_list(50),
    "phones": text_list(50),
    "street": LINE,
    "street2": LINE,
    "zip": SHORT,
    "city": SHORT,
    "state": SHORT,
    "country": country,
    "company_name": LINE,
    "vat": SHORT,
    "vip": SHORT,
    "notes": LONG,
    "memberships": memberships,
    "preferences": words,
    "diet": words,
}
MASK = re.compile(r"[*•●xX#\s@.+()-]*\*{3,}[*•●xX#\s@.+()-]*").fullmatch


def guest_values(value, path, masked=None):
    """Type of the canonical values of a guest, see :data:`VALUES`.

    A value of asterisks was hidden by the source, and what was redacted as a whole by us. Its key is listed under
    ``masked`` in the event that :func:`validate` returns, so that it never overwrites what is known.

    :param list masked: gets the keys of hidden values
    """
    if not isinstance(value, dict):
        raise EventError(path, "wrong_type", value, _("a set of named values"))
    result = {}
    for key, item in value.items():
        if not item and (item is None or item == "" or item == []):
            continue
        if masked is not None and is_masked(item):
            masked.append(key)
            continue
        coerce = VALUES.get(key)
        if coerce is None:
            raise EventError(f"{path}.{key}", "unknown_field")
        try:
            item = coerce(item, key)
        except EventError:
            coerce(item, f"{path}.{key}")  # raises again, now with the whole path
        if item or item is False:
            result[key] = item
    return result


def is_masked(item):
    """Return whether a source has hidden a text, or one of a list, behind asterisks, or its redaction as a whole."""
    if item.__class__ is str:
        return ("***" in item and MASK(item) is not None) or item == HIDDEN
    return item.__class__ in (list, tuple) and any(part.__class__ is str and is_masked(part) for part in item)


guest_values.label = "canonical guest values"
