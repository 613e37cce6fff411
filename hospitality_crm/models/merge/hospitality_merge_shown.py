from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from .merge_source import typed_hash


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
        current = self._read_shown(source, returned)
        changes, kept = {}, {}
        for row_id, values in current.items():
            old = shown.get(str(row_id)) or {}
            change, later = self._get_shown_changes(source, values, old, followed.values())
            if not later and values["hm_typed"] == old.get("hm_typed"):
                # Nobody has touched the row: what is computed from these fields is as it was, too.
                change = {name: old[name] for name in old if name in values and name != "hm_typed"}
            else:
                for name in change:
                    due.setdefault((self._get_model_of_table(line.table_name), name), []).append(row_id)
            changes[row_id] = {name: value for name, value in change.items() if values[name] != value}
            for name in later:
                kept.setdefault(name, []).append(row_id)
        self._write_columns(line.table_name, changes)
        for name, ids in kept.items():
            self._report(report, "kept", line.table_name, name, ids, line.loser_id.partner_id.id)

    def _return_shown_elsewhere(self, line, ids, followed, due):
        """Give rows back what they showed though somebody has meanwhile given them to another contact.

        What they show of the winner is not about that contact either, and may be another person's number.

        :param ids: ids of rows of the line that did not go back
        """
        shown = (line.payload or {}).get("shown")
        source = self._get_source(line.table_name, line.column_name)
        if not ids or not shown or source is None or not source.shown:
            return
        current = self._read_shown(source, ids)
        owners = self._read_owners(source, list(current))
        present = self._read_columns(list(set(owners.values())))
        winners, changes = followed.values(), {}
        for row_id, values in current.items():
            old, own = shown.get(str(row_id)) or {}, present.get(owners.get(row_id)) or {}
            changes[row_id] = {
                name: old[name]
                for name, column, _typed in source.shown
                if column is not None
                and name in old
                and values[name] not in (None, old[name], own.get(column))
                and any(values[name] == winner.get(column) for winner in winners)
            }
            for name in changes[row_id]:
                due.setdefault((self._get_model_of_table(line.table_name), name), []).append(row_id)
        self._write_columns(line.table_name, changes)

    @api.model
    def _read_owners(self, source, ids):
        """Return the contact of each of some rows: ``{row id: contact id}``."""
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT t.id, %s FROM %s t WHERE t.id = ANY(%s::int[]) AND %s",
                    source.col("t"),
                    SQL.identifier(source.table),
                    pg_int_array(ids),
                    source.refers("t"),
                )
            )
        )

    @api.model
    def _get_shown_changes(self, source, values, old, winners):
        """Return ``(fields that show their old value again, fields that a person has changed)`` of a row."""
        change, later = {}, []
        for name, column, typed in source.shown:
            if column is None or name not in old or values[name] == old[name]:
                continue
            if typed and all(values[name] != winner.get(column) for winner in winners):
                later.append(name)
            else:
                change[name] = old[name]
        return change, later

    @api.model
    def _read_shown(self, source, ids):
        """Return what rows show at present: ``{id: {field: JSON value, "hm_typed": hash}}``."""
        names = [SQL.identifier("t", name) for name, _column, _typed in source.shown]
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT t.id, to_jsonb(x) FROM %s t, LATERAL (SELECT %s AS hm_typed, %s) AS x"
                    " WHERE t.id = ANY(%s::int[])",
                    SQL.identifier(source.table),
                    typed_hash(source),
                    SQL(", ").join(names),
                    pg_int_array(ids),
                )
            )
        )

    @api.model
    def _follow_winners(self, before, after, downstream, due):
        """Let rows of the winners that show a value which the undo has changed show the present one.

        Rows that have gone on to a later winner will, when they come back.

        :param dict before: winner id -> his columns before the undo
        :param dict after: the same now
        :param downstream: the later merges
        """
        self._follow_in_journal(before, after, downstream, due)
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
    def _follow_in_journal(self, before, after, downstream, due):
        """The same for rows of these winners that have gone on: what they will show, and show still."""
        for row in downstream.member_ids:
            partner = row.partner_id.id
            if partner not in before:
                continue
            for line in row.line_ids.filtered(lambda line: line.kind == "moved"):
                source = line.payload and self._get_source(line.table_name, line.column_name)
                changes = (
                    {
                        name: (before[partner].get(column), after[partner].get(column))
                        for name, column, _typed in source.shown
                        if column
                    }
                    if source
                    else {}
                )
                shown = (line.payload or {}).get("shown") or {}
                renewed = {row_id: self._renew(source, values, changes) for row_id, values in shown.items()}
                if renewed != shown:
                    line.payload = {**line.payload, "shown": renewed}
                    self._renew_rows(source, changes, [row_id for row_id in line.row_ids if str(row_id) in shown], due)

    @api.model
    def _renew_rows(self, source, changes, ids, due):
        """Let rows show a new value of their former contact where they still show his old one."""
        names = [
            name for name, column, typed in source.shown if typed and column and changes[name][0] != changes[name][1]
        ]
        current = self._read_shown(source, ids) if names else {}
        renewed = {}
        for row_id, values in current.items():
            renewed[row_id] = {name: changes[name][1] for name in names if values[name] == changes[name][0]}
            for name in renewed[row_id]:
                due.setdefault((self._get_model_of_table(source.table), name), []).append(row_id)
        self._write_columns(source.table, renewed)

    @api.model
    def _renew(self, source, values, changes):
        """Return what a row will show when it comes back; what is computed from a changed value is left out."""
        new = {name: changes[name][1] for name in changes if name in values and values[name] == changes[name][0]}
        if not new or all(values[name] == value for name, value in new.items()):
            return values
        derived = {name for name, column, _typed in source.shown if column is None}
        return {name: new.get(name, value) for name, value in values.items() if name not in derived | {"hm_typed"}}

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
    def _recompute_shown(self, partner_ids):
        """Compute anew what rows of some contacts show of them and nobody can type."""
        for table in self._get_tables():
            for source in table.sources:
                names = [name for name, column, typed in source.shown if column is not None and not typed]
                if not names or source.key != "id":
                    continue
                rows = self.env.execute_query(
                    SQL(
                        "SELECT t.id FROM %s t WHERE %s = ANY(%s::int[]) AND %s",
                        SQL.identifier(table.name),
                        source.col("t"),
                        pg_int_array(partner_ids),
                        source.refers("t"),
                    )
                )
                records = self.env[table.model].with_context(active_test=False).browse([row[0] for row in rows])
                for name in names if rows else ():
                    self.env.add_to_compute(records._fields[name], records)

    @api.model
    def _recompute_due(self, due):
        """Compute what depends on columns that were written by SQL; nobody is told."""
        self.env["hospitality.guest.search"]._mark(
            {row_id for (model, _name), ids in due.items() if model == "res.partner" for row_id in ids}
        )
        for (model_name, name), ids in due.items():
            records = self.env[model_name].with_context(active_test=False).browse(dict.fromkeys(ids))
            records.modified([name])
        self.with_context(tracking_disable=True, mail_notrack=True).env.flush_all()
