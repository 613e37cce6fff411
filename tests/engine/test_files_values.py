from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_connectors.engine.files.columns import decide_formats, profile
from hospitality_connectors.engine.files.dates import DateEvidence, Moment, parse_moment, parse_month
from hospitality_connectors.engine.files.numbers import NumberEvidence, currency_of, parse_number
from hospitality_connectors.engine.files.reader import open_table
from hospitality_connectors.engine.files.redact import Redactor, mask_cards
from hospitality_connectors.engine.files.words import choose, country_code, language_tag, parse_boolean


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2015-07-01", "mdy", date(2015, 7, 1)),
        ("01.07.2015", "dmy", date(2015, 7, 1)),
        ("07/01/2015", "mdy", date(2015, 7, 1)),
        ("7/1/15", "mdy", date(2015, 7, 1)),
        ("20150701", "dmy", date(2015, 7, 1)),
        ("2015/07/01", "dmy", date(2015, 7, 1)),
        ("2015年7月1日", "dmy", date(2015, 7, 1)),
        ("42186", "dmy", date(2015, 7, 1)),
        ("1 July 2015", "dmy", date(2015, 7, 1)),
        ("July 1, 2015", "dmy", date(2015, 7, 1)),
        ("01-Jul-15", "dmy", date(2015, 7, 1)),
        ("1 липня 2015 р.", "dmy", date(2015, 7, 1)),
        ("1 июля 2015", "dmy", date(2015, 7, 1)),
        ("1. Juli 2015", "dmy", date(2015, 7, 1)),
        ("1 juillet 2015", "dmy", date(2015, 7, 1)),
        ("31.12.1936", "dmy", date(1936, 12, 31)),
    ],
)
def test_dates(text, order, expected):
    assert parse_moment(text, order).day == expected


@pytest.mark.parametrize("text", ["", "31.02.2015", "yesterday", "12", "2015-13-01", "13/13/2015", "99999999"])
def test_no_dates(text):
    if not text:
        assert parse_moment(text) is None
        return
    with pytest.raises(ValueError):
        parse_moment(text)


def test_blank_dates_say_nothing():
    assert parse_moment("0000-00-00") is None
    assert parse_moment("00.00.0000") is None


@pytest.mark.parametrize(
    ("text", "second", "offset"),
    [
        ("2025-03-01 19:30", 70200, None),
        ("2025-03-01T19:30:05Z", 70205, 0),
        ("2025-03-01T19:30:00.123+02:00", 70200, 7200),
        ("01.03.2025 7:30 PM", 70200, None),
        ("45717.8125", 70200, None),
    ],
)
def test_times(text, second, offset):
    assert parse_moment(text) == Moment(date(2025, 3, 1), second, offset)


def test_years_of_two_digits_follow_the_last_year():
    assert parse_moment("01.02.30", last_year=2035).day.year == 2030
    assert parse_moment("01.02.36", last_year=2035).day.year == 1936


@given(st.dates(date(1940, 1, 1), date(2034, 12, 31)), st.sampled_from(["dmy", "mdy"]))
def test_written_dates_are_read_back(day, order):
    form = "%d/%m/%Y" if order == "dmy" else "%m/%d/%Y"
    assert parse_moment(day.strftime(form), order).day == day
    assert parse_moment(day.isoformat(), order).day == day


@given(st.lists(st.dates(date(2015, 1, 1), date(2030, 12, 31)), min_size=1), st.sampled_from(["dmy", "mdy"]))
def test_the_order_is_never_decided_wrongly(days, order):
    evidence = DateEvidence()
    for day in days:
        evidence.add(day.strftime("%d/%m/%Y" if order == "dmy" else "%m/%d/%Y"))
    if any(day.day > 12 for day in days):
        assert evidence.order == order
    elif any(day.day != day.month for day in days):
        assert evidence.order is None


def test_a_column_that_contradicts_itself():
    evidence = DateEvidence()
    for text in ("25/12/2024", "12/25/2024"):
        evidence.add(text)
    assert evidence.order == ""


@pytest.mark.parametrize("text", ["July", "jul", "серпня", "серпень", "Août", "8", "08", "հուլիսի"])
def test_months(text):
    assert parse_month(text) in (7, 8)


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("1234.5", ".", "1234.5"),
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1.234,50", ".", "1234.50"),
        ("1 234,50", ",", "1234.50"),
        ("1 234,50 €", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("1.234", ",", "1234"),
        ("12,34,567.00", ".", "1234567.00"),
        ("1.234.567", ",", "1234567"),
        ("(12.50)", ".", "-12.50"),
        ("12.50-", ".", "-12.50"),
        ("\u221212,5", ",", "-12.5"),
        ("$5", ".", "5"),
        ("300 грн.", ",", "300"),
        ("1500 руб.", ",", "1500"),
        ("USD 1,200.00", ".", "1200.00"),
        ("0", ",", "0"),
    ],
)
def test_numbers(text, decimal, expected):
    assert parse_number(text, decimal) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1,2,3", "12,34.5.6", "--5", "1e999", "NaN", "12.5.2025"])
