"""What single fields of two records say: addresses and postal codes typed twice, initials, half a name."""

from collections import Counter

import numpy as np
import pytest

from hospitality_crm.engine import matching
from hospitality_crm.engine.matching import pipeline
from hospitality_crm.engine.matching.context import Census, Counts, name_keys, word_keys
from hospitality_crm.engine.matching.keys import CAPS, table_pairs
from hospitality_crm.engine.matching.table import DERIVED

HOME = {"street": "26 Groom Street", "street2": "Binbimbie", "city": "Young", "zip": "3595"}


def table_of(*records):
    return matching.Table.of(matching.prepare({"id": row, **record}) for row, record in enumerate(records))


def level(slot, one, other):
    table = table_of({"name": "Kyra Wilde", **one}, {"name": "Kyra Wilde", **other})
    slots = matching.features(table, np.array([0]), np.array([1]), matching.Context())
    return matching.SLOTS[slot][slots[slot][0]]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "same"),
        ({"street": "Groom St. 26"}, "same"),
        ({"street": "26 Grom Streeet"}, "similar"),
        ({"zip": "3859"}, "similar"),
        ({"zip": "3859", "city": "Yonug"}, "street"),
        ({"street": "62 Groom Street", "street2": ""}, "near"),
        ({"street": "26 Binbimbie", "street2": "Groom Srteet"}, "near"),
        ({"street": "17 Groom Street"}, "differs"),
        ({"street": "26 Lexcen Avenue", "street2": ""}, "differs"),
        ({"zip": "9999", "city": "Perth", "street": "62 Groom Street", "street2": ""}, "differs"),
    ],
)
def test_an_address_typed_twice_is_known(changed, expected):
    assert level("address", HOME, {**HOME, **changed}) == expected
    assert level("address", {**HOME, **changed}, HOME) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("3595", "3595", "same"), ("3595", "3955", "similar"), ("3595", "3594", "similar"), ("3595", "3864", "differs")],
)
def test_a_slip_in_a_postal_code_is_not_another_code(one, other, expected):
    assert level("zip", {"zip": one}, {"zip": other}) == expected
    assert level("zip", {"zip": one}, {}) == "none"


def test_two_initials_that_are_the_same_may_stand_for_two_names():
    table = table_of({"given_name": "A", "family_name": "Khomenko"}, {"given_name": "A.", "family_name": "Khomenko"})
    slots = matching.features(table, np.array([0]), np.array([1]), matching.Context())
    assert matching.SLOTS["given"][slots["given"][0]] == "initial"
    assert matching.SLOTS["guard"][slots["guard"][0]] == "word"


def test_a_number_that_many_use_does_not_lift_the_guard_of_namesakes():
    desk = [{"name": f"Guest Number{letter}", "phones": ["+380441239867"]} for letter in "abcdefghijkl"]
    names = [
        {"name": "Anna Koval", "phones": ["+380441239867"], "emails": [email]} for email in ("anna@x.ua", "koval@y.ua")
    ]
    table = table_of(*desk, *names)
    slots = matching.features(table, np.array([12]), np.array([13]), matching.Context.of(table))
    assert matching.SLOTS["phone"][slots["phone"][0]].startswith("same_")
    assert matching.SLOTS["guard"][slots["guard"][0]] == "contact"


def test_a_single_word_meets_both_names_of_a_birth_date():
    table = table_of(
        {"family_name": "Blake", "birthdate": "1986-09-20"},
        {"name": "Ainsley Blake", "birthdate": "1986-09-20"},
        {"name": "Blake Ainsworth", "birthdate": "1986-09-20"},
        {"name": "Blake Ainsworth", "birthdate": "1986-09-21"},
    )
    pairs = set(zip(*map(np.ndarray.tolist, table_pairs(table)), strict=True))
    assert {(0, 1), (0, 2)} <= pairs
    assert (0, 3) not in pairs


def people():
    for row in range(400):
        yield {
            "name": f"{'Anna Ivan Olha Petro'.split()[row % 4]} {'Koval Bondar Moroz'.split()[row % 3]}{row % 17}",
            "emails": [f"guest.{row % 90}@ukr.net"] if row % 3 else [],
            "phones": [f"+38044{row % 70:07d}"] if row % 2 else [],
            "documents": [f"passport:AB{row % 50:06d}"] if row % 5 == 0 else [],
            "birthdate": f"19{row % 40 + 50}-10-17" if row % 4 else "",
            "street": f"Franka {row % 60}",
            "city": "Lviv",
            "zip": f"79{row % 10:03d}",
        }


def test_pairs_are_those_of_the_stored_keys():
    table = table_of(*people())
    for one, other in zip(matching.candidates(table.keys()), table_pairs(table, threads=2), strict=True):
        assert (one == other).all()
    keys = [(kind, key) for row in table.keys().tolist() for kind, key in enumerate(row) if key]
    assert max(Counter(keys).values()) > min(CAPS.values())


def test_what_processes_derive_is_what_one_derives(monkeypatch):
    monkeypatch.setattr(pipeline, "SPAN", 7)
    one, other = table_of(*people()), table_of(*people())
    pipeline.derive_columns(other, processes=2)
    for key in DERIVED:
        assert f"_derived_{key}" in vars(other)
        assert (one.derived(key) == other.derived(key)).all()
    ours, theirs = one.words.arrays(), other.words.arrays()
    assert {key for key in ours if not np.array_equal(ours[key], theirs[key])} == set()


def test_what_is_looked_up_follows_the_context():
    table = table_of(*people())
    left, right = table_pairs(table)
    small, whole = matching.Context(), matching.Context.of(table)
    first = matching.score(table, left, right, whole)
    assert not np.array_equal(matching.score(table, left, right, small), first)
    assert np.array_equal(matching.score(table, left, right, whole), first)


def test_a_census_counts_persons_once():
    table = table_of(*people())
    labels = np.arange(len(table)) // 6
    names, words, total = Census(table).persons(labels)
    assert total == len(set(labels.tolist()))
    context = matching.Context.of(table, labels)
    for keys in (name_keys(table), np.r_[tuple(word_keys(table))]):
        expected = Counts.distinct(keys, np.resize(labels + 1, len(keys)))
        assert (context.persons(keys) == expected(keys)).all()
    assert set(names.tolist() + words.tolist()) >= set(context.persons.values.tolist())
    other = matching.Context.of(table, -1 - labels * 10**6)
    assert other.total == total
    assert (other.persons.values == context.persons.values).all()


def slots_of(one, other):
    slots = matching.features(table_of(one, other), np.array([0]), np.array([1]), matching.Context())
    return {slot: matching.SLOTS[slot][codes[0]] for slot, codes in slots.items()}


@pytest.mark.parametrize(("one", "other"), [("I.", "J."), ("Y.", "I."), ("G.", "H.")])
def test_initials_that_sound_alike_may_stand_for_two_names(one, other):
    slots = slots_of({"given_name": one, "family_name": "Melkusat"}, {"given_name": other, "family_name": "Melkusat"})
    assert slots["given"] == "initial"
    assert slots["guard"] != "none"


def test_a_second_given_name_is_no_evidence_of_its_own():
    """Many are called Anna Maria. With a number in common they are one, and fathers are many."""
    double = {"given_name": "Tevor", "middle_name": "Dalisa", "family_name": "Melkusat"}
    assert [slots_of(double, double)[slot] for slot in ("middle", "guard")] == ["same", "middle"]
    called = {**double, "phones": ["+358401239876"]}
    assert slots_of(called, called)["guard"] == "none"
    father = {**double, "middle_name": "Danylovych"}
    assert slots_of(father, father)["guard"] == "none"
