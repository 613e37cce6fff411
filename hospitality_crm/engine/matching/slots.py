"""What two records say about being one person, as one small code per kind of evidence ("slot")."""

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, Indel

from . import organisations
from .arrays import among, choose, distinct
from .guards import GUARDS, evidence_of_contact, guard_codes
from .keys import address_keys
from .name_pairs import FAMILY_GROUPS, GIVEN_GROUPS, compare_names, compare_suffixes, name_kinds
from .person import SINGLE
from .population import COUNTED, Population
from .table import TAIL
from .vocabulary import LEVELS, mix

CONTACTS = ("none", "shared", "phone", "email", "both")
SAMENESS = ("none", "same", "differs")
DEGREES = ("1", "2", "3", "4", "5", "10", "30")
_DEGREE_EDGES = np.array([1, 2, 3, 4, 5, 10, 30])
# Levels of address, city and zip that speak for one place.
_ALIKE, _CITY, _ZIP = among(2, 3), among(1, 2), among(1, 3)
_BORN = np.array([0, 0, 1, 1, 2, 2], np.uint8)

_CONTACT_LEVELS = ("none", "one", *(f"same_{degree}" for degree in DEGREES), "similar", "mailbox", "differs")
(NONE, ONE, FIRST_SAME) = range(3)
SIMILAR, MAILBOX, CONTACT_DIFFERS = (_CONTACT_LEVELS.index(level) for level in ("similar", "mailbox", "differs"))

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
    "address": ("none", "one", "same", "similar", "street", "differs", "near"),
    "zip": ("none", "same", "differs", "similar"),
    "city": ("none", "same", "similar", "differs"),
    "country": ("none", "same", "differs"),
    "gender": ("none", "same", "differs"),
    "company": ("none", "same", "differs"),
    "organisation": organisations.LEVELS,
    "name_contact": tuple(f"{name}:{contact}" for name in NAME_CLASSES for contact in CONTACTS),
    "name_birth": tuple(f"{name}:{birth}" for name in NAME_CLASSES for birth in SAMENESS),
    "name_address": tuple(f"{name}:{address}" for name in NAME_CLASSES for address in ("none", "same")),
    "guard": GUARDS,
    **COUNTED,
}


def static_slots(table, left, right, context):
    """Return the codes of all slots but the counted ones, dict slot -> uint8 array."""
    slots = compare_names(table, left, right, context)
    slots["suffix"] = compare_suffixes(table, left, right)
    slots["email"] = _emails(table, left, right, context)
    slots["phone"] = _phones(table, left, right, context)
    slots["document"] = _documents(table, left, right)
    slots["loyalty"] = _numbers(table.loyalty, table.program, left, right, 0)
    slots["birth"] = compare_births(table.birth[left], table.birth[right])
    slots["city"] = _cities(table, left, right)
    slots["zip"] = _zips(table, left, right)
    slots["address"] = _addresses(table, left, right, slots)
    for part in ("country", "company"):
        column = getattr(table, part)
        slots[part] = _compare(column[left], column[right])
    slots["gender"] = _compare(table.gender[left], table.gender[right])
    slots["organisation"] = organisations.compare(table, left, right, slots, same_contact)
    contact = _contact(slots["email"], slots["phone"])
    name = slots["name"].astype(np.uint16)
    slots["name_contact"] = (name * len(CONTACTS) + contact).astype(np.uint8)
    birth = _BORN[slots["birth"]]
    slots["name_birth"] = (name * len(SAMENESS) + birth).astype(np.uint8)
    slots["name_address"] = (name * 2 + _ALIKE[slots["address"]]).astype(np.uint8)
    slots["guard"] = _guards(table, left, right, slots)
    return slots


def _guards(table, left, right, slots):
    words = table.words
    shape = words.first.astype(np.int64) << 16 | words.length
    one, other = (shape[table.given[rows]] for rows in (left, right))
    begins = (one >> 16 == other >> 16) | (slots["order"] > 0)
    crossed = np.flatnonzero(slots["order"] == 1)
    for shapes, rows in ((one, left), (other, right)):
        shapes[crossed] += shape[table.family[rows[crossed]]]
    fathers = words.patronymic[table.middle[left]] | words.patronymic[table.middle[right]]
    codes = guard_codes(slots, (table.flags[left] & table.flags[right] & SINGLE) > 0, one == other, begins, fathers)
    codes[slots["organisation"] > 0] = 0
    return codes


