"""The adapter of OPERA Cloud against its fake."""

import datetime
import json

import pytest
from contract import Contract
from fakes import spec_check
from fakes.ohip import Ohip
from hypothesis import given, settings
from hypothesis import strategies as st
from push_faults import PushFaults

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command, Env, Hint, ParseError, Raw
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.network import errors
from hospitality_connectors.engine.types import EventError

SETTINGS = {"hotel_id": "HOTEL1", "departments": "1000-1999=room 2000-2999=fb 9900=tax", "diet_types": "DIET,ALLERGY"}
ENV = Env(SETTINGS, "HOTEL", "Europe/Lisbon", "EUR")


class TestOhip(PushFaults, Contract):
    fake_class = Ohip
    stream = "events"

    def adapter(self, limited=False):
        adapter = super().adapter()
        if not limited:
            adapter.rates = {}
        return adapter

    def reading(self, fake, **options):
        return super().reading(fake, **{"since_days": 20, **options})

    def add_guest(self, fake):
        return fake.add_profile()

    def notes_of(self, fake, key):
        return [text for _title, text in self.comments(fake, key)]

    def test_never_above_the_limit(self, fake):
        fake.limits = ((50, 1),)
        fake.page_size = 2
        fake.polls = 0
        fake.grow(12)
        reading = self.reading(fake, since_days=1)
        reading.adapter = self.adapter(limited=True)
        reading.read()
        assert len(fake.log) > 40
        assert fake.breaches == 0
        self.assert_complete(reading, fake)

    # The queue of events, and work in the background

    def test_events_that_were_lost_are_found_by_the_summary(self, fake):
        """Events are gone when they were read: a crash before the page is stored loses them, and no record."""
        fake.grow(3)
        reading = self.reading(fake)
        stream = reading.streams()["events"]
        page = reading.adapter.fetch_page(reading.session(), stream, None, None)
        assert len(page.hints) == 6
        assert not fake.queue
        reading.read()
        self.assert_complete(reading, fake)

    def test_events_are_kept_without_their_values(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        reading.read("events")
        (event,) = [raw for _order, raw in reading.inbox.values() if raw.entity == "event"]
        assert "NEW PROFILE" in event.body
        assert "John" not in event.body
        assert reading.adapter.parse(event, ENV) == []

    def test_many_events_about_one_record(self, fake):
        key = fake.grow(1)[0]
        for _change in range(90):
            fake.touch(key)
        reading = self.reading(fake)
        reading.read()
        self.assert_complete(reading, fake)

    def test_vendor_asks_to_wait(self, fake):
        fake.max_age = 10
        fake.grow(1)
        reading = self.reading(fake)
        stream = reading.streams()["changes"]
        assert reading.step(stream) is False
        with pytest.raises(errors.Later) as caught:
            reading.step(stream)
        assert caught.value.seconds == 10
        fake.max_age = 0
        while not reading.step(stream):
            pass
        reading.fetch_hints()
        assert ("stay", next(iter(fake.reservations))) in reading.facts()

    def test_journal_is_asked_for_day_by_day(self, fake):
        """A result comes in one piece, and a large hotel's week would be too large."""
        key = fake.grow(1)[0]
        today = fake.now().date()
        days = [(today - datetime.timedelta(days=back)).isoformat() for back in (4, 2)]
        lines = [fake.add_posting(key, "1000", "Revenue", 50, day=day) for day in days]
        reading = self.reading(fake, since_days=6)
        reading.read("journal")
        assert {("charge", line) for line in lines} <= reading.facts().keys()
        spans = [call.json()["netvatcriteriatype"]["timeSpan"] for call in fake.calls if call.path == fake.journal_path]
        assert {span["startDate"] == span["endDate"] for span in spans} == {True}
        assert len(spans) == 7

    def test_vendor_loses_the_work(self, fake):
        fake.grow(1)
        reading = self.reading(fake, since_days=1)
        stream = reading.streams()["changes"]
        reading.step(stream)
        fake.jobs.clear()
        while not reading.step(stream):
            pass
        assert reading.hints
        reading.progress.clear()
        with pytest.raises(errors.Failed, match="given up|gives up"):
            for _step in range(20):
                fake.jobs.clear()
                reading.step(stream)

    def test_token_is_renewed_when_it_is_refused(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        reading.read("events")
        fake.token = "token-2"
        fake.touch(next(iter(fake.reservations)))
        reading.read("events")
        assert fake.signed_in == 2

    def test_password_grant(self, fake):
        reading = self.reading(fake)
        reading.env.settings.update(grant="password", username="INT")
        fake.secrets = lambda: {**Ohip.secrets(fake), "password": "pw"}
        reading.read("events")
        form = next(call.form() for call in fake.calls if call.path.endswith("/tokens"))
        assert form == {"grant_type": "password", "username": "INT", "password": "pw"}

    # Charges

    @pytest.mark.parametrize("lines", ["journal", "folios"])
    def test_split_folios(self, fake, lines):
        fake.lines = lines
        key = fake.grow(1)[0]
        second = fake.add_posting(key, "2000", "Revenue", 30.5, folioWindowNo=2)
        allowance = fake.add_posting(key, "2000", "Revenue", -5, folioWindowNo=2, adjustmentInfo={"reason": "late"})
        wrapper = fake.add_posting(key, "1999", "Wrapper", 140.6)
        reading = self.reading(fake)
        reading.read()
        facts = reading.facts()
        assert {name: facts["charge", second][name] for name in ("window", "department", "amount_gross", "state")} == {
            "window": 2,
            "department": "fb",
            "amount_gross": "30.5",
            "state": "live",
        }
        assert (facts["charge", allowance]["state"], facts["charge", allowance]["amount_gross"]) == ("allowance", "-5")
        assert ("charge", wrapper) not in facts
        assert ("amount_net" in facts["charge", second]) == (lines == "journal")
        (payment,) = [fact for (entity, _key), fact in facts.items() if entity == "payment"]
        assert [payment[name] for name in ("amount", "method", "card_brand", "card_last4")] == [
            "110.1",
            "card",
            "VA",
            "1111",
        ]
        assert not [raw for _order, raw in reading.inbox.values() if "4111111111111111" in str(raw.body)]

    def test_charge_that_was_moved_to_another_stay(self, fake):
        first, second = fake.grow(2)
        key = fake.add_posting(first, "2000", "Revenue", 12)
        reading = self.reading(fake)
        reading.read()
        fake.postings[int(key)]["guestInfo"]["reservationId"]["id"] = second
        reading.read("journal")
        assert reading.facts()["charge", key]["stay"] == second

    # People

    def test_merge_is_learnt_from_who_vanished(self, fake):
        first, second = fake.grow(2)
        lost, left = (fake.reservations[key]["guests"][0] for key in (first, second))
        reading = self.reading(fake)
        reading.read()
        fake.merge(lost, left)
        reading.read()
        self.assert_complete(reading, fake)
        merges = [fact for fact in self.told(reading) if fact["op"] == "merge"]
        assert [(fact["external_id"], fact["into"]) for fact in merges] == [(lost, left)]

    def test_reservation_given_to_somebody_else_is_no_merge(self, fake):
        key = fake.grow(1)[0]
        other = fake.add_profile()
        reading = self.reading(fake)
        reading.read()
        old = fake.reservations[key]["guests"][0]
        fake.reservations[key].update(guests=[other], modified=fake.now())
        fake.tell("Reservation", "UPDATE RESERVATION", key, {"GUEST NAME ID": (old, other)})
        reading.read()
        assert not [fact for fact in self.told(reading) if fact["op"] == "merge"]
        assert reading.facts()["stay", key]["guest"] == other

    def told(self, reading):
        found = []
        for _order, raw in reading.inbox.values():
            events = json.loads(raw.body) if raw.content_type == adapters.EVENTS else reading.adapter.parse(raw, ENV)
            found += [validate(event) for event in events]
        return found

    def test_unknown_profile_is_gone(self, fake):
        key = fake.grow(1)[0]
        reading = self.reading(fake)
        assert isinstance(reading.adapter.fetch_one(reading.session(), "guest", "1"), adapters.Gone)
        assert isinstance(reading.adapter.fetch_one(reading.session(), "stay", "1"), adapters.Gone)
        guest = fake.reservations[key]["guests"][0]
        del fake.profiles[guest]
        found = reading.adapter.fetch_one(reading.session(), "stay", key)
        assert json.loads(found[0].body) == [{"entity": "guest", "op": "tombstone", "external_id": guest}]

    def test_anonymised(self, fake):
        fake.grow(2)
        reading = self.reading(fake)
        reading.read()
        fake.anonymise(next(iter(fake.profiles)))
        reading.read()
        self.assert_complete(reading, fake)

    def test_no_show_that_came_after_all(self, fake):
        key = fake.grow(1)[0]
        reading = self.reading(fake)
        fake.reservations[key].update(status="NoShow")
        reading.read()
        assert reading.facts()["stay", key]["status"] == "no_show"
        fake.reservations[key].update(status="InHouse", modified=fake.now())
        fake.tell("Reservation", "REINSTATE", key, {})
        reading.read()
        assert reading.facts()["stay", key]["status"] == "in_house"

    def test_no_documents(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        assert not [raw for _order, raw in reading.inbox.values() if "C03005988" in str(raw.body)]

    # Telling the vendor

    def pusher(self, fake):
        def push(kind, key, /, **values):
            session = self.reading(fake).session()
            return self.adapter().push(session, Command("k1", kind, key, values)).state

        return push

    def test_vip_and_conflict(self, fake):
        key, push = fake.add_profile(), self.pusher(fake)
        assert push("vip", key, code="VIP1") == "done"
        assert push("vip", key, code="VIP1") == "same"
        fake.profiles[key]["vip"] = "VVIP"
        assert push("vip", key, code="VIP2", known="VIP1") == "conflict"
        assert push("vip", key, code="", known="VVIP") == "done"
        assert fake.profiles[key]["vip"] == ""
        assert push("vip", "1", code="VIP1") == "gone"

    def test_tier(self, fake):
        key, push = fake.add_profile(), self.pusher(fake)
        assert push("tier", key, program="CLUB", number="77", level="GOLD") == "done"
        assert push("tier", key, program="CLUB", number="77", level="GOLD") == "same"
        assert push("tier", key, program="CLUB", number="77", level="PLATINUM") == "done"
        assert push("tier", key, program="CLUB", number="78", level="GOLD") == "conflict"
        assert push("tier", key, program="CLUB", level="GOLD") == "refused"
        reading = self.reading(fake)
        reading.read()
        (member,) = reading.facts()["guest", key]["values"]["memberships"]
        assert member == {"program": "CLUB", "number": "77", "level": "PLATINUM"}

    def comments(self, fake, key):
        return [
            (item["comment"]["commentTitle"], item["comment"]["text"]["value"])
            for item in fake.profiles[key]["comments"]
        ]

    def test_preferences(self, fake):
        key, push = fake.add_profile(), self.pusher(fake)
        assert push("preference", key, code="FTH", text="No feathers", active=True) == "done"
        assert push("preference", key, code="FTH", text="No feathers", active=True) == "same"
        assert fake.profiles[key]["preferences"] == [("SPECIALS", "FTH")]
        assert push("preference", key, code="view", text="Sea", active=True) == "done"
        assert push("preference", key, code="view", text="Garden", active=True) == "done"
        assert push("preference", key, code="view", text="Garden", active=True) == "same"
        assert self.comments(fake, key) == [("CRM preference view", "Garden")]
        assert push("preference", key, code="view", text="", active=False) == "done"
        assert push("preference", key, code="view", text="", active=False) == "same"
        assert self.comments(fake, key) == [("CRM preference view", "(no longer) Garden")]
        assert push("preference", key, code="FTH", active=False) == "done"
        assert push("preference", key, code="FTH", active=False) == "same"

    def test_allergies(self, fake):
        key, push = fake.add_profile(), self.pusher(fake)
        assert push("allergy", key, codes=["nuts", "milk"], text="Nuts; Milk") == "done"
        assert push("allergy", key, codes=["milk", "nuts"], text="Nuts; Milk") == "same"
        assert push("allergy", key, codes=["milk"], text="Milk", known=["EGG"]) == "conflict"
        assert push("allergy", key, codes=["milk"], text="Milk", known=["NUT", "MLK"]) == "done"
        assert fake.profiles[key]["preferences"] == [("ALLERGY", "MLK")]
        assert self.comments(fake, key) == []
        reading = self.reading(fake)
        reading.read()
        values = reading.facts()["guest", key]["values"]
        assert ([word["code"] for word in values["diet"]], "preferences" in values) == (["MLK"], False)
        assert push("allergy", key, codes=["milk", "kiwi"], text="Milk; Kiwi") == "done"
        assert self.comments(fake, key) == [("CRM allergies", "Milk; Kiwi")]
        assert push("allergy", key, codes=[], text="") == "done"
        assert self.comments(fake, key) == [("CRM allergies", "(no longer) Milk; Kiwi")]
        assert fake.profiles[key]["preferences"] == []

    def test_consent(self, fake):
        key, push = fake.add_profile(), self.pusher(fake)
        assert push("consent", key, channel="email", state="granted") == "done"
        assert push("consent", key, channel="email", state="granted") == "same"
        assert push("consent", key, channel="sms", state="denied") == "done"
        assert push("consent", key, channel="messenger", state="granted") == "refused"
        assert fake.profiles[key]["privacy"] == {"optInEmail": True, "optInSms": False}

    def test_comments_are_written_once(self, fake):
        key, push = fake.add_profile(), self.pusher(fake)
        fake.profiles[key]["comments"].append(
            {"id": "1", "comment": {"text": {"value": "Of staff"}, "commentTitle": "X"}}
        )
        assert push("note", key, text="Likes tea") == "done"
        assert push("note", key, text="Likes tea") == "same"
        assert push("note", key, text="Met at the fair") == "done"
        assert push("alert", key, kind="payment", text="Ask for a deposit", active=True) == "done"
        assert push("alert", key, kind="payment", text="", active=False) == "done"
        assert push("alert", key, kind="payment", text="", active=False) == "same"
        assert push("alert", key, kind="other", text="", active=False) == "same"
        assert push("note", key, text="") == "refused"
        assert self.comments(fake, key) == [
            ("X", "Of staff"),
            ("CRM note", "Likes tea"),
            ("CRM note", "Met at the fair"),
            ("CRM alert payment", "(no longer) Ask for a deposit"),
        ]

    def test_erasure_and_why_it_is_refused(self, fake):
        key, push = fake.add_profile(), self.pusher(fake)
        fake.refusals = ["Guest has a future reservation", "Open folio"]
        session = self.reading(fake).session()
        result = self.adapter().push(session, Command("k", "erasure", key, {}))
        assert (result.state, result.message) == ("refused", "Guest has a future reservation; Open folio")
        fake.refusals = []
        assert push("erasure", key) == "done"
        assert push("erasure", key) == "same"
        assert push("vip", key, code="V") == "gone"

    def test_requests_are_as_the_vendor_describes_them(self, fake):
        fake.lines = "folios"
        keys = fake.grow(2)
        reading = self.reading(fake)
        reading.read()
        reading.read("stays")
        fake.lines = "journal"
        self.reading(fake).read("journal")
        reading.adapter.check(reading.session())
        key, push = fake.reservations[keys[0]]["guests"][0], self.pusher(fake)
        push("vip", key, code="V")
        for level in ("GOLD", "PLATINUM"):
            push("tier", key, program="CLUB", number="77", level=level)
        push("preference", key, code="FTH", text="No feathers", active=True)
        push("preference", key, code="FTH", active=False)
        push("consent", key, channel="email", state="granted")
        push("note", key, text="Likes tea")
        push("erasure", key)
        specs = spec_check.load("ohip")
        # The gateway itself takes the client's name and secret where the description has nothing but the key.
        checked = [spec_check.check(specs, call) for call in fake.calls]
        assert not [problem for problems in checked for problem in problems]
        assert len({(call.method, call.path.partition("/hotels")[0][:25]) for call in fake.calls}) >= 10


def parse(entity, record, version=1.0, env=ENV):
    body = record if isinstance(record, str) else json.dumps(record)
    raw = Raw(entity, "1", body, version=version)
    return [validate(event) for event in adapters.get("ohip").parse(raw, env)]


def reservation(room=None, rate=None, **fields):
    rate = {"roomType": "DLX", "guestCounts": {"adults": 2, "children": 1}, **(rate or {})}
    return {
        "reservationIdList": [{"id": "9", "type": "Reservation"}, {"id": "C9", "type": "Confirmation"}],
        "roomStay": {"arrivalDate": "2026-03-28", "departureDate": "2026-03-30", "roomRates": [rate], **(room or {})},
        "reservationStatus": "Reserved",
        **fields,
    }


def stay_of(env=ENV, **fields):
    (stay,) = [event for event in parse("stay", reservation(**fields), env=env) if event["entity"] == "stay"]
    return stay


SPELLINGS = {
    "enquiry": ("Requested", "REQUESTED", "Prospect", "PROSPECT"),
    "waitlist": ("Waitlisted", "WAITLIST", "WaitList"),
    "reserved": ("Reserved", "RESERVED", "DueIn", "DUE IN"),
    "in_house": (
        "InHouse",
        "IN HOUSE",
        "CHECKED IN",
        "DueOut",
        "DUE OUT",
        "Walkin",
        "PendingCheckout",
        "PENDING CHECKOUT",
    ),
    "checked_out": ("CheckedOut", "CHECKED OUT"),
    "cancelled": ("Cancelled", "CANCELLED"),
    "no_show": ("NoShow", "NO SHOW"),
}


@pytest.mark.parametrize(("status", "word"), [(status, word) for status, words in SPELLINGS.items() for word in words])
def test_statuses(status, word):
    assert stay_of(reservationStatus=word)["status"] == status


def test_unknown_status_is_left_to_the_mapping():
    stay = stay_of(reservationStatus="Teleported")
    assert ("status" in stay, stay["status_raw"]) == (False, "Teleported")


def test_computed_status_comes_first():
    assert stay_of(reservationStatus="Reserved", computedReservationStatus="InHouse")["status"] == "in_house"


def test_list_and_look_up_say_the_same():
    listed = {
        "reservationIdList": reservation()["reservationIdList"],
        "roomStay": {
            "arrivalDate": "2026-03-28",
            "departureDate": "2026-03-30",
            "adultCount": 2,
            "childCount": 1,
            "roomType": "DLX",
        },
        "reservationGuest": {
            "id": "G1",
            "accompanyGuests": [{"profileIdList": [{"id": "G2", "type": "Profile"}]}],
        },
        "reservationStatus": "Reserved",
    }
    people = [("G2", False), ("G1", True)]
    guests = [
        {"profileInfo": {"profileIdList": [{"id": key, "type": "Profile"}]}, "primary": first} for key, first in people
    ]
    assert parse("stay", listed) == parse("stay", reservation(reservationGuests=guests))


def test_sharers():
    shared = [{"reservationId": {"id": "12"}, "profileId": {"id": "G2"}}]
    guest = [{"profileInfo": {"profileIdList": [{"id": "G1", "type": "Profile"}]}, "primary": True}]
    paying = stay_of(sharedGuests=shared, reservationGuests=guest)
    other = stay_of(sharedGuests=shared, reservationGuests=guest, room={"primaryShareType": "NonPrimary"})
    assert paying["sharer_group"] == other["sharer_group"] == "share:9"
    assert ([one["pays"] for one in paying["guests"]], [one["pays"] for one in other["guests"]]) == ([True], [False])
    assert "sharer_group" not in stay_of()


def test_pseudo_rooms_groups_and_companies():
    block = {"blockIdList": [{"id": "77", "type": "Block"}], "blockName": "WEDDING"}
    profiles = [
        {"reservationProfileType": "Company", "profileIdList": [{"id": "K1", "type": "Profile"}]},
        {"reservationProfileType": "TravelAgent", "profileIdList": [{"id": "A1", "type": "Profile"}]},
    ]
    record = reservation(rate={"pseudoRoom": True, "reservationBlock": block}, attachedProfiles=profiles)
    booking, stay = parse("stay", record)
    assert stay["is_pseudo"] is True
    assert (booking["group_code"], booking["company"], booking["agency"]) == ("WEDDING", "K1", "A1")
    assert booking["external_id"] == stay["booking"] == "C9"


@pytest.mark.parametrize("tz", ["Europe/Lisbon", "Asia/Tokyo", "Pacific/Kiritimati", "America/Sao_Paulo"])
@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-10-25"])
def test_dates_never_slip(tz, day):
    stay = stay_of(env=ENV._replace(tz=tz), room={"arrivalDate": day, "departureDate": "2026-11-01"})
    assert stay["arrival"] == day


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 24000), ("KWD", 12.345), ("EUR", 0.1)])
def test_money(currency, amount):
    money = {"amount": amount, "currencyCode": currency}
    totals = {"roomRevenue": money, "totalRevenue": money, "balance": {**money, "amount": -amount}}
    stay = stay_of(cashiering={"revenuesAndBalances": totals})
    assert (stay["currency"], stay["amount_room"], stay["amount_total"], stay["balance"]) == (
        currency,
        f"{amount:g}",
        f"{amount:g}",
        f"-{amount:g}",
    )


