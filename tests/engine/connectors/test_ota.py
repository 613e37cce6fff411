"""OTA XML: fetched from an AlpineBits server, and pushed to us."""

import datetime
import json
import os
from pathlib import Path

import pytest
from contract import Contract
from fakes import ota
from fakes.fake import Answer
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from ota_requests import CARD, ENV, LOGIN, NOW, events_of, receive, reply, request

from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import ParseError, Raw
from hospitality_connectors.engine.adapters import ota_xml
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.hook.verify import Rejected
from hospitality_connectors.engine.network import errors
from hospitality_connectors.engine.types import EventError

#: Folders of the published schemas (``VERSION/alpinebits.xsd``) and samples, which are not ours to ship.
SCHEMAS = os.environ.get("ALPINEBITS_SCHEMAS")


class TestPull(Contract):
    fake_class = ota.Ota
    stream = "requests"

    # Records are XML: see below.
    test_no_card_numbers = None

    def reading(self, fake, **options):
        reading = super().reading(fake, **options)
        reading.adapter.rates = {}  # AlpineBits publishes no limits; the connector's own would only slow tests down
        return reading

    def test_messages_follow_the_grammar(self, fake):
        fake.grow(3)
        self.reading(fake).read("requests", "again")
        assert fake.messages
        assert not fake.faults

    if SCHEMAS:  # their text may not be shipped

        @pytest.mark.parametrize("version", ["2018-10", "2020-10", "2022-10", "2024-10"])
        def test_messages_follow_the_published_schema(self, fake, version):
            schema = etree.XMLSchema(etree.parse(str(Path(SCHEMAS) / version / "alpinebits.xsd")))
            fake.grow(3)
            self.reading(fake).read("requests", "again")
            pushed = ota.notification(ota.reservation("R1", guest={}), echo="")
            answers = [reply(pushed)[1].body]
            if version >= "2022-10":  # before, a push could not be refused in a message
                answers.append(reply(pushed, ParseError("", "hotel", "No."))[1].body)
            for message in (*fake.messages, *answers):
                assert schema.validate(etree.fromstring(message)), (schema.error_log, message)

    def test_nothing_is_acknowledged_before_it_is_stored(self, fake):
        fake.page_size = 2
        keys = fake.grow(3)
        reading = self.reading(fake)
        stored = reading.store

        def crash(records, hints=()):
            raise RuntimeError("killed")

        reading.store = crash
        with pytest.raises(RuntimeError):
            reading.read("requests")
        assert fake.queue == keys
        reading.store, reading.progress = stored, {}
        reading.read("requests")
        assert fake.queue == []
        self.assert_complete(reading, fake)

    def test_crash_before_the_acknowledgement_stores_nothing_twice(self, fake):
        fake.grow(3)
        reading = self.reading(fake)
        reading.adapter.acknowledge = lambda ctx, ack: None
        stream = reading.streams()["requests"]
        assert reading.step(stream) is False
        count = len(reading.inbox)
        del reading.adapter.acknowledge
        reading.progress.clear()
        reading.read("requests")
        assert (len(reading.inbox), fake.queue) == (count, [])

    def test_queue_that_does_not_shrink_is_a_loop(self, fake):
        fake.grow(2)
        reading = self.reading(fake)
        reading.adapter.acknowledge = lambda ctx, ack: None
        with pytest.raises(errors.NetworkError) as caught:
            reading.read("requests")
        assert caught.value.code == "loop"

    @pytest.mark.parametrize("is_strict", [False, True])
    def test_newest_common_version_is_spoken(self, fake, is_strict):
        fake.versions, fake.is_strict = ["2018-10", "2020-10"], is_strict
        fake.grow(2)
        reading = self.reading(fake)
        reading.read("requests")
        findings = self.adapter().check(reading.session())
        assert findings[0].message == "The server speaks AlpineBits 2020-10."
        assert sum(b"OTA_PingRQ" in message for message in fake.messages) == 2

    def test_no_common_version(self, fake):
        fake.versions = ["2012-05"]
        with pytest.raises(errors.Strange):
            self.adapter().check(self.reading(fake).session())

    def test_errors_in_the_answer(self, fake):
        reading = self.reading(fake)
        fake.error = "392"
        with pytest.raises(errors.Denied):
            reading.read("requests")
        fake.error = "187"
        with pytest.raises(errors.Failed):
            reading.read("requests")

    @pytest.mark.parametrize("body", [b"", b"<a", b"<!DOCTYPE a><a/>", b"<OTA_PingRS/>", b"{}"])
    def test_answers_that_make_no_sense(self, fake, body):
        reading = self.reading(fake)
        reading.read("requests")
        fake.fail(Answer(200, body))
        with pytest.raises(errors.Strange):
            reading.read("requests")

    def test_cancellation_by_number_alone(self, fake):
        (key,) = fake.grow(1)
        reading = self.reading(fake)
        reading.read()
        fake.put(key, state="Cancelled", kind="15", rooms=[])
        reading.read()
        facts = reading.facts()
        assert facts["booking", key]["op"] == "tombstone"

    if SCHEMAS:  # their text may not be shipped

        def test_published_samples(self):
            adapter, found = adapters.get("ota"), set()
            for path in sorted(Path(SCHEMAS).glob("*/*.xml")):
                root = ota_xml.read(path.read_bytes())
                for one in ota_xml.kids(root, "ReservationsList", "HotelReservation"):
                    message = etree.tostring(
                        ota_xml.element("OTA_HotelResNotifRQ", ota_xml.element("HotelReservations", one))
                    )
                    for raw in receive(message).records:
                        raw = adapter.redact(raw)
                        assert CARD not in raw.body
                        found |= {event["entity"] for event in map(validate, adapter.parse(raw, ENV))}
            assert found == {"guest", "consent", "booking", "stay"}


