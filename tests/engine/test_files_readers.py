import gzip
import io
import json
import zipfile

import pytest

from hospitality_connectors.engine.files.columns import profile
from hospitality_connectors.engine.files.container import recognise
from hospitality_connectors.engine.files.encoding import detect
from hospitality_connectors.engine.files.errors import MESSAGES, FileError
from hospitality_connectors.engine.files.reader import open_table

openpyxl = pytest.importorskip("openpyxl")


def read(content, **options):
    table = open_table(content, options)
    return table.header, [values if error is None else error.code for _number, values, error in table.rows]


def workbook(rows, **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, others in sheets.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Ім'я,Місто\nТарас,Київ\n"),
        ("utf-8-sig", "Name,Ort\nMüller,Köln\n"),
        ("utf-16", "Name,City\nՏիգրան,Երևան\n"),
        ("utf-16-le", "Name,City\nAnn,Oslo\n"),
        ("cp1251", "Имя,Город\nПушкин Александр,Москва\nГоголь Николай,Полтава\n"),
        ("cp1251", "Ім'я,Місто\nЛеся Українка,Звягель\nІван Франко,Нагуєвичі\n"),
        ("koi8-u", "Ім'я,Місто\nЛеся Українка,Звягель\nІван Франко,Нагуєвичі\n"),
        ("cp866", "Имя,Город\nПушкин Александр,Москва\nГоголь Николай,Полтава\n"),
        ("cp1252", "Name,City\nMüller Jürgen,Köln\nGarçon André,Besançon\n"),
        ("gb18030", "姓名,城市\n王小明,北京\n李雷,上海\n韩梅梅,广州\n"),
    ],
)
def test_encodings_are_recognised(encoding, text):
    header, rows = read(text.encode(encoding))
    expected = [line.split(",") for line in text.splitlines()]
    assert [header, *rows] == expected


def test_a_doubtful_encoding_is_asked():
    table = open_table("a,b\nĐurić,x\n".encode("cp1250"))
    assert [question["option"] for question in table.questions] == ["encoding"]