def test_no_currency_is_that_of_the_property():
    assert stay_of(revenuesAndBalances={"roomRevenue": {"amount": 5, "currencyCode": None}})["currency"] == "EUR"


def test_expected_total_of_a_stay_to_come():
    assert stay_of(room={"total": {"amountAfterTax": 220.5, "currencyCode": "EUR"}})["amount_total"] == "220.5"


def test_comments_for_staff_are_no_requests():
    comments = [
        {"comment": {"text": {"value": "High floor"}, "type": "RESERVATION", "internal": False}},
        {"comment": {"text": {"value": "Bad payer"}, "type": "CASHIER"}},
        {"comment": {"text": {"value": "Upgrade?"}, "type": "GEN", "internal": True}},
    ]
    assert stay_of(comments=comments)["requests"] == "High floor"


def profile(**fields):
    customer = {"personName": [{"givenName": "Ana", "surname": "Sousa", "nameType": "Primary"}]}
    return {"customer": customer, **fields}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda details: {"guestDetails": details},
        lambda details: {"profileDetails": details},
        lambda details: {"profiles": {"profileInfo": [{"profile": details}]}},
    ],
)
def test_all_wrappers_of_a_profile(wrap):
    (event,) = parse("guest", {"profileId": "7", **wrap(profile())})
    assert (event["external_id"], event["values"]) == ("7", {"given_name": "Ana", "family_name": "Sousa"})


