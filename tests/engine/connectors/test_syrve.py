"""Syrve and iiko: the contract of all adapters, and what is peculiar to them."""

import datetime
import json

import pytest
from contract import Contract
from fakes.syrve import HOOK, SyrveFake, key_of
from hypothesis import given
from hypothesis import strategies as st
from oddities import distorted, parses, receives, refused

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command, Env, Gone, Hint, ParseError
from hospitality_connectors.engine.adapters import records
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.hook.verify import Rejected
from hospitality_connectors.engine.network import errors

ENV = Env({"vip_groups": f"VIP1={key_of('c1')}", "tier_groups": f"Gold={key_of('c2')}"}, "REST", "Asia/Yerevan", "AMD")
UTC = datetime.timezone.utc


class TestSyrve(Contract):
    fake_class = SyrveFake
    stream = "tables"
    tz = "Asia/Yerevan"
    currency = "AMD"

    # An answer has no pages: what is asked for are some tables at a time, see below.
    test_reads_all_pages = None
    test_page_size_changes_while_it_reads = None

    def reading(self, fake, **options):
        return super().reading(fake, **{"since_days": 6, **options})

    def test_a_thousand_with_one_time_of_change(self, fake):
        """The customers are fetched one by one, which the limit spreads over minutes: a few will do."""
        at = datetime.datetime.now(UTC) - datetime.timedelta(minutes=10)
        for _number in range(1000):
            fake.sell(at, customer=False)
        reading = self.reading(fake)
        reading.read("tables")
        self.assert_complete(reading, fake)

    def test_many_tables(self, fake):
        fake.tables = 120
        fake.grow(8)
        for number in range(120):
            fake.sell(customer=False, at=fake.now() - datetime.timedelta(minutes=number))
        reading = self.reading(fake)
        reading.read("tables")
        assert fake.pages == 3
        self.assert_complete(reading, fake)

    def test_what_the_vendor_has_forgotten_is_not_asked_for(self, fake):
        known = fake.sell(fake.now() - datetime.timedelta(days=80), customer=False)
        reading = self.reading(fake, since_days=200)
        reading.read("tables")
        assert ("check", known) in reading.facts()

    def test_order_that_is_paid_hours_later(self, fake):
        key = fake.sell(fake.now() - datetime.timedelta(hours=20), status="New")
        reading = self.reading(fake)
        reading.read()
        assert reading.facts()["check", key]["status"] == "open"
        fake.orders[key]["order"]["status"] = "Closed"
        fake.touch(key)
        reading.read("tables")
        assert reading.facts()["check", key]["status"] == "paid"

    def test_customers_are_fetched_for_changed_orders_alone(self, fake):
        keys = fake.grow(4, at=fake.now() - datetime.timedelta(hours=5))
        reading = self.reading(fake)
        reading.read("tables")
        fake.calls.clear()
        fake.touch(keys[1])
        reading.read("tables")
        asked = [call.json()["id"] for call in fake.calls if call.path.endswith("customer/info")]
        assert asked == [fake.orders[keys[1]]["order"]["customer"]["id"]]

    # Deliveries

    def test_deliveries_by_revision(self, fake):
        old = fake.sell(fake.now() - datetime.timedelta(days=9), delivery=True, status="Delivered")
        reading = self.reading(fake)
        reading.read("deliveries")
        new = fake.sell(delivery=True)
        fake.touch(old)
        fake.calls.clear()
        reading.read("deliveries")
        self.assert_complete(reading, fake)
        assert ("check", new) in reading.facts()
        assert [call.path for call in fake.calls if "deliveries" in call.path] == ["/api/1/deliveries/by_revision"]

    def test_deliveries_that_change_while_the_days_are_walked(self, fake):
        keys = [fake.sell(fake.now() - datetime.timedelta(days=day), delivery=True) for day in range(8)]
        reading = self.reading(fake)
        stream = reading.streams()["deliveries"]
        for _step in range(28):
            reading.step(stream)
        fake.touch(keys[-1])
        reading.read("deliveries")
        reading.read("deliveries")
        self.assert_complete(reading, fake)

    def test_revision_that_nobody_knows_any_more(self, fake):
        fake.sell(delivery=True)
        reading = self.reading(fake)
        reading.read("deliveries")
        missed = fake.sell(fake.now() - datetime.timedelta(days=1), delivery=True)
        fake.revisions[-1] = (fake.now() - datetime.timedelta(hours=5), missed)
        progress = reading.progress["deliveries"]
        state = json.loads(progress.cursor)
        state["at"] -= 5 * 3600
        reading.progress["deliveries"] = progress._replace(cursor=json.dumps(state))
        reading.read("deliveries")
        self.assert_complete(reading, fake)

    def test_address_of_a_delivery_is_not_kept(self, fake):
        fake.sell(delivery=True)
        reading = self.reading(fake)
        reading.read("deliveries")
        assert reading.inbox
        assert not any("Abovyan" in raw.body for _order, raw in reading.inbox.values())
        assert not any("Անի" in raw.body for _order, raw in reading.inbox.values() if raw.entity == "check")

    def test_token_that_has_expired_is_renewed(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        fake.tokens = dict.fromkeys(fake.tokens, 0)
        reading.read()
        assert len(fake.tokens) == 2

    # Telling

    def command(self, reading, what, key, **values):
        return reading.adapter.push(reading.session(), Command("1", what, key, values))

    def test_push(self, fake):
        fake.sell()
        reading = self.reading(fake)
        [(key, customer)] = fake.customers.items()
        tell = self.command
        assert tell(reading, "vip", key, code="VIP1").state == "done"
        assert tell(reading, "vip", key, code="VIP1").state == "same"
        reading.read("tables")
        assert reading.facts()["guest", key]["values"]["vip"] == "VIP1"
        assert tell(reading, "vip", key, code="").state == "done"
        assert customer["categories"] == []
        assert tell(reading, "allergy", key, codes=["nuts"], text="severe").state == "done"
        assert tell(reading, "allergy", key, codes=["nuts"], text="severe").state == "same"
        assert customer["userData"] == "[CRM allergy] nuts · severe"
        assert tell(reading, "consent", key, channel="profiling", state="denied").state == "done"
        assert customer["consentStatus"] == 2
        assert tell(reading, "consent", key, channel="post", state="denied").state == "refused"

    def promoted(self, fake, switch, note=None):
        """Return functions that tell a customer's consents, and read them as they come back."""
        fake.sell()
        reading = self.reading(fake)
        [(key, customer)] = fake.customers.items()
        customer.update(shouldReceivePromoActionsInfo=switch, userData=note, consentStatus=0)

        def tell(channel, state, granted=()):
            return self.command(reading, "consent", key, channel=channel, state=state, granted=list(granted))

        def read():
            events = parse(customer, "guest")
            return {event["channel"]: event["state"] for event in events if event["entity"] == "consent"}

        return customer, tell, read

    @pytest.mark.parametrize("switch", [False, None])
    def test_a_grant_is_told_only_for_both_channels(self, fake, switch):
        customer, tell, read = self.promoted(fake, switch)
        for granted in ((), ["sms"], ["phone", "sms"]):
            refused = tell("sms", "granted", granted)
            assert (refused.state, "one switch" in refused.message) == ("refused", True)
            assert customer["shouldReceivePromoActionsInfo"] is switch
        assert tell("sms", "granted", ["email", "sms"]).state == "done"
        assert tell("email", "granted", ["email", "sms"]).state == "same"
        assert customer["shouldReceivePromoActionsInfo"] is True
        assert read() == {}, "what was told is nothing that the guest has said there"

    @pytest.mark.parametrize("switch", [True, None])
    def test_a_refusal_is_told_for_one_channel_and_comes_back_for_one(self, fake, switch):
        customer, tell, read = self.promoted(fake, switch, "likes apricots")
        assert tell("email", "denied").state == "done"
        assert tell("email", "denied").state == "same"
        assert customer["shouldReceivePromoActionsInfo"] is False
        assert customer["userData"] == "likes apricots\n[CRM consent] denied email"
        assert read() == {"email": "denied"}, "a switch that went off for the other channel says nothing of this one"
        assert tell("sms", "denied").state == "done"
        assert read() == {"email": "denied", "sms": "denied"}

    def test_what_the_restaurant_sets_after_us_holds_for_both(self, fake):
        customer, tell, read = self.promoted(fake, True)
        tell("email", "denied")
        customer["shouldReceivePromoActionsInfo"] = True
        assert read() == {"email": "granted", "sms": "granted"}
        tell("email", "denied")
        tell("email", "granted", ["email", "sms"])
        customer["shouldReceivePromoActionsInfo"] = False
        assert read() == {"email": "denied", "sms": "denied"}
        assert tell("sms", "denied").state == "same"
        customer["consentStatus"] = 2
        customer["shouldReceivePromoActionsInfo"] = True
        assert read() == {"profiling": "denied", "email": "denied", "sms": "denied"}

    def test_vip_and_tier_have_categories_of_their_own(self, fake):
        fake.sell()
        reading = self.reading(fake)
        [(key, customer)] = fake.customers.items()
        customer["categories"] = [{"id": key_of("staff"), "name": "Staff", "isActive": True}]

        def tell(kind, **values):
            assert self.command(reading, kind, key, **values).state == "done"
            assert self.command(reading, kind, key, **values).state == "same"
            return {item["id"] for item in customer["categories"]} - {key_of("staff")}, customer["userData"]

        vip, gold = key_of("c1"), key_of("c2")
        assert tell("vip", code="VIP1") == ({vip}, None)
        assert tell("tier", program="HOUSE", level="Gold") == ({vip, gold}, None)
        reading.read("tables")
        values = reading.facts()["guest", key]["values"]
        assert values["vip"] == "VIP1"
        [card] = customer["cards"]
        assert values["memberships"] == [{"program": "Syrve", "number": card["number"], "level": "Gold"}]
        assert tell("vip", code="Friend") == ({gold}, "[CRM vip] Friend")
        assert tell("tier", program="HOUSE", level="Lead") == (set(), "[CRM vip] Friend\n[CRM tier] HOUSE · Lead")
        assert tell("vip", code="VIP1") == ({vip}, "[CRM tier] HOUSE · Lead")
        assert tell("tier", program="HOUSE", level="Gold") == ({vip, gold}, "")
        assert tell("vip", code="") == ({gold}, "")
        assert tell("tier", program="HOUSE", level="") == (set(), "")
        assert key_of("staff") in {item["id"] for item in customer["categories"]}

    def test_erasure_leaves_no_name(self, fake):
        fake.sell()
        reading = self.reading(fake)
        [(key, customer)] = fake.customers.items()
        assert self.command(reading, "erasure", key).state == "done"
        assert (customer["name"], customer["surname"], customer["email"]) == (None, None, "")
        assert self.command(reading, "erasure", key).state == "gone"

    def test_unknown_records_are_gone(self, fake):
        reading = self.reading(fake)
        for entity in ("guest", "check"):
            assert isinstance(reading.adapter.fetch_one(reading.session(), entity, key_of("nobody")), Gone)

    def test_a_refusal_is_no_deletion(self, fake):
        fake.sell()
        reading = self.reading(fake)
        reading.adapter.check(reading.session())
        fake.fail(SyrveFake.refuse("Organisation is blocked"))
        with pytest.raises(errors.Declined):
            reading.adapter.fetch_one(reading.session(), "guest", next(iter(fake.customers)))

    def test_wrong_organisation_is_said(self, fake):
        settings = {**fake.settings(), "organization": "other"}
        fake.settings = lambda: settings
        reading = self.reading(fake)
        [finding] = reading.adapter.check(reading.session())
        assert finding.level == "error"
        assert fake.organization in finding.message


def parse(record, entity="check", env=ENV):
    adapter = adapters.get("syrve")
    raw = adapter.redact(records.raw(entity, "1", record))
    return [validate(event) for event in adapter.parse(raw, env)]


def sold(**values):
    fake = SyrveFake()
    info = fake.orders[fake.sell()]
    return {**info, "order": {**info["order"], **values}}


def someone(**values):
    fake = SyrveFake()
    return {**fake.customers[fake.enrol(1)], **values}


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("New", "open"),
        ("Bill", "open"),
        ("Closed", "paid"),
        ("Deleted", "voided"),
        ("OnWay", "open"),
        ("Cancelled", "voided"),
        ("Frozen", None),
    ],
)
def test_statuses(status, word):
    check, line, *payments = parse(sold(status=status))
    assert (check.get("status"), check.get("status_raw")) == (word, None if word else status)
    assert line["state"] == ("void" if word == "voided" else "live")


