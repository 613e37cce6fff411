"""What guests are told without anybody of the house looking on is said in their language."""

import re
from pathlib import Path

import pytest

ADDON = Path(__file__).parents[2] / "hospitality_crm"
SOURCE = ADDON / "models" / "messenger" / "hospitality_message_reply.py"


def get_answers():
    """Return the texts that the answers to guests consist of."""
    body = SOURCE.read_text().split("def _get_answer", 1)[1].split("def _forward", 1)[0]
    return re.findall(r'_\(\s*"([^"]+)"', body)


@pytest.mark.parametrize("lang", ["ar", "de", "ru", "uk", "zh_CN"])
def test_answers_are_translated(lang):
    text = (ADDON / "i18n" / f"{lang}.po").read_text()
    text = re.sub(r'"\n"', "", text)
    translations = dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', text, re.MULTILINE))
    answers = get_answers()
    assert len(answers) == 3
    for answer in answers:
        assert "%(link)s" in translations.get(answer, ""), answer
