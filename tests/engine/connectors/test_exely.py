"""Exely against its fake."""

import datetime
import json

import pytest
from contract import Contract
from fakes import exely
from hypothesis import given, settings
from hypothesis import strategies as st

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Env, Gone, Hint, ParseError, Raw
from hospitality_connectors.engine.adapters.exely import local_minutes
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.hook.verify import Rejected
from hospitality_connectors.engine.types import EventError

UTC = datetime.timezone.utc
ENV = Env({"property_id": "500360"}, "HOTEL", "Asia/Yerevan", "AMD")


class TestExely(Contract):
    fake_class = exely.Exely
    stream = "feed"
    hurried = True

    def reading(self, fake, **options):
        reading = super().reading(fake, **options)
        if self.hurried:  # without the vendor's limits, which one test keeps
            reading.adapter.rates, fake.has_limits = {}, False
        return reading

    def test_never_above_the_limit(self, fake):
        self.hurried = False
        fake.page_size = 2
        fake.grow(5)
        self.reading(fake).read()
        assert fake.breaches == 0

    def facts(self, fake, **options):
        reading = self.reading(fake, **options)
        reading.read()
        return reading.facts()

    def one(self, fake, **stay):
        """Add a reservation of one room and return the key of its stay."""
        guest = fake.add_guest("Ani", "Petrosyan")
        stay = fake.add_stay([guest], **stay)
        fake.add_reservation(guest, [stay])
        return stay["pmsRoomStayId"]

    # Cursors

    def test_the_feed_goes_on_where_it_ended(self, fake):
        fake.grow(3)
        reading = self.reading(fake)
        reading.read("feed")
        fake.log.clear()
        (key,) = fake.grow(1)
        reading.read("feed")
        lists = [call for call in fake.log if call.path.endswith("/bookings")]
        assert [sorted(call.query) for call in lists] == [["continueToken", "count"]]
        assert ("booking", key) in reading.facts()

    def test_a_lost_token_goes_two_days_back(self, fake):
        reading = self.reading(fake)
        reading.read("feed")
        fake.grow(2)
        state = reading.progress["feed"]
        reading.progress["feed"] = state._replace(cursor="nonsense")
        fake.log.clear()
        reading.read("feed")
        self.assert_complete(reading, fake)
        last = [call.query for call in fake.log if call.path.endswith("/bookings")][-1]
        since = datetime.datetime.fromisoformat(last["lastModification"].replace("Z", "+00:00"))
        assert datetime.timedelta(hours=47) < datetime.datetime.now(UTC) - since < datetime.timedelta(hours=49)

    def test_long_history_and_cancelled_bookings_are_read_in_windows(self, fake):
        ago = datetime.datetime.now(UTC) - datetime.timedelta(days=390)
        fake.page_size = 2
        keys = fake.grow(5, at=ago)
        fake.change(keys[1], ago, reservationStatus="Cancelled")
        reading = self.reading(fake)
        reading.read("reservations")
        facts = reading.facts()
        assert {("booking", key) for key in keys} <= facts.keys()
        assert facts["booking", keys[1]]["status"] == "cancelled"

    def test_stay_of_the_pms_alone(self, fake):
        (key,) = fake.grow(1)
        fake.only_pms.add(key)
        reading = self.reading(fake)
        reading.read()
        self.assert_complete(reading, fake)

    def test_expired_token_is_renewed(self, fake):
        fake.grow(2)
        reading = self.reading(fake)
        reading.read("feed")
        fake.tokens.clear()
        fake.grow(2)
        reading.read()
        self.assert_complete(reading, fake)

    def test_booking_that_is_not_there(self, fake):
        assert self.adapter().fetch_one(self.reading(fake).session(), "booking", "1-2-3") == Gone()

    @pytest.mark.parametrize(
        ("at", "side", "shown"),
        [
            ("2026-07-01T10:15:30", -1, "2026-07-01T11:15"),
            ("2026-07-01T10:15:30", 1, "2026-07-01T11:16"),
            ("2026-10-25T01:30:00", -1, "2026-10-25T01:30"),  # 01:30 comes twice that night
            ("2026-10-25T00:30:00", 1, "2026-10-25T01:30"),
        ],
    )
    def test_local_time_never_leaves_an_hour_out(self, at, side, shown):
        at = datetime.datetime.fromisoformat(at).replace(tzinfo=UTC)
        assert local_minutes(at, "Europe/Lisbon", side) == shown

    # What records mean

    @pytest.mark.parametrize(
        ("booking", "room", "status"),
        [
            ("Confirmed", "New", "reserved"),
            ("Unconfirmed", "New", "enquiry"),
            ("Pending", "New", "enquiry"),
            ("Released", "New", "cancelled"),
            ("Cancelled", "Cancelled", "cancelled"),
            ("Confirmed", "CheckedIn", "in_house"),
            ("Confirmed", "CheckedOut", "checked_out"),
            ("Confirmed", "Cancelled", "cancelled"),
            ("Edited", "New", None),
            ("Confirmed", "Dreamt", None),
        ],
    )
    def test_statuses(self, fake, booking, room, status):
        key = self.one(fake, status=room)
        fake.change(next(iter(fake.reservations)), reservationStatus=booking)
        event = self.facts(fake)["stay", key]
        assert event.get("status") == status
        assert event["status_raw"] == f"{booking}/{room}"

    def test_check_in_is_taken_back(self, fake):
        (key,) = fake.grow(1)
        reading = self.reading(fake)
        fake.touch(key)
        reading.read()
        later = fake.now() + datetime.timedelta(seconds=2)
        fake.reservations[key]["roomStays"][0]["status"] = "New"
        fake.change(key, later)
        reading.store((), [Hint("booking", key, "webpms:cancel_check_in")])
        reading.fetch_hints()
        stay = fake.reservations[key]["roomStays"][0]["pmsRoomStayId"]
        assert reading.facts()["stay", stay]["status"] == "reserved"

    @pytest.mark.parametrize("tz", ["Asia/Yerevan", "America/New_York", "Pacific/Auckland", "Europe/Lisbon"])
    @pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-12-31"])
    def test_dates_never_slip(self, fake, tz, day):
        key = self.one(fake, checkInDateTime=f"{day}T00:30", checkOutDateTime="2027-01-02T23:59")
        event = self.facts(fake, tz=tz)["stay", key]
        assert (event["arrival"], event["departure"], event["eta"]) == (day, "2027-01-02", "00:30")

    def test_actual_times_are_local(self, fake):
        key = self.one(fake, actualCheckInDateTime="2026-12-10T15:05", status="CheckedIn")
        assert self.facts(fake, tz="Asia/Yerevan")["stay", key]["checked_in_at"] == "2026-12-10 11:05:00"

    @pytest.mark.parametrize(
        ("currency", "value", "shown", "tax"),
        [("JPY", 11000, "11000", "1000"), ("KWD", 11.011, "11.011", "1.001"), ("AMD", 38500.5, "38500.5", "3500.05")],
    )
    def test_money_of_invoices(self, fake, currency, value, shown, tax):
        key = self.one(fake)
        number = next(iter(fake.reservations))
        fake.change(number, currencyCode=currency)
        fake.add_invoice(number, key, ("RoomType", value))
        event = self.facts(fake)["stay", key]
        assert (event["currency"], event["amount_room"], event["amount_total"], event["amount_tax"]) == (
            currency,
            shown,
            shown,
            tax,
        )

    def test_currency_that_nobody_names_is_assumed(self, fake):
        key = self.one(fake)
        fake.change(next(iter(fake.reservations)), currencyCode=None)
        event = self.facts(fake, currency="AMD")["stay", key]
        assert (event["currency"], event["warnings"]) == ("AMD", ["currency:assumed"])

    def test_rooms_guests_and_who_pays(self, fake):
        customer, mate, child = (fake.add_guest(name, name) for name in ("Ani", "Aram", "Anna"))
        stays = [fake.add_stay([mate, customer]), fake.add_stay([child])]
        number = fake.add_reservation(customer, stays, groupName="Wedding")
        fake.add_invoice(number, None, ("Option", 30))
        facts = self.facts(fake)
        first, second = (facts["stay", one["pmsRoomStayId"]] for one in stays)
        assert [(one["guest"], one["role"]) for one in first["guests"]] == [(customer, "primary"), (mate, "companion")]
        assert [(one["guest"], one["role"]) for one in second["guests"]] == [(child, "primary"), (customer, "booker")]
        assert (first["amount_other"], second.get("amount_other")) == ("30", None)
        assert facts["booking", number]["group_code"] == "Wedding"
        assert facts["booking", number]["stays"] == [one["pmsRoomStayId"] for one in stays]
        assert first["rate_plan"] == "Best offer"

    def test_guest_values(self, fake):
        key = fake.add_guest(
            "Ani",
            "Petrosyan",
            personName={"lastName": "Petrosyan", "firstName": "Ani", "middleName": "Aramovna"},
            birthDate="1999-09-09",
            gender="Female",
            status={"id": "3", "displayName": "VIP"},
            phones=[{"phoneNumber": "+37491123456"}],
        )
        fake.cards[key] = [{"programId": "7", "cardNumber": "11039500047840"}]
        fake.add_reservation(key, [fake.add_stay([key])])
        reading = self.reading(fake)
        reading.env.settings["loyalty"] = "yes"
        reading.read()
        assert reading.facts()["guest", key]["values"] == {
            "given_name": "Ani",
            "middle_name": "Aramovna",
            "family_name": "Petrosyan",
            "gender": "female",
            "birthdate": "1999-09-09",
            "nationality": "AM",
            "lang": "hy",
            "emails": ["ani@mail.example"],
            "phones": ["+37491123456"],
            "vip": "VIP",
            "memberships": [{"program": "7", "number": "11039500047840"}],
        }

    def test_anonymised_guest(self, fake):
        blank = {"personName": None, "emails": [], "citizenship": None}
        key = fake.add_guest("Ani", "Petrosyan", **blank)
        fake.add_reservation(None, [fake.add_stay([key])])
        assert self.facts(fake)["guest", key]["op"] == "anonymise"

    def test_masked_values_overwrite_nothing(self, fake):
        key = fake.add_guest("Ani", "Petrosyan", emails=[{"address": "a****@****"}])
        fake.add_reservation(key, [fake.add_stay([key])])
        event = self.facts(fake)["guest", key]
        assert "emails" not in event["values"]
        assert event["masked"] == ["emails"]

    def test_hotel_without_the_pms(self, fake):
        guest = fake.add_guest("Ani", "Petrosyan")
        number = fake.add_reservation(guest, [fake.add_stay([guest])])
        reading = self.reading(fake)
        reading.env.settings["pms"] = "no"
        reading.read()
        facts = reading.facts()
        assert not [call for call in fake.log if "/pms/" in call.path]
        stay = facts["stay", f"{number}:0"]
        assert (stay["amount_total"], stay["amount_tax"], stay["children"], stay["room_type"]) == (
            "200",
            "20",
            1,
            "Standard",
        )
        assert [one["role"] for one in stay["guests"]] == ["primary", "booker"]
        assert facts["guest", f"{number}:customer"]["values"] == {"given_name": "Sherlock", "family_name": "Holmes"}

    # Web-hooks

    def request(self, body, headers):
        return HookRequest("POST", "https://crm.example/hook/x", "", headers, body, 0.0)

    @pytest.mark.parametrize("with_login", [False, True])
    def test_proof_of_web_hooks(self, fake, with_login):
        hook, body = self.adapter().hook, json.dumps(fake.hook("1")).encode()
        secrets = {"hook_login": ["exely:pass"]} if with_login else {"hook_token": [fake.key]}
        hook.check(self.request(body, fake.proof(with_login)), secrets)
        for headers in ({}, {"api-key": "other"}, {"authorization": "Basic eDp5"}, fake.proof(not with_login)):
            with pytest.raises(Rejected):
                hook.check(self.request(body, headers), secrets)
        with pytest.raises(Rejected):
            hook.check(self.request(body, fake.proof(with_login)), {})

    def test_poisoned_event_does_not_hold_up_a_thousand(self, fake):
        events = fake.hook(*(f"n{number}" for number in range(999)))
        poison = [None, 7, [], "x", {}, {"payload": None}, {"payload": [1]}, {"payload": {"BookingNumber": {}}}]
        for bad in poison:
            body = json.dumps([*events[:500], bad, *events[500:]]).encode()
            received = self.adapter().receive(self.request(body, {}), ENV)
            assert [hint.external_id for hint in received.hints] == [f"n{number}" for number in range(999)]
        assert self.adapter().reply(self.request(b"", {})).status == 200

    def test_one_hint_per_booking_and_property(self, fake):
        events = fake.hook("a", "a", "b")
        events[2]["payload"]["PropertyId"] = "7"
        received = self.adapter().receive(self.request(json.dumps(events).encode(), {}), ENV)
        assert received.hints == [Hint("booking", "a", "webpms:check_in")]

    def test_half_of_a_request_is_asked_for_again(self, fake):
        body = json.dumps(fake.hook("a", "b")).encode()[:-20]
        with pytest.raises(EventError) as caught:
            self.adapter().receive(self.request(body, {}), ENV)
        assert self.adapter().reply(self.request(body, {}), caught.value).status == 400

    # Bad records

    @pytest.mark.parametrize(
        ("entity", "record", "path"),
        [
            ("guest", {}, "person.pmsPersonId"),
            ("booking", {}, "number"),
            ("booking", {"number": "1"}, "booking"),
            ("booking", {"number": "1", "pms": {"roomStays": [{}]}}, "pms.roomStays.0.pmsRoomStayId"),
            (
                "booking",
                {"number": "1", "pms": {"roomStays": [{"pmsRoomStayId": "2", "checkInDateTime": "soon"}]}},
                "pms.roomStays.0.checkInDateTime",
            ),
            (
                "booking",
                {
                    "number": "1",
                    "pms": {"roomStays": [{"pmsRoomStayId": "2"}]},
                    "invoices": [{"items": [{"total": {"value": "much"}}]}],
                },
                "invoices.0.items.0.total.value",
            ),
        ],
    )
    def test_malformed_records_name_their_place(self, entity, record, path):
        with pytest.raises(ParseError) as caught:
            self.adapter().parse(Raw(entity, "X", json.dumps(record)), ENV)
        assert caught.value.path == path

    def test_keys_that_look_like_cards_are_kept(self):
        record = {"number": "4111111111111111", "pms": {"roomStays": [{"pmsRoomStayId": "4503599627370004"}]}}
        kept = json.loads(self.adapter().redact(Raw("booking", "X", json.dumps(record))).body)
        assert kept == record


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "number pms booking invoices rooms person pmsPersonId personName roomStays pmsRoomStayId checkInDateTime"
    " checkOutDateTime totalPrice amount value currencyCode guestsIds guestCount status reservationStatus customer"
    " items total vat percent applicable stayDates arrivalDateTime departureDateTime modifyDateTime citizenship emails"
).split()
RECORD = st.recursive(
    JSON | st.just("2026-05-01T10:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=8),
    max_leaves=30,
)


@settings(max_examples=400, deadline=None)
@given(entity=st.sampled_from(["guest", "booking", "x"]), record=RECORD)
def test_any_record_is_read_or_refused(entity, record):
    adapter = adapters.get("exely")
    raw = adapter.redact(Raw(entity, "X", json.dumps(record)))
    try:
        for event in adapter.parse(raw, ENV):
            validate(event)
    except EventError:
        pass


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_request_is_read_or_refused(body):
    adapter = adapters.get("exely")
    try:
        received = adapter.receive(HookRequest("POST", "https://crm.example/x", "", {}, body, 0.0), ENV)
    except EventError:
        return
    assert all(isinstance(hint, Hint) and hint.external_id for hint in received.hints)
