import doctest
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine import survivorship
from hospitality_crm.engine.survivorship import Golden, resolve


def make(profile_id, trust=50, at=1.0, values=None, **extra):
    return {"profile_id": profile_id, "trust": trust, "at": at, "kind": "person", "values": values or {}, **extra}


def test_doctests():
    result = doctest.testmod(survivorship)
    assert result.attempted and not result.failed


def test_every_field_has_a_policy():
    covered = set(survivorship.POLICIES) - set(survivorship.BLOCKS)
    for members in survivorship.BLOCKS.values():
        covered.update(members)
    assert covered == set(survivorship.FIELDS)


def test_nobody_knows_anything():
    assert resolve([]) == resolve([make(1)]) == resolve([make(1), make(2)]) == {}


def test_most_trusted_then_most_complete_then_latest():
    old, new = make(1, 60, 1.0, {"name": "Anna Koval"}), make(2, 50, 2.0, {"name": "Hanna Koval"})
    assert resolve([old, new])["name"] == Golden("Anna Koval", 1, "most_trusted")
    new["trust"] = 60
    assert resolve([old, new])["name"] == Golden("Hanna Koval", 2, "latest")
    new["values"] = {"name": "A. Koval"}
    assert resolve([old, new])["name"] == Golden("Anna Koval", 1, "most_complete")


def test_latest_language_wins_over_trust():
    old, new = make(1, 90, 1.0, {"lang": "uk"}), make(2, 10, 2.0, {"lang": "en"})
    assert resolve([old, new])["lang"] == Golden("en", 2, "latest")
    assert resolve([old, new], {"lang": "most_trusted"})["lang"] == Golden("uk", 1, "most_trusted")


def test_most_frequent_gender():
    profiles = [
        make(1, 90, 9.0, {"gender": "male"}),
        make(2, values={"gender": "female"}),
        make(3, values={"gender": "female"}),
    ]
    assert resolve(profiles)["gender"][::2] == ("female", "most_frequent")


def test_agreement_is_told():
    profiles = [make(1, values={"birthdate": "1980-02-29"}), make(2, 60, values={"birthdate": "1980-02-29"})]
    assert resolve(profiles)["birthdate"] == Golden("1980-02-29", 2, "agreed")


def test_address_comes_from_one_profile():
    old = make(1, 90, 1.0, {"street": "Shevchenka 1", "city": "Lviv", "zip": "79000", "country": "UA"})
    new = make(2, 10, 2.0, {"street": "Hauptstr. 5", "city": "Bonn"})
    golden = resolve([old, new])
    assert {key: golden[key].value for key in ("street", "city")} == {"street": "Hauptstr. 5", "city": "Bonn"}
    assert "zip" not in golden and "country" not in golden


def test_a_country_alone_is_no_address():
    home = make(1, 10, 1.0, {"street": "Shevchenka 1", "city": "Lviv"})
    booking = make(2, 10, 2.0, {"country": "DE"})
    golden = resolve([home, booking])
    assert golden["city"].value == "Lviv" and "country" not in golden
    assert resolve([booking])["country"].value == "DE"


def test_name_parts_come_with_the_name():
    one = make(1, 60, values={"name": "Anna Koval", "given_name": "Anna", "family_name": "Koval"})
    two = make(2, 50, values={"name": "Hanna Petrivna Koval", "middle_name": "Petrivna"})
    golden = resolve([one, two])
    assert golden["given_name"].value == "Anna" and "middle_name" not in golden


def test_name_is_put_together_from_parts():
    assert resolve([make(1, values={"given_name": "Anna", "family_name": "Koval"})])["name"].value == "Anna Koval"
    assert resolve([make(1), make(2, values={"family_name": "Koval"})])["name"].value == "Koval"


def test_relay_and_junk_are_never_primary():
    points = {"1@guest.booking.com": ("relay", True), "test@test.com": ("junk", True), "a@b.ua": ("real", True)}
    hidden = make(1, 99, 9.0, {"emails": ["1@guest.booking.com", "test@test.com"]}, points=points)
    assert "email" not in resolve([hidden])
    other = make(2, 1, 1.0, {"emails": ["a@b.ua"]}, points=points)
    assert resolve([hidden, other])["email"].value == "a@b.ua"
    typed = {**hidden, "meta": {"emails": {"by": "staff", "at": 1.0}}}
    assert "email" not in resolve([typed])


def test_shared_address_belongs_to_a_company_or_to_who_says_so():
    points = {"info@agency.ua": ("shared", True)}
    agency = make(1, values={"emails": ["info@agency.ua"]}, points=points)
    assert "email" not in resolve([agency])
    assert resolve([{**agency, "kind": "agency"}])["email"].value == "info@agency.ua"
    assert resolve([{**agency, "meta": {"emails": {"by": "guest"}}}])["email"] == Golden("info@agency.ua", 1, "guest")


