import gzip
import json
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.canonical import payload_hash, validate
from hospitality_connectors.engine.files.adapter import compiled, plan
from hospitality_connectors.engine.files.columns import profile
from hospitality_connectors.engine.files.errors import FileError, RowError
from hospitality_connectors.engine.files.importer import FileRows
from hospitality_connectors.engine.files.mapping import Mapping
from hospitality_connectors.engine.files.propose import propose, signature
from hospitality_connectors.engine.files.reader import open_table

BOOKINGS = Path(__file__).parents[2] / "hospitality_connectors/demo/data/hotel_bookings.csv.gz"


def mapping(rows, *uses, **options):
    columns = []
    for use in uses:
        column, target, *part = use
        columns.append({"column": column, "target": target, **({"part": part[0]} if part else {})})
    return {"rows": rows, "columns": columns, "options": options}


def one(content, header, values, **places):
    return Mapping(content, header, **places).parse(values)


def proposed(text, rows=None):
    source = text if isinstance(text, bytes) else text.encode()
    columns, _rows, _bad = profile(open_table(source))
    content, _scores, questions = propose(columns, rows)
    return content, questions


def targets(content):
    return {(use.get("column") or use["value"], use["target"], use.get("part", "")) for use in content["columns"]}


def land(source, content, revision="1"):
    """Return ``{(entity, key): set of hashes}``, the raw records and the scan of a file."""
    table = open_table(source)
    rows = FileRows(source, table.facts, plan(content, table.header), 7, revision)
    rows.prepare()
    raws = list(rows.raws())
    env = adapters.Env({"plans": {"7": plan(content, table.header)}})
    landed, refused = {}, []
    for raw in raws:
        try:
            for event in adapters.get("file").parse(raw, env):
                event = validate(event)
                landed.setdefault((event["entity"], event["external_id"]), {})[payload_hash(event)] = event
        except adapters.ParseError as error:
            refused.append(error)
    return landed, raws, rows, refused


STAYS = "Res;Guest;Mail;From;To;State;Total;Agent\n"
STAY_MAPPING = mapping(
    "stay",
    ("Res", "stay.external_id"),
    ("Guest", "guest.name"),
    ("Mail", "guest.email"),
    ("From", "stay.arrival"),
    ("To", "stay.departure"),
    ("State", "stay.status"),
    ("Total", "stay.amount_total"),
    ("Agent", "agency.name"),
    decimal=",",
)


def test_a_row_becomes_guest_agency_booking_and_stay():
    row = ["R1", "Ann Lee", "a@b.co; c@d.co", "01.02.2025", "03.02.2025", "Storniert", "€ 1.234,50", "Sun Tours"]
    guest, agency, booking, stay = one(STAY_MAPPING, STAYS.strip().split(";"), row)
    assert guest["external_id"] == "R1:guest" and guest["kind"] == "person"
    assert guest["values"] == {"name": "Ann Lee", "emails": ["a@b.co", "c@d.co"]}
    assert guest["version"] == 1738368000.0
    assert (agency["kind"], agency["values"]) == ("agency", {"name": "Sun Tours"})
    assert booking["external_id"] == stay["booking"] == "R1"
    assert booking["agency"] == agency["external_id"] and booking["booker"] == "R1:guest"
    assert booking["status"] == stay["status"] == "cancelled" and stay["status_raw"] == "Storniert"
    assert (stay["arrival"], stay["departure"]) == ("2025-02-01", "2025-02-03")
    assert (stay["amount_total"], stay["currency"]) == ("1234.5", "EUR")
    assert stay["guests"] == [{"guest": "R1:guest", "role": "primary", "pays": True, "sleeps": True}]


def test_an_unknown_status_is_kept_raw():
    row = ["R1", "Ann", "", "2025-02-01", "2025-02-03", "Blue", "", ""]
    stay = one(STAY_MAPPING, STAYS.strip().split(";"), row)[-1]
    assert "status" not in stay and stay["status_raw"] == "Blue"


@pytest.mark.parametrize(
    ("blank", "country"),
    [([], "NA"), (["NA"], None)],
)
def test_na_is_namibia_in_a_column_of_countries_unless_told_otherwise(blank, country):
    content = mapping("guest", ("Name", "guest.name"), ("Land", "guest.country"), ("City", "guest.city"), blank=blank)
    [event] = one(content, ["Name", "Land", "City"], ["Anna Koval", " NA ", "NA"])
    assert (event["values"].get("country"), "city" in event["values"]) == (country, False)


