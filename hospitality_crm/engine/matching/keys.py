"""Block keys: numbers that records of one person are likely to share, from names, contacts, dates and numbers."""

import numpy as np

from .table import TAIL
from .vocabulary import hash64, mix

# Each kind of key; records share a block when they have the same key of the same kind.
KINDS = (
    "email", "email2", "phone", "phone2", "document", "document2", "loyalty", "loyalty2", "mailbox", "bag", "name",
    "skeleton", "form_a", "form_b", "form_c", "form_d", "start_a", "start_b", "birth_given", "birth_family",
    "birth_zip", "address", "family_zip", "given_zip", "house", "digits", "alias", "company", "domain",
)  # fmt: skip


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
    columns.append(mix("birth", birth, one))
    columns.append(mix("birth", birth, other))
    columns.append(mix("birth_zip", birth, table.zip))
    columns.append(address_keys(table))
    columns.append(mix("family_zip", table.zip, other))
    columns.append(mix("given_zip", table.zip, one))
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
    place = np.where(table.zip != 0, table.zip, table.hashes("cities")[table.city])
    return mix("address", table.hashes("streets")[table.street], place)


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
    return unpacked(packed_pairs(keys, rows, cap))


def unpacked(pairs):
    """Return left and right of packed pairs."""
    return (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)


def packed_pairs(keys, rows=None, cap=60, shard=0, shards=1):
    """Return the pairs of :func:`candidates` as sorted numbers, left * 2**32 + right.

    :param shard, shards: of the keys, those that leave the rest ``shard`` of ``shards``
    """
    keys = np.asarray(keys)
    width = keys.shape[1] if rows is None else 1
    keys = keys.ravel()
    present = np.flatnonzero((keys != 0) & (keys % shards == shard) if shards > 1 else keys)
    keys = keys[present]
    rows = (present // width).astype(np.int32) if rows is None else np.asarray(rows, np.int32)[present]
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(keys)])
    kept = (sizes > 1) & (sizes <= cap)
    starts, sizes = starts[kept], sizes[kept]
    found = []
    for size in np.unique(sizes):
        block = rows[starts[sizes == size][:, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        left, right = block[:, one].ravel(), block[:, other].ravel()
        low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right)
        pairs = low << 32 | high
        found.append(pairs if (low != high).all() else pairs[low != high])
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
