import csv
import doctest
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_crm.engine import diet

EU14 = {
    "gluten": ("wheat", "Weizenmehl", "blé", "glutine", "trigo", "глютен", "пшениця", "小麦过敏"),
    "crustaceans": ("prawns", "Garnelen", "crevettes", "gamberi", "gambas", "креветки", "креветки", "对虾"),
    "eggs": ("eggs", "Eier", "œufs", "uova", "huevos", "яйца", "яйця", "鸡蛋"),
    "fish": ("salmon", "Fisch", "poisson", "pesce", "pescado", "рыба", "риба", "鱼"),
    "peanuts": ("peanut butter", "Erdnüsse", "cacahuètes", "arachidi", "cacahuetes", "арахис", "арахіс", "花生"),
    "soybeans": ("soy milk", "Sojamilch", "soja", "soia", "soja", "соевое молоко", "соєвий соус", "大豆"),
    "milk": ("dairy", "Milcheiweiß", "produits laitiers", "latticini", "lácteos", "молоко", "молочні продукти", "牛奶"),
    "nuts": ("tree nuts", "Haselnüsse", "fruits à coque", "nocciole", "frutos secos", "орехи", "горіхи", "坚果"),
    "celery": ("celery", "Sellerie", "céleri", "sedano", "apio", "сельдерей", "селера", "芹菜"),
    "mustard": ("mustard", "Senf", "moutarde", "senape", "mostaza", "горчица", "гірчиця", "芥末"),
    "sesame": ("sesame", "Sesam", "sésame", "sesamo", "sésamo", "кунжут", "кунжут", "芝麻"),
    "sulphites": ("sulfites", "Sulfite", "sulfites", "solfiti", "sulfitos", "сульфиты", "сульфіти", "二氧化硫"),
    "lupin": ("lupin", "Lupinen", "lupin", "lupini", "altramuces", "люпин", "люпин", "羽扇豆"),
    "molluscs": ("oysters", "Muscheln", "huîtres", "cozze", "mejillones", "моллюски", "молюски", "鱿鱼"),
}


def codes(text):
    return [word.code for word in diet.recognise(text)]


def test_doctests():
    result = doctest.testmod(diet)
    assert result.attempted and not result.failed


@pytest.mark.parametrize("code", EU14)
def test_each_allergen_is_known_in_eight_languages(code):
    for text in EU14[code]:
        assert codes(text) == [code], text


def test_codes_are_those_of_the_product():
    data = Path(diet.__file__).parent
    listed = (data.parent / "data" / "hospitality_allergen_data.xml").read_text(encoding="utf-8")
    with (data / "data" / "diet_words.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["lang"] for row in rows} == {"en", "de", "fr", "it", "es", "ru", "uk", "zh"}
    used = {code for row in rows for code in row["code"].split()}
    assert len(used) >= 25
    for code in used:
        assert f'<field name="code">{code}</field>' in listed, code
    for code in EU14:
        assert {row["lang"] for row in rows if code in row["code"].split()} == {row["lang"] for row in rows}, code


@pytest.mark.parametrize(
    "text, found",
    [
        ("coconut milk", [None]),
        ("Kokosmilch", [None]),
        ("lait de coco et noisettes", ["nuts"]),
        ("buckwheat", [None]),
        ("eggplant", [None]),
        ("nutmeg", [None]),
        ("seafood", ["crustaceans", "molluscs"]),
        ("gluten-free", ["gluten_free"]),
        ("ohne Laktose, vegetarische Kost", ["lactose_free", "vegetarian"]),
        ("no pork please, halal", ["halal", "no_pork"]),
        ("严重花生和虾过敏", ["crustaceans", "peanuts"]),
        ("не ем рыбу и орехи", ["fish", "nuts"]),
        ("Nüsse/Ei/Milch", ["eggs", "milk", "nuts"]),
        ("N/A", []),
        ("нет", []),
        ("—", []),
    ],
)
def test_phrases(text, found):
    assert codes(text) == found


def test_kinds_and_severity():
    assert diet.recognise("celiac disease") == [diet.Word("gluten", "intolerance")]
    assert diet.recognise("Unverträglichkeit: Eier") == [diet.Word("eggs", "intolerance")]
    assert diet.recognise("severe nut allergy, carries an EpiPen") == [diet.Word("nuts", "allergy", True)]
    assert diet.recognise("тяжелая аллергия на арахис") == [diet.Word("peanuts", "allergy", True)]
    assert diet.recognise("Histaminintoleranz")[0].code is None


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    for word in diet.recognise(text):
        assert word.kind in ("allergy", "intolerance", "diet")
