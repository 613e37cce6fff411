"""What only the whole file shows: equal rows, repeated keys, contradictions."""

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b

from .convert import Unknown
from .errors import RowError
from .mapping import row_digest

_STATUS_RANK = ("in_house", "reserved", "optional", "waitlist", "enquiry", "checked_out", "no_show", "cancelled")
SHOWN_ROWS = 5


@dataclass
class Scan:
    """Result of :func:`scan`.

    :ivar rows: rows with or without errors
    :ivar bad: rows that couldn't be read
    :ivar digest: hash of all rows whatever their order, 32 hex digits
    :ivar repeated: per content-keyed slot the short hashes that occur more than once
    :ivar repeated_rows: short hashes of whole rows that occur more than once
    :ivar conflicts: short hash of a key of the row's own record -> numbers of the rows that disagree
    :ivar overrides: ``{slot: {short hash of key: {column: text}}}``
    """

    rows: int = 0
    bad: int = 0
    digest: str = ""
    repeated: dict = field(default_factory=dict)
    repeated_rows: set = field(default_factory=set)
    conflicts: dict = field(default_factory=dict)
    overrides: dict = field(default_factory=dict)


def short(key):
    """Return a hash of a key as a number of 64 bits.

    >>> short("A1") == short("A1"), short("A1") == short("A2")
    (True, False)
    """
    return int.from_bytes(row_digest(["k"], [key])[:8], "big")


def scan(open_rows, mapping, progress=None):
    """Read a file once or twice and find what its rows can't say by themselves.

    :param open_rows: function that returns a new iterator of ``(number, values, error)``
    :param Mapping mapping: what the columns mean
    :param progress: called with the number of rows read
    :rtype: Scan
    """
    worker = _Scanner(mapping)
    for number, values, error in open_rows():
        worker.add(number, values, error)
        if progress and worker.result.rows % 5000 == 0:
            progress(worker.result.rows)
    result = worker.finish()
    if worker.disagreeing or result.conflicts:
        worker.resolve(open_rows())
    return result


class _Scanner:
    def __init__(self, mapping):
        self.mapping = mapping
        self.result = Scan()
        self._sum = 0
        self._hashes = {slot: array("Q") for slot in mapping.content_slots}
        self._digests = array("Q")
        # Slots with a mapped key: what the file says about a key must be one thing.
        self._keyed = [slot for slot in mapping.slots if mapping.field(slot, "external_id")]
        self._versioned = mapping.field(mapping.main, "version") is not None
        self._seen = {slot: {} for slot in self._keyed}
        self.disagreeing = defaultdict(set)

    def add(self, number, values, error):
        self.result.rows += 1
        if error:
            self.result.bad += 1
            return
        mapping = self.mapping
        row = mapping.clean(values)
        digest = row_digest(mapping.header, row)
        self._sum += int.from_bytes(digest, "big")
        self._digests.append(int.from_bytes(digest[:8], "big"))
        for slot, columns in mapping.content_slots.items():
            own = digest if columns is None else mapping.digest(slot, row)
            self._hashes[slot].append(int.from_bytes(own[:8], "big"))
        for slot in self._keyed:
            key = mapping.key(slot, row)
            if key:
                self._compare(slot, short(key), row, digest)

    def _compare(self, slot, key, row, digest):
        mapping = self.mapping
        if slot == mapping.main:
            if self._versioned:
                return
            said = int.from_bytes(digest[:8], "big")
        else:
            said = int.from_bytes(row_digest(mapping.header, row, mapping.said_by(slot))[:8], "big")
        if self._seen[slot].setdefault(key, said) != said:
            if slot == mapping.main:
                self.result.conflicts.setdefault(key, [])
            else:
                self.disagreeing[slot].add(key)

    def finish(self):
        result = self.result
        result.digest = f"{self._sum & ((1 << 128) - 1):032x}"
        result.repeated_rows = _repeated(self._digests)
        result.repeated = {slot: _repeated(hashes) for slot, hashes in self._hashes.items()}
        self._seen = self._hashes = self._digests = None
        return result

    def resolve(self, rows):
        """Read the rows again and let the newest non-blank value of each column speak for its key."""
        mapping, result = self.mapping, self.result
        heard = {slot: defaultdict(dict) for slot in self.disagreeing}
        for number, values, error in rows:
            if error:
                continue
            row = mapping.clean(values)
            if result.conflicts:
                key = short(mapping.key(mapping.main, row))
                numbers = result.conflicts.get(key)
                if numbers is not None and len(numbers) < SHOWN_ROWS:
                    numbers.append(number)
            for slot, keys in self.disagreeing.items():
                key = short(mapping.key(slot, row))
                if key in keys:
                    self._hear(slot, heard[slot][key], row)
        for slot, by_key in heard.items():
            result.overrides[slot] = {
                key: {str(index): text for index, (_rank, text) in sorted(columns.items())}
                for key, columns in by_key.items()
            }

    def _hear(self, slot, columns, row):
        day = self.mapping.row_date(row) or ""
        status = self.mapping.status_columns(slot)
        for index in self.mapping.said_by(slot):
            text = row[index]
            if not text:
                continue
            rank = (self._status_rank(slot, row), text) if index in status else (day, text)
            if index not in columns or rank > columns[index][0]:
                columns[index] = (rank, text)

    def _status_rank(self, slot, row):
        """A booking is cancelled only when all its rooms are."""
        try:
            status = self.mapping.field("stay" if slot == "booking" else slot, "status").get(row, {})
        except (AttributeError, Unknown, RowError):
            status = None
        rank = _STATUS_RANK.index(status) if status in _STATUS_RANK else len(_STATUS_RANK)
        return f"{len(_STATUS_RANK) - rank:02d}"


