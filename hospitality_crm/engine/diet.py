"""Allergens and diets in what guests and source systems write, in eight languages.

The words and their origin are in ``data/diet_words.csv``. Too much is better than too little: "not allergic to nuts"
names nuts, and a person takes it back. What nobody knows stays text.
"""

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TOKENS = re.compile(r"[^\W_]+").findall
_HAN = re.compile("[\u3400-\u9fff]")
_ORDER = ("allergy", "intolerance", "diet")


class Word(NamedTuple):
    """What a text names.

    :ivar code: of the allergen or diet, None where it isn't known
    :ivar kind: ``allergy intolerance diet``
    :ivar severe: the text says that it is dangerous
    """

    code: str | None
    kind: str
    severe: bool = False


class _Entry(NamedTuple):
    tokens: tuple
    codes: tuple
    means: str


@cache
def _get_entries():
    """Return entries of spaced scripts by the first letters of their first word, and of Chinese; longest first."""
    spaced, joined = {}, []
    with (Path(__file__).parent / "data" / "diet_words.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            codes = tuple(row["code"].split())
            if row["lang"] == "zh":
                joined.append(_Entry((row["word"],), codes, row["means"]))
                continue
            stem = row["word"].endswith("*")
            tokens = _TOKENS(_fold(row["word"]))
            tokens = tuple([*tokens[:-1], tokens[-1] + "*" * stem])
            spaced.setdefault(tokens[0][:2], set()).add(_Entry(tokens, codes, row["means"]))
    joined.sort(key=lambda entry: (-len(entry.tokens[0]), entry.tokens))
    order = {
        key: sorted(found, key=lambda entry: (-len(entry.tokens), -len(entry.tokens[0]), entry))
        for key, found in spaced.items()
    }
    return order, joined


def _fold(text):
    """Return a text in lower case without accents.

    >>> _fold("Noix de CAJOU, Œufs")
    'noix de cajou, oeufs'
    """
    text = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def _fits(entry, tokens, start):
    if start + len(entry.tokens) > len(tokens):
        return False
    for position, wanted in enumerate(entry.tokens):
        found = tokens[start + position]
        if found != wanted and not (wanted[-1] == "*" and found.startswith(wanted[:-1])):
            return False
    return True


def _find(text):
    """Yield the entries that a text contains, the longest phrases first at each place."""
    spaced, joined = _get_entries()
    folded = _fold(text)
    if _HAN.search(folded):
        for entry in joined:
            if entry.tokens[0] in folded:
                folded = folded.replace(entry.tokens[0], " ")
                yield entry
    tokens = _TOKENS(folded)
    start = 0
    while start < len(tokens):
        for entry in spaced.get(tokens[start][:2], ()):
            if _fits(entry, tokens, start):
                yield entry
                start += len(entry.tokens) - 1
                break
        start += 1


def recognise(text):
    """Return the allergens and diets that a text names, in the order of their codes.

    :param str text: in whatever language
    :return: list of :class:`Word`; one without a code where nothing in the text is known; empty where it says that
        there is nothing

    >>> recognise("Peanuts (severe!), lactose intolerant, vegan")
    [Word(code='milk', kind='intolerance', severe=True), Word(code='peanuts', kind='allergy', severe=True), \
Word(code='vegan', kind='diet', severe=False)]
    >>> recognise("keine Allergien"), recognise("Bananen")
    ([], [Word(code=None, kind='allergy', severe=False)])
    """
    kinds, says = {}, set()
    for entry in _find(text):
        if not entry.codes:
            says.add(entry.means)
        for code in entry.codes:
            known = kinds.get(code)
            if known is None or _ORDER.index(entry.means) < _ORDER.index(known):
                kinds[code] = entry.means
    if not kinds:
        if "none" in says or not _TOKENS(text):
            return []
        return [Word(None, "intolerance" if "intolerance" in says else "allergy", "severe" in says)]
    words = []
    for code in sorted(kinds):
        kind = kinds[code]
        if kind == "allergy" and "intolerance" in says and "allergy" not in says:
            kind = "intolerance"
        words.append(Word(code, kind, kind != "diet" and "severe" in says))
    return words