def test_order_that_was_never_made():
    assert parse({**sold(), "order": None, "creationStatus": "Error"}) == []


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-29 02:59:00.000", "2026-03-29 00:59:00"),  # an hour that the clocks leave out follows the old one
        ("2026-03-29 04:00:00.000", "2026-03-29 01:00:00"),
        ("2026-10-25 03:30:00.000", "2026-10-25 00:30:00"),  # of an hour that there is twice, the first
        ("2026-07-01 00:30:00.000", "2026-06-30 21:30:00"),
    ],
)
def test_times_are_those_of_the_terminal(written, instant):
    check = parse(sold(whenClosed=written), env=ENV._replace(tz="Europe/Kyiv"))[0]
    assert check["closed_at"] == instant


def test_money_has_no_tails():
    check, line, payment = parse(sold(sum=0.1 + 0.2, discounts=[{"sum": 0.1}], payments=[{"sum": 1e2}]))
    assert (check["amount_total"], check["amount_discount"], check["amount_subtotal"]) == ("0.3", "0.1", "0.4")
    assert payment["amount"] == "100"
    assert check["currency"] == "AMD"
    assert parse(sold(sum=1250.0), env=ENV._replace(currency="JPY"))[0]["amount_total"] == "1250"
    assert parse(sold(sum=1.125), env=ENV._replace(currency="KWD"))[0]["amount_total"] == "1.125"


