"""Block keys: numbers that records of one person are likely to share, from names, contacts, dates and numbers."""

import numpy as np

from .table import TAIL
from .vocabulary import hash64

# Each kind of key; records share a block when they have the same key of the same kind.
KINDS = (
    "email", "email2", "phone", "phone2", "document", "document2", "loyalty", "loyalty2", "mailbox", "bag", "name",
    "skeleton", "form_a", "form_b", "form_c", "form_d", "initial_a", "initial_b", "birth_given", "birth_family",
    "birth_zip", "address", "alias",
)  # fmt: skip

_K1 = np.uint64(0x9E3779B97F4A7C15)
_K2 = np.uint64(0xBF58476D1CE4E5B9)


def mix(tag, *parts):
    """Return signed 64-bit keys of arrays, 0 where one of them is 0.

    :param str tag: kind of key
    """
    key = np.full(np.shape(parts[0]), hash64(tag), np.int64).view(np.uint64)
    blank = np.zeros(np.shape(parts[0]), bool)
    for part in parts:
        part = np.ascontiguousarray(part, np.int64)
        blank |= part == 0
        key = (key ^ part.view(np.uint64)) * _K1
        key = (key ^ (key >> np.uint64(31))) * _K2
        key ^= key >> np.uint64(29)
    key = key.view(np.int64)
    key[blank] = 0
    return key


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
    for word, sound, length in ((given, other, words.length[family]), (family, one, words.length[given])):
        columns.append(np.where(length > 1, mix("initial", words.first[word], sound), 0))
    birth = table.birth.astype(np.int64)
    columns.append(mix("birth", birth, one))
    columns.append(mix("birth", birth, other))
    columns.append(mix("birth_zip", birth, table.zip))
    columns.append(mix("address", table.street, np.where(table.zip != 0, table.zip, table.city)))
    columns.append(mix("alias", table.alias, table.country))
    return np.stack(columns, 1)


def _column(array, position, blank):
    if array.shape[1] > position:
        return array[:, position]
    return np.full(len(array), blank, array.dtype)


def _mailbox(email):
    local = email.partition("@")[0]
    return hash64(local.replace(".", "").replace("_", "").replace("-", "")) if len(local) > 6 else 0


def candidates(keys, rows=None, cap=60):
    """Return pairs of records that share a key, each once, left < right.

    :param keys: array (records, kinds) of keys, 0 for none; or a flat array together with ``rows``
    :param rows: record of each of flat ``keys``
    :param int cap: blocks of more records are skipped: what so many share tells nobody apart
    :return: two int32 arrays in ascending order
    """
    keys = np.asarray(keys)
    if rows is None:
        rows = np.repeat(np.arange(len(keys), dtype=np.int32), keys.shape[1])
        keys = keys.ravel()
    present = np.flatnonzero(keys)
    keys, rows = keys[present], np.asarray(rows)[present]
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    kept = (sizes > 1) & (sizes <= cap)
    found = []
    for size in np.unique(sizes[kept]):
        block = rows[starts[kept & (sizes == size)][:, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        left, right = block[:, one].ravel().astype(np.int64), block[:, other].ravel().astype(np.int64)
        low, high = np.minimum(left, right), np.maximum(left, right)
        found.append((low << 32 | high)[low != high])
    pairs = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    return (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
