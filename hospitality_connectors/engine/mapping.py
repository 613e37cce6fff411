"""What the words of a source mean: raw codes of events into canonical values."""

from . import canonical
from .types import EventError

STATUS_KINDS = {
    "booking": ("stay_status", frozenset(canonical.STAY_STATUS)),
    "stay": ("stay_status", frozenset(canonical.STAY_STATUS)),
    "reservation": ("reservation_status", frozenset(canonical.RESERVATION_STATUS)),
    "check": ("check_status", frozenset(canonical.CHECK_STATUS)),
}
# Field -> known values and what an unknown one becomes (None: nothing).
WORDS = {
    "charge": (("department", frozenset(canonical.DEPARTMENT), "other"),),
    "payment": (("method", frozenset(canonical.PAYMENT_METHOD), "other"),),
    "stay": (("purpose", frozenset(canonical.PURPOSE), None),),
}


def translate(event, codes, unmapped, strict=True):
    """Return an event whose words are canonical; the given one is not changed.

    :param dict event: as an adapter makes it
    :param dict codes: confirmed mappings, ``{(kind, code): target}``
    :param dict unmapped: ``{(kind, code): times seen}``, added to
    :param bool strict: refuse an unknown status instead of importing it as *unknown*
    :return: the event itself where nothing is to be translated
    :raise EventError: ``unknown_status``

    >>> translate({"entity": "stay", "status_raw": "DUE IN"}, {("stay_status", "DUE IN"): "reserved"}, {})
    {'entity': 'stay', 'status_raw': 'DUE IN', 'status': 'reserved'}
    """
    entity = event.get("entity")
    try:
        status_kind, words = STATUS_KINDS.get(entity), WORDS.get(entity, ())
    except TypeError:
        return event
    changes = {}
    if status_kind:
        _translate_status(event, *status_kind, codes, unmapped, strict, changes)
    for name, known, default in words:
        value = event.get(name)
        if isinstance(value, str) and value and value not in known:
            target = codes.get((name, value))
            if target is None:
                _note(event, name, value, unmapped, changes)
            changes[name] = target if target is not None else default
    for name in ("currency", "market"):
        value = event.get(name)
        if isinstance(value, str) and (name, value) in codes:
            changes[name] = codes[name, value]
    return {**event, **changes} if changes else event


def _translate_status(event, kind, known, codes, unmapped, strict, changes):
    status = event.get("status")
    if isinstance(status, str) and status in known:
        return
    raw = status if isinstance(status, str) and status else event.get("status_raw")
    if not isinstance(raw, str) or not raw:
        return
    changes["status_raw"] = event.get("status_raw") or raw
    target = codes.get((kind, raw))
    if target is None and raw in known:
        target = raw
    if target is None:
        if strict:
            unmapped[kind, raw] = unmapped.get((kind, raw), 0) + 1
            error = EventError("status", "unknown_status", raw)
            error.warnings = (f"{kind}:{raw}"[:255],)
            raise error
        _note(event, kind, raw, unmapped, changes)
        target = "unknown"
    changes["status"] = target


def _note(event, kind, code, unmapped, changes):
    unmapped[kind, code] = unmapped.get((kind, code), 0) + 1
    warnings = changes.get("warnings", event.get("warnings"))
    if warnings and not isinstance(warnings, list):
        return  # what an adapter has written there is refused by what validates events
    changes["warnings"] = [*(warnings or []), f"{kind}:{code}"[:255]]
