"""Canonical events as systems of one's own post them."""

import json

import pytest
from contract import CardContract

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.redaction import HIDDEN

ADAPTER = adapters.get("canonical")
ENV = adapters.Env({}, "HOTEL", "Europe/Lisbon", "EUR")
#: A key that might be the number of a card.
KEY = "4012888888881881"
EVENTS = [
    {
        "entity": "guest",
        "external_id": KEY,
        "version": 4222222222222,
        "values": {
            "name": "Iryna Koval",
            "phones": ["628123456785", KEY],
            "memberships": [{"program": "HOUSE", "number": KEY, "level": "Gold"}],
        },
    },
    {"entity": "guest", "op": "merge", "external_id": "7", "into": KEY},
    {
        "entity": "booking",
        "external_id": KEY,
        "booker": KEY,
        "company": KEY,
        "agency": KEY,
        "confirmation": KEY,
        "channel_ref": KEY,
        "group_code": KEY,
        "stays": [KEY, "8"],
    },
    {
        "entity": "stay",
        "external_id": KEY,
        "booking": KEY,
        "guest": KEY,
        "guests": [{"guest": KEY, "role": "primary"}],
        "status": "reserved",
        "arrival": "2026-02-01",
        "departure": "2026-02-04",
        "rate_amount": "120.00",
        "currency": "EUR",
    },
    {
        "entity": "check",
        "external_id": KEY,
        "guest": KEY,
        "stay": KEY,
        "reservation": KEY,
        "refund_of": "9",
        "lines": [KEY],
        "payments": [KEY],
        "number": KEY,
        "loyalty_number": KEY,
        "phone": KEY,
        "closed_at": "2026-02-01T12:00:00Z",
    },
    {"entity": "charge", "external_id": KEY, "check": KEY, "reverses": "9", "name": "Soup"},
    {"entity": "payment", "external_id": KEY, "stay": KEY, "amount": "12.00"},
    {"entity": "consent", "external_id": KEY, "guest": KEY, "channel": "email", "state": "granted"},
    {"entity": "review", "external_id": KEY, "stay": KEY, "rating": 4, "at": "2026-02-01T12:00:00Z"},
]


def raw(event):
    return adapters.Raw(event["entity"], event["external_id"], json.dumps(event))


def received(*events):
    request = HookRequest("POST", "https://crm.example.com/hook", "", {}, json.dumps(events).encode(), 0.0)
    return [ADAPTER.redact(record) for record in ADAPTER.receive(request, ENV).records]


class TestCanonical(CardContract):
    @pytest.fixture
    def samples(self):
        return [raw(event) for event in EVENTS] + [adapters.Raw("", "", json.dumps(EVENTS))]

    def adapter(self):
        return ADAPTER


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event['entity']} {event.get('op', '')}")
def test_keys_and_references_are_kept(event):
    [record] = received(event)
    assert ADAPTER.parse(record, ENV) == [event]
    validate(event)


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ({**EVENTS[0], "values": {"name": "A", "notes": f"pays with {KEY}"}}, ("values", "notes")),
        ({**EVENTS[0], "values": {"name": f"A {KEY}", "diet": [{"text": KEY}]}}, ("values", "name")),
        ({**EVENTS[3], "requests": f"{KEY} 12/29"}, ("requests",)),
        ({**EVENTS[3], "guest": {"name": "A", "card": KEY}}, ("guest", "card")),
        ({**EVENTS[3], "card": {"number": KEY}}, ("card", "number")),
        ({**EVENTS[4], "card_fingerprint": KEY}, ("card_fingerprint",)),
        ({**EVENTS[8], "text": f"They charged {KEY}"}, ("text",)),
    ],
)
def test_cards_are_not_kept(event, path):
    [record] = received(event)
    [stored] = ADAPTER.parse(record, ENV)
    for name in path:
        stored = stored[name]
    assert KEY not in stored
    assert HIDDEN in stored


def test_card_in_the_place_of_a_fingerprint_is_no_evidence():
    """Else all whose cards were hidden would be one."""
    [record] = received({**EVENTS[4], "card_fingerprint": KEY})
    assert "card_fingerprint" not in validate(ADAPTER.parse(record, ENV)[0])


def test_what_is_no_event_is_stored_without_cards():
    assert all(KEY not in record.body for record in received(f"card {KEY}", [KEY], int(KEY), {"pan": KEY}))