def _repeated(hashes):
    """Return the numbers that occur more than once."""
    ordered = sorted(hashes)
    return {a for a, b in zip(ordered, ordered[1:], strict=False) if a == b}


def _repeated(hashes):
    """Return the numbers that occur more than once."""
    ordered = sorted(hashes)
    return {a for a, b in zip(ordered, ordered[1:], strict=False) if a == b}


class Numberer:
    """Gives each row its keys by content: the hash and which of several equal rows it is.

    :param Mapping mapping: what the columns mean
    :param Scan scan: of the same file
    """

    def __init__(self, mapping, scan):
        self._mapping = mapping
        self._scan = scan
        self._counts = {slot: {} for slot in mapping.content_slots}
        self._rows = {}

    def keys(self, row):
        """Return ``{slot: key}`` of a cleaned row. Call it once for each row, in the order of the file."""
        result = {}
        for slot in self._mapping.content_slots:
            digest = self._mapping.digest(slot, row)
            number = int.from_bytes(digest[:8], "big")
            occurrence = 1
            if number in self._scan.repeated[slot]:
                counts = self._counts[slot]
                occurrence = counts[digest] = counts.get(digest, 0) + 1
            result[slot] = f"{digest.hex()}#{occurrence}"
        return result

    def event_key(self, row):
        """Return the hash of a cleaned row with its occurrence among equal rows: 32 hex digits.

        Call it once for each row, after :meth:`keys`.
        """
        digest = row_digest(self._mapping.header, row)
        if int.from_bytes(digest[:8], "big") in self._scan.repeated_rows:
            count = self._rows[digest] = self._rows.get(digest, 0) + 1
            return blake2b(b"%s#%d" % (digest, count), digest_size=16).hexdigest()
        return digest.hex()

    def overrides(self, row):
        """Return the overrides of a cleaned row for :meth:`Mapping.parse`."""
        overrides = {}
        for slot, by_key in self._scan.overrides.items():
            key = self._mapping.key(slot, row)
            said = by_key.get(short(key)) if key else None
            if said:
                overrides[slot] = said
        return overrides

    def conflict(self, row):
        """Return the error of a row whose key stands for different records, else None."""
        if not self._scan.conflicts:
            return None
        key = self._mapping.key(self._mapping.main, row)
        numbers = self._scan.conflicts.get(short(key)) if key else None
        if numbers is None:
            return None
        return RowError("key_conflict", key=f"“{key}”", rows=", ".join(map(str, numbers)))
