import doctest
import random
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hospitality_crm.engine import matching

MODULES = ("chinese", "clusters", "model", "normal", "person", "vocabulary")


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    result = doctest.testmod(import_module(f"hospitality_crm.engine.matching.{name}"))
    assert result.attempted and not result.failed


GIVEN = "Тарас Taras Олена Olena Oleksandr Oleksandra Xiaoming 小明 Хакоб Hakob Anna Ann T. Марія".split()
FAMILY = "Шевченко Shevchenko Koval Коваль Wang 王 Petrosyan Պետրոսյան Müller Mueller García".split()
PEOPLE = st.fixed_dictionaries(
    {"id": st.integers(1, 99), "source": st.sampled_from(["pms", "ota"])},
    optional={
        "given_name": st.sampled_from(GIVEN),
        "family_name": st.sampled_from(FAMILY),
        "name": st.one_of(
            st.builds("{} {}".format, st.sampled_from(GIVEN), st.sampled_from(FAMILY)), st.text(max_size=20)
        ),
        "suffix": st.sampled_from(["Jr", "Sr", ""]),
        "emails": st.lists(
            st.sampled_from(["a.koval@ukr.net", "tshev@gmail.com", "x.1@guest.booking.com"]), max_size=2
        ),
        "phones": st.lists(st.sampled_from(["+380441239867", "044 123 98 67", "+37455379535"]), max_size=2),
        "birthdate": st.sampled_from(["1984-10-17", "1984-10-18", "1990-01-02", "1900-01-01"]),
        "documents": st.lists(st.sampled_from(["passport:AB123456", "passport:AB123457", "visa:1"]), max_size=2),
        "street": st.sampled_from(["Franka 12", "вул. Франка, 12", "Main St. 5"]),
        "zip": st.sampled_from(["79000", "01001"]),
        "city": st.sampled_from(["Львів", "Lviv"]),
        "country": st.sampled_from(["UA", "AM"]),
        "kind": st.sampled_from(["person", "person", "person", "company", "agency"]),
        "company_name": st.sampled_from(["ТОВ Мандри", "Mandry LLC"]),
        "gender": st.sampled_from(["female", "male"]),
    },
)


def table_of(records):
    return matching.Table.of(map(matching.prepare, records))


@given(PEOPLE)
def test_a_packed_record_comes_back_as_it_was(record):
    normal = matching.prepare(record)
    again = matching.Normal.unpack(normal.pack())
    assert again == normal and again.keys == normal.keys
    assert all(-(1 << 63) <= key < 1 << 63 and key for key in normal.keys)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, PEOPLE)
def test_the_order_of_two_records_does_not_matter(a, b):
    table = table_of([a, b])
    score = matching.score(table, np.array([0, 1]), np.array([1, 0]), matching.Context())
    assert score[0] == pytest.approx(score[1], abs=1e-4)
    assert matching.Context().persons(np.array([5])) == [1]


@settings(max_examples=60, deadline=None)
@given(PEOPLE, PEOPLE)
def test_the_explanation_sums_to_the_score(a, b):
    a, b = matching.prepare(a), matching.prepare(b)
    score = matching.score(matching.Table.of([a, b]), np.array([0]), np.array([1]), matching.Context())
    found = matching.explain(a, b)
    assert sum(item.weight for item in found) == pytest.approx(float(score[0]), abs=1e-3)
    assert all(item.code.partition(".")[0] in matching.SLOTS or item.code == "prior" for item in found)
    assert matching.decide(float(score[0]), found) in ("merge", "ask", "household", "new")


