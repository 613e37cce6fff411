"""Square: the contract of all adapters, and what is peculiar to it."""

import datetime
import json

import pytest
from contract import Contract
from described import Described, Problem
from fakes.square import KEY, SquareFake
from hypothesis import given
from hypothesis import strategies as st
from oddities import distorted, parses, receives, refused

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Command, Env, Gone, Hint, ParseError
from hospitality_connectors.engine.adapters import records
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.hook.verify import Rejected

URL = "https://crm.example.org/hospitality/hook/7/secret"
ENV = Env({"vip_groups": "VIP1=G1"}, "BAR", "Asia/Tokyo", "JPY")


NOT_FOUND = "Unable to match the returned status code with those defined in the document: 200"
#: Square describes good answers alone.
KNOWN = {
    Problem("GET /v2/customers/{customer_id}", "response", NOT_FOUND): "The customer is gone.",
    Problem("GET /v2/customers/{customer_id}/custom-attributes/{key}", "response", NOT_FOUND): "There is no value yet.",
}


class TestSquare(Described, Contract):
    fake_class = SquareFake
    stream = "orders"

    def test_more_locations_than_a_search_takes(self, fake):
        fake.places = [f"L{number:02}" for number in range(23)]
        fake.page_size = 2
        fake.grow(30)
        reading = self.reading(fake)
        reading.read("customers", "orders")
        known = reading.facts()
        assert {key for kind, key in known if kind == "check"} == set(fake.orders)

    def test_chosen_locations_alone(self, fake):
        fake.grow(6)
        fake.settings = lambda: {"url": fake.url, "locations": "L01"}
        reading = self.reading(fake)
        reading.read("orders")
        assert {event["outlet"] for event in reading.facts().values() if event["entity"] == "check"} == {"L01"}

    def test_order_of_a_till_without_network(self, fake):
        """It lands with old times of making and of change, after those were read."""
        fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        late = fake.sell(late=datetime.timedelta(hours=70))
        reading.read("orders")
        assert ("check", late["id"]) not in reading.facts()
        reading.read("late_orders", "late_payments")
        assert ("check", late["id"]) in reading.facts()
        assert ("payment", late["tenders"][0]["id"]) in reading.facts()

    def test_merged_customers(self, fake):
        fake.grow(3)
        reading = self.reading(fake)
        reading.read()
        lost = list(fake.customers)[:2]
        into, events = fake.merge(*lost)
        for body in [*events, *events]:
            received = reading.adapter.receive(request(fake, body), reading.env)
            reading.store(received.records, received.hints)
        reading.fetch_hints()
        facts = reading.facts()
        merges = {event["external_id"]: event["into"] for event in all_events(reading) if event.get("op") == "merge"}
        assert merges == dict.fromkeys(lost, into)
        assert facts["guest", into]["op"] == "upsert"
        assert len([key for key in reading.inbox if key.startswith("merge:")]) == 2

    def test_deleted_customer(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        [key] = fake.customers
        body = fake.event("customer.deleted", key, {"customer": fake.customers.pop(key)})
        received = reading.adapter.receive(request(fake, body), reading.env)
        assert received.hints == [Hint("guest", key, "customer.deleted")]
        reading.store([], received.hints)
        reading.fetch_hints()
        assert "tombstone" in {event.get("op") for event in all_events(reading) if event["external_id"] == key}

    def test_loyalty_accounts(self, fake):
        fake.grow(2)
        customers = list(fake.customers)
        fake.loyalty = [{"id": "LOY1", "program_id": "P1", "customer_id": customers[0]}]
        fake.settings = lambda: {"url": fake.url, "loyalty": "yes"}
        reading = self.reading(fake)
        reading.read("customers")
        facts = reading.facts()
        assert facts["guest", customers[0]]["values"]["memberships"] == [{"number": "LOY1", "program": "P1"}]
        assert "memberships" not in facts["guest", customers[1]]["values"]

    def test_nothing_of_a_card_but_brand_digits_and_token(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        for _order, record in reading.inbox.values():
            assert "411111" not in record.body
            assert "exp_month" not in record.body

    # Telling

    def command(self, reading, what, key, **values):
        return reading.adapter.push(reading.session(), Command("1", what, key, values))

    def test_push(self, fake):
        fake.grow(1)
        self.tell_everything(fake)

    def tell_everything(self, fake):
        fake.settings = lambda: {
            "url": fake.url,
            "vip_groups": "VIP1=G1, VIP2=G2",
            "tier_attribute": "tier",
            "allergy_attribute": "allergy",
        }
        reading = self.reading(fake)
        key, customer = next(iter(fake.customers.items()))
        customer["note"] = "window seat"
        tell = self.command
        assert tell(reading, "vip", key, code="VIP1").state == "done"
        assert tell(reading, "vip", key, code="VIP1").state == "same"
        assert tell(reading, "vip", key, code="VIP2").state == "done"
        assert customer["group_ids"] == ["G2"]
        customer["group_ids"].append("G9")
        assert tell(reading, "vip", key, code="VIP9").state == "done"
        assert (customer["group_ids"], customer["note"]) == (["G9"], "window seat\n[CRM vip] VIP9")
        assert tell(reading, "vip", key, code="VIP9").state == "same"
        assert tell(reading, "vip", key, code="VIP1").state == "done"
        assert (customer["group_ids"], customer["note"]) == (["G9", "G1"], "window seat")
        assert tell(reading, "vip", key, code="").state == "done"
        assert customer["group_ids"] == ["G9"]
        customer["group_ids"].clear()
        reading.env.settings["vip_groups"] = "VIP1=G1, VIP=G2"
        assert tell(reading, "vip", key, code="Friend of the house").state == "done"
        assert customer["group_ids"] == ["G2"]
        assert tell(reading, "tier", key, program="Club", number="7", level="Gold").state == "done"
        assert fake.attributes[key, "tier"]["value"] == "Club · Gold · 7"
        assert tell(reading, "allergy", key, codes=["nuts"], text="severe").state == "done"
        assert tell(reading, "allergy", key, codes=["nuts"], text="severe").state == "same"
        assert tell(reading, "allergy", key, codes=[], text="").state == "done"
        assert (key, "allergy") not in fake.attributes
        assert tell(reading, "alert", key, kind="stop", text="Ask the manager", active=True).state == "done"
        assert customer["note"] == "window seat\n[CRM alert stop] Ask the manager"
        reading.read("customers")
        assert reading.facts()["guest", key]["values"]["notes"] == "window seat"
        assert tell(reading, "alert", key, kind="stop", text="Ask the manager", active=False).state == "done"
        assert customer["note"] == "window seat"
        assert tell(reading, "erasure", key).state == "done"
        assert tell(reading, "erasure", key).state == "gone"

    def test_both_sides_are_as_the_vendor_describes_them(self, fake):
        fake.page_size = 2
        fake.grow(5)
        with self.described(fake) as prism:
            fake.settings = lambda: {"url": fake.url, "loyalty": "yes"}
            reading = self.reading(fake)
            reading.read()
            reading.read("orders_by_day")
            self.command(reading, "note", next(iter(fake.customers)), text="hello")
            for entity, known in (("guest", fake.customers), ("check", fake.orders), ("payment", fake.payments)):
                reading.adapter.fetch_one(reading.session(), entity, next(iter(known)))
            self.tell_everything(fake)
        prism.assert_as_described(KNOWN)

    def test_push_never_overwrites_what_was_changed_meanwhile(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        [(key, customer)] = fake.customers.items()
        answer = fake.answer

        def changed_in_between(call):
            if call.method != "GET":
                customer["version"] += 1
            return answer(call)

        fake.answer = changed_in_between
        assert self.command(reading, "note", key, text="hello").state == "conflict"
        assert "note" not in customer

    def test_attribute_that_nobody_has_defined(self, fake):
        fake.grow(1)
        fake.settings = lambda: {"url": fake.url, "tier_attribute": "colour"}
        reading = self.reading(fake)
        [key] = fake.customers
        assert self.command(reading, "tier", key, level="Gold").state == "refused"

    def test_unknown_records_are_gone(self, fake):
        reading = self.reading(fake)
        for entity in ("guest", "check", "payment"):
            assert isinstance(reading.adapter.fetch_one(reading.session(), entity, "nobody"), Gone)


def request(fake, body, url=URL, **headers):
    return HookRequest("POST", url, "", {**fake.proof(URL, body), **headers}, body, 1_763_800_000.0)


def all_events(reading):
    for _order, raw in reading.inbox.values():
        if "events" in raw.content_type:
            yield from json.loads(raw.body)
        else:
            yield from reading.adapter.parse(raw, reading.env)


def parse(record, entity="check", env=ENV):
    adapter = adapters.get("square")
    raw = adapter.redact(records.raw(entity, record.get("id") or "", record))
    return [validate(event) for event in adapter.parse(raw, env)]


def sold(**values):
    return {**SquareFake().sell(), **values}


@pytest.mark.parametrize(
    ("state", "status"), [("OPEN", "open"), ("COMPLETED", "paid"), ("CANCELED", "voided"), ("FROZEN", None)]
)
def test_statuses(state, status):
    check, *lines = parse(sold(state=state))
    assert (check.get("status"), check.get("status_raw")) == (status, None if status else "FROZEN")
    assert {line["state"] for line in lines if line["entity"] == "charge"} == {
        "void" if state == "CANCELED" else "live"
    }


def test_drafts_are_nothing():
    assert parse(sold(state="DRAFT")) == []


@pytest.mark.parametrize(
    ("currency", "cents", "written"),
    [("JPY", 1250, "1250"), ("KWD", 1250, "1.25"), ("AMD", 1250, "12.5"), ("EUR", 1, "0.01"), ("KWD", 1, "0.001")],
)
def test_smallest_units(currency, cents, written):
    order = SquareFake().sell(cents=cents, currency=currency)
    check = parse(order)[0]
    assert (check["amount_total"], check["currency"]) == (written, currency)


def test_currency_that_is_missing_is_that_of_the_property():
    order = sold()
    for name in ("total_money", "total_tip_money", "total_tax_money"):
        order[name] = {"amount": order[name]["amount"], "currency": None}
    assert parse(order)[0]["currency"] == "JPY"


def test_refund_points_to_what_was_bought():
    fake = SquareFake()
    order = fake.sell()
    check, line, refund = parse(fake.give_back(order["id"], 700))
    assert (check["refund_of"], check["status"], check["amount_total"]) == (order["id"], "refunded", "-7")
    assert (line["state"], line["amount_gross"]) == ("refund", "-7")
    assert (refund["state"], refund["amount"]) == ("refund", "-7")


def test_exchange_is_a_sale():
    fake = SquareFake()
    order = fake.sell()
    back = fake.give_back(order["id"], 700)
    back["line_items"] = order["line_items"]
    check = parse(back)[0]
    assert check["status"] == "paid"
    assert "refund_of" not in check


def test_time_is_an_instant():
    """What day it belongs to, past midnight too, is for the property to say."""
    check = parse(sold(closed_at="2026-03-29T01:30:00.250Z", created_at="2026-03-28T23:10:00+01:00"))[0]
    assert (check["opened_at"], check["closed_at"]) == ("2026-03-28 22:10:00", "2026-03-29 01:30:00")
    assert "business_date" not in check


def test_whose_check_it_is():
    order = sold()
    assert parse(order)[0]["guest"] == order["customer_id"]
    del order["customer_id"]
    order["tenders"][0].update(customer_id="CUST9", note="Room #204")
    order["ticket_name"] = "Table 12"
    check = parse(order)[0]
    assert (check["guest"], check["room"], check["table"]) == ("CUST9", "204", "12")
    order["tenders"].append({"id": "t2", "payment_id": "p2", "type": "CASH", "customer_id": "CUST8"})
    order["ticket_name"] = "Anna"
    check = parse(order)[0]
    assert "guest" not in check
    assert "table" not in check


def test_tender_without_a_payment():
    order = sold()
    del order["tenders"][0]["payment_id"]
    payments = [event for event in parse(order) if event["entity"] == "payment"]
    assert [(item["external_id"], item["card_brand"]) for item in payments] == [(order["tenders"][0]["id"], "VISA")]


def test_customer():
    customer = {
        "id": "C1",
        "updated_at": "2026-01-01T00:00:00Z",
        "birthday": "0000-05-12",
        "group_ids": ["G7", "G1"],
        "note": "[CRM allergy] nuts",
        "address": {"address_line_1": "1018 40th Street", "country": "ZZ"},
    }
    guest = parse(customer, "guest")[0]
    assert guest["values"] == {"street": "1018 40th Street", "vip": "VIP1"}
    assert parse({"id": "C1", "nickname": "Lulu"}, "guest")[0]["values"] == {"name": "Lulu"}


def test_hooks_are_hints():
    fake, adapter = SquareFake(), adapters.get("square")
    order = fake.sell()
    body = fake.event("order.updated", order["id"], {"order_updated": {"order_id": order["id"]}})
    assert adapter.receive(request(fake, body), ENV).hints == [Hint("check", order["id"], "order.updated")]
    [payment] = fake.payments.values()
    body = fake.event("payment.updated", payment["id"], {"payment": payment})
    assert [hint[:2] for hint in adapter.receive(request(fake, body), ENV).hints] == [
        ("payment", payment["id"]),
        ("check", order["id"]),
    ]
    assert adapter.receive(request(fake, fake.event("catalog.version.updated", "", {})), ENV) == ([], [])


def test_proof_of_hooks():
    fake, hook = SquareFake(), adapters.get("square").hook
    body = fake.event("order.updated", "o1", {})
    secrets = {"hook_key": ["new one", KEY]}
    hook.check(request(fake, body), secrets)
    forged = "x" * 44
    for bad in (
        request(fake, body)._replace(body=body.replace(b"o1", b"o2")),
        request(fake, body, url=URL + "x"),
        request(fake, body, **{"x-square-hmacsha256-signature": forged}),
        request(fake, body)._replace(headers={}),
    ):
        with pytest.raises(Rejected):
            hook.check(bad, secrets)
    with pytest.raises(Rejected):
        hook.check(request(fake, body), {})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": None}, "id"),
        ({"line_items": "none"}, "line_items"),
        ({"line_items": [{"name": "x"}]}, "line_items.0.uid"),
        ({"total_money": {"amount": "12,5"}}, "total_money.amount"),
        ({"tenders": [7]}, "tenders.0"),
        ({"tenders": [{"card_details": 3}]}, "tenders.0.card_details"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change, path):
    with pytest.raises(ParseError) as caught:
        parse(sold(**change))
    assert caught.value.path == path
    assert caught.value.message


@given(st.data())
def test_parsing_never_crashes(data):
    fake = SquareFake()
    order = fake.sell()
    for entity, record in (
        ("check", order),
        ("check", fake.give_back(order["id"], 5)),
        ("guest", fake.customers[order["customer_id"]]),
        ("payment", next(iter(fake.payments.values()))),
    ):
        parses("square", entity, data.draw(distorted(record)), ENV)


@given(st.data())
def test_requests_never_crash(data):
    fake = SquareFake()
    order = fake.sell()
    _into, events = fake.merge(order["customer_id"])
    event = json.loads(data.draw(st.sampled_from([*events, fake.event("payment.created", "p", {"payment": order})])))
    receives("square", request(fake, json.dumps(data.draw(distorted(event))).encode()), ENV)


@given(st.binary(max_size=60))
def test_garbage_is_refused(body):
    refused("square", HookRequest("POST", URL, "", {}, body, 0.0), {"hook_key": [KEY]}, ENV)
