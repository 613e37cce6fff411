"""What other thresholds or weights would change, worked out on stored evidence."""

from dataclasses import dataclass

import numpy as np

from ...engine import matching
from ...engine.matching import fit
from ...engine.matching.slots import SLOTS

PARTS = 5
_POSITION = {slot: {level: at for at, level in enumerate(levels)} for slot, levels in SLOTS.items()}


@dataclass
class Pairs:
    """Stored pairs in columns.

    :param ids: ids of the pairs
    :param codes: evidence codes (``slot.level``) per pair
    :param rest: per pair what of its score is no known code, such as rules for companies
    :param decided: 1 for pairs that people have merged, 0 for those they keep apart, -1 for open ones
    """

    ids: list
    codes: list
    rest: np.ndarray
    decided: np.ndarray

    @classmethod
    def of(cls, rows, weights):
        """Build the columns.

        :param rows: ``(id, score, codes, decided)``
        :param weights: weights that the scores were made with
        """
        known = weights_by_code(weights)
        ids = [row[0] for row in rows]
        codes = [tuple(code for code in row[2] if code in known) for row in rows]
        sums = np.array([sum(known[code] for code in found) for found in codes], np.float64)
        scores = np.array([row[1] for row in rows], np.float64)
        rest = scores - sums
        # Evidence is stored rounded: only what a rule has added is worth keeping.
        rest[np.abs(rest) < 0.1] = 0
        return cls(ids, codes, rest, np.array([row[3] for row in rows], np.int8))

    def score(self, weights):
        """Return the scores of all pairs under some weights."""
        known = weights_by_code(weights)
        return self.rest + np.array([sum(known[code] for code in found) for found in self.codes], np.float64)

    def bands(self, weights):
        """Return ``(scores, bands)``, as the engine decides by score and codes."""
        scores = self.score(weights)
        pieces = [[matching.Evidence(code, 0.0) for code in found] for found in self.codes]
        bands = [matching.decide(score, found, weights) for score, found in zip(scores.tolist(), pieces, strict=True)]
        return scores, np.array(bands, dtype=object)

    def slots(self, rows):
        """Return the codes of some pairs as the engine's arrays, dict slot -> positions of levels."""
        result = {slot: np.zeros(len(rows), np.uint8) for slot in SLOTS}
        for at, row in enumerate(rows):
            for code in self.codes[row]:
                slot, _dot, level = code.partition(".")
                if slot in _POSITION and level in _POSITION[slot]:
                    result[slot][at] = _POSITION[slot][level]
        return result


def weights_by_code(weights):
    """Return ``{"slot.level": weight}`` with ``prior``."""
    known = {
        f"{slot}.{level}": float(weight)
        for slot, levels in SLOTS.items()
        for level, weight in zip(levels, weights.tables[slot], strict=True)
    }
    return {**known, "prior": weights.bias}


def changed(weights, changes, auto, ask):
    """Return a copy of weights with other thresholds and the weights of some codes changed.

    :param dict changes: ``{"slot.level": weight}``
    :raise KeyError: an unknown code
    """
    values = weights.values()
    for code, weight in changes.items():
        if code == "prior":
            values["bias"] = float(weight)
            continue
        slot, _dot, level = code.partition(".")
        if level not in _POSITION[slot]:
            raise KeyError(code)
        values["slots"].setdefault(slot, {})[level] = float(weight)
    values["thresholds"] = {"auto": auto, "ask": ask}
    return matching.Weights(values)


def judge(scores, decided, weights):
    """Compare scores with what people have decided.

    :return: dict of counts: ``right`` (merged by people, would be merged), ``wrong`` (kept apart by people, would be
        merged), ``missed`` (merged by people, would not even be asked), ``asked`` (people would be asked)
    """
    return {
        "right": int(((decided == 1) & (scores >= weights.auto)).sum()),
        "wrong": int(((decided == 0) & (scores >= weights.auto)).sum()),
        "missed": int(((decided == 1) & (scores < weights.ask)).sum()),
        "asked": int(((decided >= 0) & (scores >= weights.ask) & (scores < weights.auto)).sum()),
    }


def refit(pairs, weights):
    """Fit weights on the decisions of people, beginning with those in use.

    :return: ``(weights, scores)``; the scores of decided pairs are those of fits that had not seen them, so that a
        comparison with the old weights is fair
    """
    decided = np.flatnonzero(pairs.decided >= 0)
    same = pairs.decided[decided]
    scores = np.zeros(len(pairs.ids))
    part = np.arange(len(decided)) % PARTS
    for number in range(PARTS):
        train, test = part != number, part == number
        found = fit.fit(pairs.slots(decided[train]), same[train], start=weights)
        scores[decided[test]] = pairs.score(found)[decided[test]]
    whole = fit.fit(pairs.slots(decided), same, start=weights, origin=f"{len(decided)} decisions")
    return whole, scores
