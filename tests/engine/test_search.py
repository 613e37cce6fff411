import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hospitality_crm.engine import search

SCRIPTS = (
    "abcdefghijklmnopqrstuvwxyzäöüßéèñøåšžčłşçğ",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяёыэъ",
    "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
    "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώ",
)


def matches(text, query):
    groups = search.patterns(query)
    return bool(groups) and all(any(pattern in text for pattern in group) for group in groups)


def found(query, *names, **values):
    return matches(search.text_of(names, **values), query)


def searchable(query):
    """Not a lone hard sign: what has no letter left is left to the core's search."""
    return bool(search.patterns(query))


def _names(letters):
    word = st.text(letters, min_size=1, max_size=9)
    part = st.one_of(word, word.map(str.title), st.from_regex(r"[0-9]{1,8}", fullmatch=True))
    return st.lists(part, min_size=1, max_size=4)


names = st.sampled_from(SCRIPTS).flatmap(_names)
joints = st.sampled_from((" ", "-", "'", "’", ", ", ". "))


@given(names, joints, st.data())
def test_every_part_of_a_name_finds_it(parts, joint, data):
    """What a plain case-insensitive substring search finds is found."""
    name = joint.join(parts)
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))
    query = name[start:end]
    assume(searchable(query))
    assert found(query, name) and found(query.upper().replace("SS", "ß"), name) and found(query.lower(), name)


@given(names, st.randoms())
def test_order_of_words_does_not_matter(parts, random):
    parts = [part for part in parts if not part.isdigit()]  # several numbers read as one
    shuffled = parts[:]
    random.shuffle(shuffled)
    assume(searchable(" ".join(parts)))
    assert found(" ".join(shuffled), " ".join(parts))


@given(st.from_regex(r"[a-z0-9][a-z0-9._%+-]{0,12}@[a-z0-9-]{1,12}\.[a-z]{2,3}", fullmatch=True), st.data())
def test_every_part_of_an_address_finds_it(email, data):
    start = data.draw(st.integers(0, len(email) - 1))
    end = data.draw(st.integers(start + 1, len(email)))
    query = email[start:end]
    assume(any(map(str.isalnum, query)))
    assert found(query, "Anna", emails=[email.title()])


@given(st.text())
def test_any_query_is_understood(query):
    groups = search.patterns(query)
    assert len(groups) <= search.MAX_GROUPS
    for group in groups:
        for pattern in group:
            assert pattern.isascii() and pattern.strip() and len(pattern) <= 2 * search.MAX_PATTERN


@given(st.lists(st.text(max_size=30), max_size=3), st.lists(st.text(max_size=30), max_size=2))
def test_any_value_has_a_text(some_names, some_emails):
    text = search.text_of(some_names, some_emails, some_names, some_emails)
    assert text.isascii() and text.startswith(" ") and "  " not in text.strip()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Шевченко", "Shevchenko"),
        ("Shevchenko", "Шевченко"),
        ("Ševčenko", "Шевченко"),
        ("Гончаренко", "Honcharenko"),
        ("Honcharenko", "Гончаренко"),
        ("Goncharenko", "Honcharenko"),
        ("Микола", "Mykola"),
        ("Mikola", "Микола"),
        ("Müller", "Mueller"),
        ("Mueller", "Müller"),
        ("muller", "MÜLLER"),
        ("Weiss", "Weiß"),
        ("oneil", "O'Neil"),
        ("O’Neil", "ONEIL"),
        ("o neil", "O'Neil"),
        ("O'Neil", "O Neil"),
        ("Д'Артаньян", "Дартаньян"),
        ("Harutyunyan", "Հարությունյան"),
        ("Հարությունյան", "Harutyunyan"),
        ("Papadopoulos", "Παπαδόπουλος"),
        ("Παπαδόπουλος", "Papadopoulos"),
        ("王小明", "Wang Xiaoming"),
        ("Xiaoming", "王小明"),
        ("김민준", "Kim Minjun"),
        ("Kim Minjun", "김민준"),
    ],
)
def test_scripts_and_spellings(query, name):
    assert found(query, name)


@pytest.mark.parametrize(
    ("query", "name"), [("Koval", "Kovach"), ("Anna Koval", "Anna Petrenko"), ("wood", "Vodnik"), ("Шевч", "Sever")]
)
def test_other_names_are_not_found(query, name):
    assert not found(query, name)


@pytest.mark.parametrize(
    "query",
    [
        "+380501234567",
        "+380 (50) 123-45-67",
        "00380501234567",
        "0501234567",
        "050 123 45 67",
        "(050) 123-45-67",
        "8 050 123 45 67",
        "80501234567",
        "1234567",
        "123-45-67",
        "34567",
        "38050",
        "anna 4567",
    ],
)
@pytest.mark.parametrize("stored", ["+380501234567", "050 123-45-67", "380501234567", "+380 50 1234567, 044 000"])
def test_telephone_numbers_in_any_form(query, stored):
    # A number without its country has no country code to find.
    findable = query != "38050" or not stored.startswith("050")
    assert found(query, "Anna", phones=[stored]) == findable


def test_other_numbers_are_not_found():
    for query in ("0501234568", "+380501234568", "123-45-68"):
        assert not found(query, "Anna", phones=["+380501234567"])


def test_codes():
    for query in ("G-17/4", "g 17", "g174", "17/4"):
        assert found(query, "Anna", codes=["G-17/4"])
    assert found("DE47110815", "Anna", codes=["DE 4711 0815"])
    assert found("000123", "Anna", codes=["000123"])
    assert not found("000123", "Anna", codes=["123"])


def test_names_come_first_and_once():
    text = search.text_of(["Anna Koval", "Анна Коваль", "Anna Koval"], ["anna@koval.test"] * 2)
    assert text == " anna koval ana anna@koval.test "


def test_beginning_of_a_name():
    assert search.text_of(["Тарас Шевченко"]).startswith(search.prefix("ТАРАС шев"))
    assert search.prefix("+380 50 123 45 67") is None
    assert search.prefix("?!") is None