def test_dish_that_was_taken_off():
    item = {**sold()["order"]["items"][0], "deleted": {"deletionMethod": {"comment": "cold"}}}
    assert parse(sold(items=[item]))[1]["state"] == "void"


def test_payment_that_is_only_meant():
    payment = {"sum": 100, "isPreliminary": True}
    assert [event["entity"] for event in parse(sold(status="Bill", payments=[payment]))] == ["check", "charge"]


def test_customer_of_one_order_is_known_by_his_phone():
    check = parse(sold(customer={"type": "one-time", "id": key_of("x"), "name": "Ani"}))[0]
    assert "guest" not in check
    assert check["phone"].startswith("+374")


def test_consents():
    def said(**values):
        return {
            event["external_id"].partition(":")[2]: event["state"]
            for event in parse(someone(**values), "guest")
            if event["entity"] == "consent"
        }

    both = ("promotions:email", "promotions:sms")
    assert said(consentStatus=0, shouldReceivePromoActionsInfo=None) == {}
    assert said(shouldReceivePromoActionsInfo=True) == {"consentStatus": "granted", **dict.fromkeys(both, "granted")}
    assert said(consentStatus=2, shouldReceivePromoActionsInfo=True) == dict.fromkeys(
        ("consentStatus", *both), "denied"
    )
    assert said(consentStatus=0, shouldReceivePromoActionsInfo=False) == dict.fromkeys(both, "denied")
    for note in (True, 7, [], "[CRM consent]", "[CRM consent] denied post"):
        found = said(consentStatus=0, shouldReceivePromoActionsInfo=False, userData=note)
        assert found == dict.fromkeys(both, "denied")


