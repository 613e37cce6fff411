"""Converters of single values: text of a cell to a value of a canonical event."""

from .dates import parse_moment
from .errors import RowError
from .numbers import CODES, SYMBOLS, currency_of, parse_number
from .words import CHOICES, choose, country_code, language_tag, parse_boolean

CACHE = 20_000
_UNSEEN = object()


class Unknown(ValueError):
    """A word that isn't known: the value is left out and a warning kept, the row is not refused."""


def _date(text, options):
    moment = parse_moment(text, options["date_order"], options["last_year"])
    return moment and moment.day.isoformat()


def _birthdate(text, options):
    moment = parse_moment(text, options["date_order"], options["base_year"])
    return moment and moment.day.isoformat()


def _moment(text, options):
    return parse_moment(text, options["date_order"], options["last_year"])


def _money(text, options):
    return parse_number(text, options["decimal"])


def _number(text, options):
    return float(parse_number(text, options["decimal"]))


def _integer(text, options):
    if text.isdigit() and len(text) < 10:
        return int(text)
    number = parse_number(text, options["decimal"])
    if number != number.to_integral_value() or abs(number) > 10**9:
        raise ValueError(text)
    return int(number)


def _currency(text, _options):
    code = text.strip().upper()
    if code in CODES or (len(code) == 3 and code.isascii() and code.isalpha()):
        return code
    code = SYMBOLS.get(text.strip()) or currency_of(text)
    if not code or code == "?":
        raise ValueError(text)
    return code


def _country(text, _options):
    try:
        return country_code(text)
    except ValueError as error:
        raise Unknown(text) from error


def _language(text, _options):
    try:
        return language_tag(text)
    except ValueError as error:
        raise Unknown(text) from error


def _boolean(text, _options):
    return parse_boolean(text)


def _gender(text, _options):
    found = choose("gender", text)
    if not found:
        raise Unknown(text)
    return found


def _version(text, options):
    """Numbers stay; a date and time becomes seconds since 1970 as if it were UTC."""
    try:
        number = parse_number(text, options["decimal"])
    except ValueError:
        number = None
    if number is not None and (number < 20_000 or number > 10**8):
        return float(number)
    moment = parse_moment(text, options["date_order"], options["last_year"])
    if moment is None:
        return None
    return (moment.day.toordinal() - 719163) * 86400.0 + (moment.second or 0) - (moment.offset or 0)


def _plain(text, _options):
    return text


_CONVERTERS = {
    "date": (_date, "bad_date"),
    "moment": (_moment, "bad_date"),
    "money": (_money, "bad_number"),
    "number": (_number, "bad_number"),
    "integer": (_integer, "bad_integer"),
    "currency": (_currency, "bad_currency"),
    "country": (_country, "bad_country"),
    "language": (_language, "bad_choice"),
    "boolean": (_boolean, "bad_boolean"),
    "gender": (_gender, "bad_choice"),
    "version": (_version, "bad_date"),
}


class Converter:
    """A cell's text to a value, with a memory of the texts seen.

    :param Target target: what the value is
    :param dict options: ``date_order``, ``decimal``, ``base_year``, ``last_year``
    :param dict words: what the user said single texts mean
    """

    __slots__ = ("_code", "_convert", "_options", "_seen", "_table", "_target", "_words")

    def __init__(self, target, options, words=None):
        self._target = target
        self._options = options
        self._words = words or {}
        self._seen = {}
        self._table = None
        self._convert, self._code = _CONVERTERS.get(target.kind, (_plain, ""))
        if target.field == "birthdate":
            self._convert = _birthdate
        if target.kind == "choice":
            self._table = target.name if target.name in CHOICES else f"stay.{target.field}"
            self._convert = self._choice

    def __call__(self, text, column):
        """Return the value.

        :raise RowError: the text can't be such a value
        :raise Unknown: the word isn't known
        """
        value = self._seen.get(text, _UNSEEN)
        if value is not _UNSEEN:
            return value
        mapped = self._words.get(text, self._words.get(text.casefold()) if self._words else None)
        try:
            value = self._convert(text if mapped is None else str(mapped), self._options)
        except Unknown:
            raise
        except (ValueError, OverflowError, ArithmeticError) as error:
            choices = ", ".join(self._target.choices)
            raise RowError(self._code, value=text[:80], column=column, choices=choices) from error
        if len(self._seen) < CACHE:
            self._seen[text] = value
        return value

    def _choice(self, text, _options):
        if text in self._target.choices:
            return text
        found = choose(self._table, text)
        if found not in self._target.choices:
            raise Unknown(text)
        return found


def money_text(amount):
    """Return an amount as plain text without superfluous zeros.

    >>> from decimal import Decimal
    >>> money_text(Decimal("120.50")), money_text(Decimal("1E+2"))
    ('120.5', '100')
    """
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
