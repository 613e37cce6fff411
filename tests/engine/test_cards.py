"""Numbers of payment cards: every issuer's are found, and keys and times are not taken for them."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_connectors.engine import cards, redaction
from hospitality_connectors.engine.adapter import Raw
from hospitality_connectors.engine.files.redact import mask_cards

#: Issuer: prefixes (first and last of each range), numbers of digits.
ISSUERS = {
    "Visa": (((4, 4),), (13, 16, 19)),
    "Mastercard": (((51, 55), (2221, 2720)), (16,)),
    "American Express": (((34, 34), (37, 37)), (15,)),
    "Diners Club": (((300, 305), (309, 309), (36, 36), (38, 39)), range(14, 20)),
    "Discover": (((6011, 6011), (644, 659), (622126, 622925)), range(16, 20)),
    "UnionPay": (((62, 62),), range(16, 20)),
    "Maestro": (((50, 50), (56, 69)), range(12, 20)),
    "JCB": (((3528, 3589),), range(16, 20)),
    "JCB of 15 digits": (((2131, 2131), (1800, 1800)), (15,)),
    "Mir": (((2200, 2204),), range(16, 20)),
    "Elo": (((401178, 401179), (438935, 438935), (504175, 504175), (636368, 636368), (650031, 650033)), (16,)),
    "Hipercard": (((606282, 606282), (384100, 384100), (637095, 637095)), (16,)),
    "RuPay": (((81, 82), (508, 508)), (16,)),
    "Uzcard, Humo, ArCa, Troy": (((8600, 8600), (9860, 9860), (9051, 9051), (9792, 9792)), (16,)),
}


def check_digit(digits):
    """Return the digit that makes a card number of these, by doubling every other one from the right."""
    doubled = [int(char) * (2 - index % 2) for index, char in enumerate(reversed(digits))]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


@st.composite
def numbers(draw, issuer):
    ranges, lengths = ISSUERS[issuer]
    prefix = str(draw(st.integers(*draw(st.sampled_from(ranges)))))
    length = draw(st.sampled_from(lengths))
    digits = prefix + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=length, max_size=length)))
    digits = digits[: length - 1]
    return digits + check_digit(digits)


@st.composite
def written(draw, issuer):
    """Return a number and how somebody writes it."""
    number = draw(numbers(issuer))
    gap = draw(st.sampled_from(["", " ", "-"]))
    size = draw(st.sampled_from([1, 2, 4, 5]))
    return number, gap.join(number[at : at + size] for at in range(0, len(number), size))


AROUND = st.sampled_from(
    ["", "card ", "VISA:", "(", "2026-03-01 ", "no. 7, ", "+380671234567, ", "call +49 6221 3300, "]
)
BEHIND = st.sampled_from(["", " please", " 12/29", ")", ", 2 nights", " 123", "."])


@pytest.mark.parametrize("issuer", ISSUERS)
@given(st.data())
def test_no_number_of_any_issuer_gets_through(issuer, data):
    number, text = data.draw(written(issuer))
    whole = data.draw(AROUND) + text + data.draw(BEHIND)
    assert cards.is_card(text)
    for kept in (redaction.without_cards(whole), mask_cards(whole)):
        assert text not in kept
        assert number not in "".join(filter(str.isdecimal, kept.replace("+380671234567", "")))
    for value in (number, int(number), [whole], {"a": [{"b": whole}]}):
        assert text not in json.dumps(redaction.redact(value))
        assert number not in json.dumps(redaction.redact(value))


@pytest.mark.parametrize("issuer", ISSUERS)
@given(st.data())
def test_wrong_check_digit_is_no_card(issuer, data):
    number = data.draw(numbers(issuer))
    wrong = number[:-1] + str((int(number[-1]) + data.draw(st.integers(1, 9))) % 10)
    assert not cards.is_card(wrong)


@given(st.integers(0, 2_000_000_000_000))
def test_times_are_no_cards(milliseconds):
    """Until the year 2033, in milliseconds, microseconds and nanoseconds."""
    for factor in (1, 1_000, 1_000_000):
        text = str(milliseconds * factor)
        if len(text) > 12:
            assert not text.startswith("1") or redaction.redact(milliseconds * factor) == milliseconds * factor
    assert redaction.without_cards("20260101123000") == "20260101123000"


def test_few_keys_are_taken_for_cards():
    """One in ten has the right check digit; the issuers leave less than half of these."""
    chance = random.Random(1)
    keys = [str(chance.randrange(10**15, 10**16)) for _number in range(20_000)]
    assert sum(map(cards.is_card, keys)) < len(keys) * 0.05
    keys = [f"1{chance.randrange(10**17, 10**18)}" for _number in range(20_000)]
    assert not any(map(cards.is_card, keys))


@pytest.mark.parametrize(
    "text",
    [
        "+4111 1111 1111 111",
        "+628123456785",
        "call +49 6221 1234 1234 or come",
        "41111111111111111111",
        "4111 1111 1111 1112",
        "UA213223130000026007233566001",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "٤١١١",
        "²²²²²²²²²²²²²²²²",
    ],
)
def test_other_numbers_are_left_alone(text):
    assert redaction.without_cards(text) == text == mask_cards(text)


def test_card_beside_other_numbers_is_found():
    for text in ("2026-03-01 4111 1111 1111 1111 123", "+380671234567 4111111111111111 12", "7 4111-1111-1111-1111"):
        assert "1111 1111" not in redaction.without_cards(text)
        assert redaction.HIDDEN in redaction.without_cards(text)
    assert redaction.without_cards("٤١١١ ١١١١ ١١١١ ١١١١") == redaction.HIDDEN


def test_a_long_row_of_numbers_takes_no_long_time():
    """What is looked at grows with the length of the text, not with its square."""
    looked = []
    text = "4 1 " * 5_000

    def is_card(number):
        looked.append(number)
        return False

    found, cards.is_card = cards.is_card, is_card
    try:
        assert cards.replace_cards(text, str) == text
    finally:
        cards.is_card = found
    assert len(looked) <= len(text) * 10


def test_telephones_are_kept_in_their_fields_and_cards_are_not():
    number = "62812345678" + check_digit("62812345678")
    assert cards.is_card(number)
    record = {"phone": number, "mobilePhones": [number], "tel": int(number), "note": number}
    assert redaction.redact(record) == {**record, "note": redaction.HIDDEN}
    assert redaction.redact({"phone": "378282246310005"}) == {"phone": redaction.HIDDEN}


def test_names_that_are_kept_keep_keys_and_not_what_is_within_them():
    card = "4111111111111111"
    record = {"id": card, "ids": [card, 7], "rooms": [{"id": card, "note": card}], "number": card}
    kept = redaction.redact({**record, "loyalty": {"number": card}}, keep=("id", "ids", "rooms", "loyalty.number"))
    hidden = redaction.HIDDEN
    assert kept == {
        "id": card,
        "ids": [card, 7],
        "rooms": [{"id": card, "note": hidden}],
        "number": hidden,
        "loyalty": {"number": card},
    }


def test_numbers_with_a_point_are_looked_at():
    body = '{"a": 4111111111111111.0, "b": 1e400, "c": NaN, "d": -1.5}'
    assert json.loads(redaction.redact_raw(Raw("x", "1", body)).body)["a"] == redaction.HIDDEN


_NAMES = st.sampled_from(
    ["name", "note", "card_number", "Pass/Word", "pass\\word", "c v v", "\u0440ass", "iban", "x" * 70]
)
_VALUES = st.one_of(
    st.sampled_from(
        ["4111 1111 1111 1111", "٤١١١١١١١١١١١١١١١", "paid", 4111111111111111, 4.111111111111111e15, None, True]
    ),
    st.integers(),
    st.text(max_size=20),
)


@given(
    st.recursive(
        _VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ),
    st.booleans(),
    st.booleans(),
)
def test_what_is_passed_by_quickly_holds_nothing(value, is_ascii, is_dense):
    separators = (",", ":") if is_dense else None
    body = json.dumps(value, ensure_ascii=is_ascii, separators=separators)
    kept = redaction.redact_raw(Raw("guest", "1", body)).body
    assert json.loads(kept) == redaction.redact(json.loads(body))
    assert redaction.is_suspect(body) or kept == body
