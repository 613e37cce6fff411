"""The made-up guests: who they are, how systems write them, and that the truth fits the bookings."""

from collections import Counter, defaultdict
from datetime import date
from random import Random

import phonenumbers
import pytest

from hospitality_connectors.demo import bookings, countries, hotels, people, persons, records, scripts

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def group():
    return hotels.group()


@pytest.fixture(scope="module")
def city():
    return hotels.history("CITY", TODAY)


@pytest.fixture(scope="module")
def resort():
    return hotels.history("RESORT", TODAY)


def test_the_same_seed_gives_the_same_people(group):
    rows, dealt, _described = group
    again = people.assign(rows, hotels.SEED)
    assert again.seats == dealt.seats
    assert people.assign(rows[:2000], 1).seats != people.assign(rows[:2000], 2).seats


def test_every_booking_has_one_person_and_one_profile(group):
    rows, dealt, _described = group
    assert set(dealt.seats) == {row.number for row in rows}
    assert 70_000 <= len(dealt.people) - 1 <= 85_000
    assert sum(len(numbers) for numbers in dealt.visits.values()) == len(rows)


def test_recognised_guests_have_a_profile_of_an_earlier_stay(group):
    rows, dealt, _described = group
    repeated = [row for row in rows if row.repeated]
    same = [row for row in repeated if dealt.seats[row.number].same]
    assert len(same) / len(repeated) > 0.97
    for row in same:
        origin = rows[dealt.origins[dealt.seats[row.number].profile] - 1]
        assert origin.hotel == row.hotel
        assert origin.arrival <= row.arrival


def test_guests_the_hotel_did_not_know_come_back_under_a_new_profile(group):
    _rows, dealt, _described = group
    profiles = defaultdict(set)
    for seat in dealt.seats.values():
        profiles[seat.person].add(seat.profile)
    assert 8_000 < sum(len(found) > 1 for found in profiles.values())


def test_nobody_sleeps_in_two_beds_unless_he_holds_a_block(group):
    rows, dealt, _described = group
    for numbers in dealt.visits.values():
        stays = [rows[number - 1] for number in numbers if rows[number - 1].status == "checked_out"]
        for earlier, later in zip(stays, stays[1:], strict=False):
            if later.arrival < earlier.departure:
                assert dealt.seats[later.number].same


def test_truth_names_the_person_of_every_profile(city, resort):
    for guests, stays, truth, _reachable in (city, resort):
        keys = [row["profile"] for row in guests]
        assert len(keys) == len(set(keys))
        by_profile = defaultdict(set)
        for row in truth:
            by_profile[row["profile"]].add(row["person"])
        assert all(len(found) == 1 for found in by_profile.values())
        assert set(keys) == set(by_profile)
        primary = {row["booking"]: row["profile"] for row in truth if row["role"] == "primary"}
        assert primary == {row["confirmation"]: row["profile"] for row in stays}


def test_truth_agrees_with_what_records_say(city):
    """Undamaged birth dates of a person never differ, and shared addresses of people never lie."""
    guests, _stays, truth, _reachable = city
    damaged = {"junk_birth", "birth_swapped", "birth_typo"}
    who = {row["profile"]: row for row in truth}
    births = defaultdict(set)
    owners = defaultdict(set)
    for row in guests:
        known = who[row["profile"]]
        if row.get("birthdate") and not damaged & set(known["tags"].split()):
            births[known["person"]].add(row["birthdate"])
        if row.get("email", "").endswith("@guest.booking.com"):
            owners[row["email"]].add(known["person"])
    assert all(len(found) == 1 for found in births.values())
    assert all(len(found) == 1 for found in owners.values())
    assert len(owners) > 20_000


def test_households_share_phone_and_culture(group):
    _rows, dealt, _described = group
    for number, spec in enumerate(dealt.people[1:3000], 1):
        who = persons.person(hotels.SEED, number, *spec)
        if spec[2] != "head":
            head = persons.person(hotels.SEED, spec[1], *dealt.people[spec[1]])
            assert who.culture == head.culture
            assert who.household == head.number
            assert who.street == head.street