def test_category_of_a_level_is_no_vip():
    gold = [{"id": key_of("c2"), "isActive": True}]
    values = parse(someone(categories=gold, cards=[]), "guest")[0]["values"]
    assert "vip" not in values
    assert values["memberships"] == [{"level": "Gold", "program": "Syrve"}]
    assert "memberships" not in parse(someone(cards=[]), "guest")[0]["values"]


def test_who_is_no_more():
    assert [event["op"] for event in parse(someone(anonymized=True), "guest")] == ["anonymise"]
    assert [event["op"] for event in parse(someone(isDeleted=True), "guest")] == ["tombstone"]
    assert parse({"id": "g"}, "guest")[0]["values"] == {"name": "g"}


def request(body, token=f"Bearer {HOOK}"):
    return HookRequest("POST", "https://crm.example.org/h", "", {"authorization": token}, body, 0.0)


def test_hooks():
    fake, adapter = SyrveFake(), adapters.get("syrve")
    keys = fake.grow(3)
    call = request(fake.hook(*keys))
    adapter.hook.check(call, {"hook_token": ["new one", HOOK]})
    hints = adapter.receive(call, ENV).hints
    assert {hint for hint in hints if hint.entity == "check"} == {
        Hint("check", key, "TableOrderUpdate") for key in keys
    }
    assert {hint.external_id for hint in hints if hint.entity == "guest"} == set(fake.customers)
    assert adapter.receive(request(fake.hook(*keys, kind="StopListUpdate")), ENV) == ([], [])


def test_one_bad_event_does_not_hold_up_the_others():
    fake, adapter = SyrveFake(), adapters.get("syrve")
    events = json.loads(fake.hook(*fake.grow(2)))
    body = json.dumps([7, None, {"eventType": 3}, events[0], {"eventType": "TableOrderUpdate"}, events[1]]).encode()
    assert len([hint for hint in adapter.receive(request(body), ENV).hints if hint.entity == "check"]) == 2


@pytest.mark.parametrize("token", ["", HOOK, f"Bearer {HOOK}x", "Bearer "])
def test_hooks_that_are_not_believed(token):
    fake, hook = SyrveFake(), adapters.get("syrve").hook
    with pytest.raises(Rejected):
        hook.check(request(fake.hook(), token), {"hook_token": [HOOK]})


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ({**sold(), "id": None}, "id"),
        ({**sold(), "order": "none"}, "order"),
        (sold(items=[7]), "order.items.0"),
        (sold(sum="much"), "order.sum"),
        (sold(tips=[{"sum": "x"}]), "order.tips.0.sum"),
        (sold(waiter=3), "order.waiter"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(record, path):
    with pytest.raises(ParseError) as caught:
        parse(record)
    assert caught.value.path == path


@given(st.data())
def test_parsing_never_crashes(data):
    for entity, record in (("check", sold()), ("guest", someone())):
        parses("syrve", entity, data.draw(distorted(record)), ENV)


@given(st.data())
def test_requests_never_crash(data):
    fake = SyrveFake()
    events = json.loads(fake.hook(*fake.grow(2)))
    receives("syrve", request(json.dumps(data.draw(distorted(events))).encode()), ENV)


@given(st.binary(max_size=60))
def test_garbage_is_refused(body):
    refused("syrve", request(body, "Bearer other"), {"hook_token": [HOOK]}, ENV)
