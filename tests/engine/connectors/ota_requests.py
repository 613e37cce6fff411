"""Requests with OTA messages as they come to the adapter, for its tests."""

import datetime

from lxml import etree

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Env
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.request import HookRequest

UTC = datetime.timezone.utc
NOW = datetime.datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CARD = "4444333322221111"
LOGIN = {"hook_login": ["smx:Str0ng!Pass#1"]}
ENV = Env({}, "HOTEL", "Europe/Lisbon", "EUR")


def request(body, headers=None, at=NOW):
    body = body if isinstance(body, bytes) else body.encode()
    return HookRequest("POST", "https://crm.example/hook/x", "", headers or {}, body, at.timestamp())


def receive(body, headers=None, env=ENV):
    return adapters.get("ota").receive(request(body, headers), env)


def events_of(body, env=ENV):
    """Return the events of a pushed message by entity and key."""
    adapter, found = adapters.get("ota"), {}
    for raw in receive(body, env=env).records:
        for event in map(validate, adapter.parse(adapter.redact(raw), env)):
            found[event["entity"], event["external_id"]] = event
    return found


def reply(body, error=None, headers=None):
    """Return the root of the answer to a message, and the answer."""
    answer = adapters.get("ota").reply(request(body, headers), error)
    assert answer.status == 200
    return etree.fromstring(answer.body), answer
