"""The live book, the restaurants and the files."""

import csv
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from lxml import etree

from hospitality_connectors.demo import facts, files, hotels, livebook, places, restaurants
from hospitality_connectors.demo.generate import SOURCES, generate

WEEK = [date(2026, 11, 19) + timedelta(offset) for offset in range(7)]


@pytest.fixture(scope="module")
def demo():
    return generate(date(2026, 11, 21), "small")


def of(demo, rows, source=None):
    return [
        record
        for file in demo.files
        if file.rows == rows and (source is None or file.source == source)
        for record in file.records
    ]


@pytest.mark.parametrize("today", WEEK)
def test_every_day_has_arrivals_departures_and_guests_in_house(today):
    _guests, stays, _truth = livebook.live(today)
    for hotel in ("CITY", "RESORT"):
        here = [row for row in stays if row["property"] == hotel]
        status = Counter(row["status"] for row in here)
        assert status["Checked-in"] > 60
        assert sum(row["arrival"] == today and row["status"] == "Confirmed" for row in here) > 10
        assert sum(row["departure"] == today and row["status"] == "Checked-in" for row in here) > 5
        assert sum(row["arrival"] > today and row["status"] == "Confirmed" for row in here) > 100
    assert len(stays) < 2500


@pytest.mark.parametrize("today", WEEK[:3])
def test_statuses_fit_the_day(today):
    for row in livebook.live(today)[1]:
        status = row["status"]
        assert row["booked"] <= today
        if status == "Checked-in":
            assert row["arrival"] <= today <= row["departure"]
        elif status == "Checked-out":
            assert row["departure"] <= today
        elif status == "Confirmed":
            assert row["arrival"] >= today
        elif status == "No-show":
            assert row["arrival"] < today
        else:
            assert row["cancelled"] <= today


def test_nobody_shares_a_room_by_mistake():
    nights = defaultdict(list)
    kinds = {hotel: dict(places.rooms(hotel)) for hotel in places.ROOM_TYPES}
    for row in livebook.live(WEEK[0])[1]:
        if row["status"] == "Checked-in":
            assert row["room"]
        if row["room"]:
            assert kinds[row["property"]][row["room"]] == row["room_type_charged"]
            nights[row["property"], row["room"]].append((row["arrival"], row["departure"]))
    for found in nights.values():
        for one, other in pairwise(sorted(found)):
            assert other[0] >= one[1]


def test_the_cast_of_today_is_there(demo):
    today = date(2026, 11, 21)
    cast = [row for row in demo.cast if row["story"] and row["arrival"] == today]
    stories = Counter(row["story"] for row in cast)
    assert stories == Counter(story for cast in livebook.CAST.values() for story, _country in cast)
    assert all(row["status"] == "reserved" for row in cast)
    born = [row["birthdate"] for row in cast if row["story"] in ("birthday", "vip_birthday")]
    assert len(born) == 2
    assert all(birthdate[5:] == f"{today:%m-%d}" for birthdate in born)
    scripts = {row["country"] for row in cast if row["story"] == "local" and row["local_name"]}
    assert {"UA", "AM", "CN", "GR"} <= scripts


def test_facts_tell_of_the_guests_with_a_story(demo):
    found = facts.facts(demo.cast, hotels.SEED)
    by_story = defaultdict(set)
    for row in demo.cast:
        by_story[row["story"]].add(row["profile"])
    blocks = {row["profile"] for row in found.alerts if row["level"] == "2_block"}
    assert blocks == by_story["do_not_rent"]
    severe = {row["profile"] for row in found.allergies if row["severity"] == "3" and row["allergen"] == "nuts"}
    assert by_story["allergy"] <= severe
    assert len(found.preferences) > 200
    keys = [row["key"] for row in found.preferences]
    assert len(keys) == len(set(keys))


def test_bills_add_up(demo):
    live, paid = Counter(), Counter()
    for line in of(demo, "charge"):
        assert line["net"] + line["tax"] == line["gross"]
        if line["state"] != "void":
            live[line["check"]] += line["gross"]
    for payment in of(demo, "payment"):
        paid[payment["check"]] += payment["amount"]
    checks = of(demo, "check")
    assert len(checks) > 250
    assert len({row["check"] for row in checks}) == len(checks)
    for row in checks:
        wanted = Decimal(0) if row["status"] == "voided" else row["total"]
        assert live[row["check"]] == wanted
        assert paid[row["check"]] == wanted
        assert row["subtotal"] - row["discount"] == row["total"]


