"""The distinct words of names, and how alike two of them are."""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from .. import names
from .chinese import syllables

# How two words compare, from the same to certainly different; MISSING where one of them is.
LEVELS = (
    "missing", "same", "sound", "skeleton", "typo", "typo_known", "form", "initial", "short", "gender", "alike",
    "initial_differs", "differs", "known_differ", "second",
)  # fmt: skip
(
    MISSING, SAME, SOUND, SKELETON, TYPO, TYPO_KNOWN, FORM, INITIAL, SHORT, GENDER, ALIKE, INITIAL_DIFFERS, DIFFERS,
    KNOWN_DIFFER, SECOND,
) = range(len(LEVELS))  # fmt: skip

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


class Vocabulary:
    """Distinct words with their forms as arrays; ``texts[code]`` is the word.

    :param words: dict word -> code, codes ascending from 0
    """

    def __init__(self, words):
        self.texts = list(words)
        self._arrays = {}

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
        return np.array([hash64(" ".join(syllables(word))) for word in self.texts] + [0], np.int64)

    def _skeleton(self):
        return np.array([hash64("~" + skeleton(word)) for word in self.texts] + [0], np.int64)

    def _length(self):
        return np.array([len(word) for word in self.texts] + [0], np.int16)

    def _first(self):
        return np.array([ord(sound[0]) for sound in self.sounds] + [0], np.int16)

    def _groups(self):
        """Lexicon names of each word, at most four, -1 filled."""
        groups = np.full((len(self.texts) + 1, 4), -1, np.int32)
        for code, word in enumerate(self.texts):
            numbers = sorted(names.given_groups(word))[:4]
            groups[code, : len(numbers)] = numbers
        return groups

    _BUILD = {
        "sounds": _sounds, "sound": _sound, "chinese": _chinese, "skeleton": _skeleton, "length": _length,
        "first": _first, "groups": _groups,
    }  # fmt: skip

    def levels(self, left, right, given):
        """Return how words compare, as positions in :data:`LEVELS`.

        :param left, right: arrays of codes, -1 for none
        :param bool given: whether they are given names, so that everyday forms count
        """
        result = np.full(len(left), DIFFERS, np.uint8)
        result[(left < 0) | (right < 0)] = MISSING
        same = (left == right) & (left >= 0)
        result[same] = SAME
        rest = np.flatnonzero(result == DIFFERS)
        if not len(rest):
            return result
        a, b = left[rest], right[rest]
        low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
        pairs, inverse = np.unique(low * len(self.texts) + high, return_inverse=True)
        low, high = pairs // len(self.texts), pairs % len(self.texts)
        result[rest] = self._pair_levels(low, high, given)[inverse]
        return result

    def _pair_levels(self, low, high, given):
        result = np.full(len(low), DIFFERS, np.uint8)
        length = np.minimum(self.length[low], self.length[high])
        sound = (self.sound[low] == self.sound[high]) | (
            (self.chinese[low] == self.chinese[high]) & (self.chinese[low] != 0)
        )
        initial = (length == 1) & ~sound
        first = self.first[low] == self.first[high]
        result[initial] = np.where(first[initial], INITIAL, INITIAL_DIFFERS)
        result[sound] = SOUND
        rest = np.flatnonzero((result == DIFFERS) & (length > 1))
        if not len(rest):
            return result
        low, high, length = low[rest], high[rest], length[rest]
        sounds = self.sounds
        one, other = [sounds[code] for code in low], [sounds[code] for code in high]
        winkler = process.cpdist(one, other, scorer=JaroWinkler.normalized_similarity, dtype=np.float32)
        distance = process.cpdist(one, other, scorer=OSA.distance, dtype=np.int32, score_cutoff=2)
        plain = np.flatnonzero((distance > 1) & (winkler >= 0.85))
        # A doubled or dropped letter may change the sound of its neighbours, so the spelling has its say too.
        texts = self.texts
        spelled = process.cpdist(
            [texts[low[row]] for row in plain],
            [texts[high[row]] for row in plain],
            scorer=OSA.distance,
            dtype=np.int32,
            score_cutoff=2,
        )
        distance[plain] = np.minimum(distance[plain], spelled)
        levels = np.full(len(low), DIFFERS, np.uint8)
        levels[winkler >= 0.86] = ALIKE
        shorter = np.array(
            [x != y and (x.startswith(y) or y.startswith(x)) for x, y in zip(one, other, strict=True)], bool
        )
        levels[shorter & (length >= 3)] = SHORT
        levels[(self.skeleton[low] == self.skeleton[high]) & (winkler >= 0.75)] = SKELETON
        levels[(distance <= 1) & (length >= 4)] = TYPO
        feminine = np.array([_feminine(x, y) for x, y in zip(one, other, strict=True)], bool)
        levels[feminine] = GENDER
        if given:
            groups, others = self.groups[low], self.groups[high]
            known = (groups[:, 0] >= 0) & (others[:, 0] >= 0)
            common = ((groups[:, :, None] == others[:, None, :]) & (groups[:, :, None] >= 0)).any((1, 2))
            levels[known & ~common] = KNOWN_DIFFER
            levels[common] = FORM
        result[rest] = levels
        return result


def _feminine(one, other):
    """Whether two sounded words are the masculine and the feminine form of one name."""
    if len(one) > len(other):
        one, other = other, one
    if len(one) < 3:
        return False
    if len(other) == len(one):
        return one[:-1] == other[:-1] and {one[-1], other[-1]} in ({"a", "o"}, {"e", "a"}, {"i", "a"}, {"a", "s"})
    if len(other) - len(one) == 1:
        return other == one + "a" or (other[-2:] == "ia" and one == other[:-2] + "i")
    return other[-3:] == "aia" and one[-1] == "i" and one[:-1] == other[:-3]
