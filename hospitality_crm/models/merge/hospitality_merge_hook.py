from odoo import api, models
from odoo.tools import SQL

from .merge_snapshot import Snapshot


class HospitalityMerge(models.Model):
    """Merges in which another addon takes part through the methods of the core's wizard.

    One group at a time goes through these methods; what they do to rows of the members is found by
    comparing the rows before and after, and goes to the journal.
    """

    _inherit = "hospitality.merge"

    @api.model
    def _move_by_hooks(self, plan):
        """Move rows as the core's wizard would, with every addon's part in it.

        The methods of the base leave the work to :meth:`_move_rows` as long as the plan is in the
        context.
        """
        self._find_touched(plan)
        tables = [table for table in self._get_tables() if self._has_rows(table, plan.members)]
        derived = {model._table for name, model in self.env.registry.items() if name.startswith("hospitality.")}
        snapshot = Snapshot(self.env, tables, plan.members, derived)
        Partner = self.env["res.partner"].with_context(active_test=False)
        losers, winner = Partner.browse(plan.losers), Partner.browse(plan.winners)
        wizard = self.env["base.partner.merge.automatic.wizard"].with_context(
            hospitality_merge_plan=plan,
            loyalty_no_mail=True,
            action_no_send_mail=True,
            mail_create_nosubscribe=True,
            mail_notify_author=False,
        )
        self.env.invalidate_all(flush=False)
        wizard._merge_bank_accounts(losers, winner)
        wizard._update_foreign_keys(losers, winner)
        wizard._update_reference_fields(losers, winner)
        wizard._update_values(losers, winner)
        self.env.flush_all()
        self.env.invalidate_all(flush=False)
        self._journal_hooks(plan, snapshot)

    @api.model
    def _log_by_hooks(self, plan):
        """Let every addon write its note about the merge."""
        Partner = self.env["res.partner"].with_context(active_test=False)
        self.env["base.partner.merge.automatic.wizard"].with_context(mail_create_nosubscribe=True)._log_merge_operation(
            Partner.browse(plan.losers), Partner.browse(plan.winners)
        )
        self.env.flush_all()

    @api.model
    def _has_rows(self, table, partner_ids):
        """Tell whether a table has rows of some contacts."""
        sources = [source for source in table.sources if source.kind in ("fk", "pair") and source.key == "id"]
        if not sources:
            return False
        where = SQL(" OR ").join(
            SQL("(%s = ANY(%s) AND %s)", source.col("t"), list(partner_ids), source.refers("t")) for source in sources
        )
        return bool(self.env.execute_query(SQL("SELECT FROM %s t WHERE %s LIMIT 1", SQL.identifier(table.name), where)))

    @api.model
    def _journal_hooks(self, plan, snapshot):
        """Write down what the wizard's methods have done beyond moving rows."""
        [group] = plan.groups
        loser_row = dict(zip(group.losers, group.loser_rows, strict=True))
        moved = {
            (table, column, row_id)
            for table, column, ids in self.env.execute_query(
                SQL(
                    "SELECT table_name, column_name, row_ids FROM hospitality_merge_line"
                    " WHERE merge_id = %s AND kind = 'moved'",
                    group.merge_id,
                )
            )
            for row_id in ids
        }
        changed, deleted = snapshot.compare()
        common = {"merge_id": group.merge_id, "loser_id": group.loser_rows[0]}
        for table, row_id, columns in changed:
            values = {}
            for name, (old, new) in columns.items():
                if (table, name, row_id) in moved:
                    continue
                if new == group.winner and old in loser_row and self._get_source(table, name):
                    line = {"kind": "moved", "table_name": table, "column_name": name, "row_ids": [row_id]}
                    plan.lines.append({**common, **line, "loser_id": loser_row[old]})
                else:
                    values[name] = (old, new)
            if values:
                payload = {
                    "old": {name: old for name, (old, _new) in values.items()},
                    "new": {name: new for name, (_old, new) in values.items()},
                }
                plan.lines.append(
                    {**common, "kind": "value", "table_name": table, "row_ids": [row_id], "payload": payload}
                )
        # An un-merge reads the journal backwards: what others refer to must come last.
        for table, row in reversed(deleted):
            plan.lines.append(
                {
                    **common,
                    "kind": "effect",
                    "table_name": table,
                    "row_ids": [row["id"]],
                    "payload": {"deleted": row},
                }
            )

    def _restore_deleted(self, line):
        """Bring back a row that another addon has deleted on the occasion of the merge."""
        self.env.cr.execute(
            SQL(
                "INSERT INTO %(table)s SELECT r.* FROM jsonb_populate_record(NULL::%(table)s, %(row)s::jsonb) AS r"
                " ON CONFLICT DO NOTHING",
                table=SQL.identifier(line.table_name),
                row=self.env["hospitality.merge.line"]._to_text(line.payload["deleted"]),
            )
        )
