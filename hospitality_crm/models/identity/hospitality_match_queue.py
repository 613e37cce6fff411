from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import claim
from ...tools.arrays import pg_int_array

BATCH = 500
_LAST = 2**31 - 1
# Comparing a waiting profile (3 ms) costs six times as much as one of a full run (0.5 ms, all that follows included).
FACTOR = 6
# So few are done in seconds anyway.
LEAST = 2_000


class HospitalityMatchQueue(models.Model):
    """Profiles that must be compared with what was written at the same time, or have changed.

    Append-only queue without index or foreign key: doubles are harmless. ``after_id`` is 0 for a
    profile that has changed: it is compared with everything. For a new one that was attached while
    other transactions were attaching too it is the first profile id that it may have missed. A row
    waits until all transactions that were at work before its profile have ended.
    """

    _name = "hospitality.match.queue"
    _description = "Profile to Compare"
    _log_access = False

    profile_id = fields.Integer(required=True)
    after_id = fields.Integer(required=True, default=0)

    @api.model
    def _add(self, rows):
        """Queue profiles and wake the lanes when the transaction is committed.

        :param list rows: ``(profile id, lowest profile id to compare with)``
        """
        if not rows:
            return
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_match_queue (profile_id, after_id) SELECT * FROM unnest(%s::int[], %s::int[])",
                pg_int_array([row[0] for row in rows]),
                pg_int_array([row[1] for row in rows]),
            )
        )
        pending = self.env.cr.precommit.data
        if self._name not in pending:
            pending[self._name] = True
            self.env["hospitality.match.run"]._wake(1)

    @api.model
    def _is_long(self):
        """Return whether comparing the waiting profiles one by one would cost more than a full run."""
        [(profiles,)] = self.env.execute_query(
            SQL("SELECT reltuples::int8 FROM pg_class WHERE oid = 'hospitality_profile'::regclass")
        )
        enough = max(LEAST, profiles // FACTOR)
        [(waiting,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM (SELECT FROM hospitality_match_queue LIMIT %s) AS q", enough)
        )
        return waiting >= enough

    @api.model
    def _hand_over(self):
        """Empty the queue of what :meth:`_take` would take, but what lanes are at work on.

        :return: list of ``(profile id, lowest profile id to compare with)``
        """
        ids = claim.claim_query(self._table, SQL("profile_id < %s", self._get_first_busy()), limit=None)
        return self.env.execute_query(
            SQL("DELETE FROM hospitality_match_queue WHERE id IN (%s) RETURNING profile_id, after_id", ids)
        )

    @api.model
    def _get_first_busy(self):
        """Return the lowest profile id that may have to wait for a transaction at work."""
        return min(self.env["hospitality.matcher"]._get_busy(), default=_LAST)

    @api.model
    def _take(self, limit=BATCH):
        """Compare the profiles of up to ``limit`` rows. Needs a READ COMMITTED transaction.

        :return: number of rows taken
        """
        ids = claim.claim(self.env, self._table, SQL("profile_id < %s", self._get_first_busy()), limit=limit)
        if not ids:
            return 0
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM hospitality_match_queue WHERE id = ANY(%s::int[]) RETURNING profile_id, after_id",
                pg_int_array(ids),
            )
        )
        lows = {}
        for profile_id, low in rows:
            lows[profile_id] = min(low, lows.get(profile_id, low))
        self.env["hospitality.matcher"]._compare(lows)
        return len(ids)
