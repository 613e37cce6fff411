"""Numbers and amounts as people write them."""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

# Symbols that mean one currency. "$" and "¥" don't: dollars, pesos, yen and yuan use them.
SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "₴": "UAH",
    "₽": "RUB",
    "֏": "AMD",
    "₾": "GEL",
    "₸": "KZT",
    "₺": "TRY",
    "₹": "INR",
    "₪": "ILS",
    "₩": "KRW",
    "zł": "PLN",
    "Kč": "CZK",
    "kč": "CZK",
    "Ft": "HUF",
    "лв": "BGN",
    "грн": "UAH",
    "руб": "RUB",
    "драм": "AMD",
    "դր": "AMD",
    "CHF": "CHF",
    "US$": "USD",
    "円": "JPY",
    "元": "CNY",
    "R$": "BRL",
}
_AMBIGUOUS = ("$", "¥")
CODES = frozenset(
    (
        "AED ALL AMD ARS AUD AZN BAM BGN BHD BRL BYN CAD CHF CLP CNY COP CZK DKK EGP EUR GBP GEL HKD HUF IDR ILS "
        "INR ISK JOD JPY KES KGS KRW KWD KZT LBP LKR MAD MDL MKD MUR MVR MXN MYR NOK NZD OMR PEN PHP PKR PLN QAR "
        "RON RSD RUB SAR SEK SGD THB TND TRY TWD TZS UAH USD UYU UZS VND ZAR"
    ).split()
)
_CODE = re.compile(r"\b[A-Za-z]{3}\b")
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009'’]+")
_SHAPE = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+-]?\d{1,2})?$")
_SINGLE = re.compile(r"^\d+([.,])(\d+)$")


def currency_of(text):
    """Return the ISO code of the currency that a text names, "" when none, "?" when it could be several.

    >>> currency_of("€ 1.234,50"), currency_of("300 грн."), currency_of("USD 12"), currency_of("$5")
    ('EUR', 'UAH', 'USD', '?')
    """
    for symbol, code in SYMBOLS.items():
        if symbol in text:
            return code
    for match in _CODE.finditer(text):
        if match[0].upper() in CODES:
            return match[0].upper()
    return "?" if any(symbol in text for symbol in _AMBIGUOUS) else ""


def strip_number(text):
    """Return the digits, signs and separators of a number, "" when it isn't one.

    >>> strip_number("(€ 1 234,50)"), strip_number("12.5-"), strip_number("abc")
    ('-1234,50', '-12.5', '')
    """
    text = text.strip().replace("\u2212", "-").replace("٫", ".").replace("٬", "")
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1]
    text = _SPACES.sub("", text)
    for symbol in SYMBOLS:
        if symbol in text:
            text = text.replace(symbol + ".", "").replace(symbol, "")
    for symbol in _AMBIGUOUS:
        text = text.replace(symbol, "")
    if text[:3].upper() in CODES:
        text = text[3:]
    elif text[-3:].upper() in CODES:
        text = text[:-3]
    if text.endswith("-"):
        text = "-" + text[:-1]
    if text.endswith(("p.", "р.")):
        text = text[:-2]
    if not _SHAPE.match(text):
        return ""
    return "-" + text.lstrip("+-") if negative else text


@lru_cache(maxsize=16384)
def parse_number(text, decimal="."):
    """Return the value of a number.

    :param str text: as written, with separators and currency
    :param str decimal: the decimal separator of the column; used where the text leaves it open
    :rtype: Decimal
    :raise ValueError: not a number

    >>> parse_number("1.234,50", ","), parse_number("1,234.50", ","), parse_number("1.234", ",")
    (Decimal('1234.50'), Decimal('1234.50'), Decimal('1234'))
    """
    plain = strip_number(text)
    if not plain:
        raise ValueError(text)
    commas, dots = plain.count(","), plain.count(".")
    if commas and dots:
        mark = "," if plain.rindex(",") > plain.rindex(".") else "."
        if plain.count(mark) > 1:
            raise ValueError(text)
    elif commas + dots > 1:
        mark = ""
    elif commas + dots == 1:
        mark = decimal if len(plain) - 1 - max(plain.find(","), plain.find(".")) == 3 else ("," if commas else ".")
    else:
        mark = ""
    _check_groups(plain, mark, text)
    plain = plain.replace("." if mark == "," else ",", "") if mark else plain.replace(",", "").replace(".", "")
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(text) from error


def _check_groups(plain, mark, text):
    """Refuse separators that neither group thousands nor mark the decimals: 1.2.3, 12,34.5"""
    whole = plain.lstrip("+-").split(mark)[0] if mark else plain.lstrip("+-")
    groups = re.split(r"[.,]", whole)
    # Indian numbering groups by two before the last three digits.
    if len(groups) > 1 and (len(groups[-1]) != 3 or any(len(group) not in (1, 2, 3) for group in groups[:-1])):
        raise ValueError(text)


class NumberEvidence:
    """What the values of a column say about its decimal separator."""

    __slots__ = ("comma", "count", "currencies", "dot", "open", "other", "whole")

    def __init__(self):
        self.count = self.whole = self.comma = self.dot = self.open = self.other = 0
        self.currencies = {}

    def add(self, text):
        if text.isdigit():
            self.count += 1
            self.whole += 1
            return
        plain = strip_number(text)
        if not plain:
            self.other += 1
            return
        self.count += 1
        code = currency_of(text)
        if code:
            self.currencies[code] = self.currencies.get(code, 0) + 1
        commas, dots = plain.count(","), plain.count(".")
        if commas and dots:
            if plain.rindex(",") > plain.rindex("."):
                self.comma += 1
            else:
                self.dot += 1
        elif commas + dots == 1:
            match = _SINGLE.match(plain.lstrip("+-"))
            if match and len(match[2]) == 3 and not match[0].startswith("0"):
                self.open += 1
            elif commas:
                self.comma += 1
            else:
                self.dot += 1
        elif commas > 1:
            self.dot += 1
        elif dots > 1:
            self.comma += 1
        else:
            self.whole += 1

    @property
    def decimal(self):
        """The separator: ``.`` or ``,``; None while both are possible and it matters."""
        if self.comma > self.dot:
            return ","
        if self.dot or not self.open:
            return "."
        return None
