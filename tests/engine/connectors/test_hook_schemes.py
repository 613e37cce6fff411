"""How requests of vendors prove themselves, without a server."""

import base64
import hashlib
import hmac
import json
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hospitality_connectors.engine.adapters  # noqa: F401  registers them
from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine import canonical
from hospitality_connectors.engine.hook import stored
from hospitality_connectors.engine.hook.request import HookRequest
from hospitality_connectors.engine.hook.verify import (
    AnyOf,
    Basic,
    HeaderToken,
    Hmac,
    Md5Fields,
    Rejected,
    SecretUrl,
    StandardWebhooks,
)
from hospitality_connectors.engine.redaction import HIDDEN
from hospitality_connectors.engine.types import EventError

NOW = 1_700_000_000.0
KEYS = {
    "hook_key": ["new-key", "old-key"],
    "hook_token": ["new-token", "old-token"],
    "hook_login": ["me:näw", "me:old"],
}


def make(body=b'{"a": 1}', headers=None, at=NOW, url="https://crm.example.com/hospitality/hook/x"):
    return HookRequest("POST", url, "", {name.lower(): value for name, value in (headers or {}).items()}, body, at)


def signed(scheme, request, secret, header):
    return request._replace(headers={**request.headers, header: scheme.sign(secret, request)})


def code_of(scheme, request, secrets=KEYS):
    try:
        scheme.check(request, secrets)
    except Rejected as error:
        return error.code
    return None


SCHEMES = {
    "body": (Hmac("X-Sign"), {}),
    "url": (Hmac("X-Sign", encoding="base64", covers="url_body"), {}),
    "time": (Hmac("X-Sign", prefix="sha256=", covers="time_body", time_header="X-Time"), {"x-time": str(int(NOW))}),
    "sha1": (Hmac("X-Sign", digest="sha1"), {}),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_keyed_hashes(name):
    scheme, headers = SCHEMES[name]
    request = make(headers=headers)
    for key in KEYS["hook_key"]:
        assert code_of(scheme, signed(scheme, request, key, "x-sign")) is None
    good = signed(scheme, request, "new-key", "x-sign")
    assert code_of(scheme, request) == "missing"
    assert code_of(scheme, good._replace(body=good.body + b" ")) == "forged"
    assert code_of(scheme, signed(scheme, request, "other", "x-sign")) == "forged"
    assert code_of(scheme, good, {}) == "unset"
    assert code_of(scheme, good, {"hook_key": ["", None]}) == "unset"
    assert code_of(scheme, good._replace(headers={**good.headers, "x-sign": "é"})) == "forged"


def test_known_signatures():
    """Vectors that were made outside of this code: RFC 4231 case 2, and the example of Standard Webhooks."""
    request = make(b"what do ya want for nothing?")
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert Hmac("X").sign("Jefe", request) == digest
    request = make(
        b'{"test": 2432232314}',
        {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"},
        at=1614265330.0,
    )
    scheme = StandardWebhooks()
    request = signed(scheme, request, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "webhook-signature")
    assert request.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert code_of(scheme, request, {"hook_key": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}) is None
    assert code_of(scheme, request, {"hook_key": ["whsec_not base64"]}) == "unset"


def test_url_is_part_of_what_is_signed():
    scheme = SCHEMES["url"][0]
    good = signed(scheme, make(), "new-key", "x-sign")
    assert code_of(scheme, good._replace(url=good.url + "?x=1")) == "forged"
    key = hmac.new(b"new-key", b"https://crm.example.com/hospitality/hook/x" + b'{"a": 1}', hashlib.sha256).digest()
    assert good.headers["x-sign"] == base64.b64encode(key).decode()


@pytest.mark.parametrize("off", [-301, 301, 86_400])
def test_old_requests(off):
    scheme, headers = SCHEMES["time"]
    good = signed(scheme, make(headers=headers), "new-key", "x-sign")
    assert code_of(scheme, good._replace(at=NOW + off)) == "late"
    assert code_of(scheme, good._replace(at=NOW + 299)) is None
    assert code_of(scheme, good._replace(headers={**good.headers, "x-time": str(int(NOW) + 1)})) == "forged"


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "1e999", "-1", None])
def test_odd_times(value):
    scheme = SCHEMES["time"][0]
    request = make(headers={"X-Time": value or ""})
    if value:
        request = signed(scheme, request, "new-key", "x-sign")
    assert code_of(scheme, request) in ("missing", "late")


