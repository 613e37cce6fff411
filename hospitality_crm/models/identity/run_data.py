"""Arrays of a matching run: how they are stored, and what is worked out from them."""

import io

import numpy as np

from ...engine import matching

# The slots that scores, certain pairs and counts need after the comparison.
AFTER = ("given", "family", "email", "phone", "document", "loyalty", "birth", "address", "suffix", "organisation")


def save_arrays(**arrays):
    """Return arrays as bytes for :func:`load_arrays`."""
    target = io.BytesIO()
    np.savez(target, **arrays)
    return target.getvalue()


def load_arrays(data):
    """Return what :func:`save_arrays` saved, dict name -> array."""
    with np.load(io.BytesIO(data)) as arrays:
        return {name: arrays[name] for name in arrays.files}


def concat(parts):
    """Return dicts of arrays as one.

    >>> concat([{"a": np.array([1])}, {"a": np.array([2, 3])}])["a"].tolist()
    [1, 2, 3]
    """
    parts = list(parts)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def get_shard(keys, shards):
    """Return the range that each key belongs to; ``shards`` is a power of two.

    >>> get_shard(np.array([5 << 40, -1], np.int64), 4).tolist()
    [1, 3]
    """
    return (keys >> 40) & (shards - 1)


def get_chains(owners):
    """Return pairs of rows ``(row, an earlier row of the same owner)`` that connect the rows of each owner.

    >>> [rows.tolist() for rows in get_chains(np.array([7, 9, 7, 7]))]
    [[2, 3], [0, 2]]
    """
    order = np.argsort(owners, kind="stable")
    same = owners[order][1:] == owners[order][:-1]
    return order[1:][same], order[:-1][same]


def get_guest_labels(labels, owners):
    """Return the label of each row's guest: that of the guest's first row.

    A guest stays one even where the engine would not have made him, but connects nobody else.

    >>> get_guest_labels(np.array([0, 1, 2, 1]), np.array([5, 6, 5, 7])).tolist()
    [0, 1, 0, 1]
    """
    _unique, first, inverse = np.unique(owners, return_index=True, return_inverse=True)
    return labels[first][inverse]


def find_rows(ids, wanted):
    """Return the rows of ``wanted`` in ascending ``ids``, which hold them all."""
    return np.searchsorted(ids, wanted).astype(np.int32)


def choose_pairs(left, right, score, labels, owners):
    """Choose which pairs tell about guests: the best per pair of guests, and of each cluster those that connect it.

    :param left, right: rows
    :param labels: label of the guest of each row
    :param owners: guest of each row
    :return: ``(positions of merging pairs in the order of clusters, positions of the others)``
    """
    a, b = owners[left].astype(np.int64), owners[right].astype(np.int64)
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((right, left, -score, high, low))
    first = np.r_[True, (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])][: len(order)]
    best = order[first & (low[order] != high[order])]
    inside = labels[left[best]] == labels[right[best]]
    merging = best[inside]
    merging = merging[np.lexsort((-score[merging], labels[left[merging]]))]
    return merging[_spanning(low[merging], high[merging])], best[~inside]


def _spanning(one, other):
    """Return which pairs, best first, connect what was not connected before."""
    root = {}

    def find(node):
        while root.setdefault(node, node) != node:
            root[node] = node = root[root[node]]
        return node

    kept = np.zeros(len(one), bool)
    for position, (a, b) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
        a, b = find(a), find(b)
        if a != b:
            root[b] = a
            kept[position] = True
    return kept


def load_table(tables, owners):
    """Return the columns of all profiles, and their guests, from the bytes of their parts."""
    table = matching.Table.concat(matching.Table.load(io.BytesIO(data)) for data in tables)
    return table, np.concatenate([load_arrays(data)["owners"] for data in owners])
