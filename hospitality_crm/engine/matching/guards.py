"""What keeps two records from being merged without a person's decision, whatever else speaks for it.

Relatives share addresses, numbers, mailboxes, family names and birth dates; no sum of such evidence outweighs two given
names that are merely alike. A number of a document that is the same does, and in some cases the birth date.
"""

import numpy as np

from .vocabulary import (
    ALIKE,
    DIFFERS,
    GENDER,
    INITIAL_DIFFERS,
    KNOWN_DIFFER,
    SAME,
    SHORT,
    SKELETON,
    SLIP,
    SOUND,
    TYPO_KNOWN,
)

GUARDS = ("none", "suffix", "given", "middle", "family", "word", "gender", "birth")
(NONE, SUFFIX, GIVEN, MIDDLE, FAMILY, WORD, SEX, BIRTH) = range(len(GUARDS))

_DOUBTFUL = (SLIP, TYPO_KNOWN, ALIKE, SHORT, GENDER, SKELETON, DIFFERS, KNOWN_DIFFER, INITIAL_DIFFERS)
_ANOTHER = (DIFFERS, KNOWN_DIFFER, INITIAL_DIFFERS, ALIKE)


def guard_codes(slots, words):
    """Return the first guard that holds for each pair, as positions in :data:`GUARDS`.

    ``suffix``: Jr. against none. ``given``, ``middle``: a given name that may be a brother's or sister's. ``family``:
    the given name only is the same. ``word``: one word each is all there is of the names. ``gender`` and ``birth``:
    they contradict each other.

    :param dict slots: codes of the static slots
    :param words: whether both names of a pair are one word
    """
    document = slots["document"] == 2
    born = slots["birth"] == 2
    middle = slots["middle"] > 2
    given, family = slots["given"], slots["family"]
    codes = np.zeros(len(given), np.uint8)
    codes[slots["birth"] > 3] = BIRTH
    codes[slots["gender"] == 2] = SEX
    codes[words & ~born & ~document] = WORD
    another = np.isin(family, _ANOTHER) & np.isin(given, (SAME, SOUND))
    codes[another & ~born & ~document & (family != ALIKE)] = FAMILY
    codes[middle & ~document] = MIDDLE
    codes[np.isin(given, _DOUBTFUL) & ~document] = GIVEN
    codes[(slots["suffix"] == 2) & ~born & ~document] = SUFFIX
    return codes