def test_reachable_first_even_against_staff():
    points = {"old@b.ua": ("real", False), "new@b.ua": ("real", True)}
    typed = make(1, 100, 9.0, {"emails": ["old@b.ua"]}, points=points, meta={"emails": {"by": "staff"}})
    other = make(2, 10, 1.0, {"emails": ["new@b.ua"]}, points=points)
    assert resolve([typed, other])["email"] == Golden("new@b.ua", 2, "reachable")
    assert resolve([typed])["email"].value == "old@b.ua"


@pytest.mark.parametrize("key", ["name", "lang", "birthdate", "gender", "vat", "company_name"])
def test_staff_before_guest_before_systems(key):
    system = make(1, 99, 99.0, {key: "system"})
    guest = make(2, 1, 2.0, {key: "guest"}, meta={key: {"by": "guest", "at": 2.0}})
    staff = make(3, 1, 1.0, {key: "staff"}, meta={key: {"by": "staff", "at": 1.0}})
    assert resolve([system, guest])[key] == Golden("guest", 2, "guest")
    assert resolve([system, guest, staff])[key] == Golden("staff", 3, "staff")


def test_time_of_a_typed_value_counts_not_that_of_its_profile():
    early = make(1, 50, 99.0, {"lang": "uk"}, meta={"lang": {"by": "staff", "at": 1.0}})
    late = make(2, 50, 1.0, {"lang": "en"}, meta={"lang": {"by": "staff", "at": 2.0}})
    assert resolve([early, late])["lang"].value == "en"


def test_removed_values_never_win_again():
    removed = {"emails": {"by": "staff", "at": 5.0, "rejects": ["wrong@b.ua"]}}
    odoo = make(1, 100, 1.0, meta=removed)
    pms = make(2, 50, 9.0, {"emails": ["wrong@b.ua", "right@b.ua"]})
    assert resolve([pms])["email"].value == "wrong@b.ua"
    assert resolve([odoo, pms])["email"].value == "right@b.ua"


def test_removed_name_and_address_blocks():
    address = {"street": "Wrong 1", "city": "Bonn"}
    odoo = make(1, 100, meta={"address": {"by": "staff", "rejects": [survivorship.fingerprint(address)]}})
    assert "city" not in resolve([odoo, make(2, values=dict(address))])
    assert resolve([odoo, make(2, values={**address, "street": "Right 2"})])["city"].value == "Bonn"


def test_vip_is_sticky_until_a_person_says_otherwise():
    profiles = [make(1, values={"vip": True}), make(2, 99, 99.0, {"name": "Anna Koval"})]
    assert resolve(profiles)["vip"] == Golden(True, 1, "sticky_true")


def test_union_of_notes_and_memberships():
    card, other = {"program": "GOLD", "number": "1"}, {"program": "MILES", "number": "7"}
    profiles = [
        make(1, at=1.0, values={"notes": "Quiet room", "memberships": [card]}),
        make(2, at=2.0, values={"notes": "Late arrival", "memberships": [other, card]}),
    ]
    golden = resolve(profiles)
    assert golden["notes"] == Golden("Late arrival\nQuiet room", 2, "union")
    assert golden["memberships"].value == [other, card]


KEYS = ("name", "given_name", "lang", "gender", "birthdate", "street", "city", "notes", "vat")
PROFILES = st.lists(
    st.fixed_dictionaries(
        {
            "trust": st.integers(0, 2),
            "at": st.sampled_from([1.0, 2.0]),
            "kind": st.sampled_from(["person", "company"]),
            "values": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["a", "bb cc", "d. ee", ""]), max_size=6),
            "emails": st.lists(st.sampled_from(["r@x.ua", "s@x.ua", "k@x.ua"]), max_size=3, unique=True),
            "meta": st.dictionaries(
                st.sampled_from(["name", "lang", "gender", "address", "emails"]),
                st.fixed_dictionaries(
                    {"by": st.sampled_from(["staff", "guest", "system"])},
                    optional={"at": st.sampled_from([1.0, 3.0]), "rejects": st.just(["r@x.ua", "a"])},
                ),
                max_size=2,
            ),
        }
    ),
    min_size=1,
    max_size=4,
)
POINTS = {"r@x.ua": ("real", True), "s@x.ua": ("shared", True), "k@x.ua": ("relay", True)}


def build(drawn):
    return [
        {
            **entry,
            "profile_id": number,
            "points": POINTS,
            "values": entry["values"] | ({"emails": entry["emails"]} if entry["emails"] else {}),
        }
        for number, entry in enumerate(drawn, 1)
    ]


@given(PROFILES)
def test_order_of_profiles_does_not_matter(drawn):
    profiles = build(drawn)
    results = [resolve(list(order)) for order in itertools.permutations(profiles)]
    assert all(result == results[0] for result in results)