# Pushed: who is let in


def secured(message, **how):
    return request(ota.envelope(message, **how))


def test_login_in_the_soap_header():
    hook, message = adapters.get("ota").hook, ota.notification(ota.reservation("R1"))
    login = LOGIN["hook_login"][0]
    hook.check(secured(message, login=login), LOGIN)
    hook.check(secured(message, login=login, digest_at=NOW), LOGIN)
    hook.check(secured(message, login=login), {"hook_login": ["new:x", login]})
    basic = {"authorization": "Basic c214OlN0cjBuZyFQYXNzIzE="}
    hook.check(request(message, basic), LOGIN)


@pytest.mark.parametrize(
    "made",
    [
        request(ota.notification(ota.reservation("R1"))),
        request("<a"),
        request("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        secured(ota.notification(ota.reservation("R1"))),
        secured(ota.notification(ota.reservation("R1")), login="smx:wrong"),
        secured(ota.notification(ota.reservation("R1")), login="other:Str0ng!Pass#1"),
        secured(ota.notification(ota.reservation("R1")), login="smx:wrong", digest_at=NOW),
        secured(
            ota.notification(ota.reservation("R1")),
            login=LOGIN["hook_login"][0],
            digest_at=NOW - datetime.timedelta(hours=1),
        ),
        request(ota.notification(ota.reservation("R1")), {"authorization": "Basic eDp5"}),
    ],
)
def test_forged_and_late_requests(made):
    with pytest.raises(Rejected):
        adapters.get("ota").hook.check(made, LOGIN)


def test_no_secret_no_entry():
    with pytest.raises(Rejected):
        adapters.get("ota").hook.check(secured(ota.notification(ota.reservation("R1")), login=":"), {})


# Pushed: what is answered


@pytest.mark.parametrize("wrap", [str, ota.envelope])
def test_success_repeats_token_and_keys(wrap):
    message = wrap(ota.notification(ota.reservation("R1"), ota.reservation("R2"), echo="E-7"))
    root, answer = reply(message)
    inner, header = ota_xml.unwrap(root)
    assert (header is not None) == (wrap is ota.envelope)
    assert inner.tag == f"{{{ota.OTA}}}OTA_HotelResNotifRS"
    assert (inner.get("EchoToken"), inner.get("Version")) == ("E-7", "1.0")
    assert ota_xml.kid(inner, "Success") is not None
    assert [one.get("ID") for one in inner.iter(f"{{{ota.OTA}}}UniqueID")] == ["R1", "R2"]
    assert answer.content_type.startswith("application/xml")


@pytest.mark.parametrize("wrap", [str, ota.envelope])
def test_errors_are_told_with_status_200(wrap):
    message = wrap(ota.notification(ota.reservation("R1", hotel="999"), echo="E-8"))
    with pytest.raises(EventError) as caught:
        receive(message, env=ENV._replace(settings={"hotel": "123"}))
    inner, _header = ota_xml.unwrap(reply(message, caught.value)[0])
    assert inner.get("EchoToken") == "E-8"
    error = ota_xml.kid(inner, "Errors", "Error")
    assert (error.get("Code"), error.text) == ("392", "The reservation is for another hotel.")
    assert ota_xml.kid(inner, "Success") is None


@pytest.mark.parametrize("body", [b"", b"<a", b"\xff\xfe<", b"{}", b"<!DOCTYPE a><a/>", b"<s:Envelope", b"\x00" * 50])
def test_what_can_not_be_read_is_answered_in_form(body):
    with pytest.raises(EventError) as caught:
        receive(body)
    root, _answer = reply(body, caught.value)
    inner, _header = ota_xml.unwrap(root)
    assert ota_xml.kid(inner, "Errors", "Error").get("Type") == "13"


def test_message_sent_again_is_one_delivery():
    first = receive(ota.notification(ota.reservation("R1"), echo="a", at="2026-11-22T08:00:00Z")).records
    again = receive(ota.envelope(ota.notification(ota.reservation("R1"), echo="b", at="2026-11-22T08:00:30Z"))).records
    other = receive(ota.notification(ota.reservation("R1", state="Modify"))).records
    assert first[0].event_key == again[0].event_key != other[0].event_key


def test_alpinebits_push_as_a_form():
    message = ota.notification(ota.reservation("R1"), echo="")
    kind, body = ota_xml.form({"action": "OTA_HotelResNotif:GuestRequests", "request": message})
    headers = {"content-type": kind}
    assert [raw.external_id for raw in receive(body, headers).records] == ["R1"]
    root, _answer = reply(body, headers=headers)
    assert root.tag == f"{{{ota.OTA}}}OTA_HotelResNotifRS"


def test_alpinebits_handshake():
    offered = {
        "versions": [
            {"version": "2020-10", "actions": [{"action": "action_OTA_Ping"}, {"action": "action_x"}]},
            {"version": "2099-01"},
        ]
    }
    ping = f"<OTA_PingRQ xmlns='{ota.OTA}' Version='8.000'><EchoData>{json.dumps(offered)}</EchoData></OTA_PingRQ>"
    assert not receive(ping).records
    root, _answer = reply(ping)
    assert json.loads(ota_xml.text(root, "EchoData")) == offered
    agreed = json.loads(ota_xml.text(root, "Warnings", "Warning"))
    assert agreed == {"versions": [{"version": "2020-10", "actions": [{"action": "action_OTA_Ping"}]}]}


# What must never be stored


def test_cards_and_passwords_are_not_stored():
    extra = f"<Document DocID='P123' DocType='2'/><Comment>card {CARD} please</Comment>"
    room = {
        "card": CARD,
        "extra": f"<SpecialRequests><SpecialRequest Note='{CARD}'>{CARD}</SpecialRequest></SpecialRequests>",
    }
    body = ota.envelope(
        ota.notification(ota.reservation("R1", rooms=[room], guest={"extra": extra})), login=LOGIN["hook_login"][0]
    )
    (raw,) = receive(body).records
    for kept in (raw.body, adapters.get("ota").redact(raw._replace(body=raw.body)).body):
        for secret in (CARD, "Ann Other", "1229", "P123", "Str0ng"):
            assert secret not in kept
        assert '<PaymentCard CardCode="VI"/>' in kept
    broken = adapters.get("ota").redact(Raw("booking", "R1", f"<a>{CARD}", "application/xml"))
    assert CARD not in broken.body


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("kind", ["text/xml; charset=utf-8", "application/xml", "", "multipart/form-data"])
def test_refused_requests_are_kept_without_cards_and_passwords(kind, broken):
    message = ota.envelope(
        ota.notification(ota.reservation("R1", rooms=[{"card": CARD}])), login=LOGIN["hook_login"][0]
    )
    message = message[:-30] if broken else message
    body = message.encode()
    if kind.startswith("multipart"):
        kind, body = ota_xml.form({"action": "OTA_HotelResNotif:GuestRequests", "request": message})
    kept = adapters.get("ota").redact(Raw("", "", body, kind)).body
    text = kept if isinstance(kept, str) else kept.decode()
    for secret in (CARD, "Ann Other", "ExpireDate", "Str0ng"):
        assert secret not in text
    assert "R1" in text
    if kind.startswith("multipart"):
        assert ota_xml.read_form(kind, kept)["action"] == b"OTA_HotelResNotif:GuestRequests"


def test_key_that_looks_like_a_card_is_kept():
    (raw,) = receive(ota.notification(ota.reservation(CARD))).records
    assert f'ID="{CARD}"' in raw.body


# Attacks


BOMB = (
    "<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '&a{n - 1};&a{n - 1};&a{n - 1};&a{n - 1};&a{n - 1};&a{n - 1};'>" for n in range(1, 30))
    + "]><OTA_HotelResNotifRQ>&a29;</OTA_HotelResNotifRQ>"
)
OUTSIDE = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><OTA_HotelResNotifRQ>&x;</OTA_HotelResNotifRQ>"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOMB, "dtd"),
        (OUTSIDE, "dtd"),
        ("<!DOCTYPE a SYSTEM 'http://evil.example/a.dtd'><a/>", "dtd"),
        ("<!doctype a><a/>", "dtd"),
        (OUTSIDE.encode("utf-16"), "dtd"),
        (OUTSIDE.encode("utf-16-le"), "not_xml"),
        (b"<?xml version='1.0' encoding='utf-7'?>+ADwAIQ-DOCTYPE a+AD4-<a/>", "encoding"),
        (b"<?xml version='1.0' encoding='cp037'?><a/>", "encoding"),
        (b"<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>", "encoding"),
        (b"<?xml version='1.0' encoding='UTF-16'?><a/>", "encoding"),
        ("<a>&undeclared;</a>", "not_xml"),
        ("<a xmlns:x='u'>" + "<b>" * 100 + "</b>" * 100 + "</a>", "too_deep"),
        ("<b>" * 100_000, "not_xml"),
        ("<a>" + "<b/>" * 100_001 + "</a>", "too_deep"),
        ("<a b='" + "x" * (6 << 20) + "'/>", "too_large"),
        ("<a>" + "x" * (6 << 20) + "</a>", "too_large"),
        ("<a " + " ".join(f"b{n}='1'" for n in range(50_000)) + "/>", "unknown_message"),
        ("<a>\x00</a>", "not_xml"),
        ("", "not_xml"),
        ("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body/></s:Envelope>", "empty"),
    ],
)
def test_attacks(body, code):
    with pytest.raises(ParseError) as caught:
        receive(body)
    assert caught.value.code == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings_that_are_read(encoding):
    message = ota.notification(ota.reservation("R1", guest={"family": "Müller"}))
    named = {"utf-8-sig": "UTF-8"}.get(encoding, encoding)
    body = message.replace("encoding='UTF-8'", f"encoding='{named}'").encode(encoding)
    assert events_of_bytes(body)["guest", "R1:guest:1"]["values"]["family_name"] == "Müller"


