"""The Cloudbeds adapter against its fake."""

import datetime
import json

import pytest
from contract import Contract
from fakes import spec_check
from fakes.cloudbeds import Cloudbeds
from hypothesis import given, settings
from hypothesis import strategies as st
from push_faults import PushFaults

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command, Env, Hint, ParseError, Raw
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.types import EventError

ENV = Env({"property_id": "37001", "vip_field": "VIP", "tier_field": "Club"}, "HOTEL", "Europe/Lisbon", "EUR")


class TestCloudbeds(PushFaults, Contract):
    fake_class = Cloudbeds
    stream = "reservations"

    def adapter(self, limited=False):
        adapter = super().adapter()
        if not limited:
            adapter.rates = {}
        return adapter

    def add_guest(self, fake):
        return fake.add_guest()

    def notes_of(self, fake, key):
        return [note["guestNote"] for note in fake.notes.get(key, [])]

    def test_never_above_the_limit(self, fake):
        fake.limits = ((5, 1),)
        fake.page_size = 2
        fake.grow(8)
        reading = self.reading(fake)
        reading.adapter = self.adapter(limited=True)
        reading.read()
        assert len(fake.log) > 10
        assert fake.breaches == 0
        self.assert_complete(reading, fake)

    # Merges, anonymisation, deletion

    def test_merge_and_un_merge(self, fake):
        keys = fake.grow(3)
        lost, left = (fake.reservations[key]["guests"][0] for key in keys[:2])
        reading = self.reading(fake)
        reading.read()
        fake.merge(lost, left)
        reading.read()
        self.assert_complete(reading, fake)
        assert reading.facts()["guest", lost]["into"] == left
        fake.unmerge(lost, left)
        reading.read()
        record = json.loads([raw for _order, raw in reading.inbox.values() if raw.external_id == lost][-1].body)
        events = parse("guest", record)
        assert [event["op"] for event in events[:2]] == ["unmerge", "upsert"]

    def test_merge_is_told_by_the_one_who_is_asked_for(self, fake):
        key = fake.grow(1)[0]
        lost, left = fake.reservations[key]["guests"][0], fake.add_guest()
        fake.merge(lost, left)
        found = self.adapter().fetch_one(self.reading(fake).session(), "guest", lost)
        assert found == adapters.Moved(left)

    def test_anonymised(self, fake):
        fake.grow(2)
        reading = self.reading(fake)
        reading.read()
        fake.anonymise(next(iter(fake.guests)))
        reading.read()
        self.assert_complete(reading, fake)

    def test_deleted_reservation(self, fake):
        key = fake.grow(1)[0]
        reading = self.reading(fake)
        reading.read()
        fake.reservations[key].update(isDeleted=True, modified=fake.now())
        reading.read()
        assert {reading.facts()[name, key]["op"] for name in ("stay", "booking")} == {"tombstone"}
        del fake.reservations[key]
        found = self.adapter().fetch_one(reading.session(), "booking", key)
        assert {event["op"] for raw in found for event in self.adapter().parse(raw, reading.env)} == {"tombstone"}

    def test_no_documents_and_keys_that_look_like_cards(self, fake):
        """Numbers of documents are never stored; numbers of records are kept, though one in ten passes the check."""
        fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        bodies = [str(raw.body) for _order, raw in reading.inbox.values()]
        assert not [body for body in bodies if "X1234567" in body]
        (booking,) = [fact for (entity, _key), fact in reading.facts().items() if entity == "booking"]
        assert booking["channel_ref"] == "4000056655665556"

    def test_unknown_guest_is_gone(self, fake):
        assert isinstance(self.adapter().fetch_one(self.reading(fake).session(), "guest", "1"), adapters.Gone)

    def test_same_guest_in_two_rooms_is_one_record(self, fake):
        guest = fake.add_guest()
        fake.add_reservation(guest, rooms=[{}, {}])
        reading = self.reading(fake)
        reading.read("guests")
        assert len(reading.inbox) == 1

    # Telling the vendor

    def test_vip_and_conflict(self, fake):
        fake.grow(1)
        key, push = next(iter(fake.guests)), self.pusher(fake)
        assert push("vip", key, code="VIP1") == "done"
        assert fake.guests[key]["customFields"] == {"VIP": "VIP1"}
        assert push("vip", key, code="VIP1") == "same"
        fake.guests[key]["customFields"]["VIP"] = "staff"
        assert push("vip", key, code="VIP2", known="VIP1") == "conflict"
        assert push("vip", key, code="VIP2", known="staff") == "done"
        assert push("tier", key, program="Club", number="7", level="Gold") == "done"
        assert fake.guests[key]["customFields"] == {"VIP": "VIP2", "Club": "Gold"}
        reading = self.reading(fake)
        reading.read()
        values = reading.facts()["guest", key]["values"]
        assert (values["vip"], values["memberships"]) == ("VIP2", [{"level": "Gold", "program": "Club"}])

    def test_notes_are_written_once(self, fake):
        fake.grow(1)
        key, push = next(iter(fake.guests)), self.pusher(fake)
        assert push("preference", key, code="FTH", text="No feathers", active=True) == "done"
        assert push("preference", key, code="FTH", text="No feathers", active=True) == "same"
        assert push("preference", key, code="FTH", text="Wool", active=True) == "done"
        assert push("allergy", key, codes=["nuts", "milk"], text="") == "done"
        assert push("alert", key, kind="vip", text="Late arrival", active=False) == "same"
        assert push("note", key, text="Met at the fair") == push("note", key, text="Likes tea") == "done"
        assert [note["guestNote"] for note in fake.notes[key]] == [
            "Preference (FTH): Wool",
            "Allergies: nuts, milk",
            "Note: Met at the fair",
            "Note: Likes tea",
        ]
        assert push("preference", key, code="FTH", text="Wool", active=False) == "done"
        assert fake.notes[key][0]["guestNote"] == "Preference (FTH): (no longer) Wool"

    def test_consent(self, fake):
        fake.grow(1)
        key, push = next(iter(fake.guests)), self.pusher(fake)
        assert push("consent", key, channel="email", state="granted") == "done"
        assert push("consent", key, channel="email", state="granted") == "same"
        assert push("consent", key, channel="sms", state="granted") == "refused"
        reading = self.reading(fake)
        reading.read()
        assert reading.facts()["consent", f"{key}:guestOptIn"]["state"] == "granted"
        assert push("consent", key, channel="email", state="denied") == "done"

    def test_erasure_and_why_it_is_refused(self, fake):
        fake.grow(1)
        key, push = next(iter(fake.guests)), self.pusher(fake)
        for fake.refuses in (400, 403, 405, 409, 428):
            assert push("erasure", key) == "refused"
        fake.refuses = 422
        assert push("erasure", key) == "same"
        fake.refuses = None
        assert push("erasure", key) == "done"
        assert push("erasure", key) == "same"
        assert push("vip", key, code="VIP1") == "gone"
        assert push("erasure", "1") == "gone"

    def test_profile_of_another_name_is_not_touched(self, fake):
        fake.grow(1)
        key, push = next(iter(fake.guests)), self.pusher(fake)
        fake._profile = lambda key: {"id": key, "firstName": "Somebody", "lastName": "Else"}
        assert push("erasure", key) == push("consent", key, channel="email", state="granted") == "refused"
        assert not fake.guests[key]["isAnonymized"]

    def test_merged_guest_is_not_written_to(self, fake):
        fake.grow(2)
        lost, left = fake.guests
        fake.merge(lost, left)
        result = self.adapter().push(self.reading(fake).session(), Command("k", "vip", lost, {"code": "V"}))
        assert (result.state, result.moved) == ("gone", left)

    def pusher(self, fake):
        def push(kind, key, /, **values):
            session = self.reading(fake).session()
            return self.adapter().push(session, Command("k1", kind, key, values)).state

        return push

    def test_check_tells_what_differs(self, fake):
        fake.currency = "USD"
        reading = self.reading(fake, tz="Europe/Kyiv")
        reading.env.settings["organization"] = ""
        findings = self.adapter().check(reading.session())
        assert [finding.level for finding in findings] == ["ok", "warning", "warning", "warning"]
        reading.env.settings["property_id"] = "1"
        assert self.adapter().check(reading.session())[0].level == "error"

    def test_requests_are_as_the_vendor_describes_them(self, fake):
        keys = fake.grow(3)
        reading = self.reading(fake)
        reading.read()
        reading.read("stays", "ledger")
        reading.adapter.check(reading.session())
        guests = [fake.reservations[key]["guests"][0] for key in keys]
        push = self.pusher(fake)
        push("vip", guests[0], code="V")
        push("note", guests[0], text="Hello")
        push("preference", guests[0], code="P", text="One", active=True)
        push("preference", guests[0], code="P", text="Two", active=True)
        push("consent", guests[0], channel="email", state="granted")
        push("erasure", guests[1])
        reading.adapter.fetch_one(reading.session(), "booking", keys[0])
        specs = spec_check.load("cloudbeds")
        checked = [spec_check.check(specs, call) for call in fake.calls]
        assert not [problem for problems in checked for problem in problems]
        assert len({(call.method, call.path) for call in fake.calls}) >= 13


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
