"""Records and requests of Cloudbeds become canonical events and hints."""

import datetime
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hospitality_connectors.engine.adapters  # noqa: F401  registers them
from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Env, Hint, ParseError, Raw
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.types import EventError

ENV = Env({"property_id": "37001", "vip_field": "VIP", "tier_field": "Club"}, "HOTEL", "Europe/Lisbon", "EUR")


def parse(entity, record, version=1.0, env=ENV):
    body = record if isinstance(record, str) else json.dumps(record)
    raw = Raw(entity, "1", body, version=version)
    return [validate(event) for event in adapters.get("cloudbeds").parse(raw, env)]


def reservation(**fields):
    room = {"subReservationID": "R1", "roomCheckIn": "2026-03-28", "roomCheckOut": "2026-03-30"}
    return {"reservationID": "R1", "guestID": "G1", "status": "confirmed", "rooms": [room], **fields}


def stays(**fields):
    return [event for event in parse("booking", reservation(**fields)) if event["entity"] == "stay"]


@pytest.mark.parametrize(
    ("word", "room_word", "status"),
    [
        ("not_confirmed", "not_checked_in", "enquiry"),
        ("confirmed", "not_checked_in", "reserved"),
        ("checked_in", "in_house", "in_house"),
        ("checked_in", "not_checked_in", "reserved"),
        ("checked_in", "checked_out", "checked_out"),
        ("checked_out", "checked_out", "checked_out"),
        ("confirmed", "cancelled", "cancelled"),
        ("canceled", "not_checked_in", "cancelled"),
        ("no_show", "not_checked_in", "no_show"),
        ("paypal_init", "not_checked_in", None),
    ],
)
def test_statuses(word, room_word, status):
    room = {**reservation()["rooms"][0], "roomStatus": room_word}
    (stay,) = stays(status=word, rooms=[room])
    assert stay.get("status") == status
    assert stay["status_raw"]


def test_no_status_is_final():
    """Whoever comes after all is in house again."""
    assert stays(status="no_show")[0]["status"] == "no_show"
    assert stays(status="checked_in")[0]["status"] == "in_house"


@pytest.mark.parametrize(
    ("currency", "rate", "amount"), [("JPY", 12000, "24000"), ("KWD", 12.345, "24.69"), ("EUR", 0.1, "0.2")]
)
def test_money(currency, rate, amount):
    room = {**reservation()["rooms"][0], "detailedRoomRates": {"2026-03-28": rate, "2026-03-29": rate}}
    (stay,) = stays(rooms=[room], propertyCurrency=currency)
    assert (stay["currency"], stay["amount_room"]) == (currency, amount)


def test_no_currency_is_that_of_the_property():
    assert stays(propertyCurrency=None)[0]["currency"] == "EUR"


def test_rooms_add_up_to_the_reservation():
    rooms = [
        {
            "subReservationID": f"R1-{n}",
            "roomCheckIn": "2026-03-28",
            "roomCheckOut": "2026-03-29",
            "detailedRoomRates": {"2026-03-28": 100},
        }
        for n in (1, 2)
    ]
    bill = {"subTotal": 200, "additionalItems": 30, "taxesFees": 12.5, "grandTotal": 242.5}
    first, second = stays(rooms=rooms, balanceDetailed=bill, total=242.5)
    [booking] = [event for event in parse("booking", reservation(rooms=rooms)) if event["entity"] == "booking"]
    assert booking["stays"] == ["R1-1", "R1-2"]
    assert (first["amount_total"], second["amount_total"]) == ("142.5", "100")
    assert (first["booking"], second["booking"]) == ("R1", "R1")


@pytest.mark.parametrize("tz", ["Europe/Lisbon", "Asia/Tokyo", "Pacific/Kiritimati", "America/Sao_Paulo"])
@pytest.mark.parametrize(
    "day", ["2026-03-28", "2026-03-29", "2026-10-25", "2026-10-24 23:59:59", "2026-03-29 01:30:00"]
)
def test_dates_never_slip(tz, day):
    room = {"subReservationID": "R1", "roomCheckIn": day, "roomCheckOut": "2026-11-01"}
    env = ENV._replace(tz=tz)
    (stay,) = [e for e in parse("booking", reservation(rooms=[room]), env=env) if e["entity"] == "stay"]
    assert stay["arrival"] == day[:10]


