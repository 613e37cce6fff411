"""A chain tells what was done to its rows, and where first."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hospitality_crm.engine import ledger

KEYS = {"k2": b"n" * 32, "k1": b"o" * 32}
ROWS = [{"id": number, "text": f"row {number}", "at": datetime.datetime(2026, 1, number)} for number in range(1, 9)]


def build(rows, key_id="k2", head=None):
    return list(ledger.chain(KEYS, key_id, head, rows))


def check(seals, rows, anchors=None, keys=KEYS):
    by_id = {row["id"]: row for row in rows}
    return ledger.find_break(keys, [(seal, by_id.get(seal.row_id)) for seal in seals], anchors)


def test_whole_chain_holds():
    seals = build(ROWS)
    assert check(seals, ROWS, {8: seals[-1].mac}) == (8, None)


def test_chain_goes_on_under_a_new_key():
    first = build(ROWS[:3], "k1")
    seals = first + build(ROWS[3:], "k2", first[-1])
    assert check(seals, ROWS) == (8, None)
    assert check(seals, ROWS, keys={"k2": KEYS["k2"]}) == (0, ledger.Break(1, 1, "key_missing"))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 7), st.text(min_size=1))
def test_first_changed_row_is_named(index, text):
    rows = [dict(row) for row in ROWS]
    rows[index]["text"] += text
    assert check(build(ROWS), rows) == (index, ledger.Break(index + 1, index + 1, "changed"))


@pytest.mark.parametrize("index", [0, 3, 7])
def test_missing_row_and_missing_seal(index):
    seals = build(ROWS)
    assert check(seals, ROWS[:index] + ROWS[index + 1 :])[1] == ledger.Break(index + 1, index + 1, "row_missing")
    if index < 7:
        assert check(seals[:index] + seals[index + 1 :], ROWS)[1] == ledger.Break(index + 1, 0, "seal_missing")


def test_cut_end_is_found_by_its_anchor_alone():
    seals = build(ROWS)
    assert check(seals[:5], ROWS[:5]) == (5, None)
    assert check(seals[:5], ROWS[:5], {8: seals[-1].mac}) == (5, ledger.Break(6, 0, "cut"))


def test_chain_computed_anew_is_found():
    seals = build(ROWS)
    forged = [dict(row) for row in ROWS]
    forged[2]["text"] = "forged"
    guessed = list(ledger.chain({"k2": b"?" * 32}, "k2", None, forged))
    assert check(guessed, forged)[1] == ledger.Break(1, 1, "changed")
    stolen_key = build(forged)
    assert check(stolen_key, forged, {5: seals[4].mac})[1] == ledger.Break(5, 5, "anchor")


def test_swapped_rows_are_found():
    rows = [{**ROWS[0], "id": 2}, {**ROWS[1], "id": 1}, *ROWS[2:]]
    assert check(build(ROWS), rows)[1].code == "changed"


def test_canonical_form_keeps_values_apart():
    assert ledger.canonical({"a": "1"}) != ledger.canonical({"a": 1})
    assert ledger.canonical({"a": None}) != ledger.canonical({"a": ""})
    assert ledger.canonical({"a": Decimal("1.50")}) == b'{"a":"1.50"}'
    with pytest.raises(TypeError):
        ledger.canonical({"a": object()})