def test_values_of_a_profile():
    details = profile(
        customer={
            "personName": [
                {"givenName": "Іван", "surname": "Петренко", "nameType": "Alternate"},
                {"givenName": "Ivan", "surname": "Petrenko", "nameType": "Primary", "nameTitle": "Mr"},
            ],
            "birthDate": "XXXXXX88",
            "language": "E",
            "nationality": "UA",
            "vipStatus": "2",
        },
        addresses={
            "addressInfo": [
                {"address": {"addressLine": ["Old Street 1"], "country": {"code": "GB"}}},
                {"address": {"addressLine": ["Rua 1", "2D"], "country": {"code": "PT"}, "primaryInd": True}},
            ]
        },
        telephones={
            "telephoneInfo": [
                {"telephone": {"phoneNumber": "+1", "phoneTechType": "FAX"}},
                {"telephone": {"phoneNumber": "+351210000001", "phoneTechType": "PHONE"}},
                {"telephone": {"phoneNumber": "+351910000001", "primaryInd": True}},
            ]
        },
        emails={"emailInfo": [{"email": {"emailAddress": "*****"}}]},
        profileType="Company",
    )
    (event,) = parse("guest", {"profileId": "7", "guestDetails": details})
    assert event["kind"] == "company"
    assert event["masked"] == ["emails"]
    assert event["values"] == {
        "given_name": "Ivan",
        "family_name": "Petrenko",
        "local_name": "Іван Петренко",
        "salutation": "Mr",
        "lang": "en",
        "nationality": "UA",
        "vip": "2",
        "street": "Rua 1",
        "street2": "2D",
        "country": "PT",
        "phones": ["+351910000001", "+351210000001"],
    }