def test_a_damaged_row_does_not_change_the_encoding_of_a_file():
    good = "Ім'я,Місто\n" + "Тарас,Київ\n" * 50
    header, rows = read(good.encode() + b"\xc8\xe2\xe0\xed,Lviv\n")
    assert header == ["Ім'я", "Місто"]
    assert rows[-1] == "undecodable" and rows[-2] == ["Тарас", "Київ"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(delimiter):
    line = delimiter.join(["1", '"a, b; c | d\te"', "12.5"])
    header, rows = read(f"id{delimiter}name{delimiter}sum\n{line}\n{line}\n".encode())
    assert header == ["id", "name", "sum"]
    assert rows[0] == ["1", "a, b; c | d\te", "12.5"]


def test_decimal_commas_do_not_hide_the_semicolon():
    header, rows = read(b"a;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n")
    assert header == ["a", "b", "c"] and rows[0] == ["1,5", "2,5", "3,5"]


def test_the_line_that_excel_writes_for_the_delimiter_is_skipped():
    header, rows = read(b"sep=;\na;b\n1;2\n")
    assert header == ["a", "b"] and rows == [["1", "2"]]


def test_quoted_line_breaks_stay_in_their_cell():
    _header, rows = read(b'id,note\n1,"two\nlines"\n2,"a ""b"" c"\n')
    assert rows == [["1", "two\nlines"], ["2", 'a "b" c']]


def test_an_open_quote_costs_one_row_only():
    content = b"a,b\n1,2\n" + b'"open,3\n' + b"4,5\n" * 300
    _header, rows = read(content)
    assert rows[0] == ["1", "2"] and rows[1] == "open_quote"
    assert rows.count(["4", "5"]) == 300


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    table = open_table(b"Report of arrivals\n\nName,Date\nAnn,2025-01-01\n\nBob,2025-01-02,x,\n")
    assert table.first_row == 3
    assert [(number, error and error.code) for number, _values, error in table.rows] == [
        (4, None),
        (6, "too_many_cells"),
    ]


def test_compressed_text_is_read():
    assert read(gzip.compress(b"a,b\n1,2\n")) == (["a", "b"], [["1", "2"]])


def test_a_workbook_gives_the_text_that_a_csv_file_would_hold():
    import datetime

    content = workbook(
        [
            ["Arrivals of May"],
            [],
            ["Id", "Arrival", "At", "Sum", "Vip"],
            [1, datetime.date(2025, 5, 1), datetime.datetime(2025, 5, 1, 15, 30), 12.5, True],
            ["2", None, None, 10.0, None],
        ]
    )
    header, rows = read(content)
    assert header == ["Id", "Arrival", "At", "Sum", "Vip"]
    assert rows == [["1", "2025-05-01", "2025-05-01 15:30:00", "12.5", "true"], ["2", "", "", "10", ""]]


def test_of_several_sheets_the_user_is_asked():
    content = workbook([["a"], ["1"], ["2"]], Other=[["b"], ["3"]])
    table = open_table(content)
    assert table.facts["sheet"] == "Sheet" and table.questions[0]["choices"] == ["Sheet", "Other"]
    assert open_table(content, {"sheet": "Other"}).header == ["b"]


def test_json_in_its_usual_shapes():
    records = [{"a": 1.10, "g": {"n": "Ann"}}, {"a": "é", "g": None}]
    rows = [["1.1", "Ann"], ["é", ""]]
    shapes = [
        json.dumps(records),
        json.dumps({"meta": {"page": 1}, "tags": ["x"], "empty": [], "records": records}),
        json.dumps({"data": {"items": records}}),
        "\n".join(map(json.dumps, records)),
    ]
    for shape in shapes:
        header, found = read(shape.encode())
        assert [dict(zip(header, row, strict=True)).get("a") for row in found] == [row[0] for row in rows]
        assert dict(zip(header, found[0], strict=True))["g.n"] == "Ann"


def test_numbers_of_json_keep_their_digits():
    _header, rows = read(b'[{"sum": 1.10, "id": 12345678901234567890}]')
    assert rows == [["1.10", "12345678901234567890"]]


def test_a_broken_line_of_json_costs_one_record():
    _header, rows = read(b'{"a": 1}\n{"a": 2}\nnonsense\n{"a": 3}\n')
    assert rows == [["1"], ["2"], "broken_record", ["3"]]


def test_lists_in_records_become_rows():
    _header, rows = read(
        json.dumps([{"no": "A", "lines": [{"d": "Soup"}, {"d": "Tea"}], "pay": [{"m": "card"}]}]).encode()
    )
    assert rows == [["A", "Soup", ""], ["A", "Tea", ""], ["A", "", "card"]]


def test_deeply_nested_json_is_refused_not_fatal():
    _header, rows = read(b'{"a": 1}\n{"a": ' + b"[" * 100_000 + b"\n" + b'{"a": 2}\n')
    assert rows == [["1"], "broken_record", ["2"]]


def test_large_json_is_read_in_pieces():
    records = [{"id": index, "text": "x" * 2000} for index in range(500)]
    _header, rows = read(json.dumps(records).encode())
    assert len(rows) == 500 and rows[-1][0] == "499"


def test_xml_finds_the_repeating_element():
    content = """<?xml version="1.0" encoding="windows-1251"?>
    <export xmlns="urn:x"><head><made>2025</made></head>
      <bookings><booking id="1"><guest><name>Анна</name></guest><night d="1"/><night d="2"/></booking>
      <booking id="2"><guest><name>Boris</name></guest></booking></bookings></export>"""
    header, rows = read(content.encode("cp1251"))
    assert header == ["id", "guest.name", "night.d"]
    assert rows == [["1", "Анна", "1"], ["1", "Анна", "2"], ["2", "Boris", ""]]


def test_xml_with_one_record():
    header, rows = read(b"<export><booking><id>1</id><name>Ann</name></booking></export>")
    assert (header, rows) == (["id", "name"], [["1", "Ann"]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_entities_is_refused(encoding):
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a><b i="&y;"/><b i="1"/></a>'
    with pytest.raises(FileError) as caught:
        read(bomb.encode(encoding))
    assert caught.value.code == "dtd"


def test_xml_that_breaks_off_keeps_its_first_records():
    _header, rows = read(b'<a><b i="1"/><b i="2"/><b i=')
    assert rows[:2] == [["1"], ["2"]] and rows[2] == "broken_rest"


def zipped(**parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"a,b\n", "header_only"),
        (b"a,b,a\n1,2,3\n", "duplicate_header"),
        (b"%PDF-1.7 whatever", "wrong_type"),
        (b"<html><body>x</body></html>", "wrong_type"),
        (b"\x00\x01\x02\x03\x04" * 100 + b"abc", "wrong_type"),
        (OLE, "old_excel"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        (zipped(mimetype="application/vnd.oasis"), "wrong_type"),
        (b"PK\x03\x04 broken", "damaged"),
        (gzip.compress(b"a,b\n1,2\n" * 1000)[:-20], "damaged"),
        (b"[1, 2, 3]", "damaged"),
        (b"ann@example.com,Ann\nbob@example.com,Bob\n", "no_header"),
    ],
)
def test_files_that_can_not_be_read_are_explained(content, code):
    with pytest.raises(FileError) as caught:
        for _row in open_table(content).rows:
            pass
    assert caught.value.code == code
    assert "%(" not in str(caught.value)


def test_a_workbook_with_a_document_type_is_refused():
    content = zipped(xl__workbook="", **{"xl/workbook.xml": "<!DOCTYPE x><workbook/>"})
    with pytest.raises(FileError) as caught:
        recognise(content)
    assert caught.value.code == "dtd"


def test_zip_bombs_are_refused():
    book = zipped(**{"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": b" " * (80 << 20)})
    with pytest.raises(FileError) as caught:
        recognise(book)
    assert caught.value.code == "bomb"
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * (12 << 20))
    with pytest.raises(FileError) as caught:
        detect(recognise(packed).open())
    assert caught.value.code == "bomb"


def test_size_limits():
    with pytest.raises(FileError) as caught:
        recognise(b"a,b\n" * 1000, max_file=100)
    assert caught.value.code == "too_large"
    with pytest.raises(FileError) as caught:
        read_all = open_table(gzip.compress(b"a,b\n" + bytes(range(48, 58)) * 20000), max_unpacked=10_000)
        list(read_all.rows)
    assert caught.value.code == "too_large"


def test_every_message_is_a_sentence():
    for code, text in MESSAGES.items():
        assert text[0].isupper() or text[0] in "“%", code
        assert text.endswith((".", ")s")), code


def test_profile_reads_every_row():
    rows = "".join(f"{index},2025-01-{index % 28 + 1:02d}\n" for index in range(1, 3000))
    columns, count, bad = profile(open_table(("id,day\n" + rows).encode()))
    assert (count, bad) == (2999, 0)
    assert [column.kind for column in columns] == ["number", "date"]
