"""Score of pairs: a sum of weights, one per piece of evidence, so that the sum is its own explanation."""

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .arrays import among
from .context import Context
from .guards import CONTACT_SLOTS
from .slots import COUNTED, SLOTS, counted_slots, static_slots
from .table import Table

PATH = Path(__file__).parent / "weights.json"
CHUNK = 1 << 18

# Slots that hold what the name and something else say together are told under the name of the latter.
_HOUSEHOLD_SHARES = ("email", "phone", "address")


class Evidence(NamedTuple):
    """One reason: ``code`` is ``slot.level``, ``weight`` in log-odds, ``left`` and ``right`` the values compared."""

    code: str
    weight: float
    left: str = ""
    right: str = ""


class Weights:
    """Weights by slot and level, and the thresholds for merging by itself and for asking.

    :param dict values: as in ``weights.json``: ``bias``, ``slots`` {slot: {level: weight}}, ``thresholds``
        {``auto``, ``ask``}, ``origin`` (text: what the weights were fitted on)
    """

    def __init__(self, values):
        self.bias = float(values.get("bias", 0))
        self.auto = float(values["thresholds"]["auto"])
        self.ask = float(values["thresholds"]["ask"])
        self.origin = values.get("origin", "")
        self.tables = {
            slot: np.array([values["slots"].get(slot, {}).get(level, 0) for level in levels], np.float32)
            for slot, levels in SLOTS.items()
        }

    @classmethod
    def load(cls, path=None):
        """Read weights; without ``path`` those that come with the product."""
        return cls(json.loads(Path(path or PATH).read_text(encoding="utf-8")))

    def values(self):
        """Return the dict that the constructor takes."""
        slots = {
            slot: {level: round(float(w), 3) for level, w in zip(SLOTS[slot], table, strict=True) if round(float(w), 3)}
            for slot, table in self.tables.items()
        }
        return {
            "origin": self.origin,
            "thresholds": {"auto": self.auto, "ask": self.ask},
            "bias": round(self.bias, 3),
            "slots": slots,
        }

    def score(self, slots):
        """Return the sums of weights of codes by slot; what organisations say stands alone."""
        total = None
        for slot, codes in slots.items():
            part = self.tables[slot][codes]
            total = part + np.float32(self.bias) if total is None else total + part
        alone = np.flatnonzero(slots["organisation"]) if "organisation" in slots else ()
        if len(alone):
            total[alone] = self.tables["organisation"][slots["organisation"][alone]]
        return total


def features(table, left, right, context, labels=None):
    """Return the codes of every slot for pairs of rows, dict slot -> uint8 array (meanings: ``slots.SLOTS``).

    :param labels: cluster of each row, where it is known (see :func:`~.slots.counted_slots`)
    """
    slots = static_slots(table, left, right, context)
    return slots | counted_slots(table, left, right, context, slots, labels)