def test_our_own_comments_do_not_come_back():
    comments = [("CRM note", "Likes tea"), ("CRMX", "Of staff"), (None, "Untitled")]
    items = [{"comment": {"text": {"value": text}, "commentTitle": title}} for title, text in comments]
    record = {"profileId": "7", "guestDetails": profile(comments={"commentInfo": items})}
    assert parse("guest", record)[0]["values"]["notes"] == "Of staff\nUntitled"


def test_anonymisation_that_was_asked_for_only():
    details = profile()
    details["customer"]["anonymization"] = {"anonymizationStatus": "REQUESTED"}
    (event,) = parse("guest", {"profileId": "7", "guestDetails": details})
    assert (event["op"], event["warnings"]) == ("upsert", ["anonymisation:requested"])
    details["customer"]["anonymization"] = {"anonymizationStatus": "Anonymized"}
    assert [event["op"] for event in parse("guest", {"profileId": "7", "guestDetails": details})] == ["anonymise"]


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        ({"optInEmail": True}, "granted"),
        ({"optInEmail": True, "allowEmail": True}, "granted"),
        ({"optInEmail": True, "allowEmail": False}, "denied"),
        ({"optInEmail": False}, "unknown"),
        ({"optInEmail": False, "lastPrivacyPromptDate": "2026-03-01"}, "denied"),
        ({"optInEmail": True, "lastPrivacyPromptDate": "2026-03-01"}, "granted"),
        ({"allowEmail": False}, "denied"),
    ],
)
def test_opt_ins(flags, state):
    events = parse("guest", {"profileId": "7", "guestDetails": profile(privacyInfo=flags)})
    (consent,) = [event for event in events if event["entity"] == "consent"]
    assert (consent["external_id"], consent["channel"], consent["state"]) == ("7:optInEmail", "email", state)


