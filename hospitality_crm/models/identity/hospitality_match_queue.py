from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import claim
from ...tools.arrays import pg_int_array

BATCH = 500
_LAST = 2**31 - 1


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
    def _take(self, limit=BATCH):
        """Compare the profiles of up to ``limit`` rows. Needs a READ COMMITTED transaction.

        :return: number of rows taken
        """
        first_busy = min(self.env["hospitality.matcher"]._get_busy(), default=_LAST)
        ids = claim.claim(self.env, self._table, SQL("profile_id < %s", first_busy), limit=limit)
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
