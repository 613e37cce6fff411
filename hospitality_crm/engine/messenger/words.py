"""Words by which guests stop and resume messages.

Only a reply that is nothing but such a word counts: "please don't stop writing to me" is no withdrawal. The words with
their language are in ``words.csv``. Those that also mean something else in a hotel ("cancel") count where carriers make
them count, which is by SMS.
"""

import csv
import unicodedata
from functools import cache
from pathlib import Path

LONGEST = 60


def fold(text):
    """Return a text without case, marks, punctuation and surplus blanks.

    >>> fold(" *STOP!* "), fold("Désabonner"), fold("/stop"), fold("إلغاء")
    ('stop', 'desabonner', 'stop', 'الغاء')
    """
    text = unicodedata.normalize("NFKD", text[: LONGEST * 4]).casefold()
    kept = (
        " " if unicodedata.category(char)[0] in "ZPSC" else char
        for char in text
        if unicodedata.category(char) not in ("Mn", "Cf")
    )
    return unicodedata.normalize("NFKC", " ".join("".join(kept).split()))


@cache
def _load():
    words = {}
    with (Path(__file__).parent / "words.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            words[fold(row["word"])] = (row["meaning"], row["channel"])
    return words


def meaning(text, channel=""):
    """Return *stop*, *start* or None.

    :param str channel: ``sms`` or ``messenger``

    >>> meaning("Stop."), meaning("ВІДПИСАТИСЯ"), meaning("退订"), meaning("stop it please"), meaning("CANCEL", "sms")
    ('stop', 'stop', 'stop', None, 'stop')
    """
    if not text or len(text) > LONGEST:
        return None
    found, only = _load().get(fold(text), (None, ""))
    return found if not only or only == channel else None
