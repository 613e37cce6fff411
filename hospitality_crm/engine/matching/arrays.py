"""Small tools for arrays of codes that cost little for a handful of rows as for millions."""

from functools import lru_cache

import numpy as np


def among(*codes):
    """Return a table to be indexed by arrays of small codes: whether each is one of ``codes``.

    >>> among(1, 3)[np.array([0, 1, 2, 3], np.uint8)].tolist()
    [False, True, False, True]
    """
    table = np.zeros(256, bool)
    table[list(codes)] = True
    return table


def choose(choices, default):
    """Return small codes by the first mask that holds in each row.

    :param choices: ``(mask, code)``, the first comes first

    >>> choose([(np.array([True, False, False]), 1), (np.array([True, True, False]), 2)], 3).tolist()
    [1, 2, 3]
    """
    result = np.full(len(choices[0][0]), default, np.uint8)
    for mask, code in reversed(choices):
        result[mask] = code
    return result


def begins(*columns):
    """Return where in sorted columns something new begins.

    >>> begins(np.array([4, 4, 5])).tolist()
    [True, False, True]
    """
    result = np.ones(len(columns[0]), bool)
    if len(result) > 1:
        inner = result[1:]
        np.not_equal(columns[0][1:], columns[0][:-1], out=inner)
        for column in columns[1:]:
            inner |= column[1:] != column[:-1]
    return result


def runs(*columns):
    """Return where the runs of equal rows in sorted columns begin, and how many rows each has.

    >>> [part.tolist() for part in runs(np.array([4, 4, 5]))]
    [[0, 2], [2, 1]]
    """
    starts = np.flatnonzero(begins(*columns))
    sizes = np.empty(len(starts), np.int64)
    if len(starts):
        np.subtract(starts[1:], starts[:-1], out=sizes[:-1])
        sizes[-1] = len(columns[0]) - starts[-1]
    return starts, sizes


@lru_cache(maxsize=64)
def combinations(size):
    """Return the positions of every two of so many rows as two arrays, which nobody may change."""
    return np.triu_indices(size, 1)


# Fewer rows than this are compared one by one sooner than the equal ones among them are found.
FEW = 64


def distinct(values):
    """Return values of which each occurs about once, and where each of ``values`` stands among them.

    >>> kept, where = distinct(np.array([7, 5, 7] * 50))
    >>> kept.tolist(), kept[where][:3].tolist()
    ([5, 7], [7, 5, 7])
    """
    if len(values) < FEW:
        return values, slice(None)
    return np.unique(values, return_inverse=True)