def test_two_years_of_restaurants():
    till = restaurants.Till("MARE", lambda _rng, _day, booked: {"guest": "K1" * booked, "stay": "", "covers": 0}, 1)
    for offset in range(730):
        till.day(offset, date(2025, 1, 1) + timedelta(offset), date(2027, 1, 1))
    statuses = Counter(row["status"] for row in till.out.checks)
    assert 6000 < len(till.out.checks) < 8000
    assert min(statuses["voided"], statuses["refunded"]) > 10
    after_midnight = [row for row in till.out.checks if row["closed_at"][:10] > str(row["business_date"])]
    assert len(after_midnight) > 100


def test_references_point_at_records_of_the_same_source(demo):
    for source in {file.source for file in demo.files}:
        guests = {row["profile"] for row in of(demo, "guest", source)}
        stays = {row["confirmation"] for row in of(demo, "stay", source)}
        tables = {row["reservation"] for row in of(demo, "reservation", source)}
        checks = {row["check"] for row in of(demo, "check", source)}
        for row in of(demo, "stay", source):
            assert {row["profile"], *(row[f"companion{at}"] for at in (1, 2, 3))} - {""} <= guests
        for row in of(demo, "reservation", source):
            assert row["guest"] in guests
        for row in of(demo, "check", source):
            assert row["guest"] in guests | {""}
            assert row["stay"] in stays | {""}
            assert row["reservation"] in tables | {""}
            assert row["refund_of"] in checks | {""}
        for row in (*of(demo, "charge", source), *of(demo, "payment", source)):
            assert row["check"] in checks


def test_codes_are_those_of_the_places(demo):
    types = {hotel: set(found) for hotel, found in places.ROOM_TYPES.items()}
    for row in of(demo, "stay"):
        assert {row["room_type"], row["room_type_charged"]} <= types[row["property"]]
        assert row["channel"] in hotels.CHANNELS
    outlets = {(prop, code) for prop, code, _name, _kind in places.OUTLETS}
    for row in (*of(demo, "check"), *of(demo, "reservation")):
        assert (row["property"], row["outlet"]) in outlets
    assert {file.source for file in demo.files} <= {source[0] for source in SOURCES}


def test_the_menu_declares_allergens_of_the_law():
    dishes = restaurants.menu()
    assert 50 <= len(dishes) <= 70
    assert {allergen for dish in dishes for allergen in dish.allergens} <= set(facts.ALLERGENS)
    assert {dish.vat for dish in dishes} == {13, 23}


@pytest.mark.parametrize("days", [1, 6, 40])
def test_a_later_day_knows_all_that_an_earlier_one_knew(demo, days):
    """Loading again with a later day brings every record up to date: none is left behind as it was."""
    first = date(2026, 11, 21)
    for file, later in zip(demo.files, generate(first + timedelta(days), "small", since=first).files, strict=True):
        assert file.name == later.name
        key = files.COLUMNS[file.rows][0][0]
        then, now = ({record[key]: record for record in found.records} for found in (file, later))
        assert then.keys() <= now.keys(), file.name
        if file.name == "live_stays.xlsx":
            for number, row in then.items():
                assert (row["arrival"], row["departure"]) == (now[number]["arrival"], now[number]["departure"])
                if row["room"] and now[number]["status"] not in ("No-show", "Cancelled"):
                    assert row["room"] == now[number]["room"]


def test_a_week_later_the_same_happens_seven_days_later(demo):
    later = generate(date(2026, 11, 28), "small")
    for file, moved in zip(demo.files, later.files, strict=True):
        key = files.COLUMNS[file.rows][0][0]
        assert [record[key] for record in file.records] == [record[key] for record in moved.records]
    for row, moved in zip(of(demo, "stay"), of(later, "stay"), strict=True):
        assert moved["arrival"] - row["arrival"] == timedelta(7)
        assert moved["status"] == row["status"]


def test_generation_is_repeatable(demo):
    assert generate(date(2026, 11, 21), "small") == demo


def test_files_say_what_the_records_say(demo, tmp_path):
    for file in demo.files:
        path = files.write(file, tmp_path)
        names = files.headers(file)
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as stream:
                rows = list(csv.DictReader(stream, delimiter=";" if file.style == "european" else ","))
            assert list(rows[0]) == list(names.values())
        elif path.suffix == ".json":
            rows = json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".xml":
            rows = [dict(element.attrib) for element in etree.parse(path).getroot()]
        else:
            continue
        assert len(rows) == len(file.records)
        columns = {use["column"] for use in files.mapping(file)["columns"] if "column" in use}
        assert columns <= set(names.values())


def test_amounts_are_written_in_the_way_of_the_file(demo, tmp_path):
    for name, wanted in (("city_stays.csv", "1234.50"), ("resort_stays.csv", "1.234,50")):
        file = next(file for file in demo.files if file.name == name)
        record = {**file.records[0], "revenue": Decimal("1234.5")}
        path = files.write(file._replace(records=[record]), tmp_path)
        assert wanted in path.read_text(encoding="utf-8-sig")
