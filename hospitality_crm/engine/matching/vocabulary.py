"""The distinct words of names, and how alike two of them are."""

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from .. import names
from .arrays import distinct
from .chinese import syllables
from .person import PATRONYMIC

# How two words compare, from the same to certainly different; MISSING where one of them is.
LEVELS = (
    "missing", "same", "sound", "skeleton", "typo", "slip", "typo_known", "form", "nickname", "initial", "short",
    "gender", "alike", "initial_differs", "differs", "known_differ", "second",
)  # fmt: skip
(
    MISSING, SAME, SOUND, SKELETON, TYPO, SLIP, TYPO_KNOWN, FORM, NICKNAME, INITIAL, SHORT, GENDER, ALIKE,
    INITIAL_DIFFERS, DIFFERS, KNOWN_DIFFER, SECOND,
) = range(len(LEVELS))  # fmt: skip

# A typing error by exchange of two letters, while the levels are found.
TYPO_MOVED = 255

_VOWELS = str.maketrans("", "", "aeiou")
_VOICELESS = str.maketrans("bdzvgjZiw", "ptsfkCSyf")


@lru_cache(maxsize=1 << 16)
def hash64(text):
    """Return a stable signed 64-bit hash; 0 for an empty or missing text."""
    if not text:
        return 0
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True) or 1


@lru_cache(maxsize=1 << 16)
def skeleton(word):
    """Return the consonants of a folded word with voiced and voiceless ones as one.

    >>> skeleton("bedrosian") == skeleton("petrosyan")
    True
    """
    sound = names.sound(word)
    if len(sound) < 3:
        return sound
    first = sound[0] if sound[0] in "aeou" else ""
    bare = sound.translate(_VOWELS).translate(_VOICELESS).replace("h", "")
    return first[:1] and "a" + bare or bare or sound


_K1 = np.uint64(0x9E3779B97F4A7C15)
_K2 = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT1, _SHIFT2, _MASK = np.uint64(31), np.uint64(29), (1 << 64) - 1


def mix(tag, *parts):
    """Return signed 64-bit keys of arrays, 0 where one of them is 0.

    :param str tag: kind of key
    """
    key = np.uint64(hash64(tag) & _MASK)
    blank = False
    for part in parts:
        part = np.ascontiguousarray(part, np.int64)
        blank = blank | (part == 0)
        key = key ^ part.view(np.uint64)
        key *= _K1
        key ^= key >> _SHIFT1
        key *= _K2
        key ^= key >> _SHIFT2
    key = key.view(np.int64)
    key[blank] = 0
    return key


