"""What must merge by itself and what must not, with names that no lexicon knows."""

import pytest

from hospitality_crm.engine import matching

HOME = {"street": "Brukalinde 17", "zip": "40213", "city": "Tarvola"}
PHONE = {"phones": ["+358401239876"]}
BORN = {"birthdate": "1984-10-17"}


def labels_of(*records):
    records = [dict(record, id=number, source="pms") for number, record in enumerate(records)]
    return matching.match_table(matching.Table.of(map(matching.prepare, records)), processes=1).labels.tolist()


def person(given, family, *parts, **values):
    record = {"given_name": given, "family_name": family, **values}
    for part in parts:
        record |= part
    return record


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("Tevor", "Melkusat", PHONE, HOME), person("Dalisa", "Melkusat", PHONE, HOME)),  # spouses
        (person("Tevor", "Melkusat", PHONE, HOME, BORN), person("Tovar", "Melkusat", PHONE, HOME, BORN)),  # twins
        (person("Tevor", "Melkusat", PHONE, HOME, BORN), person("Tevora", "Melkusat", PHONE, HOME, BORN)),
        (person("Tevor", "Melkusat", PHONE, HOME, BORN), person("Tevok", "Melkusat", PHONE, HOME, BORN)),
        (person("Tevor", "Melkusat", PHONE, HOME), person("Tevor", "Melkusat", PHONE, HOME, suffix="Jr")),
        (person("Tevor", "Melkusat", PHONE, suffix="Sr"), person("Tevor", "Melkusat Jr.", PHONE)),
        (person("Tevor", "Melkusat", PHONE, BORN), person("Tevor", "Melkusat", PHONE, birthdate="1955-03-02")),
        (person("Tevor", "Melkusat", PHONE), person("Bruna", "Sodrikas", PHONE)),  # recycled number
        (person("Oleksandr", "Koval", PHONE, BORN), person("Oleksandra", "Koval", PHONE, BORN)),
        (person("Marija", "Koval", PHONE, BORN), person("Marina", "Koval", PHONE, BORN)),
        ({"name": "김 동현", **PHONE}, {"name": "황 동현", **PHONE}),
        ({"name": "Hotel Melkusat", "kind": "company", **PHONE}, {"name": "Hotel Melkusat", **PHONE}),
    ],
)
def test_these_are_never_merged_automatically(one, other):
    assert labels_of(one, other) == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("Tevor", "Melkusat", PHONE, HOME), person("Tevor", "Melkusat", PHONE)),
        (person("Tevor", "Melkusat", PHONE, BORN), {"name": "MELKUSAT TEVOR", **PHONE, **BORN}),
        (person("Tevor", "Melkusat", PHONE, BORN), person("Тевор", "Мелкусат", PHONE)),
        (person("Tevoran", "Melkusat", PHONE, BORN), person("Tevroan", "Melkusat", PHONE, BORN)),
        (person("Tevor", "Melkusat", PHONE, suffix="Jr"), person("Tevor", "Melkusat Jr.", PHONE)),
        (person("Tevor", "Melkusat", HOME, BORN), person("Tevor", "Melkusat", HOME, BORN)),
        (person("小梦", "詹", PHONE), {"name": "Zhan Xiao-meng", **PHONE}),
        ({"name": "김 동현", **PHONE}, {"name": "김 동현", **PHONE}),
        (person("Oleksandr", "Koval", PHONE), person("Sasha", "Koval", PHONE)),
        (
            {"name": "ТОВ «Мелкусат»", "kind": "agency", "emails": ["info@melkusat.travel"]},
            {"name": "Melkusat LLC", "kind": "company", "emails": ["booking@melkusat.travel"]},
        ),
    ],
)
def test_these_are_merged_automatically(one, other):
    assert labels_of(one, other) == [0, 0]


def test_relatives_are_proposed_as_a_household():
    one, other = (
        matching.prepare({"id": 1, **person("Tevor", "Melkusat", PHONE, HOME)}),
        matching.prepare({"id": 2, **person("Dalisa", "Melkusat", PHONE, HOME)}),
    )
    found = matching.explain(one, other)
    assert matching.decide(sum(item.weight for item in found), found) == "household"


def test_a_reception_phone_alone_brings_nobody_together():
    guests = [
        person(given, family, PHONE)
        for given, family in zip(
            "Tevor Dalisa Bruna Kolme Sarit Vendo".split(),
            "Melkusat Sodrikas Trovel Hakunen Bresk Lindovar".split(),
            strict=True,
        )
    ]
    assert labels_of(*guests) == [0, 1, 2, 3, 4, 5]


def test_an_initial_joins_one_guest_and_connects_none():
    husband, wife = person("Tevor", "Melkusat", PHONE), person("Tunisa", "Melkusat", PHONE)
    initial = person("T.", "Melkusat", PHONE)
    assert labels_of(husband, wife, initial) == [0, 1, 2]
    assert labels_of(husband, initial) == [0, 0]


def test_one_word_joins_one_guest_and_connects_none():
    father, son = person("Tevor", "Melkusat", PHONE, BORN), person("Tevor", "Melkusat", PHONE, birthdate="2009-03-02")
    assert labels_of(father, son, {"name": "Tevor", **PHONE}) == [0, 1, 2]


def test_the_same_document_and_birth_date_overrule_another_given_name():
    document = {"documents": ["passport:FE845817"]}
    one = person("Tevor", "Melkusat", document, BORN)
    assert labels_of(one, person("Dalisa", "Melkusat", document, BORN)) == [0, 0]
    assert labels_of(one, person("Dalisa", "Melkusat", BORN)) == [0, 1]


def test_best_evidence_comes_first_where_not_all_can_be_true():
    one = person("Tevor", "Melkusat", PHONE, BORN, emails=["tevor@melkusat.fi"])
    other = person("Tevor", "Melkusat", PHONE, birthdate="2009-03-02")
    undated = person("Tevor", "Melkusat", emails=["tevor@melkusat.fi"], **PHONE)
    assert labels_of(one, other, undated) == [0, 1, 0]
    assert labels_of(other, one, undated) == [0, 1, 1]


@pytest.mark.parametrize(
    "titled",
    [
        {"name": "M. Tevor Melkusat", "country": "FR"},
        {"name": "M Melkusat, Tevor", "lang": "fr_BE"},
        {"name": "Melkusat, M. Tevor", "phones": ["+33698712340"]},
        {"given_name": "M. Tevor", "family_name": "Melkusat", "country": "SN"},
        {"given_name": "M.", "middle_name": "Tevor", "family_name": "Melkusat", "lang": "fr"},
    ],
)
def test_a_french_title_is_no_initial(titled):
    assert labels_of(
        {**PHONE, **titled}, person("Tevor", "Melkusat", {"phones": titled.get("phones", PHONE["phones"])})
    ) == [0, 0]
    assert matching.prepare({"id": 1, **titled}).name[:3] == ("tevor", "", "melkusat")


@pytest.mark.parametrize(
    "record",
    [
        {"name": "M. Tevor Melkusat"},
        {"name": "M. Tevor Melkusat", "country": "US"},
        {"name": "M. Tevor Melkusat", "lang": "en_US", "country": "FR"},
        {"name": "M. Melkusat", "country": "FR"},
        {"given_name": "M.", "family_name": "Melkusat", "country": "FR"},
        {"name": "M. Dos Santos", "country": "FR"},
    ],
)
def test_an_initial_stays_one(record):
    assert matching.prepare({"id": 1, **record}).name.given == "m"
