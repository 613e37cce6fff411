"""How rows of a model follow a merge, where that is more than changing a column."""

from dataclasses import dataclass, replace

from odoo.tools import SQL

from .merge_source import Unique


@dataclass(frozen=True)
class MergeHandler:
    """What a model says about merges; see ``hospitality.merge._merge_handlers``.

    :ivar stay: nothing moves: all rows stay with the archived contact and are read through the pointer
    :ivar keep: SQL condition on the row ``t``: such rows stay and are journalled as *kept*
    :ivar uniques: keys that no index enforces but that mean the same row twice: tuples of columns, or
        ``Unique``; a repeated row stays with the archived contact
    :ivar needs: further columns that these keys mention
    :ivar shown: ``(reference, field, column of the contact)``: the field repeats a value of the contact and is
        written with it, though it is no computed field that says so
    :ivar after: name of a method of ``hospitality.merge`` that is called with the plan when all rows
        have moved, to settle what a conflict means
    :ivar again: it is called again when another merge of the same guests was taken back
    """

    stay: bool = False
    keep: SQL | None = None
    uniques: tuple = ()
    needs: tuple = ()
    shown: tuple = ()
    after: str | None = None
    again: bool = False

    def apply(self, table):
        """Write into a ``Table`` what the handler says of it."""
        if self.stay:
            table.sources = []
        if self.keep is not None:
            table.keep = self.keep
        for unique in self.uniques:
            if not isinstance(unique, Unique):
                unique = Unique(tuple(unique))
            table.uniques.append(unique)
            table.needs.update(expr for expr in unique.exprs if expr in table.columns)
        table.needs.update(self.needs)
        for reference, name, column in self.shown:
            table.sources = [
                replace(source, shown=(*source.shown, (name, column, True))) if source.column == reference else source
                for source in table.sources
            ]