def test_what_an_opt_in_without_a_tick_means_is_a_setting():
    env = ENV._replace(settings={**SETTINGS, "unticked": "denied"})
    record = {
        "profileId": "7",
        "guestDetails": profile(privacyInfo={"optInSms": False}),
    }
    (consent,) = [event for event in parse("guest", record, env=env) if event["entity"] == "consent"]
    assert (consent["channel"], consent["state"], "at" in consent) == ("sms", "denied", False)


def posting(**fields):
    info = {"reservationId": {"id": "9"}}
    base = {
        "transactionNo": 1,
        "transactionType": "Revenue",
        "transactionCode": "1000",
        "transactionDate": "2026-03-28",
    }
    return {"posting": {**base, "guestInfo": info, "debitAmount": {"amount": 10}, **fields}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"department": "room", "amount_gross": "10", "currency": "EUR"}),
        ({"transactionCode": "9900"}, {"department": "tax"}),
        ({"transactionCode": "FOO"}, {"department": "other"}),
        ({"debitAmount": None, "creditAmount": {"amount": 4}}, {"amount_gross": "-4"}),
        (
            {"debitAmount": None, "postedAmount": {"amount": 7, "currencyCode": "USD"}},
            {"amount_gross": "7", "currency": "USD"},
        ),
        ({"transactionType": "Payment", "creditAmount": {"amount": 25}}, {"entity": "payment", "amount": "15"}),
        (
            {"transactionType": "Payment", "paymentMethod": {"paymentMethod": "CA"}},
            {"amount": "-10", "state": "refund", "method": "cash"},
        ),
    ],
)
def test_postings(fields, expected):
    (event,) = parse("charge", posting(**fields))
    assert {name: event.get(name) for name in expected} == expected


