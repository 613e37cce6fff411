"""Whatever stands in a file, only clear refusals come out."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from hospitality_connectors.engine.files.columns import decide_formats, profile
from hospitality_connectors.engine.files.errors import FileError, RowError
from hospitality_connectors.engine.files.mapping import Mapping
from hospitality_connectors.engine.files.propose import propose
from hospitality_connectors.engine.files.reader import open_table
from hospitality_connectors.engine.files.scan import scan

CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "NULL",
            "2025-02-30",
            "31/12/2025",
            "1.234,5",
            "-",
            "€",
            "0",
            "1e400",
            "NaN",
            "٣",
            "\x00",
            "a@b.co",
            "99999999999",
        ]
    ),
    st.dates().map(str),
    st.decimals(allow_nan=True).map(str),
)
STAY = {
    "rows": "stay",
    "columns": [
        {"column": "a", "target": "stay.arrival"},
        {"column": "b", "target": "stay.departure", "part": "nights"},
        {"column": "c", "target": "stay.amount_total"},
        {"column": "d", "target": "stay.status"},
        {"column": "e", "target": "guest.email"},
        {"column": "f", "target": "guest.birthdate"},
        {"column": "g", "target": "stay.checked_in_at"},
        {"column": "h", "target": "agency.name"},
        {"column": "i", "target": "guest.nationality"},
        {"column": "j", "target": "stay.is_pseudo"},
    ],
}


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(content):
    try:
        table = open_table(content)
        rows = list(table.rows)
    except FileError as error:
        assert str(error)
        return
    for _number, values, error in rows:
        assert (values is None) == (error is not None)
        assert values is None or len(values) == len(table.header)


@given(st.lists(CELLS, min_size=10, max_size=10))
@settings(max_examples=400)
def test_any_row_is_parsed_or_refused(values):
    mapping = Mapping(STAY, list("abcdefghij"))
    try:
        events = mapping.parse(values)
    except RowError as error:
        assert str(error)
        return
    assert events[-1]["entity"] == "stay"
    json.dumps(events)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
@settings(max_examples=100)
def test_any_table_gets_a_proposal(rows):
    def read():
        return open_table(
            json.dumps([dict(zip(("Guest", "Date", "Total"), row, strict=True)) for row in rows]).encode()
        )

    columns, count, _bad = profile(read())
    content, _scores, _questions = propose(columns)
    decide_formats(columns)
    try:
        mapping = Mapping(content, [column.name for column in columns])
    except FileError:
        return
    assert scan(lambda: read().rows, mapping).rows == count
