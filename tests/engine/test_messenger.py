"""Providers of messengers: requests, answers, signatures and web-hooks, without a network."""

import csv
import doctest
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine.messenger import (
    KINDS,
    Outgoing,
    get,
    provider,
    telegram,
    twilio,
    viber,
    webhook,
    whatsapp,
    words,
)

CREDENTIALS = {
    "telegram": {"token": "12:ABC", "hook_secret": "hs", "username": "palace_bot"},
    "whatsapp": {
        "token": "wt",
        "app_secret": "as",
        "verify_token": "vt",
        "phone_number_id": "555",
        "username": "+44 20 7946 0000",
    },
    "viber": {"token": "vk", "username": "palace"},
    "webhook": {"api_url": "https://gateway.example/in", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
}
NOW = 1_800_000_000


def outgoing(address="123", **values):
    return Outgoing(**{"key": "m1", "address": address, "text": "Hello", "at": NOW, **values})


def body(request):
    return json.loads(request.body)


@pytest.mark.parametrize("module", [webhook, twilio, words, provider, telegram, whatsapp, viber])
def test_doctests(module):
    assert not doctest.testmod(module).failed


# -- requests ------------------------------------------------------------------------------------


def test_telegram_request():
    request = get("telegram").prepare(CREDENTIALS["telegram"], outgoing(buttons=(("Book", "https://x.example"),)))
    assert request.url == "https://api.telegram.org/bot12:ABC/sendMessage"
    assert request.secrets == ("12:ABC",)
    assert body(request) == {
        "chat_id": 123,
        "text": "Hello",
        "reply_markup": {"inline_keyboard": [[{"text": "Book", "url": "https://x.example"}]]},
    }


def test_whatsapp_free_text_in_the_window_only():
    whats = get("whatsapp")
    late = whats.prepare(CREDENTIALS["whatsapp"], outgoing("+380441234567", heard_seconds=24 * 3600))
    never = whats.prepare(CREDENTIALS["whatsapp"], outgoing("+380441234567"))
    assert late.state == never.state == "failed" and not late.unreachable
    request = whats.prepare(CREDENTIALS["whatsapp"], outgoing("+380441234567", heard_seconds=24 * 3600 - 1))
    assert request.url == "https://graph.facebook.com/v23.0/555/messages"
    assert request.headers["Authorization"] == "Bearer wt" and "wt" in request.secrets
    assert body(request)["to"] == "380441234567" and body(request)["text"]["body"] == "Hello"


def test_whatsapp_template_outside_the_window():
    template = {"name": "winter_offer", "lang": "uk", "params": ["Anna"]}
    request = get("whatsapp").prepare(CREDENTIALS["whatsapp"], outgoing("+380441234567", template=template))
    assert body(request)["template"] == {
        "name": "winter_offer",
        "language": {"code": "uk"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Anna"}]}],
    }
    message = outgoing("+380441234567", template=template, heard_seconds=60)
    assert body(get("whatsapp").prepare(CREDENTIALS["whatsapp"], message))["type"] == "text"


def test_whatsapp_button():
    message = outgoing("+1", heard_seconds=5, buttons=(("Book a table now please", "https://x.example"),))
    interactive = body(get("whatsapp").prepare(CREDENTIALS["whatsapp"], message))["interactive"]
    assert interactive["action"]["parameters"] == {"display_text": "Book a table now ple", "url": "https://x.example"}


def test_viber_request():
    request = get("viber").prepare(CREDENTIALS["viber"], outgoing("id==", buttons=(("Book", "https://x.example"),)))
    assert request.url == "https://chatapi.viber.com/pa/send_message"
    assert request.headers["X-Viber-Auth-Token"] == "vk"
    assert body(request)["receiver"] == "id==" and body(request)["text"] == "Hello\nBook: https://x.example"


def test_webhook_request_is_signed_over_what_is_sent():
    hook = get("webhook")
    request = hook.prepare(CREDENTIALS["webhook"], outgoing("U1", text="Привіт"))
    assert hook.verify(CREDENTIALS["webhook"], request.headers, request.body, NOW)
    assert body(request)["data"] == {"key": "m1", "address": "U1", "text": "Привіт", "buttons": []}


@pytest.mark.parametrize("kind", KINDS)
def test_texts_that_nobody_takes(kind):
    for text in (" ", "x" * 100_001):
        message = outgoing("123", text=text, heard_seconds=1)
        assert get(kind).prepare(CREDENTIALS[kind], message).state == "failed"


def test_start_links_carry_the_token():
    for kind, start in (
        ("telegram", "https://t.me/palace_bot?start=TOK"),
        ("whatsapp", "https://wa.me/442079460000?text=TOK"),
        ("viber", "viber://pa?chatURI=palace&context=TOK"),
        ("webhook", ""),
    ):
        assert get(kind).get_start_link(CREDENTIALS[kind], "TOK") == start


def test_own_server_of_the_bot_api():
    request = get("telegram").prepare({**CREDENTIALS["telegram"], "api_url": "https://bots.example/"}, outgoing())
    assert request.url == "https://bots.example/bot12:ABC/sendMessage"


# -- answers -------------------------------------------------------------------------------------


def tg(code, description, **more):
    return {"ok": False, "error_code": code, "description": description, **more}


def wa(code, **more):
    return {"error": {"code": code, "message": "m", **more}}


ANSWERS = [
    ("telegram", 200, {"ok": True, "result": {"message_id": 77}}, "sent", {"external_ref": "77"}),
    ("telegram", 403, tg(403, "Forbidden: bot was blocked by the user"), "failed", {"unreachable": True}),
    ("telegram", 403, tg(403, "Forbidden: user is deactivated"), "failed", {"unreachable": True}),
    ("telegram", 400, tg(400, "Bad Request: chat not found"), "failed", {"unreachable": True}),
    ("telegram", 400, tg(400, "Bad Request: message is too long"), "failed", {"unreachable": False, "broken": False}),
    ("telegram", 401, tg(401, "Unauthorized"), "failed", {"broken": True}),
    ("telegram", 404, tg(404, "Not Found"), "failed", {"broken": True}),
    ("telegram", 429, tg(429, "Too Many Requests", parameters={"retry_after": 35}), "later", {"wait": 35}),
    ("telegram", 500, tg(500, "Internal Server Error"), "later", {}),
    ("telegram", 502, None, "uncertain", {}),
    ("telegram", 200, None, "uncertain", {}),
    ("whatsapp", 200, {"messages": [{"id": "wamid.A"}]}, "sent", {"external_ref": "wamid.A"}),
    ("whatsapp", 400, wa(131026), "failed", {"unreachable": True}),
    ("whatsapp", 400, wa(131047), "failed", {"unreachable": False, "broken": False}),
    ("whatsapp", 400, wa(130429), "later", {}),
    ("whatsapp", 400, wa(131056), "later", {}),
    ("whatsapp", 500, wa(131016), "later", {}),
    ("whatsapp", 401, wa(190), "failed", {"broken": True}),
    ("whatsapp", 400, wa(132001), "failed", {"broken": False}),
    ("whatsapp", 200, {"messages": []}, "uncertain", {}),
    ("whatsapp", 503, None, "later", {}),
    (
        "viber",
        200,
        {"status": 0, "message_token": 5741311803571721087},
        "sent",
        {"external_ref": "5741311803571721087"},
    ),
    ("viber", 200, {"status": 5, "status_message": "receiverNotRegistered"}, "failed", {"unreachable": True}),
    ("viber", 200, {"status": 6, "status_message": "receiverNotSubscribed"}, "failed", {"unreachable": True}),
    ("viber", 200, {"status": 2, "status_message": "invalidAuthToken"}, "failed", {"broken": True}),
    ("viber", 200, {"status": 12, "status_message": "tooManyRequests"}, "later", {}),
    ("viber", 200, {"status": 3, "status_message": "badData"}, "failed", {"unreachable": False, "broken": False}),
    ("viber", 504, None, "uncertain", {}),
    ("webhook", 202, None, "sent", {"external_ref": None}),
    ("webhook", 200, {"id": 9}, "sent", {"external_ref": "9"}),
    ("webhook", 410, None, "failed", {"broken": True}),
    ("webhook", 422, {"error": "no such user", "unreachable": True}, "failed", {"unreachable": True}),
    ("webhook", 400, {"error": "x"}, "failed", {"broken": False, "error": "400 x"}),
    ("webhook", 429, None, "later", {"wait": 9}),
    ("webhook", 500, None, "later", {}),
    ("webhook", 504, None, "uncertain", {}),
]


@pytest.mark.parametrize(("kind", "status", "answer", "state", "more"), ANSWERS)
def test_answers(kind, status, answer, state, more):
    outcome = get(kind).read_answer(status, answer, 9 if status == 429 and kind != "telegram" else None)
    assert outcome.state == state
    assert {name: getattr(outcome, name) for name in more} == more


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
known_keys = st.sampled_from(
    "ok result message_id error code status update_id message chat id type text entry changes value metadata "
    "phone_number_id messages statuses errors event message_token user_id user data address from my_chat_member "
    "new_chat_member context timestamp user_preferences".split()
)
shaped = st.recursive(
    json_values,
    lambda inner: st.dictionaries(known_keys, inner | st.lists(inner, max_size=2), max_size=6),
    max_leaves=20,
)


@given(st.sampled_from(KINDS), st.integers(100, 599), shaped)
def test_no_answer_is_taken_for_a_yes_that_is_none(kind, status, answer):
    outcome = get(kind).read_answer(status, answer)
    assert outcome.state in ("sent", "failed", "later", "uncertain")
    if kind != "webhook" and not isinstance(answer, dict):
        assert outcome.state != "sent"


@given(st.sampled_from(KINDS), shaped)
def test_no_web_hook_breaks_the_parser(kind, payload):
    for event in get(kind).parse(CREDENTIALS[kind], {"webhook-id": "e"}, payload):
        assert event.event_id and "\x00" not in event.text + event.address


# -- signatures ----------------------------------------------------------------------------------


def signed(kind, raw, at=NOW):
    secret = CREDENTIALS[kind]
    if kind == "telegram":
        return {"X-Telegram-Bot-Api-Secret-Token": "hs"}
    if kind == "whatsapp":
        return {"X-Hub-Signature-256": "sha256=" + hmac.new(b"as", raw, hashlib.sha256).hexdigest()}
    if kind == "viber":
        return {"X-Viber-Content-Signature": hmac.new(b"vk", raw, hashlib.sha256).hexdigest()}
    signature = webhook.sign(secret["secret"], "e1", at, raw)
    return {"webhook-id": "e1", "webhook-timestamp": str(at), "webhook-signature": f"v1,AAAA {signature}"}


@pytest.mark.parametrize("kind", KINDS)
def test_signature(kind):
    raw = b'{"a": 1}'
    verify = get(kind).verify
    headers = signed(kind, raw)
    assert verify(CREDENTIALS[kind], headers, raw, NOW)
    assert not verify(CREDENTIALS[kind], {}, raw, NOW)
    assert not verify({}, headers, raw, NOW)
    assert not verify(dict.fromkeys(CREDENTIALS[kind], ""), signed(kind, raw), raw, NOW)
    other = {name: f"{value}x" for name, value in CREDENTIALS[kind].items()}
    assert not verify(other, headers, raw, NOW)
    if kind != "telegram":
        assert not verify(CREDENTIALS[kind], headers, raw + b" ", NOW)
    for name, value in headers.items():
        assert not verify(CREDENTIALS[kind], {**headers, name: value[:-1]}, raw, NOW)


@given(st.sampled_from(["whatsapp", "viber", "webhook"]), st.binary(min_size=1, max_size=60), st.data())
def test_changed_bodies_and_signatures_are_refused(kind, raw, data):
    headers = signed(kind, raw)
    assert get(kind).verify(CREDENTIALS[kind], headers, raw, NOW)
    at = data.draw(st.integers(0, len(raw) - 1))
    bit = data.draw(st.integers(1, 255))
    changed = raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]
    assert not get(kind).verify(CREDENTIALS[kind], headers, changed, NOW)
    name = data.draw(st.sampled_from(sorted(headers)))
    value = data.draw(st.text(max_size=80))
    if value != headers[name] and (kind != "webhook" or headers[name] not in value):
        assert not get(kind).verify(CREDENTIALS[kind], {**headers, name: value}, raw, NOW)


@pytest.mark.parametrize("off", [-301, 301])
def test_old_and_future_hooks_are_refused(off):
    raw = b"{}"
    assert not get("webhook").verify(CREDENTIALS["webhook"], signed("webhook", raw), raw, NOW + off)
    assert get("webhook").verify(CREDENTIALS["webhook"], signed("webhook", raw), raw, NOW + off // abs(off) * 300)


@pytest.mark.parametrize("time", ["¹", "²³", "-1", "", "12a"])
def test_a_time_that_is_no_number_is_refused(time):
    headers = {**signed("webhook", b"{}"), "webhook-timestamp": time}
    assert not get("webhook").verify(CREDENTIALS["webhook"], headers, b"{}", NOW)


def test_whatsapp_challenge():
    ask = {"hub.mode": "subscribe", "hub.verify_token": "vt", "hub.challenge": "42"}
    whats = get("whatsapp")
    assert whats.challenge(CREDENTIALS["whatsapp"], ask) == "42"
    assert whats.challenge(CREDENTIALS["whatsapp"], {**ask, "hub.verify_token": "no"}) is None
    assert whats.challenge({}, {**ask, "hub.verify_token": ""}) is None


# -- web-hooks -----------------------------------------------------------------------------------


def parse(kind, payload, **headers):
    return get(kind).parse(CREDENTIALS[kind], headers, payload)


def test_telegram_updates():
    chat = {"id": 123, "type": "private"}
    (text,) = parse("telegram", {"update_id": 5, "message": {"chat": chat, "date": NOW, "text": "Стоп"}})
    assert (text.event_id, text.kind, text.address, text.text, text.at) == ("5", "text", "123", "Стоп", NOW)
    (start,) = parse("telegram", {"update_id": 6, "message": {"chat": chat, "text": "/start abc_DEF-1"}})
    assert (start.kind, start.token) == ("start", "abc_DEF-1")
    member = {"chat": chat, "date": NOW, "new_chat_member": {"status": "kicked"}}
    (blocked,) = parse("telegram", {"update_id": 7, "my_chat_member": member})
    assert (blocked.kind, blocked.address) == ("blocked", "123")
    group = {"update_id": 8, "message": {"chat": {"id": -1, "type": "group"}, "text": "STOP"}}
    assert parse("telegram", group) == []


def whatsapp_hook(value, number="555"):
    value = {"metadata": {"phone_number_id": number}, **value}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}


def test_whatsapp_messages_and_statuses():
    message = {"id": "wamid.1", "from": "380441234567", "timestamp": str(NOW), "type": "text", "text": {"body": "Hi"}}
    (text,) = parse("whatsapp", whatsapp_hook({"messages": [message]}))
    assert (text.event_id, text.address, text.text, text.at) == ("wamid.1", "+380441234567", "Hi", NOW)
    assert parse("whatsapp", whatsapp_hook({"messages": [message]}, number="999")) == []
    button = {"id": "wamid.2", "from": "1", "type": "button", "button": {"text": "Stop promotions"}}
    assert parse("whatsapp", whatsapp_hook({"messages": [button]}))[0].text == "Stop promotions"
    statuses = [
        {"id": "wamid.9", "status": "sent", "recipient_id": "1"},
        {"id": "wamid.9", "status": "delivered", "recipient_id": "1"},
        {"id": "wamid.8", "status": "failed", "recipient_id": "1", "errors": [{"code": 131026, "title": "No"}]},
        {"id": "wamid.7", "status": "failed", "recipient_id": "1", "errors": [{"code": 131050, "title": "Stop"}]},
    ]
    found = parse("whatsapp", whatsapp_hook({"statuses": statuses}))
    assert [(event.kind, event.external_ref, event.state, event.unreachable) for event in found] == [
        ("status", "wamid.9", "delivered", False),
        ("status", "wamid.8", "failed", True),
        ("status", "wamid.7", "failed", False),
        ("stop", "", "", False),
    ]
    choice = {"wa_id": "1", "category": "marketing_messages", "value": "stop", "timestamp": NOW}
    assert [event.kind for event in parse("whatsapp", whatsapp_hook({"user_preferences": [choice]}))] == ["stop"]


def test_viber_events():
    common = {"timestamp": NOW * 1000, "message_token": 491266184665523145}
    (text,) = parse("viber", {"event": "message", "sender": {"id": "u=="}, "message": {"text": "退订"}, **common})
    assert (text.kind, text.address, text.text, text.at) == ("text", "u==", "退订", NOW)
    (failed,) = parse("viber", {"event": "failed", "user_id": "u==", "desc": "failure", **common})
    assert (failed.kind, failed.state, failed.external_ref) == ("status", "failed", "491266184665523145")
    (gone,) = parse("viber", {"event": "unsubscribed", "user_id": "u==", **common})
    assert (gone.kind, gone.address) == ("blocked", "u==")
    (start,) = parse("viber", {"event": "conversation_started", "user": {"id": "u=="}, "context": "tok", **common})
    assert (start.kind, start.token) == ("start", "tok")
    assert parse("viber", {"event": "webhook", **common}) == []


def test_gateway_events():
    data = {"id": "g1", "error": "no such user", "unreachable": True}
    (failed,) = parse("webhook", {"type": "message.failed", "data": data}, **{"webhook-id": "e1"})
    assert (failed.event_id, failed.external_ref, failed.state, failed.unreachable) == ("e1", "g1", "failed", True)
    received = {"type": "message.received", "timestamp": NOW, "data": {"address": "U1", "text": "stop"}}
    assert parse("webhook", received, **{"webhook-id": "e2"})[0].text == "stop"
    assert parse("webhook", {"type": "message.unknown", "data": {}}, **{"webhook-id": "e3"}) == []


def test_twilio_form():
    form = {"MessageSid": "SM1", "From": "+14155550100", "Body": "Стоп", "To": "+1"}
    url = "https://hotel.example/hospitality/sms/twilio"
    assert twilio.verify("t", url, form, twilio.sign("t", url, form))
    assert not twilio.verify("t", url, {**form, "Body": "Start"}, twilio.sign("t", url, form))
    assert not twilio.verify("t", url + "?", form, twilio.sign("t", url, form))
    assert not twilio.verify("", url, form, twilio.sign("", url, form))
    assert twilio.parse(form).text == "Стоп"
    assert twilio.parse({**form, "Body": "arrêt", "OptOutType": "STOP"}).kind == "stop"
    assert twilio.parse({"Body": "STOP"}) is None


# -- words ---------------------------------------------------------------------------------------


def rows():
    with Path(words.__file__).with_name("words.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_word_of_the_list_is_understood_in_any_dress():
    assert len({row["lang"] for row in rows()}) >= 20
    for row in rows():
        channel = row["channel"]
        for text in (row["word"], row["word"].lower(), f"  {row['word']}. ", f"*{row['word']}!*", f"/{row['word']}"):
            assert words.meaning(text, channel) == row["meaning"], text


def test_no_word_means_both():
    meanings = {}
    for row in rows():
        meanings.setdefault(words.fold(row["word"]), set()).add(row["meaning"])
    assert all(len(found) == 1 for found in meanings.values())


@pytest.mark.parametrize(
    "text",
    [
        "please don't stop",
        "Не зупиняйте",
        "stop by at 8",
        "nonstop",
        "",
        " ",
        "?",
        "стоп ціна",
        "start of season",
        "停止しないで",
    ],
)
def test_other_texts_are_no_command(text):
    assert words.meaning(text) is None


def test_cancel_stops_where_carriers_say_so():
    assert words.meaning("CANCEL", "sms") == "stop"
    assert words.meaning("CANCEL", "messenger") is None


@given(st.text(max_size=300))
def test_folding_is_stable(text):
    assert words.fold(words.fold(text)) == words.fold(text)
