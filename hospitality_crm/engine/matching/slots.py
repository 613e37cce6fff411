"""What two records say about being one person, as one small code per kind of evidence ("slot")."""

from typing import NamedTuple

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from . import organisations
from .context import name_keys, word_keys
from .guards import GUARDS, guard_codes
from .keys import address_keys
from .person import SINGLE
from .table import TAIL
from .vocabulary import (
    ALIKE,
    DIFFERS,
    FORM,
    GENDER,
    INITIAL,
    INITIAL_DIFFERS,
    KNOWN_DIFFER,
    LEVELS,
    MISSING,
    NICKNAME,
    SAME,
    SECOND,
    SHORT,
    SKELETON,
    SLIP,
    SOUND,
    TYPO,
    TYPO_KNOWN,
    mix,
)

GIVEN_GROUPS = ("missing", "same", "near", "form", "initial", "unclear", "differs")
FAMILY_GROUPS = ("missing", "same", "near", "initial", "differs")
CONTACTS = ("none", "shared", "phone", "email", "both")
SAMENESS = ("none", "same", "differs")
DEGREES = ("1", "2", "3", "4", "5", "10", "30")
_DEGREE_EDGES = np.array([1, 2, 3, 4, 5, 10, 30])
RARITIES = ("1", "2", "3", "5", "9", "17", "33", "65", "129")
_RARITY_EDGES = np.array([1, 2, 3, 5, 9, 17, 33, 65, 129])
CHANCES = ("0", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10", "30")
_CHANCE_EDGES = np.array([0, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], np.float32)

_CONTACT_LEVELS = ("none", "one", *(f"same_{degree}" for degree in DEGREES), "similar", "mailbox", "differs")
(NONE, ONE, FIRST_SAME) = range(3)
SIMILAR, MAILBOX, CONTACT_DIFFERS = (_CONTACT_LEVELS.index(level) for level in ("similar", "mailbox", "differs"))

SIZES = ("1", "2", "4", "8")
_SIZE_EDGES = np.array([1, 2, 4, 8])
OTHERS = ("0", "1", "2", "4", "8")
_OTHERS_EDGES = np.array([0, 1, 2, 4, 8])

NAME_CLASSES = tuple(f"{given}-{family}" for given in GIVEN_GROUPS for family in FAMILY_GROUPS)
SLOTS = {
    "given": LEVELS,
    "family": LEVELS,
    "name": NAME_CLASSES,
    "order": ("normal", "swapped", "words"),
    "middle": ("none", "one", "same", "initial", "differs"),
    "suffix": ("none", "same", "one", "differs"),
    "email": _CONTACT_LEVELS,
    "phone": _CONTACT_LEVELS,
    "document": ("none", "one", "same", "similar", "differs"),
    "loyalty": ("none", "one", "same", "similar", "differs"),
    "birth": ("none", "one", "same", "similar", "year", "differs"),
    "address": ("none", "one", "same", "similar", "street", "differs"),
    "zip": ("none", "same", "differs"),
    "city": ("none", "same", "similar", "differs"),
    "country": ("none", "same", "differs"),
    "gender": ("none", "same", "differs"),
    "company": ("none", "same", "differs"),
    "guard": GUARDS,
    "organisation": organisations.LEVELS,
    "name_contact": tuple(f"{name}:{contact}" for name in NAME_CLASSES for contact in CONTACTS),
    "name_birth": tuple(f"{name}:{birth}" for name in NAME_CLASSES for birth in SAMENESS),
    "name_address": tuple(f"{name}:{address}" for name in NAME_CLASSES for address in ("none", "same")),
    "rarity": ("none", *(f"{kind}:{rarity}" for kind in ("same", "near", "part") for rarity in RARITIES)),
    "entity": (
        "none",
        *(
            f"{size}+{least}:{others}:{apart}"
            for size in SIZES
            for least in ("1", "2")
            for others in OTHERS
            for apart in ("0", "1", "2")
        ),
    ),
    "chance": ("none", *(f"{kind}:{chance}" for kind in ("alone", "with") for chance in CHANCES)),
}
# The slots that follow from counts of persons, computed anew when these change.
COUNTED = ("rarity", "entity", "chance")

_GIVEN_GROUP = np.zeros(len(LEVELS), np.uint8)
_FAMILY_GROUP = np.zeros(len(LEVELS), np.uint8)
for _group, _levels in enumerate(
    (
        (MISSING,), (SAME, SOUND), (SKELETON, TYPO, SLIP, SECOND), (FORM, NICKNAME, SHORT), (INITIAL,),
        (ALIKE, TYPO_KNOWN),
        (GENDER, INITIAL_DIFFERS, DIFFERS, KNOWN_DIFFER),
    )
):  # fmt: skip
    _GIVEN_GROUP[list(_levels)] = _group
for _group, _levels in enumerate(
    (
        (MISSING,), (SAME, SOUND), (SKELETON, TYPO, SLIP, TYPO_KNOWN, SECOND, GENDER), (INITIAL,),
        (FORM, NICKNAME, SHORT, ALIKE, INITIAL_DIFFERS, DIFFERS, KNOWN_DIFFER),
    )
):  # fmt: skip
    _FAMILY_GROUP[list(_levels)] = _group
# How good a level is, for choosing between the two orders of a name.
_QUALITY = np.zeros(len(LEVELS), np.float32)
for _level, _quality in {
    MISSING: 0.0, SAME: 4, SOUND: 3.9, SKELETON: 2.5, TYPO: 3, SLIP: 2.8, TYPO_KNOWN: 2, FORM: 3, NICKNAME: 2.5, INITIAL: 1.2,
    SHORT: 1.5,
    GENDER: 0.5, ALIKE: 0.8, INITIAL_DIFFERS: -2, DIFFERS: -2, KNOWN_DIFFER: -3, SECOND: 2.5,
}.items():  # fmt: skip
    _QUALITY[_level] = _quality


def static_slots(table, left, right, context):
    """Return the codes of all slots but the counted ones, dict slot -> uint8 array."""
    slots = _names(table, left, right, context)
    slots["suffix"] = _suffix(table, left, right)
    slots["email"] = _emails(table, left, right, context)
    slots["phone"] = _phones(table, left, right, context)
    slots["document"] = _documents(table, left, right)
    slots["loyalty"] = _numbers(table.loyalty, table.program, left, right, 0)
    slots["birth"] = _births(table.birth[left], table.birth[right])
    slots["address"] = _addresses(table, left, right)
    slots["city"] = _cities(table, left, right)
    for part in ("zip", "country", "company"):
        column = getattr(table, part)
        slots[part] = _compare(column[left], column[right])
    slots["gender"] = _compare(table.gender[left], table.gender[right])
    slots["organisation"] = organisations.compare(table, left, right, slots, _same_contact)
    contact = _contact(slots["email"], slots["phone"])
    name = slots["name"].astype(np.uint16)
    slots["name_contact"] = (name * len(CONTACTS) + contact).astype(np.uint8)
    birth = np.array([0, 0, 1, 1, 2, 2], np.uint8)[slots["birth"]]
    slots["name_birth"] = (name * len(SAMENESS) + birth).astype(np.uint8)
    slots["name_address"] = (name * 2 + np.isin(slots["address"], (2, 3))).astype(np.uint8)
    slots["guard"] = _guards(table, left, right, slots)
    return slots


def _guards(table, left, right, slots):
    words = table.words
    shape = words.first.astype(np.int64) << 16 | words.length
    one, other = (shape[table.given[rows]] for rows in (left, right))
    crossed = np.flatnonzero(slots["order"] == 1)
    for shapes, rows in ((one, left), (other, right)):
        shapes[crossed] += shape[table.family[rows[crossed]]]
    single = (table.flags[left] & table.flags[right] & SINGLE) > 0
    codes = guard_codes(slots, single, one == other)
    return np.where((table.kind[left] | table.kind[right]) > 0, 0, codes).astype(np.uint8)


def counted_slots(table, left, right, context, slots, labels=None):
    """Return the codes of the slots that depend on how many persons bear a name.

    :param labels: cluster of each row as far as it is known: where nothing but the name speaks for a pair, it counts
        how often each of the two was seen, how many others bear the name, and whether both are known under contacts
        of their own
    """
    kind, some = name_kinds(slots), evidence_of_contact(slots)
    return Population.of(table, context, labels).codes(left, right, kind, some)


def name_kinds(slots):
    """Return how well the names of pairs agree: 1 the same, 2 nearly, 3 as far as one of them goes, 0 not."""
    given, family = _GIVEN_GROUP[slots["given"]], _FAMILY_GROUP[slots["family"]]
    same = (given == 1) & (family == 1)
    near = np.isin(given, (1, 2, 3, 5)) & np.isin(family, (1, 2))
    part = np.isin(given, (0, 4)) & np.isin(family, (1, 2)) | np.isin(family, (0, 3)) & np.isin(given, (1, 2, 3))
    return np.where(slots["organisation"] > 0, 0, np.select([same, near, part], [1, 2, 3], 0)).astype(np.uint8)


class Population(NamedTuple):
    """What the counted slots need of each row.

    ``whole``: persons of its name, 0 without a whole one; ``rare``: persons of the rarer of its words; ``expected``:
    persons who would bear the name if given and family names were independent; ``labels``, ``sizes``: cluster and
    rows of the cluster; ``phones``, ``emails``: whether its cluster has any.
    """

    whole: np.ndarray
    rare: np.ndarray
    expected: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    phones: np.ndarray
    emails: np.ndarray

    @classmethod
    def of(cls, table, context, labels=None):
        """Return the population by the counts of a context."""
        keys, words = name_keys(table), word_keys(table)
        whole = np.where(keys != 0, context.persons(keys), 0)
        given, family = (np.where(column != 0, context.persons(column), 0) for column in words)
        return cls.counted(table, whole, given, family, context.total, labels)

    @classmethod
    def counted(cls, table, whole, given, family, total, labels=None):
        """Return the population by persons per name and word of each row, 0 where a row has none."""
        labels = np.arange(len(table)) if labels is None else np.asarray(labels)
        many = 1 << 30
        rare = np.minimum(np.where(given > 0, given, many), np.where(family > 0, family, many))
        expected = np.where(whole > 0, given.astype(np.float32) * family / max(total, 1), 0).astype(np.float32)
        known = []
        for column in (table.phone[:, 0] != 0, table.email[:, 0] >= 0):
            has = np.zeros(len(table), bool)
            has[labels[column]] = True
            known.append(has[labels])
        sizes = np.bincount(labels, minlength=len(table))[labels].astype(np.int32)
        return cls(whole.astype(np.int32), rare.astype(np.int32), expected, labels, sizes, *known)

    def codes(self, left, right, kind, some):
        """Return the codes of the counted slots of pairs.

        :param kind: of :func:`name_kinds`
        :param some: of :func:`evidence_of_contact`
        """
        count = np.maximum(self.whole[left], self.whole[right])
        # Of a part of a name the word that both have decides: the rarer one of either record.
        part = np.flatnonzero(kind == 3)
        count[part] = np.maximum(self.rare[left[part]], self.rare[right[part]])
        count = np.where((count == 0) | (count >= 1 << 30), 1, count)
        bucket = _bucket(_RARITY_EDGES, count)
        rarity = np.where(kind > 0, (kind.astype(np.int16) - 1) * len(RARITIES) + bucket + 1, 0).astype(np.uint8)
        chance = _bucket(_CHANCE_EDGES, np.maximum(self.expected[left], self.expected[right]))
        full = (kind == 1) | (kind == 2)
        chance = np.where(full, some * len(CHANCES) + chance + 1, 0).astype(np.uint8)
        alone = np.flatnonzero(full & ~some)
        entity = np.zeros(len(left), np.uint8)
        entity[alone] = self._entities(left[alone], right[alone], count[alone])
        return {"rarity": rarity, "entity": entity, "chance": chance}

    def _entities(self, left, right, persons):
        size, other = self.sizes[left], self.sizes[right]
        apart = (self.phones[left] & self.phones[right]).astype(np.int16) + (self.emails[left] & self.emails[right])
        most = _bucket(_SIZE_EDGES, np.maximum(size, other))
        least = np.minimum(size, other) > 1
        others = _bucket(_OTHERS_EDGES, np.maximum(persons - 2, 0))
        code = ((most * 2 + least) * len(OTHERS) + others) * 3 + apart + 1
        return np.where(self.labels[left] == self.labels[right], 0, code)


def _bucket(edges, values):
    """Position of the last edge that is not above each value."""
    return (np.searchsorted(edges, values, side="right") - 1).astype(np.int16)


def evidence_of_contact(slots):
    """Whether something besides the name speaks for one person."""
    same = [(slots[part] >= FIRST_SAME) & (slots[part] <= MAILBOX) for part in ("email", "phone")]
    same += [np.isin(slots["document"], (2, 3)), np.isin(slots["loyalty"], (2, 3)), np.isin(slots["birth"], (2, 3))]
    return np.logical_or.reduce(same + [slots["address"] == 2])


def _names(table, left, right, context):
    words = table.words
    given = words.levels(table.given[left], table.given[right], True)
    family = words.levels(table.family[left], table.family[right], False)
    order = np.zeros(len(left), np.uint8)
    weak = np.flatnonzero(~(np.isin(given, (SAME, SOUND)) & np.isin(family, (SAME, SOUND))))
    if len(weak):
        _assign(table, left[weak], right[weak], context, weak, given, family, order)
        _second_words(table, left, right, given, family, weak)
    bag = (table.bag[left] == table.bag[right]) & (table.bag[left] != 0)
    bag &= ~(np.isin(given, (SAME, SOUND)) & np.isin(family, (SAME, SOUND)))
    given[bag], family[bag], order[bag] = SOUND, SOUND, 2
    _known_words(table, left, right, context, given, family, order)
    return {
        "given": given,
        "family": family,
        "name": _GIVEN_GROUP[given] * np.uint8(len(FAMILY_GROUPS)) + _FAMILY_GROUP[family],
        "order": order,
        "middle": _middles(table, left, right, given),
    }


def _assign(table, a, b, context, rows, given, family, order):
    """Choose the order in which the words of two names fit best, and which of the two matches is the given name."""
    words, role = table.words, table.words.roles_of(context)
    one = words.levels(table.given[a], table.family[b], True)
    other = words.levels(table.family[a], table.given[b], True)
    swap = _QUALITY[one] + _QUALITY[other] > _QUALITY[given[rows]] + _QUALITY[family[rows]] + 0.25
    # Each match is of two words; the one whose words are given names elsewhere is the given name.
    cross = np.flatnonzero(swap)
    x, y = a[cross], b[cross]
    first, second = role[table.given[x]] + role[table.family[y]], role[table.family[x]] + role[table.given[y]]
    one, other = one[cross], other[cross]
    # Unless that tells, the less alike of two matches counts as the given name, to be careful.
    exchange = np.where(first == second, _QUALITY[other] < _QUALITY[one], second > first)
    # A single word is what the other record calls it, unless it is a given name elsewhere.
    single = ((table.flags[x] | table.flags[y]) & SINGLE) > 0
    exchange[single] = np.where(one != MISSING, first <= 0, second > 0)[single]
    target = rows[cross]
    order[target] = 1
    given[target] = np.where(exchange, other, one)
    left = np.where(exchange, table.given[x], table.family[x])
    right = np.where(exchange, table.family[y], table.given[y])
    family[target] = words.levels(left, right, False)
    straight = np.flatnonzero(~swap)
    x, y = a[straight], b[straight]
    first, second = role[table.given[x]] + role[table.given[y]], role[table.family[x]] + role[table.family[y]]
    single = ((table.flags[x] | table.flags[y]) & SINGLE) > 0
    again = np.flatnonzero((second > first) & ~single)
    target = rows[straight[again]]
    given[target] = words.levels(table.family[x[again]], table.family[y[again]], True)
    family[target] = words.levels(table.given[x[again]], table.given[y[again]], False)


def _second_words(table, left, right, given, family, weak):
    """Let a second given name or surname stand for the first where only that one fits."""
    words = table.words
    poor = weak[np.isin(given[weak], (DIFFERS, KNOWN_DIFFER, INITIAL_DIFFERS, ALIKE))]
    poor = poor[(table.middle[left[poor]] >= 0) | (table.middle[right[poor]] >= 0)]
    for one, other in (("middle", "given"), ("given", "middle")):
        level = words.levels(getattr(table, one)[left[poor]], getattr(table, other)[right[poor]], True)
        given[poor[np.isin(level, (SAME, SOUND, TYPO, SLIP, FORM))]] = SECOND
    poor = weak[np.isin(family[weak], (DIFFERS, KNOWN_DIFFER, ALIKE))]
    for one, other in _SECOND_FAMILY:
        level = words.levels(getattr(table, one)[left[poor]], getattr(table, other)[right[poor]], False)
        family[poor[np.isin(level, (SAME, SOUND, TYPO, SLIP))]] = SECOND


_SECOND_FAMILY = (
    ("family2", "family"), ("family", "family2"), ("family2", "family2"), ("middle", "family"), ("family", "middle"),
)  # fmt: skip


# Persons who bear a word for it to be a name of its own, and at most for it to be a typing error.
_NAME_OF_MANY = 4
_SLIP_OF_FEW = 1


def _known_words(table, left, right, context, given, family, order):
    """Tell typing errors by how many persons bear each word.

    Two words of many are two names; a word of few beside one of many is an error; where both are rare, only letters
    that are missing, doubled or exchanged make an error likely, and a different letter may be another name.
    """
    words = table.words
    many = context.persons(mix("word", words.sound))
    for level, part, lexicon in ((given, "given", True), (family, "family", False)):
        rows = np.flatnonzero(np.isin(level, (TYPO, SLIP)))
        column, other = getattr(table, part), table.family if lexicon else table.given
        a = column[left[rows]]
        b = np.where(order[rows] == 1, other[right[rows]], column[right[rows]])
        one, two = many[a], many[b]
        if lexicon:
            known = (words.groups[:, 0] >= 0) | (words.nicknames[:, 0] >= 0)
            one, two = np.where(known[a], _NAME_OF_MANY, one), np.where(known[b], _NAME_OF_MANY, two)
        least, most = np.minimum(one, two), np.maximum(one, two)
        level[rows[least >= _NAME_OF_MANY]] = TYPO_KNOWN
        if not lexicon:
            level[rows[(least <= _SLIP_OF_FEW) & (most >= _NAME_OF_MANY)]] = TYPO


def _middles(table, left, right, given):
    a, b = table.middle[left], table.middle[right]
    result = np.zeros(len(left), np.uint8)
    result[(a >= 0) != (b >= 0)] = 1
    both = np.flatnonzero((a >= 0) & (b >= 0))
    level = table.words.levels(a[both], b[both], True)
    result[both] = np.select(
        [
            np.isin(level, (SAME, SOUND, TYPO, SLIP, SKELETON, FORM, NICKNAME)),
            level == INITIAL,
            np.isin(level, (SHORT, ALIKE)),
        ],
        [2, 3, 3],
        4,
    )
    return result


def _suffix(table, left, right):
    a, b = table.suffix[left], table.suffix[right]
    return np.select([(a == 0) & (b == 0), a == b, (a == 0) | (b == 0)], [0, 1, 2], 3).astype(np.uint8)


def _emails(table, left, right, context):
    keys = mix("email", table.hashes("emails"))
    degree = context.contacts(keys)
    result = _presence(table.email[:, 0] >= 0, left, right)
    both = np.flatnonzero(result == CONTACT_DIFFERS)
    best = np.full(len(both), 1 << 30, np.int32)
    for a in table.email.T:
        for b in table.email.T:
            one, other = a[left[both]], b[right[both]]
            same = (one == other) & (one >= 0)
            best[same] = np.minimum(best[same], degree[one[same]])
    same = best < 1 << 30
    result[both[same]] = _degrees(best[same])
    rest = both[~same]
    one, other = table.email[left[rest], 0], table.email[right[rest], 0]
    pairs, inverse = np.unique(one.astype(np.int64) << 32 | other, return_inverse=True)
    result[rest] = _email_levels(table.emails, pairs >> 32, pairs & 0xFFFFFFFF)[inverse]
    return result


def _email_levels(texts, left, right):
    result = np.full(len(left), CONTACT_DIFFERS, np.uint8)
    one, other = [texts[code] for code in left], [texts[code] for code in right]
    distance = process.cpdist(one, other, scorer=OSA.distance, dtype=np.int32, score_cutoff=2)
    locals_ = [(x.partition("@")[0], y.partition("@")[0]) for x, y in zip(one, other, strict=True)]
    result[[x == y and len(x) > 5 for x, y in locals_]] = MAILBOX
    # An address that differs in its digits only is another address of the same pattern, not a typing error.
    typed = [len(x) > 5 and x.strip("0123456789") != y.strip("0123456789") for x, y in locals_]
    result[(distance <= 1) & np.array(typed, bool)] = SIMILAR
    return result


def _phones(table, left, right, context):
    keys = [mix("phone", column % TAIL) for column in table.phone.T]
    degrees = [context.contacts(key) for key in keys]
    result = _presence(table.phone[:, 0] != 0, left, right)
    both = np.flatnonzero(result == CONTACT_DIFFERS)
    best = np.full(len(both), 1 << 30, np.int32)
    near = np.zeros(len(both), bool)
    for position, a in enumerate(table.phone.T):
        for b in table.phone.T:
            one, other = a[left[both]], b[right[both]]
            present = (one != 0) & (other != 0)
            same = present & same_phone(one, other)
            best[same] = np.minimum(best[same], degrees[position][left[both[same]]])
            near |= present & similar_phone(one, other)
    same = best < 1 << 30
    result[both[near]] = SIMILAR
    result[both[same]] = _degrees(best[same])
    return result


def same_phone(one, other):
    """Whether the last nine digits are the same, or all of a shorter number."""
    shorter = np.minimum(one, other)
    modulus = np.where(shorter < TAIL, TAIL, TAIL * 10)
    modulus = np.where(shorter < TAIL // 10, TAIL // 10, modulus)
    return one % modulus == other % modulus


def similar_phone(one, other):
    """Whether the last nine digits differ in one digit or in two neighbours that changed places."""
    one, other = one % (TAIL * 10), other % (TAIL * 10)
    wrong = np.zeros(len(one), np.int8)
    total = np.zeros(len(one), np.int16)
    first = np.full(len(one), 9, np.int8)
    last = np.zeros(len(one), np.int8)
    for position in range(9):
        digit, digit2 = one % 10, other % 10
        differs = digit != digit2
        wrong += differs
        total += (digit - digit2).astype(np.int16)
        first = np.where(differs & (first == 9), position, first).astype(np.int8)
        last = np.where(differs, position, last).astype(np.int8)
        one, other = one // 10, other // 10
    return (wrong == 1) | ((wrong == 2) & (total == 0) & (last - first == 1))


def _documents(table, left, right):
    result = _numbers(table.document, table.document_type, left, right, -1)
    rest = np.flatnonzero(result == 4)
    one = [table.documents[code] for code in table.document[left[rest], 0]]
    other = [table.documents[code] for code in table.document[right[rest], 0]]
    if one:
        distance = process.cpdist(one, other, scorer=OSA.distance, dtype=np.int32, score_cutoff=1)
        result[rest[distance <= 1]] = 3
    return result


def _numbers(numbers, types, left, right, blank):
    """Compare documents or cards: the same in any position, or different ones of one type."""
    result = np.zeros(len(left), np.uint8)
    a_any, b_any = (numbers[left] != blank).any(1), (numbers[right] != blank).any(1)
    result[a_any != b_any] = 1
    both = np.flatnonzero(a_any & b_any)
    same = np.zeros(len(both), bool)
    differs = np.zeros(len(both), bool)
    for a, a_type in zip(numbers.T, types.T, strict=True):
        for b, b_type in zip(numbers.T, types.T, strict=True):
            one, other = a[left[both]], b[right[both]]
            present = (one != blank) & (other != blank)
            same |= present & (one == other)
            differs |= present & (one != other) & (a_type[left[both]] == b_type[right[both]])
    result[both] = np.select([same, differs], [2, 4], 1)
    return result


def _births(one, other):
    """Compare dates as yyyymmdd: the same, one slip apart (day and month changed places, one digit), the same year."""
    result = np.select([(one == 0) & (other == 0), (one == 0) | (other == 0), one == other], [0, 1, 2], 5)
    rest = np.flatnonzero(result == 5)
    a, b = one[rest], other[rest]
    swapped = a // 10000 * 10000 + a % 100 * 100 + a // 100 % 100 == b
    wrong = np.zeros(len(a), np.int8)
    x, y = a.copy(), b.copy()
    moved = np.zeros(len(a), np.int16)
    for _position in range(8):
        wrong += x % 10 != y % 10
        moved += (x % 10 - y % 10).astype(np.int16)
        x, y = x // 10, y // 10
    slip = swapped | (wrong == 1) | ((wrong == 2) & (moved == 0))
    result[rest] = np.select([slip, a // 10000 == b // 10000], [3, 4], 5)
    return result.astype(np.uint8)


def _addresses(table, left, right):
    """Compare street, house and place: the same, similar, one house elsewhere."""
    keys = address_keys(table)
    a, b = keys[left], keys[right]
    result = np.select([(a == 0) & (b == 0), (a == 0) | (b == 0), a == b], [0, 1, 2], 5).astype(np.uint8)
    rest = np.flatnonzero(result == 5)
    one, other = table.street[left[rest]].astype(np.int64), table.street[right[rest]]
    result[rest[one == other]] = 4
    pairs, inverse = np.unique(np.minimum(one, other) << 32 | np.maximum(one, other), return_inverse=True)
    texts = [[table.streets[code] for code in codes] for codes in (pairs >> 32, pairs & 0xFFFFFFFF)]
    alike = (
        process.cpdist(*texts, scorer=Indel.normalized_similarity, dtype=np.float32)[inverse] if len(pairs) else pairs
    )
    house = table.house[left[rest]] == table.house[right[rest]]
    near = (table.zip[left[rest]] == table.zip[right[rest]]) | (table.city[left[rest]] == table.city[right[rest]])
    result[rest[(alike >= 0.72) & (one != other) & house]] = 3
    result[rest[(alike >= 0.9) & (one != other) & near]] = 3
    return result


def _cities(table, left, right):
    one, other = table.city[left].astype(np.int64), table.city[right]
    result = np.select([(one < 0) | (other < 0), one == other], [0, 1], 3).astype(np.uint8)
    rest = np.flatnonzero(result == 3)
    one, other = one[rest], other[rest]
    pairs, inverse = np.unique(np.minimum(one, other) << 32 | np.maximum(one, other), return_inverse=True)
    texts = [[table.cities[code] for code in codes] for codes in (pairs >> 32, pairs & 0xFFFFFFFF)]
    if len(pairs):
        alike = process.cpdist(*texts, scorer=Indel.normalized_similarity, dtype=np.float32)[inverse]
        result[rest[alike >= 0.8]] = 2
    return result


def _compare(one, other):
    return np.select([(one == 0) | (other == 0), one == other], [0, 1], 2).astype(np.uint8)


def _presence(present, left, right):
    a, b = present[left], present[right]
    return np.select([~a & ~b, a != b], [NONE, ONE], CONTACT_DIFFERS).astype(np.uint8)


def _degrees(counts):
    return (np.searchsorted(_DEGREE_EDGES, np.maximum(counts, 1), side="right") - 1 + FIRST_SAME).astype(np.uint8)


def _same_contact(codes):
    return (codes >= FIRST_SAME) & (codes < SIMILAR)


_OWN = FIRST_SAME + 4  # contacts of up to four names


def _contact(email, phone):
    own = [(slot >= FIRST_SAME) & (slot < _OWN) for slot in (email, phone)]
    shared = ((email >= _OWN) & (email < SIMILAR)) | ((phone >= _OWN) & (phone < SIMILAR))
    return np.select([own[0] & own[1], own[0], own[1], shared], [4, 3, 2, 1], 0).astype(np.uint8)
