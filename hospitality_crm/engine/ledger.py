"""Sealed ledgers: a chain of keyed hashes over rows that never change.

A row is put into one canonical form of bytes; its seal is HMAC-SHA-256 over the seal before it and that form. Whoever
lacks the key can't write a seal that fits, and a row that was changed, removed, inserted or moved breaks the chain at
its place. What a chain can't show is that its end was cut off: for that, its head is kept elsewhere from time to time
(an *anchor*). The construction is that of a hash chain with a secret, as in RFC 2104 over the links of Haber and
Stornetta (1991).
"""

import datetime
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

START = b"\0" * 32
"""What stands before the first seal."""


class Seal(NamedTuple):
    """One link of a chain.

    :ivar seq: 1, 2, 3, ... without gaps
    :ivar row_id: id of the row
    :ivar key_id: which key was used
    :ivar mac: 64 hexadecimal digits
    """

    seq: int
    row_id: int
    key_id: str
    mac: str


class Break(NamedTuple):
    """Where a chain is broken for the first time.

    :ivar seq: number of the link, 0 where there is none
    :ivar row_id: id of the row, 0 where it isn't known
    :ivar code: ``changed`` the row isn't what was sealed; ``row_missing``; ``seal_missing`` a link is gone;
        ``unsealed`` a row stands beside the chain; ``anchor`` the chain isn't the one that was anchored;
        ``cut`` it ends before its anchor; ``key_missing`` the key of the link isn't there
    """

    seq: int
    row_id: int
    code: str


def canonical(row: Mapping) -> bytes:
    """Return the one form of a row that is sealed: names and values as JSON, sorted by name, without blanks.

    >>> canonical({"b": 1, "a": None})
    b'{"a":null,"b":1}'
    """
    return json.dumps(row, default=_plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def seal(key: bytes, before: bytes, row: Mapping) -> bytes:
    """Return the seal of a row that follows another one.

    :param key: secret of at least 16 bytes
    :param before: seal of the row before, :data:`START` for the first
    """
    return hmac.new(key, before + canonical(row), hashlib.sha256).digest()


def chain(keys: Mapping[str, bytes], key_id: str, head: Seal | None, rows: Iterable[Mapping]) -> Iterator[Seal]:
    """Seal rows in their order behind the head of a chain.

    :param rows: with their ``id``
    """
    before = bytes.fromhex(head.mac) if head else START
    seq = head.seq if head else 0
    for row in rows:
        before = seal(keys[key_id], before, row)
        seq += 1
        yield Seal(seq, row["id"], key_id, before.hex())


def find_break(
    keys: Mapping[str, bytes],
    links: Iterable[tuple[Seal, Mapping | None]],
    anchors: Mapping[int, str] | None = None,
) -> tuple[int, Break | None]:
    """Check a whole chain.

    :param links: each seal in order, with its row as it stands now or None where it is gone
    :param anchors: seals that were kept elsewhere, by number
    :return: how many links hold, and the first break, if any
    """
    anchors = anchors or {}
    before, expected = START, 1
    for link, row in links:
        if link.seq != expected:
            return expected - 1, Break(expected, 0, "seal_missing")
        if row is None:
            return expected - 1, Break(link.seq, link.row_id, "row_missing")
        key = keys.get(link.key_id)
        if key is None:
            return expected - 1, Break(link.seq, link.row_id, "key_missing")
        before = seal(key, before, row)
        if not hmac.compare_digest(before.hex(), link.mac):
            return expected - 1, Break(link.seq, link.row_id, "changed")
        if anchors.get(link.seq, link.mac) != link.mac:
            return expected - 1, Break(link.seq, link.row_id, "anchor")
        expected += 1
    last = max(anchors, default=0)
    if last >= expected:
        return expected - 1, Break(expected, 0, "cut")
    return expected - 1, None
