import datetime
import doctest
import json
import pickle
from decimal import Decimal

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hospitality_connectors.engine.adapters  # noqa: F401  registers them
from hospitality_connectors.engine import adapter, canonical, mapping, reasons, types
from hospitality_connectors.engine.files import catalogue
from hospitality_crm.engine import contact

STAY = {"entity": "stay", "external_id": "S1", "arrival": "2025-02-01", "departure": "2025-02-03"}


def refuse(event):
    with pytest.raises(canonical.EventError) as caught:
        canonical.validate(event)
    return caught.value


def test_doctests():
    for module in (mapping, reasons, catalogue):
        result = doctest.testmod(module)
        assert result.attempted and not result.failed


def test_values_are_coerced():
    event = canonical.validate(
        {
            **STAY,
            "external_id": 17,
            "arrival": datetime.date(2025, 2, 1),
            "adults": "2",
            "is_pseudo": 0,
            "rate_amount": Decimal("99.500"),
            "amount_total": 10,
            "balance": "-0.0",
            "currency": "eur",
            "checked_in_at": "2025-02-01T15:00:00+02:00",
            "market": "  Direct ",
            "channel": "",
            "room": None,
        }
    )
    assert event == {
        **STAY,
        "op": "upsert",
        "external_id": "17",
        "version": None,
        "adults": 2,
        "is_pseudo": False,
        "rate_amount": "99.5",
        "amount_total": "10",
        "balance": "0",
        "currency": "EUR",
        "checked_in_at": "2025-02-01 13:00:00",
        "market": "Direct",
    }


def test_the_given_event_is_not_changed():
    given_event = {**STAY, "guests": [{"guest": "G1"}]}
    before = json.dumps(given_event)
    canonical.validate(given_event)
    assert json.dumps(given_event) == before


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"arrival": "2025-02-29"}, "arrival", "bad_date"),
        ({"departure": "2025-01-31"}, "departure", "dates_order"),
        ({"departure": "2031-02-03"}, "departure", "stay_too_long"),
        ({"adults": True}, "adults", "wrong_type"),
        ({"adults": -1}, "adults", "bad_number"),
        ({"rate_amount": "1,5"}, "rate_amount", "bad_amount"),
        ({"rate_amount": "Infinity"}, "rate_amount", "bad_amount"),
        ({"rate_amount": 1e13}, "rate_amount", "bad_amount"),
        ({"status": "maybe"}, "status", "bad_choice"),
        ({"status": []}, "status", "bad_choice"),
        ({"guests": [{"guest": "G1"}, {}]}, "guests.1.guest", "missing_field"),
        ({"guests": [{"guest": "G1", "pays": "maybe"}]}, "guests.0.pays", "wrong_type"),
        ({"market": "a\x00b"}, "market", "nul"),
        ({"market": "\ud800"}, "market", "bad_text"),
        ({"market": "x" * 256}, "market", "too_long"),
        ({"unknown": 1}, "unknown", "unknown_field"),
        ({"external_id": "  "}, "external_id", "missing_key"),
        ({"version": "new"}, "version", "wrong_type"),
        ({"op": "merge"}, "op", "unknown_op"),
        ({"entity": "room"}, "entity", "unknown_entity"),
        ({"entity": ["stay"]}, "entity", "unknown_entity"),
    ],
)
def test_refusals_name_path_and_reason(change, path, code):
    error = refuse({**STAY, **change})
    assert (error.path, error.code) == (path, code)
    assert error.message.endswith((".", "…")) and "\x00" not in error.message
    error.message.encode()


def test_errors_survive_pickling():
    error = refuse({**STAY, "arrival": "x"})
    again = pickle.loads(pickle.dumps(error))
    assert (again.path, again.code, again.message) == (error.path, error.code, error.message)
    read = pickle.loads(pickle.dumps(adapter.ParseError("a", "not_json", "The record is not readable JSON.")))
    assert (read.path, read.code, read.message) == ("a", "not_json", "The record is not readable JSON.")


def test_people_of_a_stay():
    event = canonical.validate({**STAY, "guests": [{"guest": 1}, {"guest": "2"}, {"guest": "3", "role": "payer"}]})
    assert [(one["guest"], one["role"], one["pays"], one["sleeps"]) for one in event["guests"]] == [
        ("1", "primary", True, True),
        ("2", "companion", False, True),
        ("3", "payer", True, False),
    ]


