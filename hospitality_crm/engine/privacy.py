"""A person as a procedure of privacy sees him: his contacts, his rows, and what names him."""

import re
from dataclasses import dataclass, field

#: A word of a name that is shorter stands for too many things.
MIN_WORD = 3
#: So many digits of a number make it one.
MIN_DIGITS = 7
MASK = "***"
_EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|])")
_PARTICLES = frozenset(
    "mr mrs ms miss dr prof herr frau monsieur madame van von der den del della dos das the and und bin ibn abu".split()
)


@dataclass
class Subject:
    """:ivar partner_id: the guest as he is now
    :ivar partner_ids: with all contacts that were merged into him, and his own further addresses
    :ivar profile_ids: his source profiles
    :ivar rows: ``{table: set of keys}`` of rows about him
    :ivar mentions: the same of rows of others that mention him
    :ivar emails: normalised addresses that nobody else has; ``phones`` likewise, as E.164
    :ivar shared: addresses and numbers of others too
    :ivar names: full names; ``numbers``: VAT numbers, documents, cards, bank accounts
    :ivar strangers: full names and VAT numbers that others have too
    """

    partner_id: int
    partner_ids: list
    profile_ids: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)
    mentions: dict = field(default_factory=dict)
    emails: set = field(default_factory=set)
    phones: set = field(default_factory=set)
    shared: set = field(default_factory=set)
    names: set = field(default_factory=set)
    numbers: set = field(default_factory=set)
    strangers: set = field(default_factory=set)

    def add(self, table, keys, mention=False):
        """Add rows; return whether there were new ones."""
        target = (self.mentions if mention else self.rows).setdefault(table, set())
        before = len(target)
        target.update(keys)
        if not target:
            (self.mentions if mention else self.rows).pop(table)
        return len(target) > before

    def settle(self):
        """Rows about him are not among those that only mention him."""
        for table in list(self.mentions):
            self.mentions[table] -= self.rows.get(table, set())
            if not self.mentions[table]:
                del self.mentions[table]

    def addresses(self):
        """Yield ``(channel, value)`` of what identifies him alone."""
        yield from (("email", value) for value in sorted(self.emails))
        yield from (("phone", value) for value in sorted(self.phones))

    # -- patterns (regular expressions of PostgreSQL) ------------------------------------------

    def get_address_pattern(self):
        """Return what finds his addresses and numbers anywhere, None when there are none."""
        return _join(
            [rf"(?<![\w.+%-]){_escape(email)}(?![\w-])" for email in sorted(self.emails)]
            + [pattern for phone in sorted(self.phones) for pattern in _get_phone_patterns(phone)]
        )

    def get_name_pattern(self):
        """Return what finds his full names and numbers where people have written to each other; None without any."""
        names = [name for name in self.names - self.strangers if len(name.split()) > 1]
        patterns = [_get_word_pattern(form) for name in sorted(names) for form in _get_forms(name)]
        patterns += [_get_word_pattern(number) for number in sorted(self.numbers - self.strangers)]
        return _join(patterns)

    def get_row_pattern(self):
        """Return what finds him in rows about him: also shared addresses and single words of his names."""
        words = {
            word
            for name in self.names
            for word in (*name.split(), name)
            if len(word) >= MIN_WORD and word.lower() not in _PARTICLES
        }
        parts = [_get_word_pattern(form) for word in sorted(words, key=len, reverse=True) for form in _get_forms(word)]
        parts += [_escape(number) for number in sorted(self.numbers)]
        for value in sorted(self.shared):
            parts += [_escape(value)] if "@" in value else _get_phone_patterns(value)
        return _join([pattern for pattern in (self.get_address_pattern(), *parts) if pattern])


def find_emails(text):
    """Return the e-mail addresses in a text, in small letters.

    >>> sorted(find_emails('"Ann" <Ann@Example.com>, b@c.de'))
    ['ann@example.com', 'b@c.de']
    """
    return {found.lower() for found in _EMAIL.findall(text or "")}


def mask_others(text, own):
    """Return a text in which the addresses of other people can't be read.

    >>> mask_others("ann@x.org told bob@y.org", {"ann@x.org"})
    'ann@x.org told ***'
    """
    return _EMAIL.sub(lambda found: found[0] if found[0].lower() in own else MASK, text)


def _join(patterns):
    return "|".join(f"(?:{pattern})" for pattern in patterns) if patterns else None


def _escape(text):
    return _SPECIAL.sub(r"\\\1", text)


def _get_forms(text):
    """A database without rules for letters compares them as they are written."""
    return sorted({text, text.lower(), text.upper(), text.title()}) if not text.isascii() else [text]


def _get_word_pattern(text):
    return rf"(?<![[:alnum:]]){_escape(text)}(?![[:alnum:]])"


def _get_phone_patterns(phone):
    """Return how an E.164 number may be written: with or without its country, in groups."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < MIN_DIGITS:
        return []
    gap = r"[ ()./\-]{0,3}"
    whole = gap.join(digits)
    patterns = [rf"(?<!\d)(?:\+|00)?{whole}(?!\d)"]
    if len(digits) > 10:
        # Without the country code, of one to three digits, the number starts with a zero or nothing.
        for length in range(1, 4):
            rest = digits[length:]
            if len(rest) >= 9:
                patterns.append(rf"(?<!\d)0{gap}{gap.join(rest)}(?!\d)")
        patterns.append(rf"(?<!\d){gap.join(digits[-9:])}(?!\d)")
    return patterns