@pytest.mark.parametrize(
    ("countries", "blank"),
    [(["DE", "UA", "NA"], None), (["DEU", "UKR", "NA", "CN"], ["NA"]), (["Germany", "Ukraine", "NA"], ["NA"])],
)
def test_na_is_proposed_as_blank_where_countries_are_not_written_in_two_letters(countries, blank):
    rows = "".join(f"Guest {number},g{number}@mail.ua,{country}\n" for number, country in enumerate(countries))
    content, _questions = proposed("Name,E-mail,Country\n" + rows, "guest")
    assert ("Country", "guest.country", "") in targets(content)
    assert content["options"].get("blank") == blank


def test_words_of_the_user_go_before_those_we_know():
    content = {**STAY_MAPPING, "maps": {"stay.status": {"Blue": "no_show", "Cancelled": "no_show"}}}
    for word in ("Blue", "Cancelled", "cancelled"):
        row = ["R1", "Ann", "", "2025-02-01", "2025-02-03", word, "", ""]
        booking, stay = one(content, STAYS.strip().split(";"), row)[-2:]
        assert stay["status"] == booking["status"] == "no_show"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({3: "2025-02-30"}, "bad_date"),
        ({4: "2025-01-30"}, "before_arrival"),
        ({6: "12,5,0"}, "bad_number"),
        ({6: "USD 5", 3: ""}, "missing_value"),
        ({1: "A\x00nn"}, "nul"),
        ({index: "" for index in range(8)}, "blank_row"),
    ],
)
def test_bad_rows_are_refused_in_words(changes, code):
    row = ["R1", "Ann", "", "2025-02-01", "2025-02-03", "ok", "5", ""]
    for index, value in changes.items():
        row[index] = value
    with pytest.raises(RowError) as caught:
        one(STAY_MAPPING, STAYS.strip().split(";"), row)
    assert caught.value.code == code and "%(" not in str(caught.value)


def test_dates_out_of_several_columns_and_nights():
    content = mapping(
        "stay",
        ("y", "stay.arrival", "year"),
        ("m", "stay.arrival", "month"),
        ("d", "stay.arrival", "day"),
        ("n1", "stay.departure", "nights"),
        ("n2", "stay.departure", "nights"),
        ("lead", "stay.booked_on", "days_before"),
        ("adr", "stay.amount_room", "per_night"),
    )
    stay = one(content, ["y", "m", "d", "n1", "n2", "lead", "adr"], ["2016", "August", "31", "2", "1", "30", "80.5"])[
        -1
    ]
    assert (stay["arrival"], stay["departure"], stay["booked_on"]) == ("2016-08-31", "2016-09-03", "2016-08-01")
    assert stay["amount_room"] == "241.5"
    with pytest.raises(RowError) as caught:
        one(content, ["y", "m", "d", "n1", "n2", "lead", "adr"], ["2016", "February", "30", "1", "1", "1", "1"])
    assert caught.value.code == "bad_date" and "2016-2-30" in str(caught.value)


def test_times_are_local_to_the_property():
    content = mapping(
        "reservation",
        ("where", "reservation.property"),
        ("day", "reservation.starts_at", "date"),
        ("time", "reservation.starts_at", "time"),
        ("pax", "reservation.covers"),
    )
    places = {"KYIV": {"tz": "Europe/Kyiv"}}
    header = ["where", "day", "time", "pax"]
    [event] = one(content, header, ["KYIV", "01.07.2025", "19:30", "2"], places=places, tz="UTC")
    assert event["starts_at"] == "2025-07-01T16:30:00Z"
    [event] = one(content, header, ["ELSE", "01.07.2025", "7.30 pm", "2"], places=places, tz="UTC")
    assert event["starts_at"] == "2025-07-01T19:30:00Z"
    with pytest.raises(RowError):
        one(content, header, ["KYIV", "01.07.2025", "", "2"], places=places)


