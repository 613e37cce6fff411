"""Numbered pages of a vendor who may serve fewer records than he is asked for."""

from typing import NamedTuple

#: Differs from every total, so that the window is read again.
UNSURE = -1


class Place(NamedTuple):
    """Where a run through numbered pages is.

    :ivar read: records that lie behind us
    :ivar size: records of a page: what is asked for, or less when the vendor has shown that he serves less
    :ivar changes: how often he has changed his mind about it
    """

    read: int = 0
    size: int = 100
    changes: int = 0

    @classmethod
    def load(cls, cursor, size):
        """Return the place that a cursor stands for; None is the beginning."""
        return cls(*map(int, cursor.split("."))) if cursor else cls(size=size)

    @property
    def number(self):
        """The page, counted from 1, that begins at or before what was not read yet."""
        return self.read // self.size + 1

    def after(self, got, total):
        """Return what comes after a page of ``got`` records out of ``total`` (None: unknown).

        A page that is shorter than asked for is the last one, or the vendor's pages have become smaller: the count of
        all records tells which. Pages never skip a record, they rather overlap. Where the size has changed in the
        middle the end is not sure, and the total is said to be unsure as well.

        :return: ``(cursor of the next page or None, total)``
        """
        start = (self.number - 1) * self.size
        if not got or (total is None and got < self.size):
            return None, total
        if got < self.size and start + got < total:
            place = Place(max(self.read, (self.number - 1) * got + got), got, self.changes + bool(self.read))
            return ".".join(map(str, place)), total
        place = self._replace(read=start + got)
        if total is not None and place.read >= total:
            return None, UNSURE if self.changes else total
        return ".".join(map(str, place)), total
