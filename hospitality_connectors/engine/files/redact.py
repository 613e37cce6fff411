"""Card numbers never reach the database."""

from ..cards import SHORTEST, replace_cards


def mask_cards(text):
    """Return the text with all but the last four digits of card numbers masked.

    >>> mask_cards("paid with 4111 1111 1111 1111, thanks")
    'paid with ************1111, thanks'
    """
    return replace_cards(text, _mask)


def _mask(number):
    digits = [char for char in number if char.isdecimal()]
    return "*" * (len(digits) - 4) + "".join(digits[-4:])


class Redactor:
    """Masks card numbers in rows and counts them per column.

    A key or telephone number can look like a card number by chance. Columns used for keys are spared, and those used
    for telephone numbers unless the digits are too many for one.

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
            if len(value) < SHORTEST or index in self._keys:
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