def test_people_of_a_stay_and_who_pays():
    content = mapping(
        "stay", ("id", "stay.external_id"), ("a", "stay.arrival"), ("d", "stay.departure"),
        ("g", "guest.external_id"), ("s", "sharer.name"), ("c", "companion2.name"), ("p", "payer.external_id"),
    )  # fmt: skip
    events = one(
        content, ["id", "a", "d", "g", "s", "c", "p"], ["1", "2025-01-01", "2025-01-02", "G", "Sam", "Kid", "P"]
    )
    stay = events[-1]
    assert {(person["guest"], person["role"], person["pays"], person["sleeps"]) for person in stay["guests"]} == {
        ("G", "primary", False, True),
        ("1:sharer", "sharer", False, True),
        ("1:companion2", "companion", False, True),
        ("P", "payer", True, False),
    }
    # Who is named by a key alone is told of elsewhere.
    assert {event["external_id"] for event in events if event["entity"] == "guest"} == {"1:sharer", "1:companion2"}


def test_years_of_birth_never_lie_in_the_future():
    content = mapping("guest", ("n", "guest.name"), ("b", "guest.birthdate"), base_year=2025)
    assert one(content, ["n", "b"], ["A", "01.02.30"])[0]["values"]["birthdate"] == "1930-02-01"
    assert one(content, ["n", "b"], ["A", "01.02.24"])[0]["values"]["birthdate"] == "2024-02-01"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (mapping("stay", ("x", "stay.arrival")), "missing_target"),
        (mapping("stay", ("nope", "stay.arrival")), "unknown_column"),
        (mapping("stay", ("x", "stay.nonsense")), "unknown_target"),
        (mapping("stay"), "nothing_mapped"),
        (mapping("charge", ("x", "charge.name")), "missing_target"),
        (mapping("nothing"), "unknown_target"),
    ],
)
def test_mappings_that_can_not_work_are_refused(content, code):
    with pytest.raises(FileError) as caught:
        Mapping(content, ["x"])
    assert caught.value.code == code


# Keys


KEYLESS = mapping("stay", ("g", "guest.name"), ("a", "stay.arrival"), ("d", "stay.departure"))


def test_equal_rows_are_several_records_and_order_does_not_matter():
    rows = ["Ann;2025-01-01;2025-01-02"] * 3 + ["Bob;2025-01-01;2025-01-02", "Ann;2025-01-01;2025-01-03"]
    first, raws, file, _bad = land(("g;a;d\n" + "\n".join(rows)).encode(), KEYLESS)
    assert sum(1 for entity, _key in first if entity == "stay") == 5
    assert sum(1 for entity, _key in first if entity == "guest") == 5
    random.Random(4).shuffle(rows)
    again, more, other, _bad = land(("g;a;d\n" + "\n".join(rows)).encode(), KEYLESS)
    assert first == again
    assert {raw.event_key for raw in raws} == {raw.event_key for raw in more} and len({r.event_key for r in raws}) == 5
    assert file.scan.digest == other.scan.digest


def test_columns_in_another_order_give_the_same_keys():
    first = land(b"g;a;d\nAnn;2025-01-01;2025-01-02\n", KEYLESS)[0]
    second = land(b"d;g;a\n2025-01-02;Ann;2025-01-01\n", KEYLESS)[0]
    assert first.keys() == second.keys()


def test_another_mapping_makes_new_deliveries_of_the_same_records():
    source = b"g;a;d\nAnn;2025-01-01;2025-01-02\n"
    first, raws, _file, _bad = land(source, KEYLESS, "1")
    again, more, _file, _bad = land(source, KEYLESS, "2")
    assert first == again and raws[0].event_key != more[0].event_key


def test_one_key_for_different_records_is_refused():
    content = mapping("stay", ("id", "stay.external_id"), ("a", "stay.arrival"), ("d", "stay.departure"))
    source = (
        b"id;a;d\n1;2025-01-01;2025-01-02\n1;2025-01-01;2025-01-05\n2;2025-01-01;2025-01-02\n2;2025-01-01;2025-01-02\n"
    )
    landed, _raws, _file, refused = land(source, content)
    assert set(landed) == {("stay", "2"), ("booking", "2")}
    assert [error.code for error in refused] == ["key_conflict"] * 2
    assert "rows 2, 3" in refused[0].message and refused[0].message.startswith("Row 2:")


