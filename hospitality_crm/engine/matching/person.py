"""A person's name as matching compares it: which word is what, whatever order or script it came in."""

import re
from functools import lru_cache
from typing import NamedTuple

from .. import names
from .chinese import SURNAMES, syllables

SURE = 1  # the source kept given and family name apart
SINGLE = 2  # one word only: it may be a given or a family name

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
_ONE_TOKEN = re.compile(r"\s*[^\s,/]+-[^\s,/]+\s*")
_NO_NAMES = names.TITLES | names.PARTICLES
_LETTER = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]\W*\Z")
_HYPHENS = re.compile(r"([A-Za-z]+)-([A-Za-z]+)")
_ORDINALS = {"junior": "jr", "jnr": "jr", "senior": "sr", "snr": "sr"}
# Words for the son, the grandson, the nephew; after two other words only, for there are families of these names.
_RELATIONS = {
    "filho": "jr", "fils": "jr", "figlio": "jr", "hijo": "jr", "ifj": "jr", "ifjabb": "jr", "mladshiy": "jr",
    "mlodszy": "jr", "neto": "iii", "sobrinho": "iv", "pai": "sr", "pere": "sr", "idosb": "sr", "starshiy": "sr",
    "starszy": "sr",
}  # fmt: skip
_ORDINALS |= _RELATIONS
_CLEAR = names.SUFFIXES | {"jnr", "snr"}
_SUFFIXES = _CLEAR | _RELATIONS.keys()
PATRONYMIC = re.compile(
    r".{2,}(?:ovych|evych|ovich|evich|yovych|iovych|ovna|evna|ivna|yivna|iivna|ichna|inichna|ovyc|evyc|ovic|evic|owicz)\Z"
)


class Name(NamedTuple):
    """Words of one name, folded. ``bag`` is the same for every order and cut of the same words."""

    given: str = ""
    middle: str = ""
    family: str = ""
    family2: str = ""
    suffix: str = ""
    flags: int = 0
    bag: str = ""


def parse(given="", middle="", family="", suffix="", full=""):
    """Return the :class:`Name` of parts, or of a full name where the parts are missing.

    >>> parse(full="Едита Богодарівна Забашта")[:3]
    ('edita', 'bogodarivna', 'zabashta')
    >>> parse(full="詹小梦").bag == parse("Xiao-meng", family="Zhan").bag
    True
    >>> parse("Hans", family="Weber", full="Hans Weber Jr.").suffix
    'jr'
    """
    if given or family:
        first, last, flags = _words(given), _words(family), SURE if given and family else 0
        marks = _suffix(first, 1) or _suffix(last, 1)
        second = _words(middle) if middle else []
        if full and full != f"{given} {family}" and not suffix:
            suffix = _suffix(names.fold(full).split())
        if len(last) > 1 and len(first) == 1 and (len(last[-1]) == 1 or PATRONYMIC.match(last[-1])):
            # The parts came in each other's place: "Davis", "Jeff F."
            first, last = last, first
        elif len(first) + len(last) > 2 and last and first and _known(last[0]) and not _known(first[0]):
            first, last = last, first
        if not (first and last):
            tokens = first + second + last
            first, second, last, flags = _order(tokens, full or given or family)
    else:
        words = _full(full)
        marks = _suffix(words)
        if len(words) == 2 and full.isascii() and _ONE_TOKEN.fullmatch(full):
            # A hyphenated given name alone: Hye-jin.
            first, second, last, flags = words[:1], words[1:], [], SINGLE
        else:
            first, second, last, flags = _order(words, full)
    suffix = _ORDINALS.get(names.fold(suffix), names.fold(suffix)) or marks
    if marks:
        first, second, last = ([word for word in part if word not in _SUFFIXES] for part in (first, second, last))
    bag = _bag(first + second + last)
    first, last = _joined(first, last), _joined(last, first)
    if not flags & SINGLE and len(first) + len(last) == 1:
        flags |= SINGLE
    extra = first[1:] + second
    return Name(
        first[0] if first else "",
        extra[0] if extra else "",
        last[0] if last else "",
        last[1] if len(last) > 1 else "",
        suffix,
        flags,
        bag,
    )


_MONSIEUR = re.compile(r"(^|[,/]\s*)M\.?(?:\s+|$)")


def without_monsieur(given, middle, family, full):
    """Return the parts of a name, and the full one, without the "M." that stands for Monsieur in French.

    It is a title only before a whole name: "M. Koval" may be Maria.

    >>> without_monsieur("", "", "", "M. Jean Dupont"), without_monsieur("M.", "Jean", "Dupont", "")
    (('', '', '', 'Jean Dupont'), ('Jean', '', 'Dupont', ''))
    >>> without_monsieur("M.", "", "Dupont", "M. Dupont")
    ('M.', '', 'Dupont', 'M. Dupont')
    """
    rest = _MONSIEUR.sub(r"\1", given, 1)
    if rest != given and _is_whole(f"{rest} {middle} {family}"):
        given, middle = (rest, middle) if rest else (middle, "")
    rest = _MONSIEUR.sub(r"\1", full, 1)
    return given, middle, family, rest if rest != full and _is_whole(rest) else full