def test_sharers_and_companions():
    people = {
        "G1": {"guestID": "G1", "guestFirstName": "Ana", "rooms": [{"subReservationID": "R1"}]},
        "G2": {"guestID": "G2", "guestFirstName": "Rui", "rooms": [{"subReservationID": "R1"}]},
        "G3": {"guestID": "G3", "guestFirstName": "Eva", "rooms": [{"subReservationID": "R1-2"}]},
    }
    rooms = [reservation()["rooms"][0], {**reservation()["rooms"][0], "subReservationID": "R1-2", "guestID": "G3"}]
    first, second = stays(rooms=rooms, guestList=people)
    assert [(one["guest"], one["role"]) for one in first["guests"]] == [("G1", "primary"), ("G2", "companion")]
    assert [(one["guest"], one["role"]) for one in second["guests"]] == [("G3", "primary")]


def test_group_and_virtual_rooms():
    room = {**reservation()["rooms"][0], "roomTypeIsVirtual": True}
    events = parse("booking", reservation(rooms=[room], allotmentBlockCode="WED26"))
    assert [event["group_code"] for event in events if event["entity"] == "booking"] == ["WED26"]
    assert [event["is_pseudo"] for event in events if event["entity"] == "stay"] == [True]


def test_masked_values_never_overwrite():
    record = {"guestID": "G1", "guestFirstName": "*****", "guestLastName": "Sousa", "guestEmail": "j***@mail.example"}
    (event,) = parse("guest", {**record, "guestBirthDate": "*****", "guestCountry": "*****"})
    assert event["values"] == {"family_name": "Sousa"}
    assert event["masked"] == ["birthdate", "country", "emails", "given_name"]


def test_unticked_opt_in():
    record = {"guestID": "G1", "guestFirstName": "Ana", "guestOptIn": False}
    assert parse("guest", record)[1]["state"] == "unknown"
    env = ENV._replace(settings={**ENV.settings, "unticked": "denied"})
    assert parse("guest", record, env=env)[1]["state"] == "denied"


TRANSACTION = {
    "id": "T1",
    "sourceKind": "RESERVATION",
    "sourceIdentifier": "R1",
    "subSourceIdentifier": "R1-2",
    "amount": 50,
    "currency": "USD",
    "externalRelationKind": "ROOM",
    "internalTransactionCode": "1000",
    "description": "Room rate",
    "businessDate": "2026-03-28",
    "transactionDatetime": "2026-03-28T18:28:05.648106Z",
}


@pytest.mark.parametrize(
    ("change", "entity", "fields"),
    [
        ({}, "charge", {"stay": "R1-2", "department": "room", "amount_gross": "50", "state": "live"}),
        (
            {"internalTransactionCode": "1000A", "amount": -5, "parentId": "T0"},
            "charge",
            {"state": "allowance", "amount_gross": "-5", "reverses": "T0"},
        ),
        (
            {"internalTransactionCode": "1000V", "amount": -50, "parentId": "T0"},
            "charge",
            {"state": "live", "amount_gross": "-50", "reverses": "T0"},
        ),
        ({"internalTransactionCode": "1000R", "amount": -50}, "charge", {"amount_gross": "-50"}),
        ({"externalRelationKind": "TAX", "internalTransactionCode": "8000"}, "charge", {"department": "tax"}),
        ({"externalRelationKind": "ITEM", "internalTransactionCode": "2000"}, "charge", {"department": "other"}),
        ({"externalRelationKind": "GRATUITY"}, "charge", {"department": "tip"}),
        (
            {"externalRelationKind": "PAYMENT", "internalTransactionCode": "9300", "amount": -50},
            "payment",
            {"amount": "50", "method": "card", "state": "live", "paid_at": "2026-03-28 18:28:05"},
        ),
        (
            {"externalRelationKind": "PAYMENT", "internalTransactionCode": "9100A", "amount": 20},
            "payment",
            {"amount": "-20", "method": "cash", "state": "refund"},
        ),
    ],
)
def test_transactions(change, entity, fields):
    (event,) = parse("charge", {**TRANSACTION, **change})
    assert event["entity"] == entity
    assert {name: event.get(name) for name in fields} == fields


@pytest.mark.parametrize(
    "change",
    [
        {"sourceKind": "HOUSE_ACCOUNT"},
        {"externalRelationKind": "CHANNEL_COMMISSION"},
        {"internalTransactionCode": "7000"},
    ],
)
def test_what_no_guest_has_bought(change):
    assert parse("charge", {**TRANSACTION, **change}) == []


