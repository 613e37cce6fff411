"""Names of pairs: in which order they fit, and how alike the given and the family names are."""

import numpy as np

from .arrays import among, choose
from .person import SINGLE, SURE
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
)

GIVEN_GROUPS = ("missing", "same", "near", "form", "initial", "unclear", "differs")
FAMILY_GROUPS = ("missing", "same", "near", "initial", "differs")
GIVEN_GROUP = np.zeros(len(LEVELS), np.uint8)
FAMILY_GROUP = np.zeros(len(LEVELS), np.uint8)
for _group, _levels in enumerate(
    (
        (MISSING,), (SAME, SOUND), (SKELETON, TYPO, SLIP, SECOND), (FORM, NICKNAME, SHORT), (INITIAL,),
        (ALIKE, TYPO_KNOWN),
        (GENDER, INITIAL_DIFFERS, DIFFERS, KNOWN_DIFFER),
    )
):  # fmt: skip
    GIVEN_GROUP[list(_levels)] = _group
for _group, _levels in enumerate(
    (
        (MISSING,), (SAME, SOUND), (SKELETON, TYPO, SLIP, TYPO_KNOWN, SECOND, GENDER), (INITIAL,),
        (FORM, NICKNAME, SHORT, ALIKE, INITIAL_DIFFERS, DIFFERS, KNOWN_DIFFER),
    )
):  # fmt: skip
    FAMILY_GROUP[list(_levels)] = _group
# How good a level is, for choosing between the two orders of a name.
_QUALITY = np.zeros(len(LEVELS), np.float32)
for _level, _quality in {
    MISSING: 0.0, SAME: 4, SOUND: 3.9, SKELETON: 2.5, TYPO: 3, SLIP: 2.8, TYPO_KNOWN: 2, FORM: 3, NICKNAME: 2.5,
    INITIAL: 1.2, SHORT: 1.5,
    GENDER: 0.5, ALIKE: 0.8, INITIAL_DIFFERS: -2, DIFFERS: -2, KNOWN_DIFFER: -3, SECOND: 2.5,
}.items():  # fmt: skip
    _QUALITY[_level] = _quality

_EQUAL, _ERROR = among(SAME, SOUND), among(TYPO, SLIP)
_POOR_GIVEN = among(DIFFERS, KNOWN_DIFFER, INITIAL_DIFFERS, ALIKE)
_POOR_FAMILY = among(DIFFERS, KNOWN_DIFFER, ALIKE)
_STANDS_GIVEN, _STANDS_FAMILY = among(SAME, SOUND, TYPO, SLIP, FORM), among(SAME, SOUND, TYPO, SLIP)
# Level of two middle names by that of their words.
_MIDDLE_LEVEL = np.full(len(LEVELS), 4, np.uint8)
_MIDDLE_LEVEL[[SAME, SOUND, TYPO, SLIP, SKELETON, FORM, NICKNAME]] = 2
_MIDDLE_LEVEL[[INITIAL, SHORT, ALIKE]] = 3
# Groups of names that agree nearly, and as far as one of them goes.
_NEAR_GIVEN, _NEAR_FAMILY = among(1, 2, 3, 5), among(1, 2)
_PART_GIVEN, _PART_FAMILY, _WHOLE_GIVEN = among(0, 4), among(0, 3), among(1, 2, 3)


def compare_names(table, left, right, context):
    given, family, order = compare_words(table, left, right, context)
    return {
        "given": given,
        "family": family,
        "name": GIVEN_GROUP[given] * np.uint8(len(FAMILY_GROUPS)) + FAMILY_GROUP[family],
        "order": order,
        "middle": _middles(table, left, right, given),
    }


def compare_words(table, left, right, context):
    """Return the levels of the given and the family names of pairs, and in which order they fit."""
    words = table.words
    given = words.levels(table.given[left], table.given[right], True)
    family = words.levels(table.family[left], table.family[right], False)
    order = np.zeros(len(left), np.uint8)
    weak = np.flatnonzero(~(_EQUAL[given] & _EQUAL[family]))
    if len(weak):
        _assign(table, left[weak], right[weak], context, weak, given, family, order)
        _second_words(table, left, right, given, family, weak)
    bag = (table.bag[left] == table.bag[right]) & (table.bag[left] != 0)
    bag &= ~(_EQUAL[given] & _EQUAL[family])
    given[bag], family[bag], order[bag] = SOUND, SOUND, 2
    _known_words(table, left, right, context, given, family, order)
    return given, family, order


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
    poor = weak[_POOR_GIVEN[given[weak]]]
    poor = poor[(table.middle[left[poor]] >= 0) | (table.middle[right[poor]] >= 0)]
    for one, other in (("middle", "given"), ("given", "middle")) if len(poor) else ():
        level = words.levels(getattr(table, one)[left[poor]], getattr(table, other)[right[poor]], True)
        given[poor[_STANDS_GIVEN[level]]] = SECOND
    poor = weak[_POOR_FAMILY[family[weak]]]
    if not len(poor):
        return
    for one, other in _SECOND_FAMILY:
        level = words.levels(getattr(table, one)[left[poor]], getattr(table, other)[right[poor]], False)
        family[poor[_STANDS_FAMILY[level]]] = SECOND
    # Of a whole name the middle word may be the first of two surnames.
    for one, other, side in (("middle", "family", left), ("family", "middle", right)):
        level = words.levels(getattr(table, one)[left[poor]], getattr(table, other)[right[poor]], False)
        unsure = (table.flags[side[poor]] & SURE) == 0
        family[poor[unsure & _STANDS_FAMILY[level]]] = SECOND


_SECOND_FAMILY = (("family2", "family"), ("family", "family2"), ("family2", "family2"))


# Persons who bear a word for it to be a name of its own, and at most for it to be a typing error.
_NAME_OF_MANY = 4
_SLIP_OF_FEW = 1


def _known_words(table, left, right, context, given, family, order):
    """Tell typing errors by how many persons bear each word.

    Two words of many are two names. A family name of few beside one of many is an error; a given name may also be
    that of a brother or sister.
    """
    words = table.words
    many = words.persons_of(context)
    for level, part, lexicon in ((given, "given", True), (family, "family", False)):
        rows = np.flatnonzero(_ERROR[level])
        if not len(rows):
            continue
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
    if not len(both):
        return result
    level = table.words.levels(a[both], b[both], True)
    result[both] = _MIDDLE_LEVEL[level]
    return result


def compare_suffixes(table, left, right):
    a, b = table.suffix[left], table.suffix[right]
    return choose([((a == 0) & (b == 0), 0), (a == b, 1), ((a == 0) | (b == 0), 2)], 3)


def name_kinds(slots):
    """Return how well the names of pairs agree: 1 the same, 2 nearly, 3 as far as one of them goes, 0 not."""
    given, family = GIVEN_GROUP[slots["given"]], FAMILY_GROUP[slots["family"]]
    same = (given == 1) & (family == 1)
    near = _NEAR_GIVEN[given] & _NEAR_FAMILY[family]
    part = _PART_GIVEN[given] & _NEAR_FAMILY[family] | _PART_FAMILY[family] & _WHOLE_GIVEN[given]
    return choose([(slots["organisation"] > 0, 0), (same, 1), (near, 2), (part, 3)], 0)