def test_rows_that_say_different_things_of_one_guest_agree_on_the_newest():
    content = mapping(
        "stay", ("id", "stay.external_id"), ("a", "stay.arrival"), ("d", "stay.departure"),
        ("g", "guest.external_id"), ("n", "guest.name"), ("t", "guest.phone"),
    )  # fmt: skip
    rows = [
        "1;2025-01-01;2025-01-02;G1;Ann Lee;+380671111111",
        "2;2025-03-01;2025-03-02;G1;Ann Smith;",
        "3;2024-01-01;2024-01-02;G1;A. Lee;+380672222222",
    ]
    results = []
    for seed in range(6):
        random.Random(seed).shuffle(rows)
        landed = land(("id;a;d;g;n;t\n" + "\n".join(rows)).encode(), content)[0]
        assert len(landed["guest", "G1"]) == 1
        results.append(landed)
    assert all(result.keys() == results[0].keys() for result in results)
    [event] = results[0]["guest", "G1"].values()
    assert event["values"] == {"name": "Ann Smith", "phones": ["+380671111111"]}


def test_a_booking_is_cancelled_only_when_all_its_rooms_are():
    content = mapping(
        "stay", ("b", "booking.external_id"), ("id", "stay.external_id"), ("a", "stay.arrival"),
        ("d", "stay.departure"), ("s", "stay.status"),
    )  # fmt: skip
    rows = ["B;1;2025-01-01;2025-01-02;Cancelled", "B;2;2025-01-01;2025-01-02;Confirmed"]
    for order in (rows, rows[::-1]):
        landed = land(("b;id;a;d;s\n" + "\n".join(order)).encode(), content)[0]
        [booking] = landed["booking", "B"].values()
        assert booking["status"] == "reserved"
        assert {event["status"] for key in "12" for event in landed["stay", key].values()} == {"cancelled", "reserved"}


def test_lines_of_a_check_keep_their_keys_when_the_check_changes():
    content = mapping(
        "charge", ("no", "check.external_id"), ("day", "check.business_date"), ("state", "check.status"),
        ("who", "guest.name"), ("dish", "charge.name"), ("sum", "charge.amount_gross"),
    )  # fmt: skip
    head = "no;day;state;who;dish;sum\n"
    first = land((head + "7;2025-01-01;open;Ann;Tea;3\n7;2025-01-01;open;;Tea;3\n").encode(), content)[0]
    later = land((head + "7;2025-01-01;paid;;Tea;3\n7;2025-01-01;paid;Ann;Tea;3\n").encode(), content)[0]
    assert first.keys() == later.keys()
    assert sum(1 for entity, _key in first if entity == "charge") == 2
    # The name on one line is the guest of the whole check.
    [check] = later["check", "7"].values()
    assert (check["guest"], check["status"]) == ("7:guest", "paid")


def test_unreadable_rows_reach_the_inbox_with_their_reason():
    source = b"g;a;d\nAnn;2025-01-01;2025-01-02\nBob;x;2025-01-02\nEve;1;2;3;4\n"
    _landed, raws, _file, refused = land(source, KEYLESS)
    assert len(raws) == 3
    assert [error.message[:6] for error in refused] == ["Row 3:", "Row 4:"]
    assert "isn't a date" in refused[0].message and "5 cells" in refused[1].message


def test_card_numbers_never_reach_the_stored_rows():
    content = mapping("guest", ("id", "guest.external_id"), ("n", "guest.name"), ("x", "guest.notes"))
    _landed, raws, file, _bad = land(b"id;n;x\n1;Ann;4111 1111 1111 1111\n", content)
    assert "4111" not in raws[0].body and "1111" in raws[0].body
    assert file.cards == {"x": 1}


# Proposals


def test_the_real_bookings_file_is_understood_as_it_is():
    content, questions = proposed(gzip.decompress(BOOKINGS.read_bytes()))
    assert content["rows"] == "stay" and not questions
    assert {
        ("hotel", "stay.property", ""),
        ("arrival_date_year", "stay.arrival", "year"),
        ("arrival_date_month", "stay.arrival", "month"),
        ("arrival_date_day_of_month", "stay.arrival", "day"),
        ("stays_in_weekend_nights", "stay.departure", "nights"),
        ("stays_in_week_nights", "stay.departure", "nights"),
        ("lead_time", "stay.booked_on", "days_before"),
        ("adr", "stay.rate_amount", ""),
        ("reservation_status", "stay.status", ""),
        ("reservation_status_date", "stay.status_on", ""),
        ("agent", "agency.external_id", ""),
        ("distribution_channel", "stay.channel", ""),
    } <= targets(content)
    header = open_table(BOOKINGS.read_bytes()).header
    parse = compiled(plan(content, header)).parse
    statuses, nights = Counter(), 0
    for _number, values, _error in open_table(BOOKINGS.read_bytes()).rows:
        stay = parse(values)[-1]
        statuses[stay["status"]] += 1
        nights += Decimal(stay["rate_amount"]) != 0
    assert statuses == {"checked_out": 75166, "cancelled": 43017, "no_show": 1207}
    assert nights == 117431


