"""A system described by an administrator."""

import json

import pytest
from contract import Contract
from fakes.rest import RestFake
from hypothesis import given
from hypothesis import strategies as st

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook import verify
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.network import errors
from hospitality_connectors.engine.types import EventError


class TestRest(Contract):
    fake_class = RestFake
    stream = "bookings"
    # The number of a page means nothing once pages have another size; the vendor keeps to what he is asked for.
    test_page_size_changes_while_it_reads = None


class TestRestByKey(TestRest):
    """Pages that follow each other by the key of the last record."""

    test_page_size_changes_while_it_reads = Contract.test_page_size_changes_while_it_reads

    @pytest.fixture
    def fake(self):
        with RestFake("cursor").running() as fake:
            yield fake


class TestRestByLink(TestRest):
    """Pages that are linked."""

    test_page_size_changes_while_it_reads = Contract.test_page_size_changes_while_it_reads

    @pytest.fixture
    def fake(self):
        with RestFake("link").running() as fake:
            yield fake

    def test_link_that_leads_elsewhere_is_not_followed(self, fake):
        fake.grow(5)
        reading = self.reading(fake)
        stream = reading.streams()["bookings"]
        page = reading.adapter.fetch_page
        with pytest.raises(errors.Strange, match="another system"):
            page(reading.session(), stream, None, "https://evil.example/api/v1/bookings?after=1")


class TestRestByOffset(TestRest):
    @pytest.fixture
    def fake(self):
        with RestFake("offset").running() as fake:
            yield fake


ADAPTER = adapters.get("rest")


def env(**settings):
    fake = RestFake()
    fake.url = "https://pms.example.com"
    return adapters.Env({**fake.settings(), **settings}, "HOTEL", "Europe/Lisbon", "EUR")


def request(body, query="?list=bookings", **headers):
    return HookRequest("POST", f"https://crm.example.com/hook{query}", "", headers, body, 0.0)


def test_request_brings_keys():
    body = json.dumps({"events": [{"booking": "B1"}, {"booking": "B2"}, {"booking": "B1"}]}).encode()
    received = ADAPTER.receive(request(body), env())
    assert [hint.external_id for hint in received.hints] == ["B1", "B2", "B1"]
    assert {hint.entity for hint in received.hints} == {"bookings"}


def test_request_brings_records():
    body = json.dumps({"events": [{"id": "B1", "changed": "2026-01-01T00:00:00Z"}]}).encode()
    [record] = ADAPTER.receive(request(body), env(hook_brings="records")).records
    assert (record.entity, record.external_id, record.version) == ("bookings", "B1", 1767225600.0)


@pytest.mark.parametrize("body", [b"", b"[", b'{"events": [{}]}', b'{"events": [null]}', b"7"])
def test_request_without_a_key_is_refused_with_a_reason(body):
    with pytest.raises(EventError) as caught:
        ADAPTER.receive(request(body), env())
    assert caught.value.message


def test_request_of_an_unknown_list():
    with pytest.raises(EventError):
        ADAPTER.receive(request(b"{}", "?list=invoices"), env())


def test_request_is_proven_by_any_of_the_schemes_that_were_set_up():
    body = b'{"events": []}'
    ADAPTER.hook.check(request(body, **{"x-signature": RestFake.proof(body)}), {"hook_key": ["hook-key"]})
    with pytest.raises(verify.Rejected):
        ADAPTER.hook.check(request(body + b" ", **{"x-signature": RestFake.proof(body)}), {"hook_key": ["hook-key"]})
    with pytest.raises(verify.Rejected):
        ADAPTER.hook.check(request(body), {})


def test_numbers_keep_their_digits():
    body = '{"id": 7, "from": "2026-03-01", "to": "2026-03-02", "price": {"total": 123456789.123, "currency": "KWD"}}'
    events = ADAPTER.parse(adapters.Raw("bookings", "7", body), env())
    assert [event["amount_total"] for event in events if event["entity"] == "stay"] == ["123456789.123"]


def test_record_without_a_mapping_waits_for_one():
    with pytest.raises(EventError) as caught:
        ADAPTER.parse(adapters.Raw("bookings", "7", "{}"), env(plans={}))
    assert caught.value.code == "no_mapping"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whatever_comes_is_read_or_refused(value):
    body = json.dumps(value)
    for call in (
        lambda: ADAPTER.parse(adapters.Raw("bookings", "1", body), env()),
        lambda: ADAPTER.receive(request(body.encode("utf-8", "replace")), env()),
        lambda: ADAPTER.receive(request(body.encode("utf-8", "replace")), env(hook_brings="records")),
    ):
        try:
            call()
        except EventError as error:
            assert error.message


CARD = "4111111111111111"


def fetched(body, **settings):
    """Return the record as it is stored that a request brings."""
    request_body = json.dumps({"events": [body]}).encode()
    [record] = ADAPTER.receive(request(request_body), env(hook_brings="records", **settings)).records
    return ADAPTER.redact(record)


def test_key_and_version_of_a_record_are_kept_whatever_they_look_like():
    record = {"id": CARD, "changed": "378282246310005", "from": "2026-03-01", "to": "2026-03-02"}
    record["text"] = f"card {CARD} please"
    lists = [{**env().settings["lists"][0], "version": "changed"}]
    for changes in ({}, {"id": int(CARD), "changed": 4222222222222}):
        kept = fetched({**record, **changes}, lists=lists)
        body = json.loads(kept.body)
        assert body["id"] == CARD == kept.external_id
        assert body["changed"] == str({**record, **changes}["changed"])
        assert CARD not in body["text"]
    assert {event["external_id"] for event in ADAPTER.parse(kept, env())} == {CARD}
    other = fetched({**record, "id": "5555555555554444"})
    assert {event["external_id"] for event in ADAPTER.parse(other, env())} == {"5555555555554444"}


def test_key_in_a_field_that_sounds_secret():
    lists = [{**env().settings["lists"][0], "id": "docId"}]
    assert json.loads(fetched({"docId": "7", "pin": "7890"}, lists=lists).body) == {"docId": "7", "pin": "[redacted]"}


def test_times_in_milliseconds_are_kept():
    at = {"created": "1767225600001", "at": 1767225600019}
    body = json.loads(fetched({"id": "1", **at}).body)
    assert body == {"id": "1", "created": "1767225600001", "at": "1767225600019"}


def test_another_key_that_was_hidden_is_said_and_no_two_guests_become_one():
    record = fetched({"id": "1", "from": "2026-03-01", "to": "2026-03-02", "guest": {"no": CARD, "name": "Ann"}})
    with pytest.raises(EventError) as caught:
        [validate(event) for event in ADAPTER.parse(record, env())]
    assert caught.value.code == "hidden_key"


def test_single_records_come_from_the_first_list_that_is_no_nightly_one():
    entry = env().settings["lists"][0]
    sweep = {**entry, "name": "arrivals", "kind": "sweep"}
    later, guests = {**entry, "name": "archive"}, {**entry, "name": "guests", "rows": "guest"}
    plain = {**entry, "name": "plain", "detail_path": ""}

    def found(*lists):
        return ADAPTER.fetchable({"lists": list(lists)})

    assert found(sweep, plain, entry, later, guests) == {"stay": "bookings", "guest": "guests"}
    assert found(entry, sweep) == found(sweep, entry) == {"stay": "bookings"}
    assert found(plain, sweep, {**sweep, "name": "departures"}) == {"stay": "arrivals"}