def events_of_bytes(body):
    adapter = adapters.get("ota")
    events = [event for raw in receive(body).records for event in adapter.parse(raw, ENV)]
    return {(event["entity"], event["external_id"]): event for event in events}


def test_huge_text_is_refused_by_the_record_not_by_a_crash():
    message = ota.notification(ota.reservation("R1", guest={"family": "x" * 70_000}))
    with pytest.raises(EventError) as caught:
        events_of(message)
    assert caught.value.code == "too_long"


# Bad records


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (ota.notification(ota.reservation("R1", rooms=[{"start": "soon"}])), "RoomStays.0.TimeSpan.Start"),
        (ota.notification(ota.reservation("R1", rooms=[{}, {"span": "<TimeSpan/>"}])), "RoomStays.1.TimeSpan.Start"),
        (
            ota.notification(ota.reservation("R1", rooms=[{"span": "<TimeSpan Start='2026-01-01'/>"}])),
            "RoomStays.0.TimeSpan.End",
        ),
        (ota.notification(ota.reservation("R1", rooms=[{"total": "much"}])), "RoomStays.0.AmountAfterTax"),
        (ota.notification(ota.reservation("R1", rooms=[{"adults": "some"}])), "RoomStays.0.GuestCounts.0.Count"),
        (ota.notification(ota.reservation("", rooms=[])), "HotelReservation.UniqueID"),
        (ota.notification(), "HotelReservations"),
    ],
)
def test_malformed_records_name_their_place(message, path):
    with pytest.raises(ParseError) as caught:
        events_of(message)
    assert caught.value.path == path