def test_milliseconds():
    scheme = SCHEMES["time"][0]
    assert code_of(scheme, signed(scheme, make(headers={"X-Time": str(int(NOW * 1000))}), "new-key", "x-sign")) is None


def test_standard_webhooks():
    scheme = StandardWebhooks()
    request = make(headers={"webhook-id": "e1", "webhook-timestamp": str(int(NOW))})
    good = signed(scheme, request, "old-key", "webhook-signature")
    several = f"v1,x v2,y {good.headers['webhook-signature']}"
    assert code_of(scheme, good._replace(headers={**good.headers, "webhook-signature": several})) is None
    assert code_of(scheme, good._replace(headers={**good.headers, "webhook-id": "e2"})) == "forged"
    assert code_of(scheme, good._replace(at=NOW + 400)) == "late"
    flood = " ".join(["v1,x"] * 50 + [good.headers["webhook-signature"]])
    assert code_of(scheme, good._replace(headers={**good.headers, "webhook-signature": flood})) == "forged"
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        headers = {key: value for key, value in good.headers.items() if key != name}
        assert code_of(scheme, good._replace(headers=headers)) == "missing"


def test_header_token():
    scheme = HeaderToken("Authorization", prefix="Bearer ")
    for value in KEYS["hook_token"]:
        assert code_of(scheme, make(headers={"Authorization": f"Bearer {value}"})) is None
    for value in ("new-token", "bearer new-token", "Bearer new-toke", "Bearer new-token ", "Bearer é\udcff"):
        assert code_of(scheme, make(headers={"Authorization": value})) == "forged"
    assert code_of(scheme, make()) == "missing"


def test_basic():
    def login(text):
        return make(headers={"Authorization": "Basic " + base64.b64encode(text.encode()).decode()})

    scheme = Basic()
    assert code_of(scheme, login("me:näw")) is None
    assert code_of(scheme, login("me:old")) is None
    assert code_of(scheme, login("me:other")) == "forged"
    assert code_of(scheme, make(headers={"Authorization": "Basic é"})) == "forged"
    assert code_of(scheme, make(headers={"Authorization": "Bearer x"})) == "missing"


def test_fields_of_the_body():
    scheme = Md5Fields(("account", "object", "data?", "time"), time_field="time")
    body = {"account": "demo", "object": "transaction", "time": str(int(NOW))}
    body["verify"] = hashlib.md5(f"demo;transaction;{int(NOW)};new-key".encode()).hexdigest()

    def check(value, at=NOW):
        return code_of(scheme, make(json.dumps(value).encode(), at=at))

    assert check(body) is None
    assert check(body | {"data": "x"}) == "forged"
    assert check(body, NOW + 301) == "late"
    assert check(body | {"verify": "\udcff"}) == "forged"
    assert check(body | {"account": "\ud800"}) == "forged"
    for odd in ([], None, "x", {"verify": 5}, {}):
        assert check(odd) == "missing"
    late = body | {"time": 10**400}
    late["verify"] = scheme.sign("new-key", late)
    assert check(late) == "missing"


