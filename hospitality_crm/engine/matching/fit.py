"""Fit weights on pairs that people, or a truth file, have decided: logistic regression over the slots' codes."""

import numpy as np

from .model import Weights
from .organisations import WEIGHTS as ORGANISATIONS
from .slots import SLOTS

_TOGETHER = 6.0

# Where a file of decisions has too few cases to tell. From judgement, as nothing else is known: marks of a generation
# and genders are kept by few sources, and where they are, they are right.
PRIORS = {
    "suffix": {"same": 0.5, "one": -3.0, "differs": -8.0},
    "gender": {"same": 0.1, "differs": -3.0},
    "company": {"same": 1.5, "differs": -0.3},
    "organisation": ORGANISATIONS,
}


def fit(slots, same, weight=None, ridge=2.0, steps=60, start=None, thresholds=None, origin=""):
    """Return :class:`Weights` by penalised logistic regression (Newton steps with conjugate gradients).

    :param slots: dict slot -> codes, as ``features`` returns them
    :param same: whether each pair is one person
    :param weight: importance of each pair
    :param ridge: penalty on the squares of the weights; with ``start`` on the distance from these weights, so that a
        few hundred decisions of one's own move what they speak about and nothing else
    :param Weights start: weights to begin with
    :param thresholds: dict with ``auto`` and ``ask``
    """
    same = np.asarray(same, np.float64)
    weight = np.ones(len(same)) if weight is None else np.asarray(weight, np.float64)
    slots, same, weight = _grouped(slots, same, weight)
    offsets, size = {}, 1
    for slot, levels in SLOTS.items():
        offsets[slot] = size
        size += len(levels)
    columns = [slots[slot].astype(np.int64) + offset for slot, offset in offsets.items()]
    prior = np.zeros(size)
    for slot, values in PRIORS.items():
        for level, value in values.items():
            prior[offsets[slot] + SLOTS[slot].index(level)] = value
    if start is not None:
        prior[0] = start.bias
        for slot, offset in offsets.items():
            prior[offset : offset + len(SLOTS[slot])] = start.tables[slot]
    penalty = np.full(size, float(ridge))
    penalty[0] = 1e-6
    for slot, offset in offsets.items():
        if slot == "name" or slot.startswith("name_"):
            # What a field says by itself is told by its own weight, as far as that goes.
            penalty[offset : offset + len(SLOTS[slot])] *= _TOGETHER
        penalty[offset : offset + len(SLOTS[slot])][silent(SLOTS[slot])] = 1e9
    beta = prior.copy()

    def total(vector):
        result = np.full(len(same), vector[0])
        for column in columns:
            result += vector[column]
        return result

    def gather(values):
        result = np.zeros(size)
        result[0] = values.sum()
        for column in columns:
            result += np.bincount(column, values, size)
        return result

    loss = None
    for _step in range(steps):
        eta = total(beta)
        chance = 1 / (1 + np.exp(-np.clip(eta, -35, 35)))
        gradient = gather(weight * (same - chance)) - penalty * (beta - prior)
        curve = weight * np.maximum(chance * (1 - chance), 1e-6)
        move = _solve(lambda v, curve=curve: gather(curve * total(v)) + penalty * v, gradient, gather(curve) + penalty)
        before = _loss(eta, same, weight, beta - prior, penalty) if loss is None else loss
        scale = 1.0
        while scale > 1e-3:
            trial = beta + scale * move
            loss = _loss(total(trial), same, weight, trial - prior, penalty)
            if loss <= before:
                break
            scale /= 2
        beta = trial
        if before - loss < 1e-6 * before:
            break
    values = {
        "origin": origin,
        "bias": beta[0],
        "thresholds": thresholds or {"auto": start.auto if start else 4, "ask": start.ask if start else 0},
        "slots": {
            slot: dict(zip(levels, beta[offsets[slot] : offsets[slot] + len(levels)].tolist(), strict=True))
            for slot, levels in SLOTS.items()
        },
    }
    return Weights(values)


def silent(levels):
    """Which levels say nothing: their weight stays 0, so that what a source leaves out is no evidence."""
    return np.array([level in ("none", "one", "normal") or level.endswith(":none") for level in levels], bool)


def _grouped(slots, same, weight):
    """Put pairs with the same codes and decision together."""
    rows = np.stack([slots[slot] for slot in SLOTS] + [same.astype(np.uint8)], 1)
    rows = np.ascontiguousarray(rows)
    whole = rows.view(np.dtype((np.void, rows.shape[1]))).ravel()
    _unique, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return {slot: slots[slot][first] for slot in SLOTS}, same[first], np.bincount(inverse.ravel(), weight)


def _loss(eta, same, weight, distance, penalty):
    return float((weight * (np.logaddexp(0, eta) - same * eta)).sum() + 0.5 * (penalty * distance**2).sum())


def _solve(product, target, diagonal, steps=80):
    """Solve ``product(x) = target`` by preconditioned conjugate gradients."""
    x = np.zeros_like(target)
    residual = target.copy()
    scaled = residual / diagonal
    direction = scaled.copy()
    size = residual @ scaled
    for _step in range(steps):
        image = product(direction)
        step = size / (direction @ image)
        x += step * direction
        residual -= step * image
        if np.abs(residual).max() < 1e-5 * max(1.0, np.abs(target).max()):
            break
        scaled = residual / diagonal
        size, before = residual @ scaled, size
        direction = scaled + size / before * direction
    return x
