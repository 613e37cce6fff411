"""Card numbers never reach the database."""

import re

# 13 to 19 digits in any of the usual groupings, not part of a longer number.
_CANDIDATE = re.compile(r"(?<![\d+])(?:\d[ -]?){12,18}\d(?!\d)")
_DIGITS = re.compile(r"\d{4}[ -]?\d{3}|\d{12}")
_BRANDS = re.compile(
    r"(?:4\d{12}(?:\d{3}){0,2}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11,16}|"
    r"(?:6011|64[4-9]\d|65\d\d)\d{12,15}|(?:352[89]|35[3-8]\d)\d{12,15}|62\d{14,17}|"
    r"(?:50|5[6-9]|6[0-9])\d{10,17}|220[0-4]\d{12,15}|9860\d{12})$"
)


def is_card_number(digits):
    """Whether digits are the number of a payment card: a known issuer range and a Luhn check digit.

    >>> is_card_number("4111111111111111"), is_card_number("4111111111111112")
    (True, False)
    """
    if not _BRANDS.match(digits):
        return False
    total = 0
    for index, char in enumerate(reversed(digits)):
        number = int(char)
        if index % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


def mask_cards(text):
    """Return the text with all but the last four digits of card numbers masked.

    >>> mask_cards("paid with 4111 1111 1111 1111, thanks")
    'paid with ************1111, thanks'
    """
    if len(text) < 13 or not _DIGITS.search(text):
        return text
    return _CANDIDATE.sub(_mask, text)


def _mask(match):
    digits = match[0].replace(" ", "").replace("-", "")
    return f"{'*' * (len(digits) - 4)}{digits[-4:]}" if is_card_number(digits) else match[0]


class Redactor:
    """Masks card numbers in rows and counts them per column.

    A key or telephone number can look like a card number by chance (one in ten passes the check
    digit). Columns used for keys and telephone numbers are spared unless most of their values are
    card numbers, or the digits are too many for a telephone number.

    :param list header: names of the columns
    :param keys: indices of columns with keys
    :param phones: indices of columns with telephone numbers
    """

    def __init__(self, header, keys=(), phones=()):
        self.header = header
        self._keys = frozenset(keys)
        self._phones = frozenset(phones)
        self.found = {}

    def row(self, values):
        """Return the values without card numbers; the same list when there are none."""
        result = values
        for index, value in enumerate(values):
            if len(value) < 13 or index in self._keys:
                continue
            masked = mask_cards(value)
            if masked != value:
                if index in self._phones and sum(char.isdigit() for char in value) < 16:
                    continue
                if result is values:
                    result = list(values)
                result[index] = masked
                name = self.header[index]
                self.found[name] = self.found.get(name, 0) + 1
        return result
