import doctest
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine import names


def test_doctests():
    result = doctest.testmod(names)
    assert result.attempted and not result.failed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Шевченко", "Shevchenko"),
        ("Щербак", "SHCHERBAK"),
        ("Պետրոսյան", "Petrosyan"),
        ("Խաչատրյան", "Khachatryan"),
        ("Παπαδόπουλος", "Papadopoulos"),
        ("Müller", "MULLER"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("O’Brien", "O'BRIEN"),
        ("Лук'яненко", "Lukyanenko"),
        ("Anna-Maria  KOVAL,", "anna maria koval"),
        ("王小明", "Wang Xiao Ming"),
        ("й".encode().decode() + "осиф", "и\u0306осиф"),
    ],
)
def test_fold_is_the_same_for_every_script(one, other):
    assert names.fold(one) == names.fold(other) != ""


def test_fold_of_nothing():
    assert names.fold(None) == names.fold("") == names.fold(" ,.- ") == ""


@given(st.text())
def test_fold_yields_latin_words_and_is_stable(text):
    folded = names.fold(text)
    assert folded.isascii() and folded == folded.lower() == " ".join(folded.split())
    assert all(word.isalnum() for word in folded.split())
    assert names.fold(folded) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Григорович", "Hryhorovych"),
        ("Grigorovich", "Hryhorovych"),
        ("Юлія", "Yuliia"),
        ("Юлія", "Julia"),
        ("Євген", "Yevhen"),
        ("Zelensky", "Зеленський"),
        ("Petrosian", "Պետրոսյան"),
        ("Mueller", "Müller"),
        ("Ковальчук", "Kowalczuk"),
    ],
)
def test_sound_forgives_romanisation(one, other):
    assert names.sound(names.fold(one)) == names.sound(names.fold(other))


@pytest.mark.parametrize(("one", "other"), [("Koval", "Kovalenko"), ("Ivanov", "Ivanova"), ("Braun", "Bruhn")])
def test_sound_keeps_different_names_apart(one, other):
    assert names.sound(names.fold(one)) != names.sound(names.fold(other))


def test_name_key_ignores_order_script_and_titles():
    keys = {
        names.name_key(name)
        for name in ("Тарас Шевченко", "SHEVCHENKO Taras", "Mr. Taras Shevchenko", "shevchenko, taras")
    }
    assert len(keys) == 1
    assert names.name_key("王小明") == names.name_key("Xiaoming Wang")
    assert names.name_key("Taras Shevchenko") != names.name_key("Tarasa Shevchenko")
    assert names.name_key("") == names.name_key(None) == 0


@given(st.lists(st.text(alphabet="abcdefghіїєщйаր", min_size=1, max_size=8), min_size=1, max_size=5))
def test_name_key_is_an_int4_for_any_order(tokens):
    keys = set()
    for _ in range(3):
        random.shuffle(tokens)
        keys.add(names.name_key(" ".join(tokens)))
    assert len(keys) == 1 and -(2**31) <= keys.pop() < 2**31


def test_name_key_does_not_depend_on_the_process():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from engine.names import name_key; print(name_key('Anna Koval'))"
    )
    folder = str(names.__file__).rsplit("/engine/", 1)[0]
    out = subprocess.run([sys.executable, "-R", "-c", code, folder], check=True, capture_output=True, text=True)
    assert int(out.stdout) == names.name_key("Koval ANNA")


SAME = [
    ("Тарас Шевченко", "T. Shevchenko"),
    ("Шевченко Тарас Григорович", "Taras Shevchenko"),
    ("Oleksandr Koval", "Sasha Koval"),
    ("Oleksandr Koval", "Alexander KOVAL"),
    ("Dan Brown", "Daniel Brown"),
    ("PETRENKO/IVAN MR", "Іван Петренко"),
    ("Юлія Коваль", "Julia Koval"),
    ("Wang Xiao Ming", "王小明"),
    ("Xiaoming Wang", "王小明"),
    ("김철수", "Kim Cheolsu"),
    ("Maria Garcia Lopez", "Maria Garcia"),
    ("Ludwig van Beethoven", "Beethoven, Ludwig"),
    ("Арам Петросян", "Արամ Պետրոսյան"),
    ("Petrenko I.M.", "Petrenko Ivan Mykolaiovych"),
    ("Ivan Petrenko", "Ivan Petrenko"),
]
DIFFERENT = [
    ("Іван Коваль", "Ігор Коваль"),
    ("Oleksandr Koval", "Oleksandra Koval"),
    ("Paul Braun", "Pauline Braun"),
    ("Daniel Weber", "Daniela Weber"),
    ("Petrenko Ivan Mykolaiovych", "Petrenko Mykola Ivanovych"),
    ("John Smith Jr", "John Smith"),
    ("John Smith Jr.", "John Smith Sr."),
    ("Jean Pierre Dupont", "Pierre Dupont"),
    ("Maria Garcia Lopez", "Maria Garcia Perez"),
    ("Anna Koval", "Anna K."),
    ("Anna Koval", "Anna Petrenko"),
    ("Anna", "Anna"),
    ("Koval", "Anna Koval"),
    ("I P", "Ivan Petrenko"),
    ("I. P.", "I. P."),
    ("Ivan Tikhonov", "Ivan Tikhonova"),
    ("Anna Koval", ""),
    ("Mr Koval", "Mr Koval"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_compatible(one, other):
    assert names.compatible(one, other) and names.compatible(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_not_compatible(one, other):
    assert not names.compatible(one, other) and not names.compatible(other, one)


@given(st.text(max_size=20), st.text(max_size=20))
def test_compatible_is_symmetric(one, other):
    assert names.compatible(one, other) == names.compatible(other, one)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Петренко Іван Миколайович", {"family_name": "Петренко", "given_name": "Іван", "middle_name": "Миколайович"}),
        ("Ivan PETRENKO", {"family_name": "PETRENKO", "given_name": "Ivan"}),
        ("Smith, John Jr", {"family_name": "Smith", "given_name": "John", "suffix": "Jr"}),
        ("John Smith, Jr.", {"family_name": "Smith", "given_name": "John", "suffix": "Jr."}),
        ("Anna", {"given_name": "Anna"}),
        ("Petrenko", {"family_name": "Petrenko"}),
        ("王小明", {"family_name": "王", "given_name": "小明"}),
        ("欧阳娜娜", {"family_name": "欧阳", "given_name": "娜娜"}),
        ("Anna Maria Schmidt", {"given_name": "Anna", "middle_name": "Maria", "family_name": "Schmidt"}),
        ("", {}),
    ],
)
def test_split(name, parts):
    assert names.split(name) == parts