def test_one_bad_reservation_does_not_take_the_others_with_it():
    adapter = adapters.get("ota")
    message = ota.notification(ota.reservation("R1", rooms=[{"start": "soon"}]), ota.reservation("R2"))
    first, second = receive(message).records
    with pytest.raises(ParseError):
        adapter.parse(first, ENV)
    assert adapter.parse(second, ENV)


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
NAMES = (
    "HotelReservation UniqueID RoomStays RoomStay TimeSpan ResGuests ResGuest Profiles ProfileInfo Profile Customer"
    " PersonName Surname Total GuestCounts GuestCount ResGlobalInfo Comments Comment POS Envelope Body"
    " HotelReservations OTA_HotelResNotifRQ OTA_ProfileMergeRQ ObsoleteProfileID Email Taxes StartDateWindow"
).split()
LABELS = (
    "ID Type Start End ResStatus Count Age AmountAfterTax DecimalPlaces CurrencyCode Remark LastModifyDateTime".split()
)
VALUE = TEXT | st.sampled_from(
    ["14", "15", "2026-05-01", "2026-05-03T10:00:00Z", "Cancel", "newsletter:yes", "P4N", "9" * 30]
)
ELEMENT = st.recursive(
    st.builds(
        lambda name, attributes, text: (name, attributes, [text]),
        st.sampled_from(NAMES),
        st.dictionaries(st.sampled_from(LABELS), VALUE, max_size=4),
        TEXT,
    ),
    lambda inner: st.builds(
        lambda name, attributes, children: (name, attributes, children),
        st.sampled_from(NAMES),
        st.dictionaries(st.sampled_from(LABELS), VALUE, max_size=4),
        st.lists(inner, max_size=4),
    ),
    max_leaves=15,
)