def test_hidden_values_are_set_apart():
    event = canonical.validate(
        {
            "entity": "guest",
            "external_id": "G1",
            "values": {"name": "*****", "emails": ["****@***.**"], "phones": ["+38067***4567"], "city": "Kyiv"},
        }
    )
    assert event["masked"] == ["emails", "name"]
    assert event["values"] == {"phones": ["+38067***4567"], "city": "Kyiv"}


@pytest.mark.parametrize("op", ["tombstone", "anonymise"])
def test_closing_events_need_a_key_only(op):
    event = canonical.validate({"entity": "guest", "external_id": "G1", "op": op, "values": 1})
    assert event == {"entity": "guest", "external_id": "G1", "op": op, "version": None}


@given(st.permutations(list({**STAY, "adults": 2, "market": "Direct", "rate_amount": "9.50"}.items())))
def test_hash_does_not_depend_on_the_order_of_fields(items):
    event = canonical.validate(dict(items))
    reference = canonical.validate({**STAY, "adults": "2", "market": " Direct", "rate_amount": "9.5"})
    assert canonical.payload_hash(event) == canonical.payload_hash(reference)


def test_hash_leaves_the_version_out_and_alone():
    one = canonical.validate({**STAY, "version": 1})
    two = canonical.validate({**STAY, "version": 2})
    assert canonical.payload_hash(one) == canonical.payload_hash(two)
    assert (one["version"], two["version"]) == (1.0, 2.0)
    assert canonical.payload_hash(one) != canonical.payload_hash(canonical.validate({**STAY, "adults": 1}))


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=4))
def test_money_keeps_its_value_and_has_one_form(amount):
    text = types.money(amount, "amount")
    assert Decimal(text) == amount
    assert types.money(str(amount), "amount") == text == types.money(text, "amount")


@given(st.dates(datetime.date(1850, 1, 1), datetime.date(2199, 12, 31)))
def test_every_date_of_the_calendar_is_one(date):
    assert types.day(date.isoformat(), "d") == date.isoformat()


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JUNK = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=8), PLAIN, max_size=2)
JUNK_EVENTS = st.sampled_from(canonical.ENTITIES).flatmap(
    lambda entity: st.dictionaries(st.sampled_from(sorted(canonical.FIELDS[entity])), JUNK, max_size=5).map(
        lambda fields: {"entity": entity, "external_id": "X", **fields}
    )
)


@given(JUNK_EVENTS)
def test_junk_is_refused_with_a_sentence_or_becomes_storable(event):
    try:
        event = mapping.translate(event, {}, {}, strict=False)
        event = canonical.validate(event)
    except canonical.EventError as error:
        assert error.message and error.code
        error.message.encode()
    else:
        stored = json.dumps(event, ensure_ascii=False)
        assert "\\u0000" not in stored
        stored.encode()
        assert canonical.validate(event) == event


def test_unknown_words():
    unmapped = {}
    with pytest.raises(canonical.EventError) as caught:
        mapping.translate({"entity": "stay", "status_raw": "DUE IN"}, {}, unmapped)
    assert caught.value.code == "unknown_status" and unmapped == {("stay_status", "DUE IN"): 1}
    event = mapping.translate({"entity": "stay", "status": "DUE IN"}, {}, {}, strict=False)
    assert (event["status"], event["status_raw"], event["warnings"]) == (
        "unknown",
        "DUE IN",
        ["stay_status:DUE IN"],
    )
    event = mapping.translate({"entity": "charge", "department": "BAR"}, {("department", "BAR"): "fb"}, {})
    assert event["department"] == "fb" and "warnings" not in event
    event = mapping.translate({"entity": "payment", "method": "IOU"}, {}, {})
    assert event["method"] == "other" and event["warnings"] == ["method:IOU"]
    event = mapping.translate({"entity": "stay", "currency": "EU", "market": "D"}, {("currency", "EU"): "EUR"}, {})
    assert (event["currency"], event["market"]) == ("EUR", "D")


@pytest.mark.parametrize("body", ["{broken", "", "[" * 100_000])
def test_unreadable_json(body):
    with pytest.raises(canonical.EventError) as caught:
        adapter.get("canonical").parse(adapter.Raw("guest", "1", body), adapter.Env({}))
    assert caught.value.code == "not_json"


