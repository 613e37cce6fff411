from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import claim
from ...tools.arrays import pg_int_array
from .merge_plan import Group, Plan

BATCH = 500


class HospitalityMerge(models.Model):
    """Late rows: what reaches an archived contact after its merge goes on to the winner.

    A transaction that began before the merge, an old form or a reply to an old message may still
    write the loser's id. Whoever touches a guest marks it for the lanes, and a lane that comes to a
    loser looks for such rows; once a day all recent losers are looked at.
    """

    _inherit = "hospitality.merge"

    @api.model
    def _sweep(self, partner_ids):
        """Move the late rows of those of some contacts that were merged away, and journal them.

        Needs a transaction that sees what others have committed (READ COMMITTED). Each row goes to
        the direct winner, in the order of the merges, so that every un-merge finds its rows.

        :return: ids of the winners that have received something
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT l.merge_id, g.winner_id, l.partner_id, l.id FROM hospitality_merge_loser l
                     JOIN hospitality_merge g ON g.id = l.merge_id
                    WHERE l.partner_id = ANY(%s::int[]) AND l.state = 'done' ORDER BY l.merge_id, l.sequence""",
                pg_int_array(partner_ids),
            )
        )
        winners = set()
        for step in self._split_steps(rows):
            winners |= self._sweep_step(step)
        return winners

    @api.model
    def _return_late_facts(self, partner_ids):
        """Give facts to the guests of their profiles, where an import wrote them during an un-merge.

        It had read the winner as the guest of a profile that was given back before the import ended. Needs READ
        COMMITTED.

        :param partner_ids: ids of guests of some merge
        :return: ids of the guests that have received something
        """
        owners = set()
        for model_name, profile_field, partner_field in self.env["hospitality.profile"]._get_shortcuts():
            model = self.env[model_name]
            rows = self.env.execute_query(
                SQL(
                    """UPDATE %(table)s f SET %(partner)s = p.partner_id FROM hospitality_profile p
                        WHERE f.%(partner)s = ANY(%(ids)s::int[]) AND p.id = f.%(profile)s
                          AND p.partner_id <> f.%(partner)s
                    RETURNING p.partner_id""",
                    table=SQL.identifier(model._table),
                    partner=SQL.identifier(partner_field),
                    profile=SQL.identifier(profile_field),
                    ids=pg_int_array(partner_ids),
                )
            )
            if rows:
                model.invalidate_model([partner_field], flush=False)
                owners.update(row[0] for row in rows)
        return owners

    @api.model
    def _split_steps(self, rows):
        """Cut merges into runs in which nobody who wins loses later, so that a row goes one step at a time."""
        step, won = [], set()
        for merge_id, winner, loser, row in rows:
            if loser in won:
                yield step
                step, won = [], set()
            won.add(winner)
            step.append(Group(winner, (loser,), {}, merge_id, (row,)))
        if step:
            yield step

    @api.model
    def _sweep_step(self, groups):
        plan = Plan(groups)
        self._lock_members(sorted(set(plan.members)))
        plan.left = {}
        if plan.bulk:
            plan.materialise(self.env.cr)
        before = self._count_journal(plan)
        had_profiles = self._move_profiles(plan)
        self._move_rows(plan)
        self._journal(plan.lines)
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_merge_loser SET swept_at = %s WHERE id = ANY(%s::int[])",
                now,
                pg_int_array([row[3] for row in plan.rows]),
            )
        )
        rows = {row[0] for row in had_profiles} | (self._count_journal(plan).items() - before.items())
        rows = {row if isinstance(row, int) else row[0] for row in rows}
        self.env.invalidate_all(flush=False)
        winners = {winner for _loser, winner, _merge_id, row in plan.rows if row in rows}
        if winners and plan.touches_table("hospitality_stay", "hospitality_stay_guest"):
            self.env["hospitality.stay"]._refresh_shares_of(winners)
        if had_profiles:
            self.env["hospitality.bulk.guest"]._refresh_golden(sorted(winners))
            self.env["hospitality.guest.search"]._mark(sorted(winners))
        return winners

    @api.model
    def _count_journal(self, plan):
        """Return how many lines of the journal each merged contact has."""
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT loser_id, count(*) FROM hospitality_merge_line WHERE loser_id = ANY(%s::int[]) GROUP BY 1",
                    pg_int_array([row[3] for row in plan.rows]),
                )
            )
        )

    @api.model
    def _leave_again(self, plan):
        """Take rows that an earlier look has left with their loser out of this one."""
        if plan.left is None:
            return
        tables = {table.name: table for table in self._get_tables()}
        for name, keys in self.env.execute_query(
            SQL(
                "SELECT table_name, array_agg(DISTINCT k) FROM hospitality_merge_line l, unnest(l.row_ids) AS k"
                " WHERE l.loser_id = ANY(%s::int[]) AND l.kind = 'conflict' GROUP BY 1",
                pg_int_array([row[3] for row in plan.rows]),
            )
        ):
            table = tables.get(name)
            if table is None or not plan.touches(table):
                continue
            plan.left[name] = set(keys)
            known = {row[1] for row in plan.parked.get(name, ())}
            plan.parked.setdefault(name, []).extend(
                (ctid, key, None, None)
                for ctid, key in self.env.execute_query(
                    SQL(
                        "SELECT t.ctid, %(key)s FROM %(table)s t WHERE %(key)s = ANY(%(keys)s::int[]) AND (%(owner)s)",
                        key=SQL.identifier("t", table.key),
                        table=SQL.identifier(name),
                        keys=pg_int_array(keys),
                        owner=SQL(" OR ").join(
                            SQL("%s = ANY(%s::int[])", source.col("t"), pg_int_array(plan.losers))
                            for source in table.sources
                            if source.kind in ("fk", "pair")
                        ),
                    )
                )
                if key not in known
            )

    @api.model
    def _run_sweep(self):
        """Look at the losers of the last weeks that nobody has looked at for a day, batch by batch."""
        IrCron = self.env["ir.cron"]
        while done := claim.with_retry(self._sweep_batch):
            if not IrCron._commit_progress(done, remaining=1):
                return
        IrCron._commit_progress(remaining=0)

    @api.model
    def _sweep_batch(self):
        """Take a batch in a transaction of its own; return how many contacts were looked at."""
        with claim.lane_env(self.env) as env:
            now = fields.Datetime.now()
            rows = env.execute_query(
                SQL(
                    """SELECT l.partner_id FROM hospitality_merge_loser l JOIN hospitality_merge g ON g.id = l.merge_id
                        WHERE l.state = 'done' AND g.merged_at > %s AND (l.swept_at IS NULL OR l.swept_at < %s)
                        ORDER BY l.id LIMIT %s""",
                    now - timedelta(days=self._get_undo_days()),
                    now - timedelta(hours=20),
                    BATCH,
                )
            )
            winners = env[self._name]._sweep([row[0] for row in rows])
            env["hospitality.guest.dirty"]._mark(winners)
            return len(rows)
