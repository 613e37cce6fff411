"""Odoo's own point of sale: what its orders mean. How they are read is tried where the database is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oddities import distorted, parses

import hospitality_connectors.engine.adapters  # noqa: F401  registers them
from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Env, ParseError
from hospitality_connectors.engine.adapters import records
from hospitality_connectors.engine.canonical import validate

ENV = Env({"properties": "Beach Bar=RESORT"}, "CITY", "Europe/Kyiv", "UAH")
ORDER = {
    "uuid": "0b2a6f1e-0000-4000-8000-411111111111",
    "state": "paid",
    "number": "Order 00001-001-0001",
    "config": "Beach Bar",
    "partner": 7,
    "opened_at": "2026-03-28 22:30:00Z",
    "closed_at": "2026-03-29 01:30:00Z",
    "table": "12",
    "covers": 2,
    "currency": "JPY",
    "total": "1250",
    "tax": "125",
    "changed_at": "2026-03-29T01:30:00.250000Z",
    "lines": [{"uuid": "l1", "name": "Dorado", "quantity": "1.0", "gross": "1250", "net": "1125"}],
    "payments": [{"uuid": "p1", "type": "bank", "amount": "1250", "card_last4": "4242"}],
}


def parse(**values):
    adapter = adapters.get("odoo_pos")
    raw = adapter.redact(records.raw("check", ORDER["uuid"], {**ORDER, **values}))
    return [validate(event) for event in adapter.parse(raw, ENV)]


def test_order():
    check, line, payment = parse()
    assert check["external_id"] == ORDER["uuid"]
    assert (check["property"], check["outlet"], check["guest"]) == ("RESORT", "Beach Bar", "partner:7")
    assert (check["amount_total"], check["currency"], check["closed_at"]) == ("1250", "JPY", "2026-03-29 01:30:00")
    assert (line["department"], line["quantity"]) == ("fb", 1.0)
    assert (payment["method"], payment["card_last4"]) == ("card", "4242")
    assert check["version"] == 1774747800.25


@pytest.mark.parametrize(
    ("state", "status", "line"),
    [("paid", "paid", "live"), ("done", "paid", "live"), ("invoiced", "paid", "live"), ("cancel", "voided", "void")],
)
def test_statuses(state, status, line):
    check, *parts = parse(state=state)
    assert check["status"] == status
    assert {part["state"] for part in parts} == {line}
    assert parse(state="strange")[0]["status_raw"] == "strange"
    assert parse(state="draft") == []


def test_refund_and_tip():
    lines = [
        {"uuid": "l1", "name": "Dorado", "gross": "-5"},
        {"uuid": "l2", "name": "Tip", "gross": "2", "is_tip": True},
    ]
    check, food, tip, payment = parse(refund_of="other", total="-5", lines=lines)
    assert (check["status"], check["refund_of"]) == ("refunded", "other")
    assert (food["state"], tip["department"], payment["state"]) == ("refund", "tip", "refund")


def test_whose_it_may_be():
    check = parse(partner=None, name_of_order="Room 204", phone="+380671234567", loyalty_number="0440")[0]
    assert (check["room"], check["phone"], check["loyalty_number"]) == ("204", "+380671234567", "0440")
    assert "guest" not in check
    assert "room" not in parse(name_of_order="Anna")[0]


@pytest.mark.parametrize(
    ("change", "path"), [({"uuid": None}, "uuid"), ({"lines": [3]}, "lines.0"), ({"payments": [{}]}, "payments.0.uuid")]
)
def test_what_is_wrong_is_said_with_its_place(change, path):
    with pytest.raises(ParseError) as caught:
        parse(**change)
    assert caught.value.path == path


@given(st.data())
def test_parsing_never_crashes(data):
    parses("odoo_pos", "check", data.draw(distorted(ORDER)), ENV)