def test_posting_of_no_guest():
    assert parse("charge", posting(guestInfo={"roomId": "101"})) == []


def test_void_folio():
    line = posting()["posting"]
    folio = {"folioWindows": [{"folioWindowNo": 3, "folios": [{"folioStatus": "Void", "postings": [line]}]}]}
    (event,) = parse("folio", {"reservationId": "9", "reservationFolioInformation": folio})
    assert (event["state"], event["window"]) == ("void", 3)


@pytest.mark.parametrize(
    ("entity", "record", "where"),
    [
        ("guest", {"guestDetails": profile()}, "profileId"),
        ("stay", {"reservationStatus": "Reserved"}, "reservationId"),
        ("stay", reservation(room={"arrivalDate": "soon"}), "roomStay.arrivalDate"),
        ("stay", reservation(rate={"guestCounts": {"adults": "two"}}), "roomStay.adults"),
        ("stay", reservation(revenuesAndBalances={"balance": {"amount": "much"}}), "revenuesAndBalances.balance"),
        ("charge", posting(transactionNo=None), "transactionNo"),
        ("charge", posting(debitAmount={"amount": "x"}), "debitAmount"),
        ("charge", posting(transactionType="Payment", debitAmount=None), "creditAmount"),
        ("charge", "[]", ""),
        ("stay", "{", ""),
    ],
)
def test_malformed_records_say_where(entity, record, where):
    with pytest.raises(ParseError) as caught:
        parse(entity, record)
    assert caught.value.path == where


