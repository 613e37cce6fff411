"""The adapter of OPERA Cloud against its fake."""

import datetime
import json

import pytest
from contract import Contract
from described import Described, Problem
from fakes.ohip import Ohip
from push_faults import PushFaults

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.network import errors

STAMP = "The vendor's examples write “2021-07-08 10:50:04.0”, without a zone."
DAY = "The description wants a date of at most eight characters, which can't be."
RESERVATION = "GET /rsv/v1/hotels/{hotelId}/reservations/{reservationId}"
#: Where the description is narrower than what the vendor does.
KNOWN = {
    Problem(
        "GET /crm/v1/profiles/{profileId}", "response.body", "additionalProperties"
    ): "The vendor's example has “profiles” around it.",
    Problem(
        "GET /csh/async/v1/hotels/{hotelId}/financialPostingsNetVat/{statusId}",
        "response.body.financialPostings.posting.transactionDate",
        "maxLength",
    ): DAY,
    Problem(
        "GET /csh/v1/hotels/{hotelId}/reservations/{reservationId}/folios",
        "response.body.reservationFolioInformation.folioWindows.folios.postings.transactionDate",
        "maxLength",
    ): DAY,
    Problem(
        "GET /int/v1/externalSystem/{extSystemCode}/hotels/{hotelId}/businessEvents",
        "response.body.businessEventData.businessEvent.header.createdDateTime",
        "format",
    ): STAMP,
    Problem(RESERVATION, "response.body.reservations.reservation.createDateTime", "format"): STAMP,
    Problem(RESERVATION, "response.body.reservations.reservation.lastModifyDateTime", "format"): STAMP,
}


class TestOhip(Described, PushFaults, Contract):
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
        assert reading.adapter.parse(event, reading.env) == []

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

    def test_users_of_one_client_have_tokens_of_their_own(self, fake):
        fake.secrets = lambda: {**Ohip.secrets(fake), "password": "pw"}
        reading = self.reading(fake)
        for user, signed_in in (("INT", 1), ("OTHER", 2), ("INT", 2)):
            reading.env.settings.update(grant="password", username=user)
            reading.adapter.check(reading.session())
            assert fake.signed_in == signed_in

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
        paid = [payment.get(name) for name in ("amount", "method", "card_brand", "card_last4")]
        # A folio doesn't say how somebody has paid.
        assert paid == (["110.1", "card", "VA", "1111"] if lines == "journal" else ["110.1", "other", None, None])
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
            events = (
                json.loads(raw.body) if raw.content_type == adapters.EVENTS else reading.adapter.parse(raw, reading.env)
            )
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
        assert push("allergy", key, codes=["milk"], text="Milk", known=["milk"]) == "same"
        assert fake.profiles[key]["preferences"] == [("ALLERGY", "NUT"), ("ALLERGY", "MLK")], "nobody has read the nuts"
        assert push("allergy", key, codes=["milk"], text="Milk", known=["nuts", "milk"]) == "done"
        assert fake.profiles[key]["preferences"] == [("ALLERGY", "MLK")]
        assert self.comments(fake, key) == []
        reading = self.reading(fake)
        reading.read()
        values = reading.facts()["guest", key]["values"]
        assert ([word["code"] for word in values["diet"]], "preferences" in values) == (["MLK"], False)
        assert push("allergy", key, codes=["milk", "kiwi"], text="Milk; Kiwi") == "done"
        assert self.comments(fake, key) == [("CRM allergies", "Milk; Kiwi")]
        assert push("allergy", key, codes=[], text="", known=["milk"]) == "done"
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

    def test_both_sides_are_as_the_vendor_describes_them(self, fake):
        fake.lines = "folios"
        keys = fake.grow(3)
        with self.described(fake) as prism:
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
            reading.read()
        prism.assert_as_described(KNOWN)
