"""Why a record is refused, as data: told in the language of whoever reads it.

A reason is ``{"key", "params", "row"}``: the key of a text in :data:`TEXTS`, values of its placeholders, and the row
of the file where there is one.
"""

import json

from .files.catalogue import translate_label
from .files.errors import MESSAGES as FILE_MESSAGES
from .types import MESSAGES as EVENT_MESSAGES


def _(text):
    """Mark a text for the translation export; it is translated where it is shown."""
    return text


TEXTS = {
    **{f"event.{code}": text for code, text in EVENT_MESSAGES.items()},
    **{f"file.{code}": text for code, text in FILE_MESSAGES.items()},
    "adapter_failed": _(
        "The adapter can't read this record (%(error)s). Report it to whoever maintains the adapter and replay the "
        "record after the repair."
    ),
    "not_stored": _("The record can't be stored: %(error)s. Correct it in the source."),
    "not_there": _("It isn't there."),
    "status_differs": _("Status %(ours)s became %(stored)s."),
    "currency_differs": _("Currency %(ours)s became %(stored)s."),
    "amount_differs": _("%(name)s %(ours)s became %(stored)s."),
}
ROW = _("Row %(row)s: %(reason)s")
# Placeholders whose values are words of the product, not of the source.
_OURS = frozenset({"wanted", "target", "slot"})


def _clean(value):
    """Return a value as the database can store it: no NUL, no halves of characters."""
    if isinstance(value, dict):
        return {name: _clean(item) for name, item in value.items()}
    if isinstance(value, str):
        return value.replace("\x00", "␀").encode("utf-8", "replace").decode()
    return value


def dump(reason):
    """Return a reason as JSON text, None for none.

    >>> dump({"key": "event.nul", "params": {"path": "a\\x00"}})
    '{"key": "event.nul", "params": {"path": "a␀"}}'
    """
    return json.dumps(_clean(reason), ensure_ascii=False, default=str) if reason else None


def tell(reason, translate=lambda text: text, texts=None):
    """Return a reason as a sentence.

    :param dict reason: see above
    :param translate: function of a text in English that returns it in the language of the reader
    :param dict texts: texts of other addons by key, translated already; where a key stands in both, these count
    :raise KeyError: nobody knows the key, or a placeholder has no value

    >>> tell({"key": "file.blank_row", "row": 7})
    'Row 7: None of the mapped columns has a value in this row.'
    """
    known = texts or {}
    template = known[reason["key"]] if reason["key"] in known else translate(TEXTS[reason["key"]])
    params = {
        name: translate_label(value, translate) if name in _OURS and isinstance(value, str) and value else value
        for name, value in (reason.get("params") or {}).items()
    }
    sentence = template % params
    if reason.get("row"):
        sentence = translate(ROW) % {"row": reason["row"], "reason": sentence}
    return sentence
