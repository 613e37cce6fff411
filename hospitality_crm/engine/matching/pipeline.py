"""From rows to clusters, in processes."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from .clusters import cluster, components
from .context import Context
from .keys import block_keys, candidates, initials
from .model import CHUNK, Weights
from .normal import prepare
from .slots import FIRST_SAME, SIMILAR, counted_slots, static_slots
from .table import Table

BATCH = 50_000


class Result(NamedTuple):
    """Rows of ``table`` with their ``labels``, the scored pairs, and what people should look at."""

    table: Table
    labels: np.ndarray
    left: np.ndarray
    right: np.ndarray
    score: np.ndarray
    review: list
    context: Context
    barred: np.ndarray


def normalise(batches, processes=None):
    """Return the :class:`Table` of an iterable of lists of records."""
    processes = processes or os.cpu_count()
    if processes == 1:
        return Table.concat([_table(batch) for batch in batches])
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        return Table.concat(list(pool.map(_table, batches)))


def _table(batch):
    return Table.of(map(prepare, batch))


_shared = {}


def _static(span):
    start, stop = span
    return static_slots(_shared["table"], _shared["left"][start:stop], _shared["right"][start:stop], _shared["context"])


def pair_slots(table, left, right, context, processes=1):
    """Return :func:`~.slots.static_slots` of many pairs, chunk by chunk."""
    _shared.update(table=table, left=left, right=right, context=context)
    spans = [(start, min(start + CHUNK, len(left))) for start in range(0, len(left), CHUNK)]
    try:
        if processes == 1 or len(spans) < 2:
            parts = [_static(span) for span in spans]
        else:
            with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
                parts = list(pool.map(_static, spans))
    finally:
        _shared.clear()
    return {slot: np.concatenate([part[slot] for part in parts]) for slot in parts[0]} if parts else {}


def sure_labels(size, left, right, slots):
    """Return clusters of what is certain: the same name and a contact, number or birth date in common."""
    same = np.isin(slots["given"], (1, 2)) & np.isin(slots["family"], (1, 2)) & ~np.isin(slots["birth"], (4, 5))
    some = np.isin(slots["document"], (2, 3)) | np.isin(slots["loyalty"], (2, 3)) | (slots["birth"] == 2)
    for part in ("email", "phone"):
        some |= (slots[part] >= FIRST_SAME) & (slots[part] < SIMILAR)
    pairs = np.flatnonzero(same & some)
    return components(size, left[pairs].astype(np.int64), right[pairs].astype(np.int64))


def match_table(table, weights=None, context=None, processes=1, threshold=None, vetoes=(), rounds=1):
    """Return the :class:`Result` of all pairs of a table."""
    weights = weights or Weights.load()
    cap = context.cap if context else 60
    context = context or Context.of(table, cap=cap)
    left, right = candidates(block_keys(table), cap=cap, initials=initials(table), threads=processes)
    slots = pair_slots(table, left, right, context, processes)
    if not len(left):
        return Result(
            table, np.arange(len(table)), left, right, np.zeros(0, np.float32), [], context, np.zeros(0, bool)
        )
    labels = sure_labels(len(table), left, right, slots)
    static = weights.score(slots)
    barred = slots["guard"] > 0
    for _round in range(rounds + 1):
        context = context.recount(table, labels)
        score = (
            static + weights.score(counted_slots(table, left, right, context, slots, labels)) - np.float32(weights.bias)
        )
        found = cluster(
            table, left, right, score, weights.auto if threshold is None else threshold, context, vetoes, barred=barred
        )
        labels = found.labels
    return Result(table, labels, left, right, score, found.review, context, barred)


def match_files(batches, weights=None, processes=None, threshold=None, cap=60):
    """Return the :class:`Result` of an iterable of lists of records (dicts), with ``processes`` processes."""
    processes = processes or os.cpu_count()
    table = normalise(batches, processes)
    return match_table(table, weights, None, processes, threshold)