def score(table, left, right, context, weights=None, labels=None):
    """Return the log-odds of pairs of rows of ``table`` being one person, as float32."""
    weights = weights or Weights.load()
    parts = [
        weights.score(features(table, left[at : at + CHUNK], right[at : at + CHUNK], context, labels))
        for at in range(0, len(left), CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def evidence(table, left, right, context, weights=None, labels=None):
    """Return a list of :class:`Evidence` (without values) for each pair; the weights of a list sum to its score."""
    weights = weights or Weights.load()
    slots = features(table, left, right, context, labels)
    # A guard weighs nothing, but is told.
    alone = slots["organisation"] > 0
    result = [[] if single else [Evidence("prior", weights.bias)] for single in alone]
    for slot, codes in slots.items():
        table_ = weights.tables[slot]
        for pair, code in enumerate(codes):
            if (table_[code] or (slot == "guard" and code)) and (slot == "organisation" or not alone[pair]):
                result[pair].append(Evidence(f"{slot}.{SLOTS[slot][code]}", float(table_[code])))
    return result


def explain(a, b, context=None, weights=None):
    """Return the evidence for two :class:`~.normal.Normal` being one person, strongest first, with values.

    The weights sum to the score in log-odds. What both lack or what weighs nothing is left out.
    """
    context = context or Context()
    found = evidence(Table.of([a, b]), np.array([0]), np.array([1]), context, weights)[0]
    found = [
        item._replace(left=_value(a, item.code), right=_value(b, item.code)) if item.code != "prior" else item
        for item in found
    ]
    return sorted(found, key=lambda item: (-abs(item.weight), item.code))


def _value(normal, code):
    slot = code.partition(".")[0]
    name = normal.name
    if slot in ("name", "order", "guard", "rarity", "chance", "entity") or slot.startswith("name_"):
        return " ".join(filter(None, (name.given, name.middle, name.family2, name.family)))
    if slot in ("given", "middle", "family", "suffix"):
        return getattr(name, slot)
    if slot in ("email", "phone", "document"):
        return ", ".join(map(str, getattr(normal, slot + "s")))
    if slot == "contact":
        return ", ".join(map(str, (*normal.emails, *normal.phones)))
    if slot == "loyalty":
        return ", ".join(normal.loyalty)
    if slot == "birth":
        text = str(normal.birth)
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if normal.birth else ""
    if slot == "address":
        return " ".join(filter(None, (normal.street, normal.zip, normal.city)))
    value = normal.company if slot == "organisation" else getattr(normal, slot)
    return str(value) if value else ""


def decide(score, evidence=(), weights=None):
    """Return what to do with a pair: ``merge``, ``ask``, ``household`` or ``new``.

    Two given names with one family name, address, number or mailbox are a household: relatives are proposed as
    such and never merged. Neither is a pair that a guard holds back: that is asked.

    >>> decide(-4, [Evidence("given.differs", -5), Evidence("family.same", 1), Evidence("phone.same_1", 3)])
    'household'
    """
    weights = weights or Weights.load()
    codes = {item.code for item in evidence}
    if is_household(codes):
        return "household"
    if score >= weights.auto:
        return "ask" if any(code.startswith("guard.") for code in codes) else "merge"
    return "ask" if score >= weights.ask else "new"


def is_household(codes):
    """Whether evidence codes speak for relatives: one family name, different given names, something shared."""
    given = codes & {"given.differs", "given.known_differ", "given.gender", "given.initial_differs"}
    family = codes & {"family.same", "family.sound", "family.gender", "family.typo", "family.skeleton"}
    shared = any(
        code.startswith(("phone.same", "email.same")) or code in ("address.same", "loyalty.same") for code in codes
    )
    return bool(given and family and shared and "document.same" not in codes)


def barred_pairs(slots):
    """Whether pairs are for people to decide whatever their score: guarded ones and relatives."""
    return (slots["guard"] > 0) | household_pairs(slots)


def household_pairs(slots):
    """Return :func:`is_household` for arrays of codes."""
    given = _one_of(slots["given"], "given", ("differs", "known_differ", "gender", "initial_differs"))
    family = _one_of(slots["family"], "family", ("same", "sound", "gender", "typo", "skeleton"))
    shared = slots["address"] == SLOTS["address"].index("same")
    for part in CONTACT_SLOTS:
        shared |= _one_of(slots[part], part, tuple(level for level in SLOTS[part] if level.startswith("same")))
    shared |= slots["loyalty"] == SLOTS["loyalty"].index("same")
    return (
        (slots["organisation"] == 0) & given & family & shared & (slots["document"] != SLOTS["document"].index("same"))
    )


def _one_of(codes, slot, levels):
    return _get_table(slot, levels)[codes]


@lru_cache
def _get_table(slot, levels):
    return among(*(SLOTS[slot].index(level) for level in levels))


__all__ = ["COUNTED", "Evidence", "Weights", "decide", "evidence", "explain", "features", "score"]