def test_one_of_several():
    scheme = AnyOf(StandardWebhooks(), HeaderToken("X-API-Key"), Basic())
    request = make(headers={"X-API-Key": "new-token"})
    assert code_of(scheme, request) is None
    assert code_of(scheme, request, {}) == "unset"
    assert code_of(scheme, request, {"hook_key": ["x"]}) == "missing"
    assert code_of(scheme, make(headers={"X-API-Key": "x"}), {"hook_token": ["new-token"]}) == "forged"
    assert code_of(SecretUrl(), make(), {}) is None


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from(["x-sign", "authorization", "x-api-key"]), st.text()))
def test_whatever_comes_is_refused_in_order(body, headers):
    for scheme in (*[scheme for scheme, _headers in SCHEMES.values()], StandardWebhooks(), Basic(), Md5Fields(("a",))):
        assert code_of(scheme, make(body, headers)) in ("missing", "forged")


# What is kept of a request that can't be read


def test_kept_request_holds_no_proof_and_no_card():
    request = make(
        b'{"card": "4111 1111 1111 1111", "pin": "1234", "note": "caf\xc3\xa9"}',
        {
            "Content-Type": "application/json",
            "X-Event-Type": "booking.created",
            "X-Api-Key": "new-token",
            "X-Hub-Signature-256": "abc",
            "Authorization": "Basic x",
            "Cookie": "session_id=1",
            "X-Forwarded-For": "10.1.2.3",
            "Host": "crm.example.com",
        },
        url="https://crm.example.com/hospitality/hook/SECRET?topic=a",
    )
    raw = stored.pack(adapters.get("canonical"), request)
    for hidden in ("4111", "1234", "new-token", "abc", "Basic", "session_id", "10.1.2.3", "SECRET"):
        assert hidden not in raw.body
    again = stored.unpack(raw.body)
    assert again.headers == {"content-type": "application/json", "x-event-type": "booking.created"}
    assert json.loads(again.body) == {"card": HIDDEN, "pin": HIDDEN, "note": "café"}
    assert again.query() == {"topic": "a"}
    assert stored.pack(adapters.get("canonical"), request).event_key == raw.event_key
    assert stored.pack(adapters.get("canonical"), request._replace(body=b"x")).event_key != raw.event_key


@given(st.binary(max_size=300))
def test_any_body_is_kept(body):
    request = make(body, {"Content-Type": "text/xml"})
    again = stored.unpack(stored.pack(adapters.get("canonical"), request).body)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        assert again.body == body
    else:
        if isinstance(value, (str, list, dict)):
            assert type(json.loads(again.body)) is type(value)


def test_event_that_says_again_what_it_said_before_is_no_repetition():
    def keys(post, **values):
        event = {"entity": "stay", "external_id": "S1", **values}
        found = adapters.get("canonical").receive(make(json.dumps([event, event]).encode(), {"webhook-id": post}), None)
        return [record.event_key for record in found.records]

    assert len({*keys("a"), *keys("b")}) == 4
    assert keys("a") == keys("a"), "the same post, sent again"
    assert set(keys("a")).isdisjoint(keys("a", status="reserved")), "another one by a sender who repeats his ids"
    assert keys("a", version=1) == ["", ""], "the version says which is newer"
    assert keys("") == ["", ""]


# The description for those who post


def test_description_of_canonical_posts():
    path = pathlib.Path(__file__).parents[3] / "docs" / "hook-openapi.json"
    described = json.loads(path.read_text())
    event = described["components"]["schemas"]["Event"]["properties"]
    assert event["entity"]["enum"] == list(canonical.ENTITIES)
    assert set(event["op"]["enum"]) == {op for ops in canonical.OPS.values() for op in ops}
    post = described["paths"]["/hospitality/hook/{token}"]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        for value in example["value"]:
            assert canonical.validate(value)["external_id"]
    schemes = described["components"]["securitySchemes"]
    ours = adapters.get("canonical").hook.schemes
    assert schemes["token"]["name"].lower() == ours[1].header
    assert [type(scheme) for scheme in ours] == [StandardWebhooks, HeaderToken, Basic]
    assert len(schemes) == len(ours)
    for error in (None, EventError("", "not_json", "x")):
        reply = adapters.get("canonical").reply(make(), error)
        answer = post["responses"][str(reply.status)]["content"]["application/json"]["schema"]
        assert set(json.loads(reply.body)) == set(answer["required"])