def test_no_numbers(text):
    with pytest.raises(ValueError):
        parse_number(text)


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([",", "."]))
def test_written_numbers_are_read_back(number, decimal):
    group = "." if decimal == "," else ","
    text = f"{number:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", group)
    assert parse_number(text, decimal) == number


@given(st.lists(st.decimals(0, 10**6, places=2), min_size=1), st.sampled_from([",", "."]))
def test_the_decimal_sign_is_never_decided_wrongly(numbers, decimal):
    evidence = NumberEvidence()
    for number in numbers:
        evidence.add(str(number).replace(".", decimal))
    assert evidence.decimal == decimal


def test_an_open_decimal_sign():
    evidence = NumberEvidence()
    evidence.add("1,234")
    assert evidence.decimal is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("€5", "EUR"),
        ("5 ₴", "UAH"),
        ("֏100", "AMD"),
        ("5 zł", "PLN"),
        ("USD 5", "USD"),
        ("$5", "?"),
        ("5", ""),
        ("¥5", "?"),
    ],
)
def test_currencies(text, code):
    assert currency_of(text) == code


def questions_of(text):
    columns, _rows, _bad = profile(open_table(text.encode()))
    return decide_formats(columns)


def test_formats_are_asked_only_where_the_file_leaves_them_open():
    options, questions = questions_of("a;day;sum\nx;01/02/2025;1,234\ny;03/04/2025;5,678\n")
    assert options == {}
    assert [question["option"] for question in questions] == ["date_order", "decimal"]
    # One clear value anywhere decides for all columns.
    options, questions = questions_of("a;day;sum;other\nx;01/02/2025;1,234;0,5\ny;25/04/2025;5,678;1,25\n")
    assert options == {"date_order": "dmy", "decimal": ","}
    assert questions == []


def test_a_late_row_decides_the_order_of_the_whole_column():
    rows = "".join("01/02/2025\n03/04/2025\n" for _index in range(2000)) + "12/25/2025\n"
    options, questions = questions_of("day\n" + rows)
    assert options["date_order"] == "mdy" and not questions


def test_the_dollar_sign_is_asked():
    _options, questions = questions_of("id,sum\n1,$5.50\n2,$6.50\n")
    assert [question["option"] for question in questions] == ["currency"]


def test_words():
    assert choose("stay.status", "Check-Out") == "checked_out"
    assert choose("stay.status", "CANCELED") == "cancelled"
    assert choose("stay.status", "No-Show") == "no_show"
    assert choose("stay.status", "Заселений") == "in_house"
    assert choose("reservation.status", "Bestätigt") == "booked"
    assert choose("payment.method", "Готівка") == "cash"
    assert choose("stay.status", "Blue") is None
    assert country_code("PRT") == "PT" and country_code("Україна") == "UA" and country_code("Հայաստան") == "AM"
    assert language_tag("Українська") == "uk" and language_tag("en_GB") == "en-GB"
    assert parse_boolean("Так") and not parse_boolean("no")
    with pytest.raises(ValueError):
        country_code("Atlantis")


def test_card_numbers_are_masked():
    assert mask_cards("5555555555554444") == "************4444"
    assert mask_cards("5555555555554445") == "5555555555554445"
    assert mask_cards("Visa 4111-1111-1111-1111 ok") == "Visa ************1111 ok"
    assert mask_cards("amex 378282246310005") == "amex ***********0005"
    # Telephone numbers, ids and sums are left alone.
    for text in ("+380671234567", "1234567890123456", "20250101123000", "UA213223130000026007233566001"):
        assert mask_cards(text) == text


def test_cards_are_masked_in_rows_but_keys_and_telephones_are_not():
    redactor = Redactor(["id", "phone", "note"], keys=[0], phones=[1])
    row = ["4111111111111111", "4222222222222", "4111 1111 1111 1111"]
    assert redactor.row(row) == ["4111111111111111", "4222222222222", "************1111"]
    assert redactor.row(["1", "4111111111111111", ""])[1] == "************1111"
    assert redactor.found == {"note": 1, "phone": 1}
