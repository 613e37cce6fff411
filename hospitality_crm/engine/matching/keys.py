"""Block keys: numbers that records of one person are likely to share, from names, contacts, dates and numbers."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from .arrays import begins, combinations, runs
from .table import TAIL
from .vocabulary import mix

# Each kind of key; records share a block when they have the same key of the same kind.
KINDS = (
    "email", "email2", "phone", "phone2", "document", "document2", "loyalty", "loyalty2", "mailbox", "bag", "name",
    "skeleton", "form_a", "form_b", "form_c", "form_d", "start_a", "start_b", "birth_given", "birth_family",
    "birth_zip", "address", "family_zip", "given_zip", "house", "digits", "alias", "company", "domain",
)  # fmt: skip

# Blocks of names, addresses and aliases that are larger than this hold namesakes and neighbours for the most part.
CAPS = {
    "mailbox": 30, "bag": 40, "name": 40, "skeleton": 30, "form_a": 30, "form_b": 30, "form_c": 30, "form_d": 30,
    "start_a": 24, "start_b": 24, "address": 40, "family_zip": 30, "given_zip": 20, "house": 20, "digits": 12,
    "alias": 12,
}  # fmt: skip


def block_keys(table):
    """Return keys of a :class:`~.table.Table` as (records, len(KINDS)) of int64; 0 means none."""
    columns = key_columns(table)
    return np.stack([columns[kind]() for kind in KINDS], 1)


def key_columns(table):
    """Return for each of :data:`KINDS` a function without arguments that returns its column of keys."""
    words, given, family = table.words, table.given, table.family
    birth = table.birth.astype(np.int64)
    zips = table.hashes("zips")[table.zip]
    one, other = words.sound[given], words.sound[family]
    # A single word may be either name.
    first, last = np.where(one != 0, one, other), np.where(other != 0, other, one)
    columns = {}
    for mark, position in (("", 0), ("2", 1)):
        columns |= {
            f"{kind}{mark}": partial(_own, table, kind, position) for kind in ("email", "phone", "document", "loyalty")
        }
    for kind, word, sound, position in (
        ("form_a", given, other, 0), ("form_b", given, other, 1),
        ("form_c", family, one, 0), ("form_d", family, one, 1),
    ):  # fmt: skip
        columns[kind] = partial(_form, words, word, sound, position)
    return columns | {
        "mailbox": lambda: mix("mailbox", table.derived("mailboxes")[table.email[:, 0]]),
        "bag": lambda: mix("bag", table.bag),
        "name": lambda: _both(table, "name", words.sound),
        "skeleton": lambda: _both(table, "skeleton", words.skeleton),
        "start_a": lambda: mix("start", words.start[given], other),
        "start_b": lambda: mix("start", words.start[family], one),
        "birth_given": lambda: mix("birth", birth, first),
        "birth_family": lambda: mix("birth", birth, last),
        "birth_zip": lambda: mix("birth_zip", birth, zips),
        "address": lambda: table.cached("address", address_keys),
        "family_zip": lambda: mix("family_zip", zips, last),
        "given_zip": lambda: mix("given_zip", zips, first),
        "house": lambda: mix("house", table.derived("starts")[table.street], table.house, words.start[family]),
        "digits": lambda: mix("digits", table.derived("digits")[table.document[:, 0]]),
        "alias": lambda: mix("alias", table.alias, table.country),
        "company": lambda: np.where(table.kind > 0, mix("company", table.company), 0),
        "domain": lambda: mix("domain", table.domain),
    }


def _own(table, kind, position):
    """Keys of one of the addresses, numbers, documents or cards of each record."""
    array = getattr(table, kind)
    if array.shape[1] <= position:
        return np.zeros(len(array), np.int64)
    column = array[:, position]
    if kind == "phone":
        column = column % TAIL
    elif kind != "loyalty":
        column = table.hashes(f"{kind}s")[column]
    return mix(kind, column)


def _both(table, kind, forms):
    """Keys of both names in any order, of whole names only."""
    words = table.words
    whole = (words.length[table.given] > 1) & (words.length[table.family] > 1)
    one, other = forms[table.given], forms[table.family]
    return np.where(whole, mix(kind, np.minimum(one, other), np.maximum(one, other)), 0)


def _form(words, word, sound, position):
    return mix("form", words.groups[word, position].astype(np.int64) + 1, sound)


def address_keys(table):
    """Return a key of street, house and place for each record."""
    place = np.where(table.zip >= 0, table.hashes("zips")[table.zip], table.hashes("cities")[table.city])
    return mix("address", table.hashes("streets")[table.street], place)


def candidates(keys, rows=None, cap=60, threads=1):
    """Return pairs of records that share a key, each once, left < right.

    What so many share tells nobody apart: a block of a kind of key is skipped above its cap of :data:`CAPS` (or
    ``cap``, if that is lower).

    :param keys: array (records, kinds) of keys as :func:`block_keys` returns them, 0 for none; or a flat array of keys
        of any kinds together with ``rows``
    :param rows: record of each of flat ``keys``
    :param int cap: records of a block at most
    :return: two int32 arrays in ascending order
    """
    keys = np.asarray(keys)
    if rows is not None:
        return _distinct([_block_pairs(keys, np.asarray(rows), cap)])
    kinds = KINDS if keys.shape[1] == len(KINDS) else [""] * keys.shape[1]
    columns = [(kind, partial(np.ascontiguousarray, keys[:, number])) for number, kind in enumerate(kinds)]
    return _column_pairs(columns, len(keys), cap, threads)


def table_pairs(table, cap=60, threads=1):
    """Return :func:`candidates` of the keys of a table, without keeping these in memory."""
    return _column_pairs(key_columns(table).items(), len(table), cap, threads)


def _column_pairs(columns, size, cap, threads):
    every = np.arange(size, dtype=np.int32)

    def pairs(column):
        kind, build = column
        return _block_pairs(build(), every, min(cap, CAPS.get(kind, cap)))

    return _distinct(in_threads([partial(pairs, column) for column in columns], threads=threads))


def in_threads(functions, *arguments, threads):
    """Return the results of functions, called with the same arguments."""
    if threads == 1:
        return [function(*arguments) for function in functions]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda function: function(*arguments), functions))


def _distinct(parts):
    found = np.concatenate(parts)
    parts.clear()
    found.sort()
    found = found[begins(found)]
    return (found >> 32).astype(np.int32), (found & 0xFFFFFFFF).astype(np.int32)


def _block_pairs(keys, rows, cap):
    """Return the pairs of rows with equal keys as ``low << 32 | high``."""
    present = np.flatnonzero(keys)
    keys, rows = keys[present], rows[present]
    order = np.argsort(keys)
    keys, rows = keys[order], rows[order]
    starts, sizes = runs(keys)
    kept = (sizes > 1) & (sizes <= cap)
    starts, sizes = starts[kept], sizes[kept]
    order = np.argsort(sizes, kind="stable")
    starts, sizes = starts[order], sizes[order]
    found = [np.zeros(0, np.int64)]
    for size in np.unique(sizes):
        first, last = np.searchsorted(sizes, (size, size + 1))
        block = rows[starts[first:last, None] + np.arange(size)]
        one, other = combinations(int(size))
        left, right = block[:, one].ravel().astype(np.int64), block[:, other].ravel().astype(np.int64)
        low, high = np.minimum(left, right), np.maximum(left, right)
        found.append((low << 32 | high)[low != high])
    return np.concatenate(found)
