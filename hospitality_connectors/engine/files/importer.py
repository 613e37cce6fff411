"""A file together with its mapping: the raw records of its rows, again and again the same."""

import itertools
import os
from hashlib import blake2b

from .adapter import compiled, raw_row, redactor_for
from .errors import RowError
from .propose import heading
from .reader import open_table
from .scan import Numberer, scan


class FileRows:
    """The rows of a file as :class:`Raw` records.

    :param source: path or bytes
    :param dict facts: how the file is read, ``Table.facts``
    :param str plan: what the columns mean, :func:`adapter.plan`
    :param int mapping_id: id under which the plan is stored
    :param str revision: changes with the mapping; the same rows under another mapping are new records
    :param dict limits: see :func:`container.recognise`
    """

    def __init__(self, source, facts, plan, mapping_id, revision, limits=None):
        self._source = source
        self._facts = facts
        self._limits = limits or {}
        self._mapping_id = mapping_id
        self._revision = revision
        self.mapping = compiled(plan)
        self.identity = (_stamp(source), plan, str(facts))
        self.scan = None
        self.cards = {}

    def rows(self):
        """Yield ``(number, values, error)``: values in the order of the mapping, without card numbers."""
        table = open_table(self._source, self._facts, **self._limits)
        order = _order_of(table.header, self.mapping.header)
        redactor = redactor_for(self.mapping)
        redact = redactor.row
        for number, values, error in table.rows:
            if values is not None:
                if order:
                    values = [values[index] if index is not None else "" for index in order]
                values = redact(values)
            yield number, values, error
        self.cards = redactor.found

    def prepare(self, progress=None):
        """Read the whole file for what its rows can't say alone. Called once.

        :return: the :class:`Scan`
        """
        self.scan = scan(self.rows, self.mapping, progress)
        return self.scan

    @property
    def prefix(self):
        """What the event keys of the file begin with: 32 hex digits, the same for a re-sorted file."""
        text = f"{self.scan.digest}:{self._revision}:{self.scan.bad}"
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def raws(self, observed_at=None, skip=0):
        """Yield the :class:`Raw` of each row, from row ``skip`` of those in the file on."""
        numberer = Numberer(self.mapping, self.scan)
        prefix = self.prefix
        records = (
            raw_row(self._mapping_id, self.mapping, numberer, prefix, number, values, error, observed_at)
            for number, values, error in self.rows()
        )
        return itertools.islice(records, skip, None)


def _stamp(source):
    """Return what changes when the file does."""
    if isinstance(source, str | os.PathLike):
        state = os.stat(source)
        return str(source), state.st_size, state.st_mtime_ns
    return blake2b(source, digest_size=16).hexdigest()


def _order_of(header, wanted):
    """Return the index in ``header`` of each wanted column, None where both are the same.

    :raise RowError: a column is missing
    """
    if header == wanted:
        return None
    places = {heading(name): index for index, name in enumerate(header)}
    order = [places.get(heading(name)) for name in wanted]
    if None in order:
        raise RowError("unknown_column", column=wanted[order.index(None)])
    return order
