"""What we say about a guest in the one free text that a till shows.

Each thing that is said is a line of its own that begins with a tag, so that it can be changed without touching what
people have written, and is known as ours when it comes back.
"""

import re

_LINE = re.compile(r"^\[CRM [^\]\n]{1,60}\].*\n?", re.MULTILINE)


def put(note, tag, words):
    """Return a note in which the line of a tag says something else; nothing is said when there are no words.

    >>> put("window seat", "allergy", "nuts")
    'window seat\\n[CRM allergy] nuts'
    >>> put("window seat\\n[CRM allergy] nuts", "allergy", "")
    'window seat'
    """
    start = f"[CRM {_plain(tag)[:50]}]"
    lines = [line for line in (note or "").split("\n") if not line.startswith(start)]
    if words:
        lines.append(f"{start} {_plain(words)}")
    return "\n".join(lines).strip("\n")


def said(note, tag):
    """Return the words that the line of a tag says; empty where there is none.

    >>> said("window seat\\n[CRM tier] HOUSE · Gold", "tier"), said("window seat", "tier")
    ('HOUSE · Gold', '')
    """
    start = f"[CRM {_plain(tag)[:50]}]"
    lines = note.split("\n") if isinstance(note, str) else []
    return next((line[len(start) :].strip() for line in lines if line.startswith(start)), "")


def without(note):
    """Return what people have written, without our lines; None where nothing is left.

    >>> without("window seat\\n[CRM allergy] nuts"), without("[CRM note] back in May")
    ('window seat', None)
    """
    return _LINE.sub("", note).strip() or None if isinstance(note, str) else None


def line_of(command):
    """Return ``(tag, words)`` of a :class:`engine.adapter.Command`; no words where it takes something back."""
    values = command.values
    kind = command.kind
    tag, shown = kind, True
    if kind == "alert":
        tag, shown = f"alert {values.get('kind') or ''}".strip(), values.get("active", True)
        said = [values.get("text")]
    elif kind == "allergy":
        said = [", ".join(values.get("codes") or ()), values.get("text")]
    elif kind == "preference":
        tag, shown = f"preference {values.get('code') or ''}".strip(), values.get("active", True)
        said = [values.get("text") or values.get("code")]
    elif kind == "tier":
        said = [values.get("program"), values.get("level"), values.get("number")]
    elif kind == "vip":
        said = [values.get("code")]
    else:
        said = [values.get("text")]
    return tag, " · ".join(str(item) for item in said if item) if shown else ""


def _plain(value):
    return " ".join(str(value).replace("[", "(").replace("]", ")").split())
