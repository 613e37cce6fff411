"""From rows to clusters, in processes."""

import gc
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from .arrays import among
from .clusters import cluster, components
from .context import Census, Context
from .guards import CONTACT_SLOTS, evidence_of_contact
from .keys import table_pairs
from .model import CHUNK, Weights, barred_pairs
from .name_pairs import name_kinds
from .normal import prepare
from .population import Population
from .slots import same_contact, static_slots
from .table import DERIVED, Table, derive
from .vocabulary import Vocabulary

CAP = 60
# Distinct texts that a process takes at once.
SPAN = 1 << 14


class Result(NamedTuple):
    """What a whole run found.

    ``labels``: the lowest row of each row's cluster; ``left``, ``right``, ``score``: the compared pairs of rows;
    ``barred``: which of these are for people whatever their score; ``review``: see :class:`~.clusters.Clusters`;
    ``context``: the counts of this population.
    """

    table: Table
    labels: np.ndarray
    left: np.ndarray
    right: np.ndarray
    score: np.ndarray
    review: list
    context: Context
    barred: np.ndarray


class Pairs(NamedTuple):
    """Pairs of rows with what doesn't change while clusters become known."""

    left: np.ndarray
    right: np.ndarray
    score: np.ndarray
    barred: np.ndarray
    kind: np.ndarray
    some: np.ndarray
    sure: np.ndarray


def in_processes(function, jobs, processes, shared=None):
    """Return ``[function(job) for job in jobs]``, in forked processes that see ``shared`` without copying it.

    ``function`` finds it in :data:`SHARED`.
    """
    jobs = list(jobs)
    SHARED.update(shared or {})
    try:
        if processes == 1 or len(jobs) < 2:
            return [function(job) for job in jobs]
        # Records hold no cycles: looking for some takes a fifth of the time and copies the pages that are shared.
        fork = get_context("fork")
        with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=fork, initializer=gc.disable) as pool:
            return list(pool.map(function, jobs))
    finally:
        SHARED.clear()


SHARED = {}


def normalise(batches, processes=None):
    """Return the :class:`Table` of an iterable of lists of records, or of functions that return one."""
    return Table.concat(in_processes(_table, batches, processes or os.cpu_count()))


def _table(batch):
    return Table.of(map(prepare, batch() if callable(batch) else batch))


def derive_columns(table, processes):
    """Compute in processes what follows from the distinct words and texts of a table, before it is needed."""
    if processes == 1:
        return
    sizes = {"words": len(table.words)} | {key: len(getattr(table, part)) for key, (part, _f) in DERIVED.items()}
    jobs = [(key, start) for key, size in sizes.items() for start in range(0, size, SPAN)]
    parts = {key: [] for key in sizes}
    for (key, _start), part in zip(jobs, in_processes(_derive, jobs, processes, {"table": table}), strict=True):
        parts[key].append(part)
    for key, found in parts.items():
        if key == "words" and found:
            table.words.set_arrays(found)
        elif found:
            table.set_derived(key, np.concatenate(found))


def _derive(job):
    key, start = job
    table = SHARED["table"]
    if key == "words":
        return Vocabulary(table.words.texts[start : start + SPAN]).arrays()
    return derive(key, getattr(table, DERIVED[key][0])[start : start + SPAN])


def find_pairs(table, cap=CAP, processes=1):
    """Return left and right of all pairs of a table that share a block key."""
    return table_pairs(table, cap, processes)


def score_pairs(table, left, right, context, weights, processes=1):
    """Return the :class:`Pairs` with the part of the score that doesn't depend on counts of persons."""
    shared = {"table": table, "left": left, "right": right, "context": context, "weights": weights}
    spans = [(start, min(start + CHUNK, len(left))) for start in range(0, len(left), CHUNK)] or [(0, 0)]
    parts = in_processes(_score, spans, processes, shared)
    return Pairs(left, right, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def _score(span):
    left, right = SHARED["left"][slice(*span)], SHARED["right"][slice(*span)]
    slots = static_slots(SHARED["table"], left, right, SHARED["context"])
    some, kind = evidence_of_contact(slots), name_kinds(slots)
    return SHARED["weights"].score(slots), barred_pairs(slots), kind, some, sure_pairs(slots)


# Levels of names, of dates and of numbers.
_EQUAL, _BORN_ELSE, _ALIKE = among(1, 2), among(4, 5), among(2, 3)


def sure_pairs(slots):
    """Whether pairs are certain: the same name and a contact, number or birth date in common."""
    same = _EQUAL[slots["given"]] & _EQUAL[slots["family"]] & ~_BORN_ELSE[slots["birth"]]
    some = _ALIKE[slots["document"]] | _ALIKE[slots["loyalty"]] | (slots["birth"] == 2)
    for part in CONTACT_SLOTS:
        some |= same_contact(slots[part])
    return same & some & (slots["suffix"] < 2)


def sure_labels(size, left, right, slots):
    """Return clusters of :func:`sure_pairs`."""
    sure = np.flatnonzero(sure_pairs(slots))
    return components(size, left[sure], right[sure])


def match_table(table, weights=None, context=None, processes=1, threshold=None, vetoes=(), rounds=2):
    """Return the :class:`Result` of all pairs of a table.

    :param context: counts of contacts and words; without it those of the table itself
    :param threshold: score from which pairs are merged; without it that of the weights
    :param int rounds: how often persons are counted anew by the clusters found
    """
    weights = weights or Weights.load()
    threshold = weights.auto if threshold is None else threshold
    derive_columns(table, processes)
    context = context or Context.of(table, cap=CAP, threads=processes)
    pairs = score_pairs(table, *find_pairs(table, context.cap, processes), context, weights, processes)
    sure = np.flatnonzero(pairs.sure)
    labels = components(len(table), pairs.left[sure], pairs.right[sure])
    census = Census(table)
    for _round in range(rounds):
        score = full_score(pairs, Population.of_census(census, labels), weights)
        found = cluster(table, pairs.left, pairs.right, score, threshold, context, vetoes, barred=pairs.barred)
        labels = found.labels
    context = context.recount(table, labels, census)
    return Result(table, labels, pairs.left, pairs.right, score, found.review, context, pairs.barred)


def full_score(pairs, population, weights):
    """Return the scores of :class:`Pairs`, with the counted slots."""
    score = pairs.score.copy()
    for start in range(0, len(score), CHUNK):
        part = slice(start, start + CHUNK)
        codes = population.codes(pairs.left[part], pairs.right[part], pairs.kind[part], pairs.some[part])
        score[part] += weights.score(codes) - np.float32(weights.bias)
    return score


def match_files(batches, weights=None, processes=None, threshold=None):
    """Return the :class:`Result` of an iterable of lists of records (dicts), or of functions that return one.

    Functions are called in the processes, so that reading is shared too.
    """
    processes = processes or os.cpu_count()
    return match_table(normalise(batches, processes), weights, None, processes, threshold)
