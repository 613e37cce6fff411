from odoo import models

from .merge_plan import Group, Plan


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
        tables = [table for table in self._get_tables() if table.name in names] if downstream else []
        for table in tables:
            for merge in downstream.sorted("id", reverse=True):
                merge._take_back(table, report)
        if tables:
            blocked = self._retry(blocked, chain, downstream, report)
        for table in tables:
            for merge in downstream.sorted("id"):
                merge._move_again(table)
        for line, ids in blocked:
            self._report(report, "kept", line.table_name, line.column_name, ids, line.loser_id.partner_id.id)

    def _retry(self, blocked, chain, downstream, report):
        """Return rows as long as any goes back; return what is left."""
        progress = True
        while blocked and progress:
            waiting, progress = [], False
            for line, ids in blocked:
                returned, rest = self._return_line(line, ids, line.loser_id.partner_id.id, chain, report)
                self._release(line, returned, downstream)
                progress |= bool(returned)
                if rest:
                    waiting.append((line, rest))
            blocked = waiting
        return blocked

    def _take_back(self, table, report):
        """Point the rows of a table that this merge has moved at their losers, for the time being."""
        chain = self.winner_id._get_merged_chain()
        rows = self.member_ids.filtered(lambda row: row.state == "done").sorted("sequence", reverse=True)
        lines = rows.line_ids.filtered(
            lambda line: line.table_name == table.name and line.kind in ("moved", "conflict")
        )
        waiting = []
        for line in lines.sorted("id", reverse=True):
            if line.kind == "moved":
                _returned, rest = self._return_line(
                    line, list(line.row_ids or ()), line.loser_id.partner_id.id, chain, report
                )
                if rest:
                    waiting.append((line, rest))
        self._retry(waiting, chain, self.browse(), report)
        lines.row_ids = False
        self.env.flush_all()

    def _move_again(self, table):
        """Move the rows of a table of this merge's losers again."""
        rows = self.member_ids.filtered(lambda row: row.state == "done").sorted("sequence")
        group = Group(self.winner_id.id, tuple(rows.partner_id.ids), {}, self.id, tuple(rows.ids))
        plan = Plan([group])
        plan.parked = self._find_conflicts(plan, [table]) if table.uniques or table.checks else {}
        for move in self._get_moves(plan, table):
            self.env.cr.execute(move)
        self._journal_parked(plan)
        self._journal(plan.lines)
        self.env.invalidate_all(flush=False)