def _is_whole(text):
    """Whether there are two words of a name at least that are no initials."""
    return sum(len(word) > 1 and word not in _SUFFIXES for word in _full(text)) > 1


def _words(text):
    """Words of one part of a name; Han characters of one part are one word."""
    if not text:
        return []
    if not text.isascii() and (han := _HAN.findall(text)):
        return [names.fold("".join(han)).replace(" ", "")]
    words = []
    for token in text.split():
        words += _token(token)
    return words or [word for word in names.words(text) if not word.isdigit()]


@lru_cache(maxsize=1 << 18)
def _token(token):
    """Words of what stands between two blanks, without titles and particles; a single letter is an initial."""
    if token in names.HANGUL_SURNAMES:
        return (names.HANGUL_SURNAMES[token],)
    words = names.words(_HYPHENS.sub(_syllable_pair, token))
    if not token.isascii() and len(words) == 1 and _LETTER.match(token):
        # Letters of other scripts may be written with two in Latin.
        return (words[0][:1],)
    return tuple(word for word in words if not word.isdigit() and (word not in _NO_NAMES or len(word) == 1))


def _syllable_pair(match):
    """Join a hyphenated Chinese given name: Xue-ling."""
    one, other = match.groups()
    whole = syllables(one.lower()) and syllables(other.lower()) and len(one) > 1 and len(other) > 1
    return one + other if whole else match.group()


def _full(text):
    """Words of a full name with the family name last where its place can be told."""
    if not text:
        return []
    if not text.isascii() and (han := "".join(_HAN.findall(text))):
        return _han_words(han)
    for mark in "/,":
        family, separator, given = text.partition(mark)
        if separator and family.strip() and given.strip():
            given_words = _words(given)
            if not set(given_words) <= _SUFFIXES:
                return given_words + _words(family)
    return _words(text)


def _han_words(han):
    """Given name and family name of Han characters; the surname comes first unless only the last is one."""
    cut = 2 if len(han) > 2 and han[:2] in names.HAN_DOUBLE_SURNAMES else 1
    if len(han) in (2, 3) and han[0] not in SURNAMES and han[-1] in SURNAMES:
        parts = han[:-1], han[-1]
    else:
        parts = han[cut:], han[:cut]
    return [names.fold(part).replace(" ", "") for part in parts if part]


def _suffix(words, least=2):
    """The mark of a generation among words, where at least so many words are left without it."""
    others = sum(word not in _SUFFIXES for word in words)
    marks = (word for word in words[1:] if word in _CLEAR or (word in _RELATIONS and others >= least))
    return next((_ORDINALS.get(word, word) for word in marks), "")


def _order(words, text):
    """Return (given, middle, family, flags) of words in unknown order."""
    bare = [word for word in words if word not in _SUFFIXES] if len(words) > 1 else words
    if len(bare) < 2 < len(words) + 1:
        bare = [word for word in words if word not in _CLEAR] or words
    if len(bare) < 2:
        return bare, [], [], SINGLE
    if len(bare) == 2:
        given, family = bare
        if _known(family) and not _known(given):
            given, family = family, given
        return [given], [], [family], 0
    if PATRONYMIC.match(bare[2]) and len(bare) == 3 and not PATRONYMIC.match(bare[1]):
        return [bare[1]], [bare[2]], [bare[0]], 0
    if all(syllables(word) for word in bare):
        return _chinese_order(bare)
    if "," in text or "/" in text:
        return bare[:-1], [], bare[-1:], 0
    if _known(bare[-1]) and not _known(bare[0]) and len(bare) == 3:
        return bare[1:], [], bare[:1], 0
    if len(bare) > 3:
        return bare[:1], bare[1:-2], bare[-2:], 0
    return bare[:1], bare[1:-1], bare[-1:], 0


def _chinese_order(words):
    first, last = words[0] in _LATIN_SURNAMES, words[-1] in _LATIN_SURNAMES
    if first and not last:
        return words[1:], [], words[:1], 0
    return words[:-1], [], words[-1:], 0


_LATIN_SURNAMES = frozenset(names.fold(surname) for surname in SURNAMES)


@lru_cache(maxsize=1 << 16)
def _known(word):
    return names.is_given(word)


def _joined(words, others):
    """Chinese syllables of a given name become one word, so that Xiao Meng is Xiaomeng."""
    if len(words) > 1 and all(map(syllables, words)) and all(map(syllables, others)):
        return ["".join(words)]
    return words


def _bag(words):
    if len(words) < 2 or min(map(len, words)) < 2:
        return ""
    parts = []
    for word in words:
        parts += _parts(word)
    parts.sort()
    return " ".join(parts)


@lru_cache(maxsize=1 << 17)
def _parts(word):
    return syllables(word) or (names.sound(word),)