def test_hints_of_events():
    module = __import__("hospitality_connectors.engine.adapters.ohip", fromlist=["hints_of"])

    def event(name, key, details=(), wrapper="businessEvent"):
        header = {"moduleName": name, "actionType": "X", "primaryKey": key}
        rows = [{"dataElement": label, "oldValue": old, "newValue": new} for label, old, new in details]
        return {wrapper: {"header": header, "details": rows}}

    assert module.hints_of(event("Profile", "7", wrapper="BusinessEvent")) == [Hint("guest", "7", "X")]
    change = [("GUEST NAME ID", "1", "2")]
    assert module.hints_of(event("Reservation", "9", change)) == [Hint("stay", "9", "X"), Hint("vanished", "1>2", "X")]
    assert module.hints_of(event("Cashiering", "5", [("RESV NAME ID", None, "9")])) == [Hint("stay", "9", "X")]
    assert module.hints_of(event("Block", "5")) == module.hints_of(event(14, "5")) == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2026-03-28", "Void"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BASES = {
    "stay": reservation(reservationGuests=[], sharedGuests=[], comments=[], attachedProfiles=[], cancellation={}),
    "guest": {
        "profileId": "7",
        "guestDetails": profile(
            addresses={"addressInfo": [{"address": {"addressLine": ["x"], "country": {"code": "PT"}}}]},
            telephones={"telephoneInfo": [{"telephone": {}}]},
            privacyInfo={"optInEmail": True},
            comments={"commentInfo": [{"comment": {"text": {"value": "x"}}}]},
            preferenceCollection={"preferenceType": [{"preferenceType": "A", "preference": [{}]}]},
            profileMemberships={"profileMembership": [{}]},
        ),
    },
    "charge": posting(paymentMethod={"paymentCard": {}}, quantity=1, folioWindowNo=1),
    "folio": {
        "reservationId": "9",
        "reservationFolioInformation": {"folioWindows": [{"folios": [{"postings": [{}]}]}]},
    },
}


def places(value, here=()):
    """Return the paths to all values in a record."""
    found = [here]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*here, key))
    return found


@settings(max_examples=500, deadline=None)
@given(data=st.data(), entity=st.sampled_from(sorted(BASES)))
def test_nothing_but_event_errors(data, entity):
    record = json.loads(json.dumps(BASES[entity]))
    for _change in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([place for place in places(record) if place]))
        target = record
        for step in way:
            target = target[step]
        target[last] = data.draw(JSON)
    try:
        parse(entity, record)
    except EventError:
        return


def test_time_of_change_in_the_hour_that_comes_twice():
    values = __import__("hospitality_connectors.engine.adapters.values", fromlist=["version_of"])
    times = [datetime.datetime(2026, 10, 25, hour, 45, tzinfo=datetime.timezone.utc) for hour in (0, 1)]
    first, second = (values.version_of("2026-10-25 01:30:00.0", "Europe/Lisbon", now) for now in times)
    assert second - first == 3600
