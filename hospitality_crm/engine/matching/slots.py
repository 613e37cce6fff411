"""What two records say about being one person, as one small code per kind of evidence ("slot")."""

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from .context import address_keys, name_keys, word_keys
from .guards import GUARDS, guard_codes
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
    hash64,
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
_CHANCE_EDGES = np.array([0, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30])

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
    "address": ("none", "one", "same", "street", "differs"),
    "city": ("none", "same", "differs"),
    "country": ("none", "same", "differs"),
    "gender": ("none", "same", "differs"),
    "company": ("none", "same", "differs"),
    "name_contact": tuple(f"{name}:{contact}" for name in NAME_CLASSES for contact in CONTACTS),
    "name_birth": tuple(f"{name}:{birth}" for name in NAME_CLASSES for birth in SAMENESS),
    "name_address": tuple(f"{name}:{address}" for name in NAME_CLASSES for address in ("none", "same")),
    "guard": GUARDS,
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
    MISSING: 0.0, SAME: 4, SOUND: 3.9, SKELETON: 2.5, TYPO: 3, SLIP: 2.8, TYPO_KNOWN: 2, FORM: 3, NICKNAME: 2.5, INITIAL: 1.2, SHORT: 1.5,
    GENDER: 0.5, ALIKE: 0.8, INITIAL_DIFFERS: -2, DIFFERS: -2, KNOWN_DIFFER: -3, SECOND: 2.5,
}.items():  # fmt: skip
    _QUALITY[_level] = _quality


def static_slots(table, left, right, context):
    """Return the codes of all slots but the counted ones, dict slot -> uint8 array."""
    slots = _names(table, left, right, context)
    slots["suffix"] = _suffix(table, left, right)
    slots["email"] = _emails(table, left, right, context)
    slots["phone"] = _phones(table, left, right, context)
    slots["document"] = _numbers(table.document, table.document_type, left, right)
    slots["loyalty"] = _numbers(table.loyalty, table.program, left, right)
    slots["birth"] = _births(table.birth[left], table.birth[right])
    slots["address"] = _addresses(table, left, right)
    for part in ("city", "country", "company"):
        column = getattr(table, part)
        slots[part] = _compare(column[left], column[right])
    slots["gender"] = _compare(table.gender[left], table.gender[right])
    contact = _contact(slots["email"], slots["phone"])
    name = slots["name"].astype(np.uint16)
    slots["name_contact"] = (name * len(CONTACTS) + contact).astype(np.uint8)
    birth = np.array([0, 0, 1, 1, 2, 2], np.uint8)[slots["birth"]]
    slots["name_birth"] = (name * len(SAMENESS) + birth).astype(np.uint8)
    slots["name_address"] = (name * 2 + (slots["address"] == 2)).astype(np.uint8)
    slots["guard"] = _guards(table, left, right, slots)
    return slots


def _guards(table, left, right, slots):
    first = table.words.first
    begins = (first[table.given[left]] == first[table.given[right]]) | (slots["order"] > 0)
    return guard_codes(slots, (table.flags[left] & table.flags[right] & SINGLE) > 0, begins)


def counted_slots(table, left, right, context, slots, labels=None):
    """Return the codes of the slots that depend on how many persons bear a name.

    :param labels: cluster of each row as far as it is known: where nothing but the name speaks for a pair, it counts
        how often each of the two was seen, how many others bear the name, and whether both are known under contacts
        of their own
    """
    keys, words = name_keys(table), word_keys(table)
    whole = context.persons(keys)
    single = [context.persons(column) for column in words]
    given, family = slots["given"], slots["family"]
    kind = np.zeros(len(left), np.uint8)
    same = (_GIVEN_GROUP[given] == 1) & (_FAMILY_GROUP[family] == 1)
    near = np.isin(_GIVEN_GROUP[given], (1, 2, 3, 5)) & np.isin(_FAMILY_GROUP[family], (1, 2)) & ~same
    part = (np.isin(_GIVEN_GROUP[given], (0, 4)) & np.isin(_FAMILY_GROUP[family], (1, 2))) | (
        np.isin(_FAMILY_GROUP[family], (0, 3)) & np.isin(_GIVEN_GROUP[given], (1, 2, 3))
    )
    kind[same], kind[near], kind[part] = 1, 2, 3
    count = np.maximum(np.where(keys[left] != 0, whole[left], 0), np.where(keys[right] != 0, whole[right], 0))
    # Of a part of a name the word that both have decides: the rarer one of either record.
    rare = [np.where(column != 0, counts, 1 << 30) for column, counts in zip(words, single, strict=True)]
    rare = np.minimum(*rare)
    count = np.where(part, np.maximum(rare[left], rare[right]), count)
    count = np.where(count >= 1 << 30, 1, count)
    bucket = np.searchsorted(_RARITY_EDGES, np.maximum(count, 1), side="right") - 1
    rarity = np.where(kind > 0, (kind.astype(np.int64) - 1) * len(RARITIES) + bucket + 1, 0).astype(np.uint8)
    product = single[0].astype(np.float64) * single[1] / max(context.total, 1)
    expected = np.maximum(np.where(keys[left] != 0, product[left], 0), np.where(keys[right] != 0, product[right], 0))
    chance = np.searchsorted(_CHANCE_EDGES, expected, side="right") - 1
    some = evidence_of_contact(slots)
    chance = np.where((kind == 1) | (kind == 2), some * len(CHANCES) + chance + 1, 0).astype(np.uint8)
    alone = np.flatnonzero(((kind == 1) | (kind == 2)) & ~some)
    entity = np.zeros(len(left), np.uint8)
    entity[alone] = _entities(table, left[alone], right[alone], labels, count[alone])
    return {"rarity": rarity, "entity": entity, "chance": chance}


