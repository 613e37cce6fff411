"""What keeps two records from being merged without a person's decision, whatever else speaks for it.

Relatives share addresses, numbers, mailboxes, family names and birth dates; no sum of such evidence outweighs two given
names that are merely alike. A number of a document that is the same does, and in some cases the birth date.
"""

import numpy as np

from .arrays import among
from .vocabulary import (
    ALIKE,
    DIFFERS,
    GENDER,
    INITIAL,
    INITIAL_DIFFERS,
    KNOWN_DIFFER,
    MISSING,
    SECOND,
    SHORT,
    SKELETON,
    SLIP,
    TYPO,
    TYPO_KNOWN,
)

GUARDS = ("none", "suffix", "given", "middle", "family", "word", "gender", "birth", "document", "contact")
(NONE, SUFFIX, GIVEN, MIDDLE, FAMILY, WORD, SEX, BIRTH, DOCUMENT, CONTACT) = range(len(GUARDS))

_OTHER = among(DIFFERS, KNOWN_DIFFER, INITIAL_DIFFERS)
_DOUBTFUL = among(SLIP, TYPO_KNOWN, ALIKE, SHORT, GENDER, SKELETON, SECOND)
_HALF = among(MISSING, INITIAL)
# The same or similar; a middle name in one or the same in both.
_ALIKE, _MIDDLE = among(2, 3), among(1, 2)
#: The slots of what a record can be reached by.
CONTACT_SLOTS = ("email", "phone")


def evidence_of_contact(slots):
    """Whether something besides the name speaks for one person."""
    same = [_in_common(slots[part]) for part in CONTACT_SLOTS]
    same += [_ALIKE[slots[part]] for part in ("document", "loyalty", "birth", "address")]
    return np.logical_or.reduce(same)


def _in_common(codes):
    """Whether a contact is the same or similar, and not one that many names use: a reception's, an agency's."""
    return ((codes >= 2) & (codes < 6)) | (codes == 9) | (codes == 10)


def guard_codes(slots, words, swapped, begins, fathers):
    """Return the guard that holds for each pair, as positions in :data:`GUARDS`.

    ``suffix``: Jr. against none. ``given``, ``middle``: a given name that may be a brother's or sister's, or a second
    one with nothing but the name in common. ``family``: the given name only is the same, or one name is but given
    names of the other. ``word``: one word each is all there is of the names, or there is but a part of a name in
    common. ``gender`` and ``birth``: they contradict each other. ``document``: another number, and no contact in
    common. ``contact``: other contacts, and nothing but the name in common.

    :param dict slots: codes of the static slots
    :param words: whether both names of a pair are one word
    :param swapped: whether the given names begin with the same letter and are of one length, as they are when letters
        changed places
    :param begins: whether they begin with the same letter
    :param fathers: whether a middle name is a patronymic
    """
    document = slots["document"] == 2
    born = slots["birth"] == 2
    middle = slots["middle"] > 2
    given, family = slots["given"], slots["family"]
    codes = np.zeros(len(given), np.uint8)
    codes[slots["birth"] > 3] = BIRTH
    codes[slots["gender"] == 2] = SEX
    codes[(words | (given == MISSING)) & ~born & ~document] = WORD
    alone = ~evidence_of_contact(slots)
    codes[alone & (_HALF[given] | _HALF[family])] = WORD
    codes[alone & ((slots["phone"] == 11) | (slots["email"] == 11))] = CONTACT
    # Many are called Anna Maria: such a second name is no evidence of its own.
    codes[alone & (slots["middle"] == 2) & ~fathers] = MIDDLE
    contact = np.logical_or.reduce([_in_common(slots[part]) for part in CONTACT_SLOTS])
    codes[(slots["document"] == 4) & ~contact & (slots["loyalty"] != 2)] = DOCUMENT
    part = ((family == ALIKE) | ((family == SECOND) & _MIDDLE[slots["middle"]])) & ~born
    codes[(_OTHER[family] | part) & ~document] = FAMILY
    codes[middle & ~document] = MIDDLE
    doubtful = _DOUBTFUL[given] | ((given == TYPO) & ~swapped) | ((given == INITIAL) & ~begins & ~born)
    codes[(doubtful & ~document) | (_OTHER[given] & ~(document & born))] = GIVEN
    codes[(slots["suffix"] == 2) & ~born & ~document] = SUFFIX
    return codes