@given(
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.text("0123456789", min_size=2, max_size=15),
)
def test_short_cut_for_numbers_in_e164_equals_parsing(country_code, digits):
    text = f"+{country_code}{digits}"
    parts = contact.split_e164(text)
    if parts is None:
        return
    parsed = phonenumbers.parse(text)
    assert (parts[0], int(parts[1])) == (parsed.country_code, parsed.national_number)
    assert contact.is_valid_e164(text) == phonenumbers.is_valid_number(parsed)
    possible = phonenumbers.is_possible_number(parsed)
    assert contact.normalise_phone(text) == (text if possible else None)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_valid_numbers_of_every_type_and_region_are_valid(region):
    for kind in range(11):
        example = phonenumbers.example_number_for_type(region, kind)
        if example:
            text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            assert contact.split_e164(text) is None or contact.is_valid_e164(text)


def test_a_source_merges_and_takes_it_back():
    merge = canonical.validate({"entity": "guest", "op": "merge", "external_id": 7, "into": " 8 ", "version": 3})
    assert merge == {"entity": "guest", "op": "merge", "external_id": "7", "version": 3.0, "into": "8"}
    other = canonical.validate({**merge, "into": "9"})
    assert canonical.payload_hash(merge) != canonical.payload_hash(other)
    unmerge = canonical.validate({"entity": "guest", "op": "unmerge", "external_id": "7", "into": "8"})
    assert "into" not in unmerge
    for into, code in ((None, "missing_field"), (" ", "missing_field"), ("7", "cycle"), (["8"], "wrong_type")):
        assert refuse({"entity": "guest", "op": "merge", "external_id": "7", "into": into}).code == code
    assert refuse({**STAY, "op": "merge", "into": "8"}).code == "unknown_op"
    assert refuse({"entity": "guest", "external_id": "7", "into": "8", "values": {"name": "A"}}).code == "unknown_field"


CONSENT = {"entity": "consent", "external_id": "7:mail", "guest": "7", "channel": "email", "state": "granted"}


def test_consents():
    event = canonical.validate({**CONSENT, "at": "2025-02-01T10:00:00+02:00", "source_field": "optIn", "purpose": None})
    assert (event["at"], event["source_field"], "purpose" in event) == ("2025-02-01 08:00:00", "optIn", False)
    for name in ("guest", "channel", "state"):
        assert refuse({**CONSENT, name: None}).code == "missing_field"
    assert refuse({**CONSENT, "state": "yes"}).code == "bad_choice"
    assert refuse({**CONSENT, "op": "tombstone"}).code == "unknown_op"


REVIEW = {"entity": "review", "external_id": "R1", "at": "2025-02-01T10:00:00Z", "rating": "4"}


@pytest.mark.parametrize(
    "change, code",
    [
        ({"rating": 6}, "bad_number"),
        ({"rating": -1}, "bad_number"),
        ({"scale": 0}, "bad_number"),
        ({"rating": None}, "no_review"),
        ({"url": "javascript:alert(1)"}, "bad_link"),
        ({"url": "https://a b"}, "bad_link"),
        ({"at": None}, "missing_field"),
    ],
)
def test_wrong_reviews(change, code):
    assert refuse({**REVIEW, **change}).code == code


def test_reviews():
    assert canonical.validate({**REVIEW, "rating": 9, "scale": 10, "url": "https://a.example/r?x=1"})["rating"] == 9.0
    assert canonical.validate({**REVIEW, "rating": None, "text": "Lovely"})["text"] == "Lovely"


def test_wishes_and_diet():
    guest = {"entity": "guest", "external_id": "7"}
    words = [{"code": "FTH"}, {"text": " No feathers "}, {"code": "FTH", "text": None}, {"code": 4}]
    event = canonical.validate({**guest, "values": {"preferences": words, "diet": []}})
    assert event["values"] == {"preferences": [{"code": "FTH"}, {"text": "No feathers"}, {"code": "4"}]}
    for diet, code in (
        ("nuts", "wrong_type"),
        (["nuts"], "wrong_type"),
        ([{"text": " "}], "no_words"),
        ([{"word": "nuts"}], "unknown_field"),
    ):
        assert refuse({**guest, "values": {"diet": diet}}).code == code


def test_hidden_evidence_is_none():
    check = {"entity": "check", "external_id": "K1", "business_date": "2025-02-01"}
    event = canonical.validate({**check, "phone": "+3805***12", "email": "***@***", "loyalty_number": "L7", "room": 12})
    assert {name for name in canonical.EVIDENCE if name in event} == {"phone", "loyalty_number", "room"}