@given(PROFILES)
def test_golden_values_exist_and_blank_never_wins(drawn):
    profiles = {profile["profile_id"]: profile for profile in build(drawn)}
    for key, golden in resolve(list(profiles.values())).items():
        assert golden.value and golden.reason in survivorship.REASONS
        values = profiles[golden.profile_id]["values"]
        if key == "email":
            assert golden.value in values["emails"] and golden.value != "k@x.ua"
        elif key == "notes":
            assert values["notes"] in golden.value.split("\n")
        elif key != "name" or values.get("name"):
            assert values[key] == golden.value


@given(PROFILES)
def test_blocks_are_never_mixed(drawn):
    golden = resolve(build(drawn))
    assert len({golden[key].profile_id for key in ("street", "city") if key in golden}) < 2
    assert len({golden[key].profile_id for key in ("name", "given_name") if key in golden}) < 2


@given(PROFILES)
def test_a_single_profile_decides_like_among_equals(drawn):
    (profile, *_rest) = build(drawn)
    plain = {**profile, "meta": {}}
    general = {**profile, "meta": {"none": {}}}
    one, other = resolve([plain]), resolve([general])
    assert {key: golden[:2] for key, golden in one.items()} == {key: golden[:2] for key, golden in other.items()}


def test_every_choice_of_policy_is_one_that_decides():
    values = {"name": "Anna Koval", "city": "Lviv", "emails": ["a@b.ua"], "notes": "Window", "vip": True}
    for key, choices in survivorship.CHOICES.items():
        assert survivorship.POLICIES[key] in choices
        for policy in choices:
            known = values | ({key: "x"} if key not in (*survivorship.BLOCKS, *values, "phones", "memberships") else {})
            profiles = [make(1, 60, 1.0, dict(known)), make(2, 50, 2.0, dict(known)), make(3, 40, 3.0, dict(known))]
            assert resolve(profiles, {key: policy})


def test_order_of_sources_comes_before_general_trust():
    pms, pos, form = (
        make(1, 90, 3.0, {"name": "Anna Koval", "birthdate": "1980-01-01"}, source=1),
        make(2, 10, 1.0, {"name": "Hanna Koval", "birthdate": "1981-01-01"}, source=2),
        make(3, 50, 2.0, {"name": "Ganna Koval", "birthdate": "1982-01-01"}, source=3),
    )
    golden = resolve([pms, pos, form], orders={"name": {2: 0, 3: 1}})
    assert golden["name"] == Golden("Hanna Koval", 2, "most_trusted")
    assert golden["birthdate"] == Golden("1980-01-01", 1, "most_trusted"), "other fields are not touched"
    assert resolve([pms, form], orders={"name": {2: 0, 3: 1}})["name"].value == "Ganna Koval"
    assert resolve([pms], orders={"name": {2: 0}})["name"].value == "Anna Koval"
    assert resolve([pms, pos, form], orders={"birthdate": {3: 0}})["birthdate"].value == "1982-01-01"


def test_order_of_sources_of_addresses_and_ties():
    one, two = make(1, 90, 1.0, {"emails": ["a@x.ua"]}, source=1), make(2, 10, 2.0, {"emails": ["b@x.ua"]}, source=2)
    assert resolve([one, two])["email"] == Golden("a@x.ua", 1, "most_trusted")
    assert resolve([one, two], orders={"emails": {2: 0}})["email"] == Golden("b@x.ua", 2, "most_trusted")
    old, new = make(1, 50, 1.0, {"lang": "uk"}, source=1), make(2, 50, 2.0, {"lang": "en"}, source=2)
    assert resolve([old, new], orders={"lang": {1: 0}})["lang"].value == "en", "the latest one decides first"
    new["at"] = 1.0
    assert resolve([old, new], orders={"lang": {1: 0}})["lang"].value == "uk"


def test_older_records_of_an_ordered_source_come_after_its_live_ones():
    older = make(1, 59, 9.0, {"name": "Old Name"}, source=1, older=True)
    live = make(2, 60, 1.0, {"name": "New Name"}, source=1)
    other = make(3, 90, 1.0, {"name": "Other Name"}, source=2)
    assert resolve([older, live, other], orders={"name": {1: 0}})["name"].value == "New Name"
    assert resolve([older, other], orders={"name": {1: 0, 2: 1}})["name"].value == "Old Name"


def test_people_come_before_an_order_of_sources():
    typed = make(1, 10, 1.0, {"name": "Typed Name"}, source=1, meta={"name": {"by": "staff"}})
    other = make(2, 90, 2.0, {"name": "Other Name"}, source=2)
    assert resolve([typed, other], orders={"name": {2: 0}})["name"] == Golden("Typed Name", 1, "staff")


@given(PROFILES, st.dictionaries(st.integers(1, 4), st.integers(0, 3), max_size=3))
def test_an_order_of_one_field_leaves_the_others(drawn, order):
    profiles = [{**profile, "source": profile["profile_id"]} for profile in build(drawn)]
    plain, ordered = resolve(profiles), resolve(profiles, orders={"vat": order})
    assert {key: plain[key] for key in plain if key != "vat"} == {key: ordered[key] for key in ordered if key != "vat"}
