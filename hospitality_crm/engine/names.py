"""Names of persons across scripts, orders, initials and everyday forms.

``fold`` is for storing and searching, ``sound`` forgives what romanisation tables and
languages disagree about (Hryhorovych, Grigorovich), ``compatible`` decides whether two names
may belong to one person when something else (an e-mail address, a phone) is the same.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from zlib import crc32

from anyascii import anyascii

TITLES = frozenset(
    "mr mrs ms miss mstr master dr prof sir madam mme mlle m herr frau hr fr sig signor signora sra senor senora"
    " pan pani p gospodin gospozha g zha tikin paron mister missis chd inf".split()
)
SUFFIXES = frozenset("jr sr junior senior ii iii iv".split())
PARTICLES = frozenset(
    "de del della di da dos das du des la le van von vom zu zum zur den der ter ten al el bin ibn af av".split()
)
_ONE_LETTER_TITLES = frozenset("m p g".split())

_CYRILLIC = dict(
    zip(
        "абвгґдежзийклмнопрстуфхцчшыэіѓќўјљњћђџ",
        "a b v g g d e zh z i y k l m n o p r s t u f kh ts ch sh y e i g k u j lj nj c dj dz".split(),
        strict=True,
    )
) | {"щ": "shch", "ь": "", "ъ": "", "ю": "yu", "я": "ya", "є": "ye", "ї": "yi", "ё": "e"}
_ARMENIAN = dict(
    zip(
        "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
        "a b g d e z e y t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts v p k o f".split(),
        strict=True,
    )
) | {"և": "ev"}
_GREEK = dict(
    zip("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split(), strict=True)
)
_DIGRAPHS = (
    ("ու", "u"),
    ("ου", "ou"),
    ("αυ", "av"),
    ("ευ", "ev"),
    ("μπ", "mp"),
    ("γγ", "ng"),
    ("γκ", "gk"),
    ("γχ", "nch"),
)
_LETTERS = str.maketrans(_CYRILLIC | _ARMENIAN | _GREEK)
_APOSTROPHES = "'`´’‘ʼʹ′"
_ASCII_BLANKS = str.maketrans(
    {chr(code): None if chr(code) in _APOSTROPHES else " " for code in range(128) if not chr(code).isalnum()}
)
_NO_APOSTROPHES = str.maketrans(dict.fromkeys(_APOSTROPHES))
_EAST_ASIAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff]")
_HAN_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}\Z")
_HANGUL_NAME = re.compile(r"[\uac00-\ud7af]{2,4}\Z")
HAN_DOUBLE_SURNAMES = frozenset(
    "欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 司徒 东方 東方 夏侯 皇甫 尉迟 公孙 慕容 令狐".split()
)
HANGUL_SURNAMES = {
    "김": "kim",
    "이": "lee",
    "박": "park",
    "최": "choi",
    "정": "jung",
    "조": "cho",
    "강": "kang",
    "임": "lim",
}


def fold(text):
    """Return the words of ``text`` in lower-case Latin letters, separated by single blanks.

    >>> fold("Шевченко, Тарас")
    'shevchenko taras'
    >>> fold("Щербак"), fold("Պետրոսյան"), fold("O’Brien-Müller")
    ('shcherbak', 'petrosyan', 'obrien muller')
    """
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII_BLANKS).split())
    return _fold_unicode(text)


@lru_cache(maxsize=1 << 16)
def _fold_unicode(text):
    text = unicodedata.normalize("NFC", text).lower().translate(_NO_APOSTROPHES)
    if not text.isascii():
        # Greek carries its accents on the letters that the table knows without them.
        if any("\u0370" <= letter <= "\u03ff" or "\u1f00" <= letter <= "\u1fff" for letter in text):
            decomposed = unicodedata.normalize("NFD", text)
            text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
        for pair, latin in _DIGRAPHS:
            if pair in text:
                text = text.replace(pair, latin)
        text = _EAST_ASIAN.sub(lambda match: f" {match.group()} ", text).translate(_LETTERS)
        text = anyascii(text).lower()
    return " ".join(text.translate(_ASCII_BLANKS).split())


# What romanisations disagree about, longest first; capitals are sounds of their own.
_SOUNDS = (
    ("shch", "S"), ("szcz", "S"), ("tsch", "C"), ("tch", "C"), ("sch", "S"), ("sh", "S"), ("sz", "S"), ("cz", "C"),
    ("dzh", "i"), ("dj", "i"), ("kh", "h"), ("ck", "k"), ("ch", "C"), ("zh", "Z"), ("ph", "f"), ("th", "t"),
    ("gh", "h"), ("tz", "T"), ("ts", "T"), ("x", "ks"), ("q", "k"), ("w", "v"), ("g", "h"), ("c", "k"), ("ou", "u"),
    ("j", "i"), ("y", "i"),
)  # fmt: skip
_SOUND_OF = dict(_SOUNDS)
_SOUND_RE = re.compile("|".join(re.escape(spelling) for spelling, _sound in _SOUNDS))
_IE_RE = re.compile("i+e")
_UMLAUTS_RE = re.compile("[uoa]e")


@lru_cache(maxsize=1 << 17)
def sound(token):
    """Return what is left of a folded word when spelling habits are forgiven.

    >>> sound("hryhorovych") == sound("grigorovich"), sound("yuliia") == sound("julia")
    (True, True)
    """
    text = _SOUND_RE.sub(lambda match: _SOUND_OF[match.group()], token)
    text = _IE_RE.sub("e", text)
    text = _UMLAUTS_RE.sub(lambda match: match.group()[0], text)
    return "".join(letter for letter, _run in groupby(text))


def words(text):
    """Return the folded words of a person's name without titles and particles.

    A name in Han characters or Hangul becomes family name and given name, as one word each.

    >>> words("Mr. Ludwig van Beethoven"), words("王小明")
    (['ludwig', 'beethoven'], ['wang', 'xiaoming'])
    """
    if not text:
        return []
    if not text.isascii():
        bare = text.replace(" ", "").replace("\u3000", "")
        if _HAN_NAME.match(bare):
            cut = 2 if len(bare) > 2 and bare[:2] in HAN_DOUBLE_SURNAMES else 1
            return [fold(part).replace(" ", "") for part in (bare[:cut], bare[cut:]) if part]
        if _HANGUL_NAME.match(bare):
            family = HANGUL_SURNAMES.get(bare[0]) or fold(bare[0])
            return [family, fold(bare[1:]).replace(" ", "")]
    tokens = fold(text).split()
    kept = [
        token for token in tokens if token not in PARTICLES and (token not in TITLES or token in _ONE_LETTER_TITLES)
    ]
    return kept or tokens


def name_key(text):
    """Return a signed 32-bit key of a name: equal for every order of its words and every script.

    Stable across processes and releases of Python. 0 means that there is no name.

    >>> name_key("Шевченко Тарас") == name_key("Taras SHEVCHENKO")
    True
    """
    tokens = words(text)
    if not tokens:
        return 0
    key = crc32(" ".join(sorted(map(sound, tokens))).encode())
    return key - 0x100000000 if key & 0x80000000 else key


def _load_given_names():
    groups = {}
    with (Path(__file__).parent / "data" / "given_names.txt").open(encoding="utf-8") as lines:
        entries = [line.split() for line in lines if not line.startswith("#")]
    for number, forms in enumerate(entries):
        for form in forms:
            groups.setdefault(sound(fold(form)), set()).add(number)
    return groups


_GIVEN = _load_given_names()


def is_given(token):
    """Whether a folded word is a given name, or an everyday form of one, that the lexicon knows."""
    return sound(token) in _GIVEN


def given_groups(token):
    """Return the numbers of the lexicon's names that a folded word may stand for.

    >>> given_groups("sashko") < given_groups("sasha")
    True
    """
    return frozenset(_GIVEN.get(sound(token), ()))


_PATRONYMIC = re.compile(r".{2,}(?:ov|ev|iov)(?:iC|na)\Z|.{2,}(?:ivna|iivna|iCna|iniCna)\Z")
_FEMININE_REST = re.compile(r"(?:[aeiou]|ia|ina|ine|in|ete|eta|ele|ela|ka)\Z")


def _same_given(one, other):
    """Whether two different sounded words may be one given name: initial, everyday form, short form."""
    if len(one) > len(other):
        one, other = other, one
    if len(one) == 1:
        return other[0] == one
    if not _GIVEN.get(one, frozenset()).isdisjoint(_GIVEN.get(other, frozenset())):
        return True
    if len(one) < 3 or not other.startswith(one) or _PATRONYMIC.match(other):
        return False
    if one in _GIVEN and other in _GIVEN:
        return False
    return len(other) - len(one) >= 2 and not _FEMININE_REST.match(other[len(one) :])


def _pair_off(short, long):
    """Pair each of ``short`` with another word of ``long``; return the unpaired of ``long`` or None."""
    rest = list(long)
    for one in short:
        mate = next((other for other in rest if _same_given(one, other)), None)
        if mate is None:
            return None
        rest.remove(mate)
    return rest


@lru_cache(maxsize=1 << 16)
def _identity(text):
    tokens = words(text)
    suffixes = frozenset(token for token in tokens[1:] if token in SUFFIXES)
    return tuple(sound(token) for token in tokens if token not in suffixes), suffixes


def compatible(a, b):
    """Whether ``a`` and ``b`` may be names of one person, on the safe side.

    The family name must be the same word in some script, the given names the same, an
    initial, or an everyday form (Sasha) of each other, in any order. Different given names
    (relatives, twins), a feminine form (Oleksandr, Oleksandra), Jr. against none, initials
    alone or a single word on either side are not compatible.

    >>> compatible("Тарас Шевченко", "SHEVCHENKO T."), compatible("Іван Коваль", "Ігор Коваль")
    (True, False)
    """
    if not a or not b:
        return False
    left, left_suffix = _identity(a)
    right, right_suffix = _identity(b)
    if left_suffix != right_suffix or len(left) < 2 or len(right) < 2:
        return False
    if len(left) > len(right):
        left, right = right, left
    rest_right = list(right)
    shared, rest_left = [], []
    for token in left:
        if len(token) > 1 and token in rest_right:
            rest_right.remove(token)
            shared.append(token)
        else:
            rest_left.append(token)
    if not shared:
        return False
    if "".join(rest_left) == "".join(rest_right):
        return len(shared) > 1 or len("".join(rest_left)) > 1
    if len(rest_left) > len(rest_right):
        rest_left, rest_right = rest_right, rest_left
    unpaired = _pair_off(rest_left, rest_right)
    if unpaired is None:
        return False
    if len(shared) == 1 and (not rest_left or len(shared[0]) < 3 or shared[0] in _GIVEN):
        return False
    # A first word that the other name lacks is a given name of its own: Jean Pierre, Pierre.
    return not unpaired or unpaired[0] != right[0] or bool(_PATRONYMIC.match(unpaired[0]))


def split(name):
    """Return the parts of a full name as far as they can be told.

    Understands "Family, Given", "FAMILY/GIVEN MR", capitals for the family name, patronymics,
    particles, Han characters and Hangul. Without a sign the last word is the family name.

    :return: dict with some of ``salutation given_name middle_name family_name suffix``

    >>> split("Dr. Ludwig van Beethoven")
    {'salutation': 'Dr.', 'given_name': 'Ludwig', 'family_name': 'van Beethoven'}
    >>> split("PETRENKO/IVAN MR")
    {'salutation': 'Mr', 'given_name': 'Ivan', 'family_name': 'Petrenko'}
    """
    text = " ".join((name or "").split())
    if not text:
        return {}
    bare = text.replace(" ", "")
    if _HAN_NAME.match(bare) or _HANGUL_NAME.match(bare):
        cut = 2 if len(bare) > 2 and bare[:2] in HAN_DOUBLE_SURNAMES else 1
        return {"given_name": bare[cut:], "family_name": bare[:cut]}
    parts = {}
    gds = "/" in text
    family, separator, given = text.partition("/" if gds else ",")
    if separator and not set(fold(given).split()) <= SUFFIXES:
        given = _take_marks(given.split(), parts)
        family = _take_marks(family.split(), parts)
    else:
        family, given = _part(_take_marks(text.replace(",", " ").split(), parts))
    if gds:
        family, given = [word.title() for word in family], [word.title() for word in given]
    if "salutation" in parts and gds:
        parts["salutation"] = parts["salutation"].title()
    result = {"salutation": parts.get("salutation"), "given_name": " ".join(given[:1])}
    result |= {"middle_name": " ".join(given[1:]), "family_name": " ".join(family), "suffix": parts.get("suffix")}
    return {key: value for key, value in result.items() if value}


def _take_marks(tokens, parts):
    """Move salutation and suffix from ``tokens`` to ``parts``; return the other words."""
    rest = []
    for position, token in enumerate(tokens):
        folded = fold(token)
        if folded in TITLES and folded not in _ONE_LETTER_TITLES:
            parts.setdefault("salutation", token)
        elif position and folded in SUFFIXES:
            parts.setdefault("suffix", token)
        else:
            rest.append(token)
    return rest


def _part(tokens):
    """Part words without separator into (family, given) lists."""
    if len(tokens) < 2:
        known = bool(tokens) and sound(fold(tokens[0])) in _GIVEN
        return ([], tokens) if known else (tokens, [])
    sounds = [sound(fold(token)) for token in tokens]
    if len(tokens) == 3 and _PATRONYMIC.match(sounds[2]):
        return tokens[:1], tokens[1:]
    capitals = [token.isupper() and len(token) > 1 for token in tokens]
    if any(capitals) and not all(capitals):
        return (
            [token for token, capital in zip(tokens, capitals, strict=True) if capital],
            [token for token, capital in zip(tokens, capitals, strict=True) if not capital],
        )
    if len(tokens) == 2 and sounds[1] in _GIVEN and sounds[0] not in _GIVEN:
        return tokens[:1], tokens[1:]
    start = len(tokens) - 1
    while start > 1 and fold(tokens[start - 1]) in PARTICLES:
        start -= 1
    return tokens[start:], tokens[:start]