@settings(max_examples=40, deadline=None)
@given(st.lists(PEOPLE, min_size=2, max_size=14), st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order_of_records(records, shuffle):
    records = [dict(record, id=number) for number, record in enumerate(records)]
    mixed = records[:]
    shuffle.shuffle(mixed)
    assert pair_scores(records) == pytest.approx(pair_scores(mixed), abs=1e-4)
    assert partition(records) == partition(mixed)


def partition(records):
    result = matching.match_table(table_of(records), processes=1)
    clusters = {}
    for record, label in zip(records, result.labels.tolist(), strict=True):
        clusters.setdefault(label, set()).add(record["id"])
    return set(map(frozenset, clusters.values()))


def pair_scores(records):
    result = matching.match_table(table_of(records), processes=1, rounds=1)
    ids = result.table.id
    return {
        frozenset((int(ids[a]), int(ids[b]))): float(score)
        for a, b, score in zip(result.left, result.right, result.score, strict=True)
    }


@settings(max_examples=40, deadline=None)
@given(st.lists(PEOPLE, min_size=2, max_size=14))
def test_no_cluster_contradicts_itself(records):
    records = [dict(record, id=number) for number, record in enumerate(records)]
    result = matching.match_table(table_of(records), processes=1, threshold=-5.0)
    table = result.table
    for a in range(len(records)):
        for b in range(a):
            if result.labels[a] != result.labels[b]:
                continue
            assert (table.kind[a] > 0) == (table.kind[b] > 0)
            assert {int(table.suffix[a]), int(table.suffix[b])} != {1, 2}
            same_document = set(table.document[a]) & set(table.document[b]) - {-1}
            births = {int(table.birth[a]), int(table.birth[b])} - {0}
            assert same_document or len(births) < 2 or births == {19841017, 19841018}


@settings(max_examples=30, deadline=None)
@given(st.lists(PEOPLE, min_size=3, max_size=12), st.randoms(use_true_random=False))
def test_vetoes_hold(records, choose):
    records = [dict(record, id=number) for number, record in enumerate(records)]
    vetoes = [sorted(choose.sample(range(len(records)), 2)) for _veto in range(3)]
    result = matching.match_table(table_of(records), processes=1, threshold=-5.0, vetoes=vetoes)
    assert all(result.labels[a] != result.labels[b] for a, b in vetoes)


def test_many_processes_find_what_one_finds():
    choose = random.Random(3)
    batches = [
        [
            {
                "id": number * 100 + row,
                "name": f"{choose.choice(GIVEN)} {choose.choice(FAMILY)}",
                "phones": [f"+38067{choose.randrange(40):07d}1"],
            }
            for row in range(100)
        ]
        for number in range(3)
    ]
    one, three = (matching.match_files(batches, processes=number) for number in (1, 3))
    assert (one.left == three.left).all() and (one.right == three.right).all()
    assert one.score == pytest.approx(three.score) and (one.labels == three.labels).all()
    assert len(np.unique(one.labels)) < 300


def test_a_table_is_the_same_after_saving_and_in_parts(tmp_path):
    records = [
        {"id": 1, "name": "Тарас Шевченко", "phones": ["+380441239867"], "documents": ["passport:AB1"]},
        {"id": 2, "name": "王小明", "emails": ["a@b.ua", "c@d.ua"], "street": "Franka 12", "city": "Lviv"},
        {"id": 3, "kind": "company", "name": "ТОВ Мандри", "emails": ["info@mandry.ua"]},
    ]
    table = table_of(records)
    table.save(tmp_path / "table.npz")
    context = matching.Context.of(table)
    context.save(tmp_path / "context.npz")
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    score = matching.score(table, left, right, context)
    parts = matching.Table.concat([table_of(records[:1]), table_of(records[1:])])
    again = matching.Context.load(tmp_path / "context.npz")
    for other in (matching.Table.load(tmp_path / "table.npz"), parts):
        assert (other.keys() == table.keys()).all()
        assert (matching.score(other, left, right, again) == score).all()


def test_keys_are_the_same_on_every_machine():
    """Stored keys are compared with new ones for years: when this fails, VERSION must rise."""
    normal = matching.prepare({"id": 1, "name": "Taras Shevchenko", "phones": ["+380441239867"]})
    assert (matching.VERSION, sum(normal.keys)) == (3, -17256168826017575313)
    assert set(matching.prepare({"id": 2, "name": "ШЕВЧЕНКО ТАРАС"}).keys) < set(normal.keys)


def test_hubs_are_found_by_the_names_that_use_them():
    shared, own = "+380441239867", "+380671239855"
    records = [
        {"id": number, "name": f"{given} {family}", "phones": [shared]}
        for number, (given, family) in enumerate(zip(GIVEN[:11], FAMILY, strict=True))
    ]
    records += [{"id": 90, "name": "Ihor Melnyk", "phones": [own]}, {"id": 91, "name": "Ігор Мельник", "phones": [own]}]
    records += [
        {"id": 92, "name": "Ihor Bondar", "phones": [shared]},
        {"id": 93, "name": "I Bondar", "phones": [shared]},
    ]
    table = table_of(records)
    context = matching.Context.of(table)
    slots = matching.features(table, np.array([11, 13]), np.array([12, 14]), context)
    levels = [matching.SLOTS["phone"][code] for code in slots["phone"]]
    assert levels == ["same_1", "same_5"]