class Vocabulary:
    """Distinct words with their forms as arrays; ``texts[code]`` is the word.

    :param words: the distinct words, in the order of their codes
    """

    def __init__(self, words):
        self.texts = list(words)
        self._roles = self._persons = None, None

    def __len__(self):
        return len(self.texts)

    def __getattr__(self, key):
        build = self.__class__._BUILD.get(key)
        if build is None:
            raise AttributeError(key)
        value = build(self)
        self.__dict__[key] = value
        return value

    def _sounds(self):
        return [names.sound(word) for word in self.texts]

    def _sound(self):
        return np.array([hash64(sound) for sound in self.sounds] + [0], np.int64)

    def _chinese(self):
        # Chinese given names have one or two syllables; of more are words of other languages.
        found = [syllables(word) for word in self.texts]
        return np.array([hash64(" ".join(parts)) if len(parts) < 3 else 0 for parts in found] + [0], np.int64)

    def _chinese_first(self):
        found = [syllables(word) for word in self.texts]
        return np.array([hash64(parts[0]) if 0 < len(parts) < 3 else 0 for parts in found] + [0], np.int64)

    def roles_of(self, context):
        """Return +1 for words that are given names, -1 for family names, 0 where it can't be told."""
        if self._roles[0] is not context.roles:
            lexicon = np.where((self.groups[:, 0] >= 0) | (self.nicknames[:, 0] >= 0), 1, 0)
            seen = context.roles(mix("word", self.sound))
            self._roles = context.roles, np.where(seen != 0, seen, lexicon).astype(np.int8)
        return self._roles[1]

    def persons_of(self, context):
        """Return how many persons bear each word."""
        if self._persons[0] is not context.persons:
            self._persons = context.persons, context.persons(mix("word", self.sound))
        return self._persons[1]

    def _skeleton(self):
        return np.array([hash64("~" + skeleton(word)) for word in self.texts] + [0], np.int64)

    def _length(self):
        return np.array([len(word) for word in self.texts] + [0], np.int16)

    def _first(self):
        return np.array([ord(sound[0]) for sound in self.sounds] + [0], np.int16)

    def _start(self):
        return np.array([hash64(sound[:3]) if len(sound) > 3 else 0 for sound in self.sounds] + [0], np.int64)

    def _letter(self):
        return np.array([ord(word[0]) for word in self.texts] + [0], np.int16)

    def _patronymic(self):
        return np.array([bool(PATRONYMIC.match(word)) for word in self.texts] + [False], bool)

    def _groups(self):
        """Lexicon names of each word, at most four, -1 filled."""
        return self._lexicon(names.given_groups, 4)

    def _nicknames(self):
        """English names of each word, at most ten, -1 filled."""
        return self._lexicon(lambda word: _NICKNAMES.get(word, ()), 10)

    def _lexicon(self, groups_of, width):
        groups = np.full((len(self.texts) + 1, width), -1, np.int32)
        for code, word in enumerate(self.texts):
            numbers = sorted(groups_of(word))[:width]
            groups[code, : len(numbers)] = numbers
        return groups

    _BUILD = {
        "sounds": _sounds, "sound": _sound, "chinese": _chinese, "skeleton": _skeleton, "length": _length,
        "chinese_first": _chinese_first, "first": _first, "letter": _letter, "start": _start, "groups": _groups,
        "nicknames": _nicknames, "patronymic": _patronymic,
    }  # fmt: skip

    def arrays(self):
        """Return all forms of the words, computed if they are not yet."""
        return {key: getattr(self, key) for key in self._BUILD}

    def set_arrays(self, parts):
        """Keep the forms that :meth:`arrays` gave for parts of the words, in their order."""
        for key in self._BUILD:
            columns = [part[key] for part in parts]
            if key == "sounds":
                self.__dict__[key] = [sound for column in columns for sound in column]
            else:
                # The last entry of each is for no word.
                self.__dict__[key] = np.concatenate([*(column[:-1] for column in columns), columns[-1][-1:]])

    def levels(self, left, right, given):
        """Return how words compare, as positions in :data:`LEVELS`.

        :param left, right: arrays of codes, -1 for none
        :param bool given: whether they are given names, so that everyday forms count
        """
        result = np.full(len(left), DIFFERS, np.uint8)
        if not len(left):
            return result
        result[(left < 0) | (right < 0)] = MISSING
        same = (left == right) & (left >= 0)
        # Two initials that are the same may stand for two names.
        result[same] = np.where(self.length[left[same]] > 1, SAME, INITIAL)
        rest = np.flatnonzero(result == DIFFERS)
        if not len(rest):
            return result
        a, b = left[rest], right[rest]
        low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
        pairs, inverse = distinct(low * len(self.texts) + high)
        low, high = pairs // len(self.texts), pairs % len(self.texts)
        result[rest] = self._pair_levels(low, high, given)[inverse]
        return result

    def _pair_levels(self, low, high, given):
        result = np.full(len(low), DIFFERS, np.uint8)
        length = np.minimum(self.length[low], self.length[high])
        sound = self.sound[low] == self.sound[high]
        chinese = (self.chinese[low] != 0) & (self.chinese[high] != 0)
        sound |= chinese & (self.chinese[low] == self.chinese[high])
        # Initials that sound alike, I. and J., may stand for two names, as the same ones may.
        initial = length == 1
        sound &= ~initial
        alike = (self.first[low] == self.first[high]) | _INITIALS[self.letter[low] % 128, self.letter[high] % 128]
        result[initial] = np.where(alike[initial], INITIAL, INITIAL_DIFFERS)
        result[sound] = SOUND
        rest = np.flatnonzero((result == DIFFERS) & (length > 1))
        if len(rest):
            result[rest] = self._spelling(low[rest], high[rest], length[rest], chinese[rest], given)
        return result

    def _spelling(self, low, high, length, chinese, given):
        one, other = [self.sounds[code] for code in low], [self.sounds[code] for code in high]
        winkler = process.cpdist(one, other, scorer=JaroWinkler.normalized_similarity, dtype=np.float32)
        levels = np.full(len(low), DIFFERS, np.uint8)
        close = np.flatnonzero(winkler >= 0.72)
        if len(close):
            levels[close] = self._close_levels(low[close], high[close], length[close], winkler[close])
        # Two words of Chinese syllables are two names, however alike they look.
        levels[chinese] = DIFFERS
        whole = (self.chinese[low] == self.chinese_first[high]) | (self.chinese_first[low] == self.chinese[high])
        levels[chinese & whole] = SHORT
        for row in close[levels[close] != TYPO_MOVED]:
            if _feminine(one[row], other[row]):
                levels[row] = GENDER
        levels[levels == TYPO_MOVED] = TYPO
        if given:
            known, common = _common(self.groups, low, high)
            known_too, nickname = _common(self.nicknames, low, high)
            levels[(known | known_too) & ~common & ~nickname] = KNOWN_DIFFER
            levels[nickname] = NICKNAME
            levels[common] = FORM
        return levels

    def _close_levels(self, low, high, length, winkler):
        one, other = [self.sounds[code] for code in low], [self.sounds[code] for code in high]
        text, text2 = [self.texts[code] for code in low], [self.texts[code] for code in high]
        heard = process.cpdist(one, other, scorer=OSA.distance, dtype=np.int32, score_cutoff=2)
        spelled = process.cpdist(text, text2, scorer=OSA.distance, dtype=np.int32, score_cutoff=3)
        levels = np.full(len(low), DIFFERS, np.uint8)
        levels[winkler >= 0.86] = ALIKE
        start = [x.startswith(y) or y.startswith(x) for x, y in zip(one, other, strict=True)]
        levels[np.array(start, bool) & (length >= 3)] = SHORT
        levels[self.skeleton[low] == self.skeleton[high]] = SKELETON
        typo = (np.minimum(heard, spelled) <= 1) & (spelled <= 2) & (length >= 4)
        levels[typo] = SLIP
        for row in np.flatnonzero(typo):
            x, y = text[row], text2[row]
            if len(x) == len(y):
                if sorted(x) == sorted(y):
                    levels[row] = TYPO_MOVED
            elif set(x) == set(y):
                # One letter more, of those that are there: doubled or typed again.
                levels[row] = TYPO
        return levels


