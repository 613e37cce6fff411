"""What guests read without anybody of the house looking on is said in their language.

Every text of the public pages, of the portal, of the mails and answers to guests, and of what they get in their hands,
has a translation in each of the languages that the product comes with, with the same placeholders and tags.
"""

import ast
import re
from pathlib import Path

import pytest

ADDON = Path(__file__).parents[2] / "hospitality_crm"
LANGS = ("ar", "de", "ru", "uk", "zh_CN")
#: Texts in Python that guests see.
SOURCES = (
    "controllers/privacy.py",
    "models/consent/hospitality_notice.py",
    "models/consent/hospitality_preference_centre.py",
    "models/messenger/hospitality_message_reply.py",
    "models/privacy/hospitality_privacy_intake.py",
)
#: Records and selections whose names guests see.
RECORDS = re.compile(
    r"model(_terms)?:mail\.template,(subject|body_html):"
    r"|model:hospitality\.purpose,(name|description):"
    r"|model:ir\.model\.fields\.selection,name:hospitality_crm\."
    r"selection__hospitality_(consent_event__(channel|decision|method|actor|legal_basis)|privacy_request__kind)__"
)
TAG = re.compile(r"</?\s*([a-z0-9]+)")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\{[^}]*\}\}")


def read(path):
    """Return the entries of a translation file: ``{msgid: (occurrences, msgstr)}``."""
    entries, places, texts, key = {}, [], {}, None
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("#:"):
            places += line[2:].split()
        elif line.startswith(("msgid ", "msgstr ")):
            key, _blank, text = line.partition(" ")
            texts[key] = ast.literal_eval(text)
        elif line.startswith('"'):
            texts[key] += ast.literal_eval(line)
        elif not line.strip():
            if texts.get("msgid"):
                entries[texts["msgid"]] = places, texts.get("msgstr", "")
            places, texts = [], {}
    return entries


def get_templates():
    """Return the names of the pages, mails and papers for guests."""
    files = [*ADDON.glob("views/*/*_templates.xml"), *ADDON.glob("report/*.xml")]
    return {name for file in files for name in re.findall(r'<template\s+id="(\w+)"', file.read_text())}


def is_for_guests(place, templates):
    if place.startswith("model_terms:ir.ui.view,arch_db:hospitality_crm."):
        return place.rpartition(".")[2] in templates
    if place.startswith("code:addons/hospitality_crm/"):
        return place.removeprefix("code:addons/hospitality_crm/").partition(":")[0] in SOURCES
    return bool(RECORDS.match(place))


def get_texts():
    templates = get_templates()
    entries = read(ADDON / "i18n" / "hospitality_crm.pot")
    return [
        text for text, (places, _empty) in entries.items() if any(is_for_guests(place, templates) for place in places)
    ]


def test_the_pages_of_guests_are_among_the_texts():
    templates = get_templates()
    assert {"preference_page", "unsubscribe_page", "privacy_form_page", "privacy_portal_page"} <= templates
    texts = get_texts()
    assert len(texts) > 120
    for text in ("Refuse everything", "Please confirm your choice", "Erasure", "A bill is not settled yet."):
        assert text in texts


@pytest.mark.parametrize("lang", LANGS)
def test_what_guests_read_is_translated(lang):
    known = read(ADDON / "i18n" / f"{lang}.po")
    missing = [text for text in get_texts() if not known.get(text, ((), ""))[1].strip()]
    assert not missing


@pytest.mark.parametrize("lang", LANGS)
def test_placeholders_and_tags_are_kept(lang):
    for text, (_places, translated) in read(ADDON / "i18n" / f"{lang}.po").items():
        if translated:
            for pattern in (PLACEHOLDER, TAG):
                assert sorted(pattern.findall(text)) == sorted(pattern.findall(translated)), text


def test_a_missing_translation_is_found():
    known = read(ADDON / "i18n" / "de.po")
    assert "Refuse everything" in known
    assert known["Refuse everything"][1] not in ("", "Refuse everything")
