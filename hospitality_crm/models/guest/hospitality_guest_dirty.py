import functools

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import claim
from ...tools.arrays import pg_int_array
from ...tools.wake import notify_crons

BATCH = 1000
BUCKETS = 16
# So few guests are marked by a transaction that is soon over.
FEW = 10
LOCK = 1_919_512_167
"""First key of the advisory locks; the second is a bucket."""


def lock_all_guests(env):
    """Keep lanes from refreshing single guests until the transaction ends, but not other rebuilds."""
    env.cr.execute(
        SQL("SELECT pg_advisory_xact_lock_shared(%s, b) FROM generate_series(0, %s) AS b", LOCK, BUCKETS - 1)
    )


class HospitalityGuestDirty(models.Model):
    """Guests whose derived data must be refreshed; consumed by lanes.

    Append-only queue without index or foreign key: a writer adds one row per touched guest and
    batch, doubles are harmless. Never join it, never show it.

    No update is lost and no older reading overwrites a newer one: guests fall into buckets by id, and
    a lane holds the buckets it works on (advisory locks) until it commits. It deletes the rows first
    and reads the facts in a later statement. In READ COMMITTED that statement sees every change
    whose row was deleted; a change that comes later brings a row of its own, and the lane
    that takes it waits until the bucket is free.
    """

    _name = "hospitality.guest.dirty"
    _description = "Guest to Refresh"
    _log_access = False

    partner_id = fields.Integer(required=True)

    @api.model
    def _mark(self, partner_ids):
        """Queue guests for a refresh and wake the lanes when the transaction is committed."""
        partner_ids = {partner_id for partner_id in partner_ids if partner_id}
        if not partner_ids:
            return
        query = SQL(
            "INSERT INTO hospitality_guest_dirty (partner_id) SELECT unnest(%s::int[])",
            pg_int_array(sorted(partner_ids)),
        )
        self._execute_and_wake(query, few=len(partner_ids) <= FEW)

    @api.model
    def _wake(self):
        """Let the first lane run soon, once per transaction."""
        self._execute_and_wake()

    @api.model
    def _execute_and_wake(self, query=None, few=False):
        """Run a statement and let the first lane run soon, once per transaction.

        The same as ``ir.cron._trigger``, without the queries around it: this is part of every delivered message.
        Of a few guests (``few``) the lane need not be told when somebody has told it and it has not begun:
        it deletes what it was told before it works, and waits there until this transaction has ended.
        A long transaction must not keep it waiting, and in REPEATABLE READ the lock could fail.
        """
        pending = self.env.cr.precommit.data
        lane_id = "hospitality.guest.dirty" not in pending and self.env["ir.model.data"]._xmlid_to_res_id(
            "hospitality_crm.cron_guest_lane_1", raise_if_not_found=False
        )
        if not lane_id:
            if query:
                self.env.cr.execute(query)
            return
        pending["hospitality.guest.dirty"] = True
        told = SQL(
            "SELECT id FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= now() AT TIME ZONE 'UTC'"
            " AND current_setting('transaction_isolation') = 'read committed' LIMIT 1 FOR KEY SHARE SKIP LOCKED",
            lane_id,
        )
        woken = SQL(
            "INSERT INTO ir_cron_trigger (cron_id, call_at, create_uid, create_date, write_uid, write_date)"
            " SELECT id, date_trunc('second', now.at), %(uid)s, now.at, %(uid)s, now.at"
            " FROM ir_cron, (SELECT now() AT TIME ZONE 'UTC' AS at) AS now WHERE id = %(lane)s AND active%(unless)s"
            " RETURNING id",
            uid=self.env.uid,
            lane=lane_id,
            unless=SQL(" AND NOT EXISTS (SELECT FROM told)") if few else SQL(),
        )
        parts = [SQL("woken AS (%s)", woken)]
        if few:
            parts.insert(0, SQL("told AS MATERIALIZED (%s)", told))
        if query:
            parts.append(SQL("queued AS (%s)", query))
        [(is_woken,)] = self.env.execute_query(SQL("WITH %s SELECT EXISTS (SELECT FROM woken)", SQL(", ").join(parts)))
        if is_woken:
            self.env.cr.postcommit.add(functools.partial(notify_crons, self.env.cr.dbname))

    @api.model
    def _run_lane(self):
        """Rebuild waiting ranges, then refresh dirty guests, until nothing is left or the time is up."""
        Cron = self.env["ir.cron"]
        while done := claim.with_retry(self._run_batch):
            if not Cron._commit_progress(done, remaining=1):
                return
        Cron._commit_progress(remaining=0)

    @api.model
    def _run_batch(self):
        """Take one batch in a transaction of its own; return how many rows of the queue it took."""
        with claim.lane_env(self.env) as env:
            return env["hospitality.guest.rebuild"]._take() or env[self._name]._take(BATCH)

    @api.model
    def _take(self, limit):
        """Refresh the guests of up to ``limit`` rows of the queue. Needs a READ COMMITTED transaction.

        :return: number of rows taken; 0 also when other lanes hold what there is
        """
        [(waiting,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM (SELECT FROM hospitality_guest_dirty LIMIT %s) AS q", limit + 1)
        )
        if not waiting:
            return 0
        # All buckets for a short queue, a part where others can help; all where that part has nothing.
        ids = waiting > limit and self._claim_of_buckets(BUCKETS // 4, limit)
        ids = ids or self._claim_of_buckets(BUCKETS, limit)
        if not ids:
            return 0
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM hospitality_guest_dirty WHERE id = ANY(%s::int[]) RETURNING partner_id",
                pg_int_array(ids),
            )
        )
        self._refresh_guests(sorted({row[0] for row in rows}))
        return len(ids)

    @api.model
    def _claim_of_buckets(self, count, limit):
        """Lock up to ``count`` buckets that no other lane holds, and rows of the queue in them."""
        buckets = self.env.execute_query(
            SQL(
                "SELECT b FROM (SELECT b FROM generate_series(0, %s) AS b ORDER BY random() OFFSET 0) AS bucket"
                " WHERE pg_try_advisory_xact_lock(%s, b) LIMIT %s",
                BUCKETS - 1,
                LOCK,
                count,
            )
        )
        if not buckets:
            return []
        return claim.claim(
            self.env,
            self._table,
            SQL("partner_id & %s = ANY(%s::int[])", BUCKETS - 1, pg_int_array([row[0] for row in buckets])),
            limit=limit,
        )

    @api.model
    def _refresh_guests(self, partner_ids):
        """Refresh everything that is derived from the visits of some guests. Other addons extend this.

        Runs in the lane's transaction; reads must be statements of their own, not caches.
        """
        self.env["hospitality.guest.metrics"]._refresh(partner_ids)
