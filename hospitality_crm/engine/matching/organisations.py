"""Companies, agencies and groups: compared with each other only, by number, name and contact."""

import numpy as np

from .arrays import choose

LEVELS = ("none", "mixed", "number", "number_differs", "name_contact", "name", "contact", "differs")
_NONE, _MIXED, _NUMBER, _NUMBER_DIFFERS, _NAME_CONTACT, _NAME, _CONTACT, _DIFFERS = range(len(LEVELS))

# From judgement: organisations are few, and their numbers and names are typed with care. They stand for the whole pair.
WEIGHTS = {
    "mixed": -20.0, "number": 8.0, "number_differs": -8.0, "name_contact": 6.0, "name": 1.5, "contact": -1.5,
    "differs": -8.0,
}  # fmt: skip


def compare(table, left, right, slots, same_contact):
    """Return codes of :data:`LEVELS` for pairs, ``none`` for two persons.

    :param slots: codes of the slots ``document email phone address company``
    :param same_contact: function of codes of ``email`` or ``phone``: whether these say that they are the same
    """
    a, b = table.kind[left] > 0, table.kind[right] > 0
    result = np.where(a != b, _MIXED, _NONE).astype(np.uint8)
    rows = np.flatnonzero(a & b)
    if not len(rows):
        return result
    part = {slot: slots[slot][rows] for slot in ("document", "email", "phone", "address", "company")}
    domain = table.domain[left[rows]]
    contact = (domain != 0) & (domain == table.domain[right[rows]])
    contact |= same_contact(part["email"]) | same_contact(part["phone"]) | (part["address"] == 2)
    name = part["company"] == 1
    result[rows] = choose(
        [
            (part["document"] == 2, _NUMBER),
            (part["document"] == 4, _NUMBER_DIFFERS),
            (name & contact, _NAME_CONTACT),
            (name, _NAME),
            (contact, _CONTACT),
        ],
        _DIFFERS,
    )
    return result
