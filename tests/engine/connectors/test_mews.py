"""Mews against its fake."""

import datetime
import json

import pytest
from contract import Contract
from fakes import mews
from fakes.fake import Answer
from hypothesis import given, settings
from hypothesis import strategies as st

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command, Env, Gone, Hint, ParseError, Raw
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.network import errors
from hospitality_connectors.engine.types import EventError

UTC = datetime.timezone.utc


class TestMews(Contract):
    fake_class = mews.Mews
    stream = "reservations"
    hurried = True

    def reading(self, fake, **options):
        reading = super().reading(fake, **options)
        if self.hurried:  # without the vendor's limits, which one test keeps
            reading.adapter.rates, fake.limits = {}, ()
        return reading

    def test_never_above_the_limit(self, fake):
        self.hurried = False
        super().test_never_above_the_limit(fake)

    def facts(self, fake, **options):
        reading = self.reading(fake, **options)
        reading.read()
        return reading.facts()

    @pytest.mark.parametrize("order", ["created", "updated"])
    def test_nothing_is_lost_whichever_way_lists_are_sorted(self, fake, order):
        fake.order = order
        self.test_records_move_between_pages(fake)

    def test_long_history_is_read_in_windows(self, fake):
        ago = datetime.datetime.now(UTC) - datetime.timedelta(days=300)
        fake.grow(3, at=ago)
        fake.grow(3)
        reading = self.reading(fake)
        reading.read()
        self.assert_complete(reading, fake)

    def test_statuses(self, fake):
        guest = fake.add_customer(LastName="Guest")
        states = {
            "Inquired": "enquiry",
            "Requested": "waitlist",
            "Optional": "optional",
            "Confirmed": "reserved",
            "Started": "in_house",
            "Processed": "checked_out",
            "Canceled": "cancelled",
        }
        keys = {fake.add_reservation(guest, State=state): status for state, status in states.items()}
        keys[fake.add_reservation(guest, State="Canceled", CancellationReason="NoShow")] = "no_show"
        facts = self.facts(fake)
        assert {key: facts["stay", key]["status"] for key in keys} == keys

    def test_unknown_state_is_left_to_the_mapping(self, fake):
        key = fake.add_reservation(fake.add_customer(LastName="Guest"), State="Dreamt")
        event = self.facts(fake)["stay", key]
        assert "status" not in event
        assert event["status_raw"] == "Dreamt"

    def test_no_show_is_taken_back(self, fake):
        key = fake.add_reservation(fake.add_customer(LastName="G"), State="Canceled", CancellationReason="NoShow")
        reading = self.reading(fake)
        reading.read()
        fake.add("reservations", Id=key, State="Started", CancellationReason=None)
        reading.read()
        assert reading.facts()["stay", key]["status"] == "in_house"

    @pytest.mark.parametrize(
        ("tz", "start", "end", "arrival", "departure"),
        [
            ("Europe/Lisbon", "2026-03-28T15:00:00Z", "2026-03-29T11:00:00Z", "2026-03-28", "2026-03-29"),
            ("Europe/Budapest", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29", "2026-03-30"),
            ("Asia/Tokyo", "2026-06-30T15:00:00Z", "2026-07-01T15:00:00Z", "2026-07-01", "2026-07-02"),
            ("America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-01", "2026-11-02"),
            ("Asia/Yerevan", "2026-12-31T20:00:00Z", "2027-01-01T08:00:00Z", "2027-01-01", "2027-01-01"),
        ],
    )
    def test_dates_are_those_of_the_property(self, fake, tz, start, end, arrival, departure):
        guest = fake.add_customer(LastName="Guest")
        key = fake.add_reservation(guest, ScheduledStartUtc=start, ScheduledEndUtc=end)
        event = self.facts(fake, tz=tz)["stay", key]
        assert (event["arrival"], event["departure"]) == (arrival, departure)

    def test_rooms_of_a_group_have_one_booking_with_the_lowest_number(self, fake):
        guest = fake.add_customer(LastName="Guest")
        group = "11111111-2222-4333-8444-555555555555"
        keys = [fake.add_reservation(guest, GroupId=group, Number=str(number)) for number in (9, 10, 11)]
        facts = self.facts(fake)
        assert facts["booking", group]["confirmation"] == "9"
        assert {facts["stay", key]["booking"] for key in keys} == {group}

    def test_companies_pay_and_agencies_mediate(self, fake):
        company = fake.add("companies", Name="ACME", TaxIdentifier="PT123", IsActive=True)
        guest = fake.add_customer(LastName="Guest")
        key = fake.add_reservation(company, AccountType="Company", TravelAgencyId=company)
        fake.companions.append((key, guest))
        facts = self.facts(fake)
        assert facts["guest", company]["kind"] == "company"
        assert facts["stay", key]["guests"][0] == {"guest": guest, "role": "primary", "pays": True, "sleeps": True}
        booking = facts["booking", fake.lists["reservations"][key]["GroupId"]]
        assert (booking["company"], booking["agency"]) == (company, company)

    def test_merged_guests(self, fake):
        lost, kept = fake.add_customer(LastName="Lost"), fake.add_customer(LastName="Kept")
        reading = self.reading(fake)
        reading.read()
        fake.merge(lost, kept)
        reading.read()
        events = [
            validate(event)
            for _order, raw in reading.inbox.values()
            for event in reading.adapter.parse(raw, reading.env)
        ]
        merges = [event for event in events if event["op"] == "merge"]
        assert [(event["external_id"], event["into"]) for event in merges] == [(lost, kept)]
        assert merges[0]["version"] is not None

    def test_deleted_and_anonymised_guests(self, fake):
        gone = fake.add_customer(LastName="Gone", IsActive=False)
        blank = fake.add_customer(LastName=None, IsActive=False)
        emptied = fake.add_customer(LastName="")
        facts = self.facts(fake)
        assert facts["guest", gone]["op"] == "tombstone"
        assert facts["guest", blank]["op"] == facts["guest", emptied]["op"] == "anonymise"

    def test_guest_values(self, fake):
        key = fake.add_customer(
            FirstName="Ana",
            LastName="Silva",
            SecondLastName="Costa",
            Sex="Female",
            BirthDate="1983-12-31",
            Email="x@guest.channel.example",
            HasOtaEmail=True,
            Phone="+351 912 345 678",
            PreferredLanguageCode="pt-PT",
            NationalityCode="PT",
            LoyaltyCode="LL810213",
            DietaryRequirements="Vegan",
            PreferredSpaceFeatures=["OceanView"],
            Classifications=["Returning", "VeryImportant"],
            Options=["SendMarketingEmails"],
            Address={"Line1": "Rua 1", "City": "Porto", "PostalCode": "4000", "CountryCode": "PT"},
        )
        facts = self.facts(fake)
        event = facts["guest", key]
        assert event["values"] == {
            "given_name": "Ana",
            "family_name": "Silva Costa",
            "gender": "female",
            "birthdate": "1983-12-31",
            "nationality": "PT",
            "lang": "pt-PT",
            "phones": ["+351 912 345 678"],
            "street": "Rua 1",
            "zip": "4000",
            "city": "Porto",
            "country": "PT",
            "vip": "VeryImportant",
            "memberships": [{"number": "LL810213"}],
            "preferences": [{"code": "OceanView"}],
            "diet": [{"text": "Vegan"}],
        }
        assert event["warnings"] == ["email:proxy"]
        assert self.consents(facts, key) == {"email": "granted", "post": "unknown", "third_party": "unknown"}

    def consents(self, facts, key):
        found = (event for (entity, _key), event in facts.items() if entity == "consent" and event["guest"] == key)
        return {event["channel"]: event["state"] for event in found}

    def test_opt_in_that_is_not_ticked_means_what_the_hotel_says(self, fake):
        key = fake.add_customer(LastName="Guest", Options=["SendMarketingPostalMail"])
        reading = self.reading(fake)
        reading.read()
        reading.env.settings["unticked"] = "denied"
        assert self.consents(reading.facts(), key) == {"email": "denied", "post": "granted", "third_party": "denied"}

    @pytest.mark.parametrize(
        ("currency", "gross", "net", "shown"),
        [
            ("JPY", 12000, 10909, ("12000", "10909", "1091")),
            ("KWD", 45.125, 45.125, ("45.125", "45.125", None)),
            ("AMD", 38500.5, 32083.75, ("38500.5", "32083.75", "6416.75")),
        ],
    )
    def test_money(self, fake, currency, gross, net, shown):
        stay = fake.add_reservation(fake.add_customer(LastName="Guest"))
        key = fake.add_item(stay, gross, net, currency=currency)
        event = self.facts(fake)["charge", key]
        assert event["currency"] == currency
        assert (event["amount_gross"], event["amount_net"], event.get("amount_tax")) == shown

    def test_items(self, fake):
        stay = fake.add_reservation(fake.add_customer(LastName="Guest"))
        food = fake.add_item(stay, 20, 18, Type="ProductOrder", AccountingCategoryId=mews.FOOD)
        tax = fake.add_item(stay, 2, 2, Type="CityTax")
        rebate = fake.add_item(stay, -5, -5, Type="NightRebate", Data={"Rebate": {"RebatedItemId": food}})
        void = fake.add_item(stay, 9, 9, AccountingState="Canceled")
        outlet = fake.add_item("99999999-0000-4000-8000-000000000000", 7, 7)
        facts = self.facts(fake)
        assert (facts["charge", food]["department"], facts["charge", food]["code"]) == ("fb", "4100")
        assert facts["charge", tax]["department"] == "tax"
        assert (facts["charge", rebate]["state"], facts["charge", rebate]["reverses"]) == ("allowance", food)
        assert facts["charge", void]["state"] == "void"
        assert ("charge", outlet) not in facts

    def test_payments(self, fake):
        stay = fake.add_reservation(fake.add_customer(LastName="Guest"))
        card = fake.pay(stay, 80, Type="CreditCardPayment")
        failed = fake.pay(stay, 80, State="Failed")
        refund = fake.pay(stay, -30, Kind="Refund")
        transfer = fake.pay(stay, 10, Type="ExternalPayment", Data={"External": {"Type": "WireTransfer"}})
        other = fake.pay(None, 10)
        facts = self.facts(fake)
        shown = {
            key: tuple(facts["payment", key][name] for name in ("amount", "method", "state"))
            for key in (card, failed, refund, transfer)
        }
        assert shown == {
            card: ("80", "card", "live"),
            failed: ("80", "cash", "void"),
            refund: ("-30", "cash", "refund"),
            transfer: ("10", "transfer", "live"),
        }
        assert ("payment", other) not in facts

    def test_names_are_asked_for_once(self, fake):
        fake.page_size = 4
        fake.grow(12)
        reading = self.reading(fake)
        reading.read()
        assert sum(call.path.endswith("resources/getAll") for call in fake.log) == 1

    def test_place_that_differs_is_said(self, fake):
        findings = self.adapter().check(self.reading(fake, tz="Asia/Tokyo", currency="JPY").session())
        assert [finding.level for finding in findings] == ["ok", "warning", "warning"]

    @pytest.mark.parametrize(
        ("headers", "seconds"), [({}, 30.0), ({"Retry-After": "7"}, 7.0), ({"Retry-After": "x"}, 30.0)]
    )
    def test_pause_that_mews_asks_for(self, fake, headers, seconds):
        fake.fail(Answer(429, b"{}", headers))
        with pytest.raises(errors.Later) as caught:
            self.reading(fake).read()
        assert caught.value.seconds == seconds

    # Web-hooks

    def receive(self, body, **settings):
        request = HookRequest("POST", "https://crm.example/hook/x", "", {}, body, 0.0)
        return self.adapter().receive(request, Env(settings, "HOTEL"))

    def test_hook_names_each_record_once(self, fake):
        fake.grow(2)
        stay = next(iter(fake.lists["reservations"]))
        body = fake.hook(
            ("CustomerAdded", "c1"), ("CustomerUpdated", "c1"), ("ServiceOrderUpdated", stay), ("ResourceUpdated", "r1")
        )
        received = self.receive(json.dumps(body).encode())
        assert received.hints == [Hint("guest", "c1", "CustomerUpdated"), Hint("stay", stay, "ServiceOrderUpdated")]
        reading = self.reading(fake)
        reading.store((), received.hints)
        reading.fetch_hints()
        facts = reading.facts()
        assert facts["stay", stay]["room"]
        assert facts["guest", "c1"]["op"] == "tombstone"

    def test_poisoned_events_harm_nobody(self, fake):
        events = [None, 7, "x", [], {}, {"Discriminator": "CustomerAdded"}, {"Discriminator": [], "Value": {"Id": {}}}]
        good = fake.hook(*[("CustomerUpdated", f"c{number}") for number in range(993)])["Events"]
        received = self.receive(json.dumps({"Events": events + good}).encode())
        assert len(received.hints) == 993

    def test_hook_of_another_enterprise(self, fake):
        body = json.dumps(fake.hook(("CustomerAdded", "c1"), enterprise="E2")).encode()
        assert not self.receive(body, enterprise="E1").hints
        assert self.receive(body).hints

    # Telling Mews

    def push(self, fake, word, key, **values):
        return self.adapter().push(self.reading(fake).session(), Command("K", word, key, values))

    def test_push_changes_its_part_of_a_list_alone(self, fake):
        key = fake.add_customer(LastName="G", Classifications=["Staff"], Options=["Invoiceable"])
        assert self.push(fake, "vip", key, code="VIP1").state == "done"
        assert self.push(fake, "vip", key, code="VIP1").state == "same"
        assert fake.lists["customers"][key]["Classifications"] == ["Staff", "VeryImportant"]
        assert self.push(fake, "vip", key, code="").state == "done"
        assert fake.lists["customers"][key]["Classifications"] == ["Staff"]
        assert self.push(fake, "consent", key, channel="email", state="granted").state == "done"
        assert fake.lists["customers"][key]["Options"] == ["Invoiceable", "SendMarketingEmails"]
        assert self.push(fake, "consent", key, channel="email", state="denied").state == "done"
        assert self.push(fake, "consent", key, channel="sms", state="denied").state == "refused"

    def test_push_that_mews_does_not_carry_out_is_no_success(self, fake):
        key = fake.add_customer(LastName="G", Options=["SendMarketingEmails"])
        fake.clears = False
        assert self.push(fake, "consent", key, channel="email", state="denied").state == "refused"

    def test_push_never_overwrites_what_others_wrote(self, fake):
        key = fake.add_customer(LastName="G", DietaryRequirements="Halal")
        assert self.push(fake, "allergy", key, codes=["nuts"], text="").state == "conflict"
        assert fake.lists["customers"][key]["DietaryRequirements"] == "Halal"
        other = fake.add_customer(LastName="G", DietaryRequirements=None)
        assert self.push(fake, "allergy", other, codes=["nuts"], text="").state == "done"
        assert self.push(fake, "allergy", other, codes=["nuts"], text="").state == "same"

    def test_push_of_notes_alerts_and_tiers(self, fake):
        key = fake.add_customer(LastName="G")
        for kind, values in (
            ("note", {"text": "Likes tea"}),
            ("alert", {"kind": "desk", "text": "Owes money", "active": True}),
            ("tier", {"program": "Club", "number": "M1", "level": "gold"}),
        ):
            assert self.push(fake, kind, key, **values).state == "done"
            assert self.push(fake, kind, key, **values).state == "same"
        assert self.push(fake, "alert", key, kind="desk", text="Owes money", active=False).state == "done"
        assert [note["Content"] for note in fake.notes.values()] == ["Likes tea"]
        assert self.push(fake, "tier", key, program="Club", number="M1", level="Tin").state == "refused"
        assert self.push(fake, "tier", key, program="Club", number="M2", level="Gold").state == "done"
        assert [one["MembershipNumber"] for one in fake.memberships.values()] == ["M2"]

    def test_push_to_a_guest_who_is_gone(self, fake):
        kept = fake.add_customer(LastName="Kept")
        lost = fake.add_customer(LastName="Lost")
        fake.merge(lost, kept)
        pushed = self.push(fake, "note", lost, text="x")
        assert (pushed.state, pushed.moved) == ("gone", kept)
        assert self.push(fake, "note", "00000000-0000-4000-8000-000000000000", text="x").state == "gone"

    def test_record_that_is_not_there(self, fake):
        session = self.reading(fake).session()
        assert self.adapter().fetch_one(session, "guest", "nothing") == Gone()
        assert self.adapter().fetch_one(session, "stay", "of another service") == []

    # Bad records

    @pytest.mark.parametrize(
        ("entity", "record", "path"),
        [
            ("guest", {}, "Id"),
            ("stay", {"Id": "R", "ScheduledStartUtc": "soon"}, "ScheduledStartUtc"),
            ("stay", {"Id": "R", "ScheduledStartUtc": "2026-01-01T10:00:00Z"}, "ScheduledEndUtc"),
            ("charge", {"Id": "I", "ServiceOrderId": "R", "Amount": {"GrossValue": "much"}}, "Amount.GrossValue"),
            ("charge", {"Id": "I"}, "ServiceOrderId"),
            ("payment", {"Id": "P", "ReservationId": "R"}, "Amount.GrossValue"),
        ],
    )
    def test_malformed_records_name_their_place(self, entity, record, path):
        with pytest.raises(ParseError) as caught:
            self.adapter().parse(Raw(entity, "X", json.dumps(record)), Env({}, "HOTEL", "UTC", "EUR"))
        assert caught.value.path == path

    def test_documents_are_not_kept(self):
        record = {
            "Id": "C",
            "LastName": "G",
            "Passport": {"Number": "P1"},
            "TaxIdentificationNumber": "T1",
            "QrCodeData": "q",
        }
        kept = self.adapter().redact(Raw("guest", "C", json.dumps(record)))
        assert json.loads(kept.body) == {"Id": "C", "LastName": "G"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "Id UpdatedUtc LastName FirstName Email BirthDate Options Classifications MergeTargetId IsActive Address AccountId"
    " AccountType State GroupId ScheduledStartUtc ScheduledEndUtc PersonCounts Beside Amount ReservationId Type Data"
    " ServiceOrderId ConsumedUtc UnitCount CreatedUtc Number PreferredSpaceFeatures Kind"
).split()
RECORD = st.dictionaries(st.sampled_from(FIELDS), JSON | st.just("2026-05-01T10:00:00Z"), max_size=12)


@settings(max_examples=300, deadline=None)
@given(entity=st.sampled_from(["guest", "company", "stay", "charge", "payment", "x"]), record=JSON | RECORD)
def test_any_record_is_read_or_refused(entity, record):
    adapter = adapters.get("mews")
    raw = adapter.redact(Raw(entity, "X", json.dumps(record)))
    try:
        for event in adapter.parse(raw, Env({}, "HOTEL", "Europe/Lisbon", "EUR")):
            validate(event)
    except EventError:
        pass


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.builds(lambda events: json.dumps({"Events": events}).encode(), JSON)
)
def test_any_request_is_read_or_refused(body):
    adapter = adapters.get("mews")
    try:
        received = adapter.receive(HookRequest("POST", "https://crm.example/x", "", {}, body, 0.0), Env({}))
    except EventError:
        return
    assert all(isinstance(hint, Hint) and hint.external_id for hint in received.hints)
