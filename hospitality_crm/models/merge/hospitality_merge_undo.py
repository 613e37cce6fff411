from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from .hospitality_merge_value import CACHED_TABLES, KEPT

# So many ids are named in a report; the count tells the rest.
_NAMED = 100


class HospitalityMerge(models.Model):
    """Taking merges back.

    A row goes back when it still is where merges have put it: at the winner, or at whom the winner
    was merged into later. What somebody has changed since then stays and is listed.
    """

    _inherit = "hospitality.merge"

    def action_undo(self):
        """Take the merge back and tell what stayed with the winner."""
        report = self._undo()
        kept, asked = len(report["kept"]), len(report["asked"])
        message = self.env._("The merge was taken back.")
        if kept or asked:
            message = self.env._(
                "The merge was taken back. Changed since and therefore left as it is: %(kept)s. Made since and left"
                " with the winner: %(asked)s.",
                kept=kept,
                asked=asked,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _undo(self, partner_ids=None):
        """Take merges back, newest first.

        The result is what the same work without the merge would have given: rows, values and source
        profiles return with everything that has arrived for those profiles meanwhile.

        :param partner_ids: losers to take out; all of them by default
        :return: dict ``{"kept": [...], "asked": [...]}``; *kept* are rows and values that were changed
            after the merge and stay as they are, *asked* rows that were made after the merge and stay
            with the winner until a person decides; both lists hold dicts ``{"model", "table", "field", "ids",
            "count", "partner_id"}``
        :raise UserError: when it was taken back already or its time is over
        :raise AccessError: when the user may not merge guests
        """
        merges = self.sorted("id", reverse=True)
        merges._check_may_merge((merges.sudo().winner_id | merges.sudo().loser_ids).ids)  # which contacts are meant
        report = {"kept": [], "asked": []}
        context = {**self.env["res.partner"]._survivorship_context(), "mail_notrack": True}
        for merge in merges.sudo().with_context(**context):  # rights were checked above; foreign rows are the system's
            self.env.flush_all()
            rows = merge._get_undoable(partner_ids)
            chain = merge._lock_undo(rows)
            downstream = merge._find_downstream(chain)
            merge._undo_rows(rows, chain, downstream, report)
            merge._list_newcomers(chain, report)
            self.env.invalidate_all(flush=False)
        return report

    def _get_undoable(self, partner_ids):
        """Return the losers to take out of this merge, the last one first."""
        self.ensure_one()
        if self.undo_until and self.undo_until < fields.Datetime.now():
            raise UserError(
                self.env._(
                    "The merge into %(guest)s was made on %(day)s and can't be taken back any more.",
                    guest=self.winner_id.display_name,
                    day=fields.Date.to_string(self.merged_at),
                )
            )
        rows = self.member_ids.filtered(
            lambda row: row.state == "done" and (partner_ids is None or row.partner_id.id in partner_ids)
        )
        if not rows:
            raise UserError(
                self.env._("The merge into %(guest)s was taken back already.", guest=self.winner_id.display_name)
            )
        return rows.sorted("sequence", reverse=True)

    def _lock_undo(self, rows):
        """Lock everybody concerned; return the ids of the winner and of whom he was merged into since."""
        chain = self.winner_id._get_merged_chain()
        self._lock_members([*chain, *rows.partner_id.ids])
        self.invalidate_recordset()
        if any(row.state != "done" for row in rows):
            raise UserError(self.env._("Somebody else has taken this merge back at this moment."))
        return self.winner_id._get_merged_chain()

    def _find_downstream(self, chain):
        """Return the merges in which the winner of this one was merged further, in their order."""
        later = self.env["hospitality.merge.loser"].search(
            [("partner_id", "in", chain), ("state", "=", "done"), ("merge_id", ">", self.id)]
        )
        return later.merge_id.sorted("id")

    def _undo_rows(self, rows, chain, downstream, report):
        """Take some losers of one merge out of it."""
        followed = self._read_columns(chain)
        derived = self._find_derived(chain)
        due, blocked = {}, []
        for row in rows:
            self._undo_row(row, chain, downstream, report, followed, due, blocked)
        self._retry_blocked(blocked, chain, downstream, report)
        for merge in downstream.sorted("id", reverse=True):
            merge._revert_values(merge.line_ids, report, quiet=True)
        self._revert_values(self.line_ids.filtered(lambda line: not line.loser_id), report)
        left = self.member_ids.filtered(lambda row: row.state == "done")
        self.state = "partly" if left else "undone"
        self.env.flush_all()
        for merge in self | downstream:
            merge._settle_again()
        affected = [*chain, *rows.partner_id.ids]
        self.env.invalidate_all(flush=False)
        # Values that came from elsewhere than survivorship stay as they are unless a profile has changed.
        digests = self._get_digests(affected)
        known = {row.partner_id.id: row.digest for row in rows}
        if not left:
            known[self.winner_id.id] = self.winner_digest
        if not left and digests.get(self.winner_id.id, "") == (self.winner_digest or ""):
            self._restore_golden()
        changed = [partner for partner in affected if digests.get(partner, "") != (known.get(partner) or "")]
        self.env["res.partner"].browse(changed)._refresh_golden()
        self.env.flush_all()
        self.env.invalidate_all(flush=False)
        self._renew_derived(derived, followed, self._read_columns(chain))
        self._follow_winners(followed, self._read_columns(chain), downstream, due)
        self._recompute_shown(affected)
        self._recompute_due(due)
        self.env["hospitality.stay"]._refresh_shares_of(affected)
        self.env["hospitality.guest.dirty"]._mark(affected)
        self.env["hospitality.guest.search"]._mark(affected)
        names = ", ".join(f"{partner.name} (ID {partner.id})" for partner in rows.partner_id)
        self._journal(self._post_notes([(self.id, self.winner_id.id, self.env._("Un-merged: %s", names))]))

    def _undo_row(self, row, chain, downstream, report, followed, due, blocked):
        """Give one loser back what was his.

        :param dict followed: columns of the winners before the undo
        :param list blocked: takes ``(line, keys)`` of rows that another row keeps from going back yet
        :param dict due: takes which written columns others depend on: ``{(model, column): ids}``
        """
        loser = row.partner_id.id
        self._return_profiles(row, chain, downstream)
        lines = row.line_ids.sorted("id", reverse=True)
        children, users = [], []
        for line in lines:
            if line.kind == "moved":
                ids = list(line.row_ids or ())
                returned, waiting = self._return_line(line, ids, loser, chain, report)
                if waiting:
                    blocked.append((line, waiting))
                self._release(line, returned, chain, downstream)
                self._return_shown(line, returned, followed, due, report)
                self._return_shown_elsewhere(line, sorted(set(ids) - {*returned, *waiting}), followed, due)
                if (line.table_name, line.column_name) == ("res_partner", "parent_id"):
                    children += returned
                if line.table_name == "res_users":
                    users = [loser, *chain]
            elif line.kind == "value":
                self._revert_values(line, report)
            elif line.kind == "effect":
                self._undo_effect(line)
        payload = row.payload or {}
        self._write_columns(
            "res_partner",
            {
                loser: {
                    "active": payload.get("active", True),
                    "merged_into_id": None,
                    **{name: payload[name] for name in KEPT if payload.get(name) is not None},
                }
            },
        )
        row.write({"state": "undone", "undone_at": fields.Datetime.now(), "undone_by_id": self.env.uid})
        self.env.flush_all()
        self._recompute_partners(children, users)
        if any(line.table_name in CACHED_TABLES for line in lines):
            self.env.registry.clear_cache()

    # -- report ----------------------------------------------------------------------------------

    @api.model
    def _report(self, report, kind, table, column, ids, partner_id):
        model = self._get_model_of_table(table)
        report[kind].append(
            {
                "model": model,
                "table": table,
                "field": column,
                "ids": sorted(ids)[:_NAMED],
                "count": len(ids),
                "partner_id": partner_id,
            }
        )

    def _report_changed(self, source, line, ids, loser, report):
        """List those of the rows that still exist and point at somebody else."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT %(key)s FROM %(table)s t"
                " WHERE %(key)s = ANY(%(ids)s::int[]) AND %(refers)s AND %(elsewhere)s",
                key=SQL.identifier("t", source.key),
                table=SQL.identifier(source.table),
                ids=pg_int_array(ids),
                refers=source.refers("t"),
                # Facts have gone back with their profiles already.
                elsewhere=SQL("%s IS DISTINCT FROM %s", source.col("t"), loser)
                if source.kind in ("fk", "pair")
                else SQL("TRUE"),
            )
        )
        if rows:
            self._report(report, "kept", source.table, source.column, [row[0] for row in rows], loser)

    def _list_newcomers(self, chain, report):
        """List the rows that were made for the winner after the merge: who they belong to is a person's call."""
        shortcuts = {source for table in self._get_tables() for source in table.sources if source.profile}
        for table in self._get_tables():
            if "create_date" not in table.columns or table.name in ("mail_message", "mail_followers"):
                continue
            for source in table.sources:
                if source.kind not in ("fk", "pair") or source in shortcuts or source.key != "id":
                    continue
                rows = self.env.execute_query(
                    SQL(
                        "SELECT t.id FROM %s t WHERE %s = ANY(%s) AND %s AND t.create_date > %s AND t.id <> ALL(%s)"
                        " ORDER BY 1",
                        SQL.identifier(table.name),
                        source.col("t"),
                        chain,
                        source.refers("t"),
                        self.merged_at,
                        chain if table.name == "res_partner" else [0],
                    )
                )
                if rows:
                    self._report(
                        report, "asked", table.name, source.column, [row[0] for row in rows], self.winner_id.id
                    )