def counted_slots(table, left, right, context, slots, labels=None):
    """Return the codes of the slots that depend on how many persons bear a name.

    :param labels: cluster of each row as far as it is known: where nothing but the name speaks for a pair, it counts
        how often each of the two was seen, how many others bear the name, and whether both are known under contacts
        of their own
    """
    kind, some = name_kinds(slots), evidence_of_contact(slots)
    return Population.of(table, context, labels).codes(left, right, kind, some)


def _emails(table, left, right, context):
    degree = table.cached(
        "email_degrees", lambda t: context.contacts(mix("email", t.hashes("emails"))), context.contacts
    )
    result = _presence(table.email[:, 0] >= 0, left, right)
    both = np.flatnonzero(result == CONTACT_DIFFERS)
    if not len(both):
        return result
    best = np.full(len(both), 1 << 30, np.int32)
    for a in table.email.T:
        for b in table.email.T:
            one, other = a[left[both]], b[right[both]]
            same = (one == other) & (one >= 0)
            best[same] = np.minimum(best[same], degree[one[same]])
    same = best < 1 << 30
    result[both[same]] = _degrees(best[same])
    rest = both[~same]
    if not len(rest):
        return result
    one, other = table.email[left[rest], 0], table.email[right[rest], 0]
    pairs, inverse = distinct(one.astype(np.int64) << 32 | other)
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
    degrees = table.cached(
        "phone_degrees",
        lambda t: [context.contacts(mix("phone", column % TAIL)) for column in t.phone.T],
        context.contacts,
    )
    result = _presence(table.phone[:, 0] != 0, left, right)
    both = np.flatnonzero(result == CONTACT_DIFFERS)
    if not len(both):
        return result
    best = np.full(len(both), 1 << 30, np.int32)
    near = np.zeros(len(both), bool)
    for position, a in enumerate(table.phone.T):
        for b in table.phone.T:
            one, other = a[left[both]], b[right[both]]
            present = (one != 0) & (other != 0)
            same = present & same_phone(one, other)
            best[same] = np.minimum(best[same], degrees[position][left[both[same]]])
            if present.any():
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
    return _one_slip(one % (TAIL * 10), other % (TAIL * 10), 9)


def _one_slip(one, other, digits):
    """Whether whole numbers differ in one digit or in two neighbours that changed places."""
    wrong = np.zeros(len(one), np.int8)
    exchanged = np.zeros(len(one), bool)
    before, before2 = np.full(len(one), -1, np.int8), np.full(len(one), -1, np.int8)
    for _position in range(digits):
        digit, digit2 = (one % 10).astype(np.int8), (other % 10).astype(np.int8)
        wrong += digit != digit2
        exchanged |= (digit == before2) & (digit2 == before) & (digit != digit2)
        before, before2 = digit, digit2
        one, other = one // 10, other // 10
    return (wrong == 1) | ((wrong == 2) & exchanged)


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
    if not len(both):
        return result
    same = np.zeros(len(both), bool)
    differs = np.zeros(len(both), bool)
    for a, a_type in zip(numbers.T, types.T, strict=True):
        for b, b_type in zip(numbers.T, types.T, strict=True):
            one, other = a[left[both]], b[right[both]]
            present = (one != blank) & (other != blank)
            same |= present & (one == other)
            differs |= present & (one != other) & (a_type[left[both]] == b_type[right[both]])
    result[both] = choose([(same, 2), (differs, 4)], 1)
    return result


