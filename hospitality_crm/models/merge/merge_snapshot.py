"""What rows looked like before other addons took part in a merge, and what they have done to them."""

from odoo.tools import SQL

from ...tools.arrays import pg_int_array

# Rows that refer to the rows of a contact are watched for tables with at most so many of these.
MAX_PARENTS = 200
_STAMPS = frozenset({"write_uid", "write_date"})

_REFERRING = """
SELECT c.relname, a.attname FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
 WHERE k.contype = 'f' AND k.confrelid = %s::regclass AND array_length(k.conkey, 1) = 1
   AND EXISTS (SELECT FROM pg_attribute i WHERE i.attrelid = c.oid AND i.attname = 'id')
"""


class Snapshot:
    """Rows of contacts, and the rows that refer to these, as JSON.

    :ivar rows: ``{table: {id: row}}`` in the order in which rows have to be there
    """

    def __init__(self, env, tables, partner_ids, skipped):
        """
        :param tables: ``Table`` objects that have rows of the contacts
        :param partner_ids: the contacts
        :param skipped: names of tables that are not looked at
        """
        self.cr = env.cr
        self.rows = {}
        ids = pg_int_array(partner_ids)
        for table in tables:
            sources = [source for source in table.sources if source.kind in ("fk", "pair") and source.key == "id"]
            if sources and table.name != "res_partner":
                where = SQL(" OR ").join(
                    SQL("(%s = ANY(%s::int[]) AND %s)", source.col("t"), ids, source.refers("t")) for source in sources
                )
                self._add(table.name, where)
        for parent, rows in list(self.rows.items()):
            if not 0 < len(rows) <= MAX_PARENTS:
                continue
            self.cr.execute(_REFERRING, (parent,))
            for name, column in self.cr.fetchall():
                if name not in skipped and name != parent:
                    self._add(name, SQL("%s = ANY(%s::int[])", SQL.identifier("t", column), pg_int_array(rows)))

    def _add(self, name, where):
        self.cr.execute(SQL("SELECT t.id, to_jsonb(t) FROM %s t WHERE %s", SQL.identifier(name), where))
        found = dict(self.cr.fetchall())
        if found:
            self.rows.setdefault(name, {}).update(found)

    def compare(self):
        """Tell what has become of the rows.

        :return: ``(changed, deleted)``: lists of ``(table, id, {column: (old, new)})`` and ``(table, row)``, rows that
            others need before these
        """
        changed, deleted = [], []
        for name, rows in self.rows.items():
            self.cr.execute(
                SQL(
                    "SELECT t.id, to_jsonb(t) FROM %s t WHERE t.id = ANY(%s::int[])",
                    SQL.identifier(name),
                    pg_int_array(rows),
                )
            )
            now = dict(self.cr.fetchall())
            for row_id, old in rows.items():
                new = now.get(row_id)
                if new is None:
                    deleted.append((name, old))
                elif new != old:
                    columns = {key: (old[key], new[key]) for key in old if old[key] != new[key] and key not in _STAMPS}
                    if columns:
                        changed.append((name, row_id, columns))
        return changed, deleted
