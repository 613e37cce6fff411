"""The Cloudbeds adapter against its fake."""

from contract import Contract
from described import Described, Problem
from fakes.cloudbeds import Cloudbeds
from push_faults import PushFaults

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command
from hospitality_connectors.engine.canonical import validate

STAMP = "Times of the property carry no zone: “Y-m-d H:i:s” in the vendor's own words."
#: Where the description is narrower than what the vendor does.
KNOWN = {
    Problem("GET /api/v1.3/getGuestsModified", "request.query.resultsfrom", "format"): STAMP,
    Problem("GET /api/v1.3/getGuestsModified", "request.query.resultsto", "format"): STAMP,
    Problem("GET /api/v1.3/getGuestsModified", "response.body.data.dateModified", "format"): STAMP,
    Problem("GET /api/v1.3/getReservationsWithRateDetails", "request.query.modifiedfrom", "format"): STAMP,
    Problem("GET /api/v1.3/getReservationsWithRateDetails", "request.query.modifiedto", "format"): STAMP,
    Problem("GET /api/v1.3/getReservationsWithRateDetails", "response.body.data.dateCreated", "format"): STAMP,
    Problem("GET /api/v1.3/getReservationsWithRateDetails", "response.body.data.dateModified", "format"): STAMP,
    Problem(
        "GET /api/v1.3/getReservationsWithRateDetails", "response.body.data.estimatedArrivalTime", "format"
    ): "Hours and minutes of the property, by 24 hours.",
    Problem("GET /guest-profiles/v1/merges", "response.body", "type"): "The vendor's example is a list.",
    Problem(
        "POST /accounting/v1.0/transactions", "response.body.transactions.routedFrom", "type"
    ): "“It can be null”, in the vendor's own words.",
}


class TestCloudbeds(Described, PushFaults, Contract):
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
        raw = [raw for _order, raw in reading.inbox.values() if raw.external_id == lost][-1]
        events = [validate(event) for event in reading.adapter.parse(raw, reading.env)]
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

    def test_both_sides_are_as_the_vendor_describes_them(self, fake):
        keys = fake.grow(3)
        guests = [fake.reservations[key]["guests"][0] for key in keys]
        with self.described(fake) as prism:
            reading = self.reading(fake)
            reading.read()
            fake.merge(*guests[:2])
            reading.read()
            reading.read("stays", "ledger")
            reading.adapter.check(reading.session())
            push = self.pusher(fake)
            push("vip", guests[1], code="V")
            push("note", guests[1], text="Hello")
            push("preference", guests[1], code="P", text="One", active=True)
            push("preference", guests[1], code="P", text="Two", active=True)
            push("consent", guests[1], channel="email", state="granted")
            push("erasure", guests[2])
            reading.adapter.fetch_one(reading.session(), "booking", keys[0])
            reading.read()
        prism.assert_as_described(KNOWN)
