from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array


class HospitalityMerge(models.Model):
    """What rows of other addons show of their contact: the name on an invoice, the phone of a lead.

    A merge leaves it as it is, but when the winner is edited, the moved rows change with him. An
    un-merge gives them back what they showed, unless a person has typed something else.
    """

    _inherit = "hospitality.merge"

    def _return_shown(self, line, returned, followed, due, report):
        """Give returned rows back what they showed before the merge where it has followed the winner.

        :param line: line of the journal
        :param returned: ids of its rows that went back
        :param dict followed: winner id -> his columns before the undo
        :param dict due: takes ``{(model, column): ids}`` of what was written
        """
        shown = (line.payload or {}).get("shown")
        source = self._get_source(line.table_name, line.column_name)
        if not returned or not shown or source is None or not source.shown:
            return
        names = [name for name, _column, _typed in source.shown]
        current = self._read_rows(line.table_name, returned, names)
        untouched = self._find_untouched(line.table_name, returned)
        changes, kept = {}, {}
        for row_id, values in current.items():
            old = shown.get(str(row_id)) or {}
            for name, column, typed in source.shown:
                if name not in old or values[name] == old[name]:
                    continue
                if row_id in untouched:
                    changes.setdefault(row_id, {})[name] = old[name]
                elif column is None:
                    continue
                elif typed and all(values[name] != winner.get(column) for winner in followed.values()):
                    kept.setdefault(name, []).append(row_id)
                else:
                    changes.setdefault(row_id, {})[name] = old[name]
                    due.setdefault((self._get_model_of_table(line.table_name), name), []).append(row_id)
        self._write_columns(line.table_name, changes)
        for name, ids in kept.items():
            self._report(report, "kept", line.table_name, name, ids, line.loser_id.partner_id.id)

    def _find_untouched(self, table, ids):
        """Return which rows nobody has written since the merge; computed values don't count."""
        return {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT id FROM %s WHERE id = ANY(%s::int[]) AND (write_date IS NULL OR write_date <= %s)",
                    SQL.identifier(table),
                    pg_int_array(ids),
                    self.merged_at,
                )
            )
        }

    @api.model
    def _follow_winners(self, before, after, due):
        """Let rows of the winners that show a value which the undo has changed show the present one.

        :param dict before: winner id -> his columns before the undo
        :param dict after: the same now
        """
        for table in self._get_tables():
            for source in table.sources:
                for name, column, typed in source.shown:
                    if column is None:
                        continue
                    for winner, values in before.items():
                        old, new = values.get(column), after[winner].get(column)
                        if old == new:
                            continue
                        ids = [row[0] for row in self.env.execute_query(self._showing(source, winner, name, old))]
                        if typed:
                            self._write_columns(table.name, {row_id: {name: new} for row_id in ids})
                            due.setdefault((table.model, name), []).extend(ids)
                        elif ids:
                            model = self.env[table.model].with_context(active_test=False)
                            self.env.add_to_compute(model._fields[name], model.browse(ids))

    @api.model
    def _showing(self, source, winner, name, value):
        """Return the query of the rows of a winner that show a value."""
        return SQL(
            "SELECT t.id FROM %s t WHERE %s = %s AND to_jsonb(%s) #>> '{}' = %s",
            SQL.identifier(source.table),
            source.col("t"),
            winner,
            SQL.identifier("t", name),
            None if value is None else str(value),
        )

    @api.model
    def _read_rows(self, table, ids, names):
        """Return columns of rows as JSON values: ``{id: {column: value}}``."""
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT t.id, to_jsonb(x) FROM %s t, LATERAL (SELECT %s) AS x WHERE t.id = ANY(%s::int[])",
                    SQL.identifier(table),
                    SQL(", ").join(SQL.identifier("t", name) for name in names),
                    pg_int_array(ids),
                )
            )
        )

    @api.model
    def _recompute_due(self, due):
        """Compute what depends on columns that were written by SQL; nobody is told."""
        for (model_name, name), ids in due.items():
            records = self.env[model_name].with_context(active_test=False).browse(dict.fromkeys(ids))
            records.modified([name])
        self.with_context(tracking_disable=True, mail_notrack=True).env.flush_all()
