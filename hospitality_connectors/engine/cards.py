"""Numbers of payment cards in texts: what they look like, and where they stand.

Prefixes and lengths are those of the issuers that the table of issuer identification numbers lists (Wikipedia, *Payment
card number*, section *Issuer identification number*; the structure and the check digit are those of ISO/IEC 7812-1).
"""

import re

#: Fewest and most digits of a card.
SHORTEST, LONGEST = 12, 19
#: Most digits of a telephone number (ITU-T E.164).
PHONE = 15
_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa; of 16 digits Elo, Dankort as well
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners Club; of 16 digits Hipercard as well
    r"|35(?:2[89]|[3-8]\d)\d{12,15}|(?:2131|1800)\d{11}"  # JCB
    r"|(?:50|5[6-9]|6\d)\d{10,17}"  # Maestro; from 16 digits on Discover, UnionPay, RuPay, Elo, Hipercard as well
    r"|220[0-4]\d{12,15}|2205\d{12}"  # Mir, Borica
    r"|(?:8[12]\d\d|8600|9860|9051|9792|9704)\d{12}|9704\d{15}",  # RuPay, Uzcard, Humo, ArCa, Troy, Napas
).fullmatch
_RUN = re.compile(r"\d(?:[ -]?\d){11,}")
_GROUP = re.compile(r"\d+")


def is_card(text):
    """Say whether digits are the number of a payment card: an issuer's prefix and length, and the check digit.

    >>> is_card("4111 1111 1111 1111"), is_card("4111111111111112"), is_card("1767225600001")
    (True, False, False)
    """
    digits = [int(char) for char in text if char.isdecimal()]
    if not SHORTEST <= len(digits) <= LONGEST or not _ISSUER("".join(map(str, digits))):
        return False
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(odd) + sum(sum(divmod(2 * digit, 10)) for digit in even)) % 10 == 0


def may_hold_card(text):
    """Say whether a text has digits enough, one after the other, for the number of a card."""
    return _RUN.search(text) is not None


def replace_cards(text, replacement):
    """Return a text with something else in the place of numbers of cards.

    Digits may be parted by blanks and dashes. A number that is part of a longer one is none, nor is what may be a
    telephone number after ``+``.

    >>> replace_cards("2026-03-01 4111-1111 1111 1111 123", lambda number: "?")
    '2026-03-01 ? 123'

    :param replacement: function of the number as it stands there
    """
    if len(text) < SHORTEST:
        return text
    return _RUN.sub(lambda run: _replace(run, replacement), text)


def _replace(run, replacement):
    text = run.group()
    spared = PHONE if run.string[: run.start()].endswith("+") else 0
    groups, before = [], 0
    for group in _GROUP.finditer(text):
        groups.append((group.start(), group.end(), before))
        before += len(group.group())
    made, done = [], 0
    for index, (start, _end, before) in enumerate(groups):
        if start < done:
            continue
        found = None
        for first, end, passed in groups[index : index + LONGEST]:
            count = passed + end - first
            if count - before > LONGEST:
                break
            if count > spared and is_card(text[start:end]):
                found = end  # the longest one counts
        if found:
            made += [text[done:start], replacement(text[start:found])]
            done = found
    return "".join([*made, text[done:]])
