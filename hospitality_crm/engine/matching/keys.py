"""Block keys: numbers that records of one person are likely to share, from names, contacts, dates and numbers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .table import TAIL
from .vocabulary import hash64, mix

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
    words = table.words
    given, family = table.given, table.family
    columns = []
    emails, documents = table.hashes("emails"), table.hashes("documents")
    locals_ = np.array([_mailbox(text) for text in table.emails] + [0], np.int64)
    for position in (0, 1):
        columns.append(mix("email", emails[_column(table.email, position, -1)]))
    for position in (0, 1):
        columns.append(mix("phone", _column(table.phone, position, 0) % TAIL))
    for position in (0, 1):
        columns.append(mix("document", documents[_column(table.document, position, -1)]))
    for position in (0, 1):
        columns.append(mix("loyalty", _column(table.loyalty, position, 0)))
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
    # A single word may be either name.
    first, last = np.where(one != 0, one, other), np.where(other != 0, other, one)
    columns.append(mix("birth", birth, first))
    columns.append(mix("birth", birth, last))
    zips = table.hashes("zips")[table.zip]
    columns.append(mix("birth_zip", birth, zips))
    columns.append(address_keys(table))
    columns.append(mix("family_zip", zips, last))
    columns.append(mix("given_zip", zips, first))
    starts = np.array([hash64(text[:4]) if len(text) > 3 else 0 for text in table.streets] + [0], np.int64)
    columns.append(mix("house", starts[table.street], table.house, table.words.start[family]))
    digits = np.array([hash64(_digits(text)) for text in table.documents] + [0], np.int64)
    columns.append(mix("digits", digits[_column(table.document, 0, -1)]))
    columns.append(mix("alias", table.alias, table.country))
    columns.append(np.where(table.kind > 0, mix("company", table.company), 0))
    columns.append(mix("domain", table.domain))
    return np.stack(columns, 1)


def _digits(document):
    """A document's type and characters in order of the alphabet, the same for two that changed places."""
    kind, _colon, number = document.partition(":")
    return kind + "".join(sorted(number))


def address_keys(table):
    """Return a key of street, house and place for each record."""
    place = np.where(table.zip >= 0, table.hashes("zips")[table.zip], table.hashes("cities")[table.city])
    return mix("address", table.hashes("streets")[table.street], place)


def _column(array, position, blank):
    if array.shape[1] > position:
        return array[:, position]
    return np.full(len(array), blank, array.dtype)


def _mailbox(email):
    local = email.partition("@")[0]
    return hash64(local.replace(".", "").replace("_", "").replace("-", "")) if len(local) > 6 else 0


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
        parts = [_block_pairs(keys, np.asarray(rows), cap)]
    else:
        every = np.arange(len(keys), dtype=np.int32)

        def pairs(column):
            kind = KINDS[column] if keys.shape[1] == len(KINDS) else ""
            return _block_pairs(keys[:, column], every, min(cap, CAPS.get(kind, cap)))

        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(pairs, range(keys.shape[1])))
    found = np.concatenate(parts)
    del parts
    found.sort()
    found = found[np.r_[True, found[1:] != found[:-1]]] if len(found) else found
    return (found >> 32).astype(np.int32), (found & 0xFFFFFFFF).astype(np.int32)


def _block_pairs(keys, rows, cap):
    """Return the pairs of rows with equal keys as ``low << 32 | high``."""
    present = np.flatnonzero(keys)
    keys, rows = keys[present], rows[present]
    order = np.argsort(keys)
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    kept = (sizes > 1) & (sizes <= cap)
    starts, sizes = starts[kept], sizes[kept]
    order = np.argsort(sizes, kind="stable")
    starts, sizes = starts[order], sizes[order]
    found = [np.zeros(0, np.int64)]
    for size in np.unique(sizes):
        first, last = np.searchsorted(sizes, (size, size + 1))
        block = rows[starts[first:last, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        left, right = block[:, one].ravel().astype(np.int64), block[:, other].ravel().astype(np.int64)
        low, high = np.minimum(left, right), np.maximum(left, right)
        found.append((low << 32 | high)[low != high])
    return np.concatenate(found)