def _entities(table, left, right, labels, persons):
    labels = np.arange(len(table)) if labels is None else np.asarray(labels)
    size = np.bincount(labels, minlength=len(table))
    known = []
    for column in (table.phone[:, 0] != 0, table.email[:, 0] >= 0):
        has = np.zeros(len(table), bool)
        has[labels[column]] = True
        known.append(has)
    a, b = labels[left], labels[right]
    apart = sum((has[a] & has[b]).astype(np.int64) for has in known)
    most = np.searchsorted(_SIZE_EDGES, np.maximum(size[a], size[b]), side="right") - 1
    least = np.minimum(size[a], size[b]) > 1
    others = np.searchsorted(_OTHERS_EDGES, np.maximum(persons - 2, 0), side="right") - 1
    code = ((most * 2 + least) * len(OTHERS) + others) * 3 + apart + 1
    return np.where(a == b, 0, code)


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
    cross_given = words.levels(table.given[a], table.family[b], True)
    cross_family = words.levels(table.family[a], table.given[b], True)
    straight = _QUALITY[given[rows]] + _QUALITY[family[rows]]
    swap = _QUALITY[cross_given] + _QUALITY[cross_family] > straight + 0.25
    # Each match is of two words; the one whose words are given names elsewhere is the given name.
    first = np.where(swap, role[table.given[a]] + role[table.family[b]], role[table.given[a]] + role[table.given[b]])
    second = np.where(swap, role[table.family[a]] + role[table.given[b]], role[table.family[a]] + role[table.family[b]])
    one, other = np.where(swap, cross_given, given[rows]), np.where(swap, cross_family, family[rows])
    single = ((table.flags[a] | table.flags[b]) & SINGLE) > 0
    # Unless that tells, the less alike one of two crossed matches counts as the given name, to be careful.
    exchange = np.where(swap & (first == second), _QUALITY[other] < _QUALITY[one], second > first)
    missing = single & swap
    exchange[missing] = (one[missing] != MISSING) & (first[missing] <= 0)
    exchange[single & ~swap] = False
    changed = np.flatnonzero(swap | exchange)
    x = np.where(exchange, other, one)[changed]
    y = np.where(exchange, one, other)[changed]
    given[rows[changed]], family[rows[changed]] = x, y
    order[rows[swap]] = 1
    # Everyday forms are told for given names only, so a match that changed its role is looked at again.
    again = np.flatnonzero(exchange & ~swap)
    given[rows[again]] = words.levels(table.family[a[again]], table.family[b[again]], True)
    family[rows[again]] = words.levels(table.given[a[again]], table.given[b[again]], False)


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


def _known_words(table, left, right, context, given, family, order):
    """A typing error is rare: two spellings that several persons bear each are two names."""
    typos = np.flatnonzero(np.isin(given, (TYPO, SLIP)) & (order == 0))
    if len(typos):
        sound = mix("word", table.words.sound)
        a = context.persons(sound[table.given[left[typos]]])
        b = context.persons(sound[table.given[right[typos]]])
        given[typos[np.minimum(a, b) > 3]] = TYPO_KNOWN
    typos = np.flatnonzero(np.isin(family, (TYPO, SLIP)) & (order == 0))
    if len(typos):
        sound = mix("word", table.words.sound)
        a = context.persons(sound[table.family[left[typos]]])
        b = context.persons(sound[table.family[right[typos]]])
        family[typos[np.minimum(a, b) > 3]] = TYPO_KNOWN


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
    hashes = np.array([hash64(text) for text in table.emails] + [0], np.int64)
    keys = mix("email", hashes)
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


def _numbers(numbers, types, left, right):
    """Compare documents or cards: the same in any position, or different ones of one type."""
    result = np.zeros(len(left), np.uint8)
    a_any, b_any = (numbers[left] != 0).any(1), (numbers[right] != 0).any(1)
    result[a_any != b_any] = 1
    both = np.flatnonzero(a_any & b_any)
    same = np.zeros(len(both), bool)
    differs = np.zeros(len(both), bool)
    for a, a_type in zip(numbers.T, types.T, strict=True):
        for b, b_type in zip(numbers.T, types.T, strict=True):
            one, other = a[left[both]], b[right[both]]
            present = (one != 0) & (other != 0)
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
    keys = address_keys(table)
    a, b = keys[left], keys[right]
    result = np.select([(a == 0) & (b == 0), (a == 0) | (b == 0), a == b], [0, 1, 2], 4)
    street = (result == 4) & (table.street[left] == table.street[right])
    return np.where(street, 3, result).astype(np.uint8)


def _compare(one, other):
    return np.select([(one == 0) | (other == 0), one == other], [0, 1], 2).astype(np.uint8)


def _presence(present, left, right):
    a, b = present[left], present[right]
    return np.select([~a & ~b, a != b], [NONE, ONE], CONTACT_DIFFERS).astype(np.uint8)


def _degrees(counts):
    return (np.searchsorted(_DEGREE_EDGES, np.maximum(counts, 1), side="right") - 1 + FIRST_SAME).astype(np.uint8)


_OWN = FIRST_SAME + 4  # contacts of up to four names


def _contact(email, phone):
    own = [(slot >= FIRST_SAME) & (slot < _OWN) for slot in (email, phone)]
    shared = ((email >= _OWN) & (email < SIMILAR)) | ((phone >= _OWN) & (phone < SIMILAR))
    return np.select([own[0] & own[1], own[0], own[1], shared], [4, 3, 2, 1], 0).astype(np.uint8)