@pytest.mark.parametrize(
    ("entity", "record", "where"),
    [
        ("guest", {"guestFirstName": "Ana"}, "guestID"),
        ("booking", {"status": "confirmed"}, "reservationID"),
        ("booking", reservation(rooms=[{"roomCheckIn": "soon", "roomCheckOut": "2026-03-30"}]), "rooms.0.roomCheckIn"),
        ("booking", reservation(rooms=[{**reservation()["rooms"][0], "adults": "two"}]), "rooms.0.adults"),
        ("booking", reservation(balance="a lot"), "balance"),
        ("charge", {**TRANSACTION, "amount": None}, "amount"),
        ("charge", {**TRANSACTION, "amount": "1,50"}, "amount"),
        ("guest", "[1]", ""),
        ("guest", "{", ""),
    ],
)
def test_malformed_records_say_where(entity, record, where):
    with pytest.raises(ParseError) as caught:
        parse(entity, record)
    assert caught.value.path == where


def test_fall_back_hour_counts_forward():
    """Of two changes in the hour that comes twice the later one is never older."""
    module = __import__("hospitality_connectors.engine.adapters.cloudbeds", fromlist=["version_of"])
    row = {"dateModified": "2026-10-25 01:30:00"}

    class Ctx:
        tz = "Europe/Lisbon"

        def __init__(self, hour):
            self.hour = hour

        def now(self):
            return datetime.datetime(2026, 10, 25, self.hour, 45, tzinfo=datetime.timezone.utc)

    first, second = (module.version_of(row, Ctx(hour)) for hour in (0, 1))
    assert second - first == 3600


def hook(body, **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HookRequest("POST", "https://crm.example/hook/x", "", headers, body, 0.0)


def test_web_hooks_are_hints():
    adapter = adapters.get("cloudbeds")
    adapter.hook.check(hook({}), {})
    body = {"version": "1.0", "event": "reservation/status_changed", "propertyID": 37001, "reservationID": "5001"}
    assert adapter.receive(hook(body), ENV).hints == [Hint("booking", "5001", "reservation/status_changed")]
    guest = {"event": "guest/details_changed", "guestID": 27, "propertyID_str": "37001"}
    assert adapter.receive(hook(guest), ENV).hints == [Hint("guest", "27", "guest/details_changed")]
    assert adapter.receive(hook({**body, "propertyID": 1}), ENV).hints == []
    for bad in (b"", b"[]", b"{", b'{"event": 3}'):
        with pytest.raises(EventError):
            adapter.receive(hook(bad), ENV)
    assert adapter.reply(hook({})).status == 200


@given(body=st.one_of(st.binary(max_size=60), st.deferred(lambda: JSON).map(lambda value: json.dumps(value).encode())))
def test_any_web_hook_is_answered(body):
    try:
        adapters.get("cloudbeds").receive(hook(body), ENV)
    except EventError:
        return


@given(
    values=st.dictionaries(
        st.sampled_from(["event", "reservationID", "guestID", "propertyID"]), st.deferred(lambda: JSON)
    )
)
def test_web_hooks_with_strange_values(values):
    try:
        received = adapters.get("cloudbeds").receive(hook(values), ENV)
    except EventError:
        return
    assert all(isinstance(hint.external_id, str) and hint.external_id for hint in received.hints)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-03-28"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted({*reservation(), *TRANSACTION, *reservation()["rooms"][0], "guestList", "customFields", "isDeleted"})
NAMES += [
    "isMerged",
    "newGuestID",
    "balanceDetailed",
    "detailedRoomRates",
    "guestOptIn",
    "guestBirthDate",
    "roomStatus",
]


@settings(max_examples=400, deadline=None)
@given(
    entity=st.sampled_from(["guest", "booking", "charge"]),
    record=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12),
    room=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6),
    whole=st.booleans(),
)
def test_nothing_but_event_errors(entity, record, room, whole):
    base = {"guestID": "1", "reservationID": "2", "id": "3", "sourceKind": "RESERVATION", "sourceIdentifier": "2"}
    record = {**base, "rooms": [room], "guestList": {"1": {"guestID": "1", **room}}, **record} if whole else record
    try:
        parse(entity, record)
    except EventError:
        return