def test_children_are_minors_without_a_mailbox(group):
    _rows, dealt, _described = group
    children = [(number, spec) for number, spec in enumerate(dealt.people) if spec and spec[2] == "child"]
    assert len(children) > 1000
    for number, spec in children[:500]:
        child = persons.person(hotels.SEED, number, *spec, year=TODAY.year)
        assert not child.email
        assert TODAY.year - child.birthdate.year < 17


def test_errors_cultures_and_scripts_are_those_of_life(city, resort):
    truth = [row for found in (city, resort) for row in found[2]]
    tags = Counter(tag for row in truth for tag in row["tags"].split())
    for tag in (
        "relay",
        "agency_mail",
        "typo",
        "swap",
        "dim",
        "romanised",
        "russified",
        "junk_mail",
        "switchboard",
    ):
        assert tags[tag] > 50, tag
    scripts_seen = Counter(row["script"] for row in truth)
    assert {"latin", "cyrillic", "armenian", "greek", "han"} <= set(scripts_seen)
    assert len({row["culture"] for row in truth}) >= 20


def test_no_address_can_belong_to_a_stranger(city, resort):
    allowed = set(records.RELAYS.values()) | {mail.partition("@")[2] for mail in records.JUNK_MAIL}
    for guests, stays, _truth, _reachable in (city, resort):
        for address in [row.get("email") for row in guests] + [row["agency_email"] for row in stays]:
            if address:
                host = address.partition("@")[2]
                assert host in allowed or host.endswith(".internal"), address


@pytest.mark.parametrize("country", sorted(countries.PHONES))
def test_phone_numbers_are_well_formed(country):
    rng = Random(country)
    for _i in range(20):
        number = persons.phone_number(rng, country)
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_possible_number(parsed), number
        local = phonenumbers.parse(persons.national(number, country), country)
        assert phonenumbers.format_number(local, phonenumbers.PhoneNumberFormat.E164) == number


@pytest.mark.parametrize(
    "name, language, official, loose",
    [
        ("Шевченко", "uk", "Shevchenko", "Shevchenko"),
        ("Згурський", "uk", "Zghurskyi", "Zgursky"),
        ("Юлія", "uk", "Yuliia", "Yuliya"),
        ("Щербаков", "ru", "Shcherbakov", "Shcherbakov"),
        ("Юрьев", "ru", "Iurev", "Yurev"),
        ("Երվանդ", "hy", "Yervand", "Ervant"),
        ("Տեր-Պետրոսյան", "hy", "Ter-Petrosyan", "Der-Bedrosyan"),
        ("Γεωργίου", "el", "Georgiou", "Georgiou"),
    ],
)
def test_romanisation(name, language, official, loose):
    assert scripts.romanise(name, language) == official
    assert scripts.romanise(name, language, loose=True) == loose


@pytest.mark.parametrize(
    "family, culture, wanted",
    [
        ("Иванов", "ru", "Иванова"),
        ("Чайковский", "ru", "Чайковская"),
        ("Шевченко", "uk", "Шевченко"),
        ("Хмельницький", "uk", "Хмельницька"),
        ("Kowalski", "pl", "Kowalska"),
        ("Novák", "cs", "Nováková"),
        ("Hájek", "cs", "Hájková"),
        ("Παπαδόπουλος", "el", "Παπαδοπούλου"),
        ("Silva", "pt", "Silva"),
    ],
)
def test_feminine_family_names(family, culture, wanted):
    assert persons.feminine(family, culture) == wanted


@pytest.mark.parametrize("word", ["Santos", "Müller", "Шевченко", "Li"])
def test_a_typo_is_one_slip(word):
    rng = Random(5)
    for _i in range(50):
        slipped = records.typo(rng, word)
        assert abs(len(slipped) - len(word)) <= 1
        assert slipped[:1] == word[:1]


def test_small_is_a_part_of_the_whole():
    whole = {row["profile"]: row for row in hotels.history("CITY", TODAY)[0]}
    small = hotels.history("CITY", TODAY, "small")
    assert len(small[1]) + len(hotels.history("RESORT", TODAY, "small")[1]) == hotels.SMALL
    for row in small[0]:
        assert whole[row["profile"]] == row
    last = max(row["arrival"] for row in small[1])
    assert last == bookings.LAST_ARRIVAL.__class__.fromordinal(
        bookings.LAST_ARRIVAL.toordinal() + bookings.shift_to(TODAY)
    )