def written(tree):
    name, attributes, children = tree
    made = etree.Element(name, attributes)
    for child in children:
        if isinstance(child, str):
            made.text = child
        else:
            made.append(written(child))
    return made


@settings(max_examples=400, deadline=None)
@given(trees=st.lists(ELEMENT, max_size=3))
def test_any_reservation_is_read_or_refused(trees):
    adapter = adapters.get("ota")
    inner = "".join(etree.tostring(written(tree), encoding="unicode") for tree in trees)
    body = (
        "<OTA_HotelResNotifRQ><HotelReservations><HotelReservation><UniqueID Type='14' ID='R'/>"
        f"{inner}</HotelReservation></HotelReservations></OTA_HotelResNotifRQ>"
    )
    for raw in receive(body).records:
        try:
            for event in adapter.parse(adapter.redact(raw), ENV):
                validate(event)
        except EventError:
            pass


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=300) | ELEMENT.map(lambda tree: etree.tostring(written(tree))),
    kind=st.sampled_from(["", "text/xml", "multipart/form-data; boundary=x"]) | TEXT,
)
def test_any_request_is_read_or_refused(body, kind):
    adapter, made = adapters.get("ota"), request(body, {"content-type": kind})
    with pytest.raises(Rejected):
        adapter.hook.check(made, LOGIN)
    error = None
    try:
        adapter.receive(made, ENV)
    except EventError as caught:
        error = caught
    answer = adapter.reply(made, error)
    assert answer.status == 200
    etree.fromstring(answer.body)