def compare_births(one, other):
    """Compare dates as yyyymmdd: the same, one slip apart (day and month changed places, one digit), the same year."""
    blank, blank2 = one == 0, other == 0
    result = choose([(blank & blank2, 0), (blank | blank2, 1), (one == other, 2)], 5)
    rest = np.flatnonzero(result == 5)
    if not len(rest):
        return result
    a, b = one[rest], other[rest]
    swapped = a // 10000 * 10000 + a % 100 * 100 + a // 100 % 100 == b
    slip = swapped | _one_slip(a, b, 8)
    result[rest] = choose([(slip, 3), (a // 10000 == b // 10000, 4)], 5)
    return result


def _addresses(table, left, right, slots):
    """Compare street, house and place: the same, similar, alike in one place, one house elsewhere.

    :param slots: codes of ``city`` and ``zip``
    """
    keys = table.cached("address", address_keys)
    a, b = keys[left], keys[right]
    blank, blank2 = a == 0, b == 0
    result = choose([(blank & blank2, 0), (blank | blank2, 1), (a == b, 2)], 5)
    rest = np.flatnonzero(result == 5)
    if not len(rest):
        return result
    one, other = table.street[left[rest]], table.street[right[rest]]
    equal = one == other
    place = _CITY[slots["city"][rest]] | _ZIP[slots["zip"][rest]]
    alike = _alike(table.streets, one, other, Indel.normalized_similarity)
    number, number2 = table.house[left[rest]], table.house[right[rest]]
    house = number == number2
    part = house | (number == 0) | (number2 == 0)
    found = np.where(equal, 4, 5).astype(np.uint8)
    near = np.flatnonzero(place & ~equal & (part | _one_slip(number, number2, 5)))
    words = _alike(table.streets, one[near], other[near], fuzz.token_set_ratio) / 100
    found[near[np.maximum(words, alike[near]) >= _NEAR]] = 6
    found[(alike >= 0.72) & house | (alike >= 0.9) & place & part] = 3
    found[equal & ~place] = 4
    result[rest] = found
    return result


# How alike the words of two streets in one place are, with a house number that fits, to be one address written twice.
_NEAR = 0.6


def _cities(table, left, right):
    one, other = table.city[left], table.city[right]
    result = choose([((one < 0) | (other < 0), 0), (one == other, 1)], 3)
    rest = np.flatnonzero(result == 3)
    alike = _alike(table.cities, one[rest], other[rest], Indel.normalized_similarity)
    result[rest[alike >= 0.8]] = 2
    return result


def _zips(table, left, right):
    """Compare postal codes: the same, one slip apart."""
    one, other = table.zip[left], table.zip[right]
    result = choose([((one < 0) | (other < 0), 0), (one == other, 1)], 2)
    rest = np.flatnonzero(result == 2)
    result[rest[_alike(table.zips, one[rest], other[rest], OSA.distance) <= 1]] = 3
    return result


def _alike(texts, one, other, scorer):
    """Score texts by their codes, each two of them once."""
    one, other = one.astype(np.int64), other.astype(np.int64)
    pairs, inverse = distinct(np.minimum(one, other) << 32 | np.maximum(one, other))
    if not len(pairs):
        return np.zeros(0, np.float32)
    left, right = ([texts[code] for code in codes] for codes in (pairs >> 32, pairs & 0xFFFFFFFF))
    return process.cpdist(left, right, scorer=scorer, dtype=np.float32)[inverse]


def _compare(one, other):
    return choose([((one == 0) | (other == 0), 0), (one == other, 1)], 2)


def _presence(present, left, right):
    a, b = present[left], present[right]
    return choose([(~(a | b), NONE), (a != b, ONE)], CONTACT_DIFFERS)


def _degrees(counts):
    return (np.searchsorted(_DEGREE_EDGES, np.maximum(counts, 1), side="right") - 1 + FIRST_SAME).astype(np.uint8)


def same_contact(codes):
    """Whether an address or number is the same, however many names use it."""
    return (codes >= FIRST_SAME) & (codes < SIMILAR)


def own_contact(codes):
    """Whether an address or number is the same, and used by up to four names."""
    return (codes >= FIRST_SAME) & (codes < FIRST_SAME + 4)


def _contact(email, phone):
    own = own_contact(email), own_contact(phone)
    shared = same_contact(email) | same_contact(phone)
    return choose([(own[0] & own[1], 4), (own[0], 3), (own[1], 2), (shared, 1)], 0)
