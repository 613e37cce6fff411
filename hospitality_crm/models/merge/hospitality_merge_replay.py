from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from .merge_plan import Group, Plan
from .merge_source import catalogue_sql


class HospitalityMerge(models.Model):
    """Rows of one table that keep each other from going back.

    A row may be in the way of another because a later merge has moved it: without the earlier merge
    it would have stayed where it was. For such a table the later merges are taken back and done
    again.
    """

    _inherit = "hospitality.merge"

    def _retry_blocked(self, blocked, chain, downstream, report):
        """Try rows again that had to wait for others; what can't go back stays with the winner and is listed.

        :param list blocked: ``(line of the journal, keys)``
        """
        blocked = self._retry(blocked, chain, downstream, report)
        names = {line.table_name for line, _ids in blocked}
        for table in [table for table in self._get_tables() if table.name in names]:
            merges = downstream | self._find_blocking(
                table, [one for one in blocked if one[0].table_name == table.name]
            )
            self._lock_members((merges.winner_id | merges.member_ids.partner_id).ids)
            shown = {}
            for merge in merges.sorted("id", reverse=True):
                shown[merge.id] = merge._take_back(table, report)
            blocked = self._retry(blocked, chain, downstream, report)
            for merge in merges.sorted("id"):
                merge._move_again(table, shown[merge.id])
        for line, ids in blocked:
            self._report(report, "kept", line.table_name, line.column_name, ids, line.loser_id.partner_id.id)

    def _retry(self, blocked, chain, downstream, report):
        """Return rows as long as any goes back; return what is left."""
        progress = True
        while blocked and progress:
            waiting, progress = [], False
            for line, ids in blocked:
                returned, rest = self._return_line(line, ids, line.loser_id.partner_id.id, chain, report)
                self._release(line, returned, chain, downstream)
                progress |= bool(returned)
                if rest:
                    waiting.append((line, rest))
            blocked = waiting
        return blocked

    # -- who is in the way ---------------------------------------------------------------------

    def _find_blocking(self, table, blocked):
        """Return the later merges that have moved rows to where rows of this one belong, with what followed them.

        They are of other guests: a row that names two guests follows the merges of both.
        """
        keys = sorted({key for line, ids in blocked for key in self._find_occupants(table, line, ids)})
        merges, seen = self.browse(), set()
        partners = self._get_holders(table, keys)
        while partners:
            seen |= partners
            lines = self._find_moves(table, partners, keys)
            merges |= lines.merge_id
            partners = set(lines.loser_id.partner_id.ids) - seen
        for merge in merges:
            merges |= merge._find_downstream(merge.winner_id._get_merged_chain())
        return merges

    @api.model
    def _find_occupants(self, table, line, ids):
        """Return the keys of the rows that have a unique key which blocked rows of a line would get."""
        names = sorted(table.needs | {source.column for source in table.sources})
        columns = [
            SQL("%s::int AS %s", line.loser_id.partner_id.id, SQL.identifier(name))
            if name == line.column_name
            else SQL.identifier("t", name)
            for name in names
        ]
        wanted = SQL(
            "SELECT %s FROM %s t WHERE %s = ANY(%s::int[])",
            SQL(", ").join(columns),
            SQL.identifier(table.name),
            SQL.identifier("t", line.key_name),
            pg_int_array(ids),
        )
        found = set()
        for unique in table.uniques:
            exprs = SQL(", ").join(SQL("(%s)", catalogue_sql(expr)) for expr in unique.exprs)
            where = SQL("(%s)", catalogue_sql(unique.where)) if unique.where else SQL("TRUE")
            rows = self.env.execute_query(
                SQL(
                    "SELECT %(key)s FROM %(table)s WHERE %(where)s AND ROW(%(exprs)s) IN"
                    " (SELECT %(exprs)s FROM (%(wanted)s) AS wanted WHERE %(where)s)",
                    key=SQL.identifier(line.key_name),
                    table=SQL.identifier(table.name),
                    where=where,
                    exprs=exprs,
                    wanted=wanted,
                )
            )
            found.update(row[0] for row in rows)
        return found - set(ids)

    @api.model
    def _get_holders(self, table, keys):
        """Return the ids of the contacts that some rows of a table name."""
        holders = set()
        for source in table.sources if keys else ():
            if source.kind in ("fk", "pair"):
                rows = self.env.execute_query(
                    SQL(
                        "SELECT DISTINCT %s FROM %s t WHERE %s = ANY(%s::int[]) AND %s AND %s IS NOT NULL",
                        source.col("t"),
                        SQL.identifier(table.name),
                        SQL.identifier("t", source.key),
                        pg_int_array(keys),
                        source.refers("t"),
                        source.col("t"),
                    )
                )
                holders.update(row[0] for row in rows)
        return holders

    def _find_moves(self, table, partners, keys):
        """Return the lines of merges later than this one that have moved some rows of a table to some contacts."""
        rows = self.env.execute_query(
            SQL(
                """SELECT n.id FROM hospitality_merge g
                     JOIN hospitality_merge_line n ON n.merge_id = g.id
                     JOIN hospitality_merge_loser l ON l.id = n.loser_id
                    WHERE g.winner_id = ANY(%s::int[]) AND g.id > %s AND l.state = 'done'
                      AND n.kind = 'moved' AND n.table_name = %s AND n.row_ids && %s::int[]""",
                pg_int_array(partners),
                self.id,
                table.name,
                pg_int_array(keys),
            )
        )
        return self.env["hospitality.merge.line"].browse(row[0] for row in rows)

    # -- once more -----------------------------------------------------------------------------

    def _take_back(self, table, report):
        """Point the rows of a table that this merge has moved at their losers, for the time being.

        :return: what they showed before the merge: ``{(id of the merged contact, column): {row id: values}}``
        """
        chain = self.winner_id._get_merged_chain()
        rows = self.member_ids.filtered(lambda row: row.state == "done").sorted("sequence", reverse=True)
        lines = rows.line_ids.filtered(
            lambda line: line.table_name == table.name and line.kind in ("moved", "conflict")
        )
        waiting, shown = [], {}
        for line in lines.sorted("id", reverse=True):
            if line.kind == "moved":
                shown.setdefault((line.loser_id.id, line.column_name), {}).update(
                    (line.payload or {}).get("shown") or {}
                )
                _returned, rest = self._return_line(
                    line, list(line.row_ids or ()), line.loser_id.partner_id.id, chain, report
                )
                if rest:
                    waiting.append((line, rest))
        self._retry(waiting, chain, self.browse(), report)
        lines.row_ids = False
        self.env.flush_all()
        return shown

    def _move_again(self, table, shown):
        """Move the rows of a table of this merge's losers again.

        :param dict shown: what :meth:`_take_back` has returned
        """
        rows = self.member_ids.filtered(lambda row: row.state == "done").sorted("sequence")
        group = Group(self.winner_id.id, tuple(rows.partner_id.ids), {}, self.id, tuple(rows.ids))
        plan = Plan([group])
        plan.parked = self._find_conflicts(plan, [table]) if table.uniques or table.checks else {}
        for move in self._get_moves(plan, table):
            self.env.cr.execute(move)
        self._journal_parked(plan)
        self._journal(plan.lines)
        self.env.invalidate_all(flush=False)
        for line in rows.line_ids.filtered(
            lambda line: line.table_name == table.name and line.row_ids and line.payload
        ):
            known = shown.get((line.loser_id.id, line.column_name)) or {}
            again = line.payload.get("shown") or {}
            kept = {row_id: known[row_id] for row_id in again if row_id in known}
            if kept:
                line.payload = {**line.payload, "shown": {**again, **kept}}
