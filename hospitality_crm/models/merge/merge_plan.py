"""Who is merged with whom, in the form that the statements take."""

from dataclasses import dataclass, field

from odoo.tools import SQL

from ...tools.arrays import pg_int_array

#: From so many losers on a table is scanned once instead of being asked per contact.
BULK = 200


@dataclass
class Group:
    """One winner, those who become him, and what was said about it.

    :ivar options: ``values`` (field -> profile id or value), ``reason``, ``matches`` (ids of the evidence)
    """

    winner: int
    losers: tuple
    options: dict = field(default_factory=dict)
    merge_id: int = 0
    loser_rows: tuple = ()

    @property
    def members(self):
        return [self.winner, *self.losers]


class Plan:
    """Groups with their records, and the mapping from losers to winners as a relation ``m`` for SQL."""

    def __init__(self, groups):
        self.groups = groups
        self.rows = [
            (loser, group.winner, group.merge_id, row)
            for group in groups
            for loser, row in zip(group.losers, group.loser_rows, strict=True)
        ]
        self.losers = [row[0] for row in self.rows]
        self.winners = [group.winner for group in groups]
        self.merge_ids = [group.merge_id for group in groups]
        self.bulk = len(self.rows) >= BULK
        self.temporary = False
        # (table, column) of the sources with rows of the losers; None: not known, all may have some.
        self.touched = None
        # Names of the properties that hold contacts.
        self.properties = []
        # Table name -> rows that stay with their loser; lines of the journal that are still to be written.
        self.parked = {}
        self.lines = []
        # What contacts below the members shared with their company before: id -> (member, columns).
        self.below = {}
        self.names = {}
        # Table name -> keys of rows that were left with their loser by an earlier look; None: the first look.
        self.left = None

    def portion(self, items):
        """Cut a list into what one statement takes: everything for few contacts, one item for many."""
        if not items:
            return []
        return [[item] for item in items] if self.bulk else [items]

    def touches(self, what):
        """Tell whether a ``Table`` or ``Source`` may have rows of the losers."""
        if self.touched is None:
            return True
        sources = getattr(what, "sources", [what])
        return any((source.table, source.column) in self.touched for source in sources)

    def touches_table(self, *names):
        return self.touched is None or any(table in names for table, _column in self.touched)

    @property
    def members(self):
        return [*self.winners, *self.losers]

    def relation(self, alias="m"):
        """Return the mapping as a FROM item with the columns ``loser winner merge_id loser_id``."""
        name = SQL.identifier(alias)
        if self.temporary:
            return SQL("pg_temp.hospitality_merge_map AS %s", name)
        return SQL("unnest(%s) AS %s (loser, winner, merge_id, loser_id)", self._arrays(), name)

    def _arrays(self):
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * 4
        return SQL(", ").join(SQL("%s::int[]", pg_int_array(column)) for column in columns)

    def materialise(self, cr):
        """Write the mapping of many into a temporary table, so that the planner knows its size."""
        cr.execute(
            SQL(
                "DROP TABLE IF EXISTS pg_temp.hospitality_merge_map;"
                "CREATE TEMPORARY TABLE hospitality_merge_map ON COMMIT DROP AS"
                " SELECT * FROM unnest(%s) AS m (loser, winner, merge_id, loser_id);"
                "CREATE UNIQUE INDEX ON pg_temp.hospitality_merge_map (loser);"
                "ANALYZE pg_temp.hospitality_merge_map",
                self._arrays(),
            )
        )
        self.temporary = True
