import csv
import io

import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from hospitality_connectors.engine.files.reader import open_table
from hospitality_connectors.engine.files.reader_csv import _unguard
from hospitality_crm.engine.spreadsheet import STARTS, guard


@pytest.mark.parametrize("start", STARTS)
def test_nothing_that_starts_a_formula_leaves_bare(start):
    assert guard(f"{start}SUM(A1)") == f"'{start}SUM(A1)"


@pytest.mark.parametrize("text", ["", "Anna", "'t Hooft", "a=b", "1-2", "Ünal", "'", "''"])
def test_plain_text_stays_as_it_is(text):
    assert guard(text) == text == _unguard(text)


@given(st.text(alphabet=st.sampled_from([*STARTS, "'", "a", " ", "1"])) | st.text())
@example("'=1")
@example("''=1")
def test_the_import_gives_back_what_the_export_was_given(text):
    assert _unguard(guard(text)) == text
    assert not guard(text).startswith(tuple(STARTS))


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
def test_cells_survive_a_file(texts):
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerow([guard(text) for text in texts])
    stream.seek(0)
    assert [_unguard(cell) for cell in next(csv.reader(stream))] == texts


TEXTS = [
    f"{start}{rest}" for start in STARTS.replace("\0", "") for rest in ("1+1", "HYPERLINK(A1)", "cmd|' /C calc'!A0")
]


def read(content):
    return [values for _number, values, _error in open_table(content, {}).rows]


def test_our_import_reads_our_csv_back():
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["Name", "City"], *([guard(text), "Kyiv"] for text in TEXTS)])
    assert read(stream.getvalue().encode()) == [[text, "Kyiv"] for text in TEXTS]


def test_our_import_reads_our_workbook_back():
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, text in enumerate(["Name", *TEXTS]):
            sheet.write_string(row, 0, text)
            sheet.write_string(row, 1, "Kyiv" if row else "City")
    assert read(stream.getvalue()) == [[text, "Kyiv"] for text in TEXTS]