@pytest.mark.parametrize(
    ("text", "rows", "expected"),
    [
        (
            "ПІБ;Телефон;Дата народження;Ел. пошта\nШевченко Тарас;067 123 45 67;09.03.1984;t@s.ua\n",
            "guest",
            {"ПІБ": "guest.name", "Телефон": "guest.phone", "Дата народження": "guest.birthdate",
             "Ел. пошта": "guest.email"},
        ),
        (
            "Фамилия,Имя,Заезд,Выезд,Номер комнаты,Статус,Стоимость\n"
            "Пушкин,Александр,01.02.2025,03.02.2025,12,Выехал,100\n",
            "stay",
            {"Фамилия": "guest.family_name", "Имя": "guest.given_name", "Заезд": "stay.arrival",
             "Выезд": "stay.departure", "Номер комнаты": "stay.room", "Статус": "stay.status",
             "Стоимость": "stay.amount_total"},
        ),
        (
            "Reservierungsnummer;Nachname;Vorname;Anreise;Abreise;Zimmertyp;Gesamtbetrag\n"
            "1;Müller;Eva;01.02.2025;02.02.2025;DZ;99,50\n",
            "stay",
            {"Reservierungsnummer": "stay.external_id", "Nachname": "guest.family_name", "Vorname": "guest.given_name",
             "Anreise": "stay.arrival", "Abreise": "stay.departure", "Zimmertyp": "stay.room_type",
             "Gesamtbetrag": "stay.amount_total"},
        ),
        (
            "Հյուր,Հեռախոս,Ժամանում,Մեկնում\nՏիգրան,+37491234567,2025-02-01,2025-02-03\n",
            "stay",
            {"Հյուր": "guest.name", "Հեռախոս": "guest.phone", "Ժամանում": "stay.arrival", "Մեկնում": "stay.departure"},
        ),
        (
            "Receipt no,Date,Table,Covers,Waiter,Item,Qty,Amount,Customer\n77,2025-03-01,5,2,Eva,Borsch,2,12.50,Ann\n",
            "charge",
            {"Receipt no": "check.external_id", "Item": "charge.name", "Qty": "charge.quantity",
             "Amount": "charge.amount_gross", "Customer": "guest.name", "Waiter": "check.waiter"},
        ),
        (
            "guestName,emailAdress,arrival_dt\nAnn,a@b.co,2025-01-01\n",
            None,
            {"guestName": "guest.name", "emailAdress": "guest.email"},
        ),
        ("col1,col2\na@b.co,x\nc@d.co,y\n", "guest", {"col1": "guest.email"}),
    ],
)  # fmt: skip
def test_headings_of_many_languages(text, rows, expected):
    content, _questions = proposed(text)
    assert rows is None or content["rows"] == rows
    found = {use.get("column"): use["target"] for use in reversed(content["columns"])}
    assert {name: found.get(name) for name in expected} == expected


def test_nested_checks_are_understood():
    check = {
        "check_id": "A1", "closed_at": "2025-03-01T20:15:00Z", "total": "30.00", "status": "closed",
        "guest": {"first_name": "Ann"}, "lines": [{"name": "Soup", "quantity": 1, "amount": "10.00"}],
        "payments": [{"method": "card", "amount": "30.00"}],
    }  # fmt: skip
    content, _questions = proposed(json.dumps([check]))
    landed, _raws, _file, refused = land(json.dumps([check]).encode(), content)
    assert not refused
    assert sorted(entity for entity, _key in landed) == ["charge", "check", "guest", "payment"]
    [event] = landed["check", "A1"].values()
    assert (event["amount_total"], event["status"], event["guest"]) == ("30", "paid", "A1:guest")
    assert {
        e["check"] for (entity, _k), by in landed.items() for e in by.values() if entity in ("charge", "payment")
    } == {"A1"}


def test_values_veto_a_heading():
    content, _questions = proposed("name,email,arrival\nAnn,yes,often\nBob,no,never\n")
    assert ("arrival", "stay.arrival", "") not in targets(content)


def test_signature_ignores_order_and_case():
    assert signature(["Guest Name", "E-Mail"]) == signature(["e_mail", "GUEST NAME"])
    assert signature(["a"]) != signature(["a", "b"])