def _common(groups, low, high):
    """Whether both words are in a lexicon, and whether they may be one name there."""
    one, other = groups[low], groups[high]
    known = (one[:, 0] >= 0) & (other[:, 0] >= 0)
    common = np.zeros(len(low), bool)
    rows = np.flatnonzero(known)
    common[rows] = ((one[rows, :, None] == other[rows, None, :]) & (one[rows, :, None] >= 0)).any((1, 2))
    return known, common


def _load_nicknames():
    groups = {}
    with (Path(__file__).parents[1] / "data" / "nicknames_en.txt").open(encoding="utf-8") as lines:
        entries = [line.split() for line in lines if not line.startswith("#")]
    for number, forms in enumerate(entries):
        for form in forms:
            groups.setdefault(form, set()).add(number)
    return groups


_NICKNAMES = _load_nicknames()


def _load_initials():
    """First letters that romanisations put for one sound."""
    table = np.eye(128, dtype=bool)
    for pair in "ye yi yj ij ei jz gh ck kh cs vw ct xh zc jc xk qc qk fp".split():
        one, other = map(ord, pair)
        table[one, other] = table[other, one] = True
    return table


_INITIALS = _load_initials()


def _feminine(one, other):
    """Whether two sounded words are the masculine and the feminine form of one name."""
    if len(one) > len(other):
        one, other = other, one
    if len(one) < 3:
        return False
    if len(other) == len(one):
        return one[:-1] == other[:-1] and {one[-1], other[-1]} in ({"a", "o"}, {"e", "a"}, {"i", "a"})
    if len(other) - len(one) == 1:
        return other == one + "a" or (other[-2:] == "ia" and one == other[:-2] + "i")
    return other[-3:] == "aia" and one[-1] == "i" and one[:-1] == other[:-3]
