"""The search text of a person and the patterns that find it.

Both sides are brought to ASCII, so that every script finds every script and a trigram index
works whatever locale the database has. A text holds the folded words of all names, what
romanisation leaves of them (:func:`names.sound`), e-mail addresses as they are, telephone
numbers as digits, and codes. A query becomes a conjunction of small disjunctions of plain
substrings, which contains whatever a plain case-insensitive substring search would find.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from anyascii import anyascii

from .names import fold, sound, words

MAX_GROUPS = 8
MAX_PATTERN = 64

_EMAIL_PART = re.compile(r"[^\s,;<>\"'()\[\]]*@[^\s,;<>\"'()\[\]]*")
_PHONE = re.compile(r"\+?[\d(][\d\s().\-/\u00a0]{2,}\d", re.ASCII)
_PHONE_LIST = re.compile(r"[,;|]|\s/\s")
_ONLY_PHONE = re.compile(r"[+(]?\d[\d\s().\-/\u00a0]{4,}\d\s*\Z", re.ASCII)
_NOT_DIGIT = re.compile(r"\D+", re.ASCII)
_CONTEXTUAL = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff\u0530-\u058f]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_CARONS = str.maketrans(
    {"š": "sh", "ś": "sh", "č": "ch", "ć": "ch", "ž": "zh", "ż": "zh", "ź": "zh", "ş": "sh", "ç": "ch"}
)
_HAS_CARON = re.compile("[šśčćžżźşç]", re.IGNORECASE)


def text_of(names, emails=(), phones=(), codes=()):
    """Return the search text of one person: words parted and surrounded by single blanks.

    It starts with the folded first name of ``names``, so that a prefix of the text is a prefix
    of the name. Later words that the text has already are left out.

    :param names: full names in any script, the one that is shown first
    :param emails: e-mail fields as they are; one may hold several addresses
    :param phones: numbers, E.164 where known
    :param codes: references, tax and membership numbers

    >>> text_of(["Тарас Шевченко"], ["T.Shev@ukr.net"], ["+380 50 123-45-67"], ["G-17"])
    ' taras shevchenko SevCenko t.shev@ukr.net 380501234567 g 17 g17 '
    """
    found = {}
    main = ""
    for name in names:
        if name:
            if not main:
                main = fold(name)
                found.update(dict.fromkeys(main.split()))
            for word in _name_words(name):
                found[word] = None
    for email in emails:
        for word in _email_words(email):
            found[word] = None
    for phone in phones:
        for word in _phone_words(phone):
            found[word] = None
    for code in codes:
        if code:
            parts = fold(str(code)).split()
            found.update(dict.fromkeys(parts))
            if len(parts) > 1:
                found["".join(parts)] = None
    for word in main.split():
        found.pop(word, None)
    return " ".join(["", *([main] if main else []), *found, ""])


def sort_terms(terms):
    """Tell loose terms of a person apart.

    :param terms: names, e-mail addresses and telephone numbers in any order
    :return: tuple of lists (names, emails, phones)

    >>> sort_terms(["Anna", "a@b.ua", "+380501234567"])
    (['Anna'], ['a@b.ua'], ['+380501234567'])
    """
    names, emails, phones = [], [], []
    for term in terms:
        if not term:
            continue
        kind = emails if "@" in term else phones if _ONLY_PHONE.match(term) else names
        kind.append(term)
    return names, emails, phones


@lru_cache(maxsize=1 << 14)
def _name_words(name):
    """Words that one name adds to a text: folded, sounded, joined and in scientific spelling."""
    tokens = fold(name).split()
    result = list(tokens)
    if not name.isascii():
        result += words(name)
        if _HAS_CARON.search(name):
            result += fold(unicodedata.normalize("NFC", name).lower().translate(_CARONS)).split()
        if _CONTEXTUAL.search(name):
            result += _letters(name)
    for one, other in zip(tokens, tokens[1:], strict=False):
        if len(one) == 1 and one.isalpha() and len(other) > 2:
            result.append(one + other)
    result += [sounded for token in dict.fromkeys(result) if (sounded := _sound_of(token))]
    return tuple(dict.fromkeys(result))


@lru_cache(maxsize=1 << 17)
def _sound_of(token):
    """The sound of a word where it says more than the word itself, else None."""
    if len(token) < 3 or not token.isalpha():
        return None
    sounded = sound(token)
    return sounded if sounded != token and len(sounded) > 2 else None


def plain(text):
    """Return ``text`` in ASCII letter by letter: parts of the text are parts of the result.

    >>> plain("Ґанок")
    'ganok'
    """
    return anyascii(unicodedata.normalize("NFC", text).lower()).lower()


def _email_words(email):
    if not email:
        return ()
    if email.isascii() and " " not in email and "<" not in email and "," not in email and "@" in email:
        return (email.lower(),)
    rest = _EMAIL_PART.sub(" ", email)
    return (*(plain(part) for part in _EMAIL_PART.findall(email)), *fold(rest).split())


def _phone_words(phone):
    if not phone:
        return ()
    if not phone.isascii():
        phone = plain(phone)
    digits = _NOT_DIGIT.sub("", phone)
    if phone == "+" + digits:
        return (digits,)
    return tuple(
        digits for part in _PHONE_LIST.split(phone) if len(digits := _NOT_DIGIT.sub("", part.replace("(0)", ""))) > 2
    )


def _letters(text):
    """Words of :func:`plain` text without the marks that it puts between letters."""
    return ["".join(filter(str.isalnum, word)) for word in plain(text).split()]


def patterns(query):
    """Return what a text must contain: a list of groups, of each group at least one substring.

    Empty when the query has no letter or digit. A substring that starts with a blank must be
    the start of a word.

    >>> patterns("Шевченко 123")
    [['shevchenko', ' SevCenko'], ['123']]
    >>> patterns("+380 (50) 123-45-67")
    [['501234567']]
    """
    groups = []
    rest = unicodedata.normalize("NFC", query).strip()
    for email in _EMAIL_PART.findall(rest):
        if any(map(str.isalnum, email)):
            groups.append([plain(email)[:MAX_PATTERN]])
    rest = _EMAIL_PART.sub(" ", rest)
    for match in list(_PHONE.finditer(rest)):
        group = _phone_group(match.group())
        if group:
            groups.append(group)
            rest = rest.replace(match.group(), " ", 1)
    for piece in rest.split():
        groups += _piece_groups(piece)
    return _without_implied(groups)[:MAX_GROUPS]


def _phone_group(run):
    """Substrings for a run of digits that reads as one number, or None when it may be several."""
    run = run.strip()
    digits = _NOT_DIGIT.sub("", run.replace("(0)", ""))
    if run.isdigit() or (len(digits) < 7 and run[0] not in "+("):
        return None
    group = [_national(run, digits)]
    folded = fold(run)
    if " " in folded and run[0] != "+":
        group.append(folded)
    return group


def _national(run, digits):
    """The digits of a number that every way of writing it has in common."""
    if run.startswith("00") and len(digits) > 8:
        run, digits = "+" + run[2:], digits[2:]
    if run.startswith("+"):
        try:
            national = str(phonenumbers.parse(run).national_number)
        except phonenumbers.NumberParseException:
            return digits
        return national if len(national) > 6 else digits
    if len(digits) == 11 and digits[0] == "8":
        return digits[1:].lstrip("0") or digits
    return digits[1:] if digits[0] == "0" and len(digits) > 4 else digits


def _piece_groups(piece):
    """Groups for a piece of a query without blanks."""
    tokens = fold(piece).split()
    if piece.isascii():
        return [_token_group(token) for token in tokens]
    if len(tokens) != 1:
        groups = [_token_group(token) for token in tokens]
        if groups and _HANGUL.match(piece):
            groups[0].append(words(piece)[0])
        return groups
    group = _token_group(tokens[0], shortest=3)
    if _CONTEXTUAL.search(piece):
        group += _letters(piece)
    if _HAS_CARON.search(piece):
        spelled = fold(piece.lower().translate(_CARONS))
        group += [spelled, " " + sound(spelled)]
    return [_shortest_only(group)]


def _token_group(token, shortest=4):
    token = token[:MAX_PATTERN]
    if token.isdigit():
        return [_national(token, token)]
    group = [token]
    if len(token) >= shortest and token.isalpha():
        sounded = sound(token)
        if len(sounded) >= shortest and sounded != token:
            group.append(" " + sounded)
    return group


def _shortest_only(group):
    """Leave out what another substring of the group implies."""
    group = list(dict.fromkeys(group))
    return [one for one in group if not any(other != one and other in one for other in group)]


def _without_implied(groups):
    """Leave out groups that another one implies (all must hold)."""
    kept = []
    for group in sorted(map(_shortest_only, groups), key=lambda group: -min(map(len, group))):
        if not any(all(any(one in longer for one in group) for longer in other) for other in kept):
            kept.append(group)
    return kept


def pieces(pattern):
    """Return short parts of a pattern that are enough to look it up.

    A trigram index looks at every trigram of what it is asked for, also those that everybody
    has. A few from the beginning, the middle and the end of a long pattern are as telling.

    >>> pieces(" shevchenko"), pieces("anna.k@gmail.com"), pieces("0501234567"), pieces("kova")
    (['shev', 'chen', 'enko'], ['anna.k@'], ['0501234567'], ['kova'])
    """
    text = pattern.strip()
    local, at, _domain = text.partition("@")
    if at and len(local) > 3:
        text = local + at
    size = 4
    if text.isdigit() or len(text) < 2 * size:
        return [text]
    middle = (len(text) - size) // 2 + 1
    starts = (0, middle, len(text) - size) if len(text) > 2 * size + 1 else (0, len(text) - size)
    return [text[start : start + size] for start in starts]


def prefix(query):
    """Return the start of the texts of those whose shown name starts with ``query``, or None.

    >>> prefix("Ann"), prefix("ann@b.ua"), prefix("050 123 45 67")
    (' ann', None, None)
    """
    folded = "" if "@" in query or _ONLY_PHONE.match(query) else fold(query)
    return " " + folded if folded else None
