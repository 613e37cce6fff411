"""Block keys: numbers that records of one person are likely to share, from names, contacts, dates and numbers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .table import TAIL
from .vocabulary import hash64, mix

# Each kind of key; records share a block when they have the same key of the same kind.
KINDS = (
    "email", "email2", "phone", "phone2", "document", "document2", "loyalty", "loyalty2", "mailbox", "bag", "name",
    "skeleton", "form_a", "form_b", "form_c", "form_d", "start_a", "start_b", "birth_given", "birth_family",
    "birth_zip", "address", "alias",
)  # fmt: skip

# Blocks of names, addresses and aliases that are larger than this hold namesakes and neighbours for the most part.
CAPS = {
    "mailbox": 30, "bag": 24, "name": 24, "skeleton": 18, "form_a": 20, "form_b": 20, "form_c": 20, "form_d": 20,
    "initial_a": 30, "initial_b": 30, "address": 40, "alias": 12,
}  # fmt: skip
FEW = 6


def block_keys(table):
    """Return keys of a :class:`~.table.Table` as (records, len(KINDS)) of int64; 0 means none."""
    words = table.words
    given, family = table.given, table.family
    columns = []
    emails = np.array([hash64(text) for text in table.emails] + [0], np.int64)
    locals_ = np.array([_mailbox(text) for text in table.emails] + [0], np.int64)
    for position in (0, 1):
        columns.append(mix("email", emails[_column(table.email, position, -1)]))
    for position in (0, 1):
        columns.append(mix("phone", _column(table.phone, position, 0) % TAIL))
    for part in ("document", "loyalty"):
        for position in (0, 1):
            columns.append(mix(part, _column(getattr(table, part), position, 0)))
    columns.append(mix("mailbox", locals_[table.email[:, 0]]))
    columns.append(mix("bag", table.bag))
    one, other = words.sound[given], words.sound[family]
    whole = (words.length[given] > 1) & (words.length[family] > 1)
    columns.append(np.where(whole, mix("name", np.minimum(one, other), np.maximum(one, other)), 0))
    bone, meat = words.skeleton[given], words.skeleton[family]
    columns.append(np.where(whole, mix("skeleton", np.minimum(bone, meat), np.maximum(bone, meat)), 0))
    for word, sound in ((given, other), (family, one)):
        for position in (0, 1):
            columns.append(mix("form", words.groups[word, position].astype(np.int64) + 1, sound))
    for word, sound in ((given, other), (family, one)):
        columns.append(mix("start", words.start[word], sound))
    birth = table.birth.astype(np.int64)
    columns.append(mix("birth", birth, one))
    columns.append(mix("birth", birth, other))
    columns.append(mix("birth_zip", birth, table.zip))
    columns.append(mix("address", table.street, np.where(table.zip != 0, table.zip, table.city)))
    columns.append(mix("alias", table.alias, table.country))
    return np.stack(columns, 1)


def initials(table):
    """Return whether the given or the family name of each record is an initial or missing."""
    length = table.words.length
    return (length[table.given] < 2) | (length[table.family] < 2)


def _column(array, position, blank):
    if array.shape[1] > position:
        return array[:, position]
    return np.full(len(array), blank, array.dtype)


def _mailbox(email):
    local = email.partition("@")[0]
    return hash64(local.replace(".", "").replace("_", "").replace("-", "")) if len(local) > 6 else 0


def candidates(keys, rows=None, cap=60, initials=None, threads=1):
    """Return pairs of records that share a key, each once, left < right.

    What so many share tells nobody apart: a block of a kind of key is skipped above its cap of :data:`CAPS` (or
    ``cap``, if that is lower). A block of initials is for the records that have one; the others in it are compared
    among themselves only if they are few.

    :param keys: array (records, kinds) of keys as :func:`block_keys` returns them, 0 for none; or a flat array of keys
        of any kinds together with ``rows``
    :param rows: record of each of flat ``keys``
    :param int cap: records of a block at most
    :param initials: whether a word of each record's name is an initial; without it all pairs of a block count
    :return: two int32 arrays in ascending order
    """
    keys = np.asarray(keys)
    if rows is not None:
        parts = [_block_pairs(keys, np.asarray(rows), cap)]
    else:
        every = np.arange(len(keys), dtype=np.int32)

        def pairs(column):
            kind = KINDS[column] if keys.shape[1] == len(KINDS) else ""
            marked = initials if kind.startswith("initial") else None
            return _block_pairs(keys[:, column], every, min(cap, CAPS.get(kind, cap)), marked)

        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(pairs, range(keys.shape[1])))
    found = np.concatenate(parts)
    found.sort()
    found = found[np.r_[True, found[1:] != found[:-1]]] if len(found) else found
    return (found >> 32).astype(np.int32), (found & 0xFFFFFFFF).astype(np.int32)


def _block_pairs(keys, rows, cap, marked=None):
    """Return the pairs of rows with equal keys as ``low << 32 | high``."""
    present = np.flatnonzero(keys)
    keys, rows = keys[present], rows[present]
    order = np.argsort(keys)
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    kept = (sizes > 1) & (sizes <= cap)
    if marked is not None and len(starts):
        kept &= (sizes <= FEW) | np.logical_or.reduceat(marked[rows], starts)
    starts, sizes = starts[kept], sizes[kept]
    order = np.argsort(sizes, kind="stable")
    starts, sizes = starts[order], sizes[order]
    found = [np.zeros(0, np.int64)]
    for size in np.unique(sizes):
        first, last = np.searchsorted(sizes, (size, size + 1))
        block = rows[starts[first:last, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        left, right = block[:, one].ravel().astype(np.int64), block[:, other].ravel().astype(np.int64)
        if marked is not None and size > FEW:
            wanted = marked[left] | marked[right]
            left, right = left[wanted], right[wanted]
        low, high = np.minimum(left, right), np.maximum(left, right)
        found.append((low << 32 | high)[low != high])
    return np.concatenate(found)
