from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import survivorship
from ...tools import claim

WIDTH = 2_000
SETTLE = 60
"""Seconds until every process decides by the new rules: a job that knows the old ones ends sooner."""


class HospitalitySurvivorshipRange(models.Model):
    """A range of guests to be decided anew after the rules of survivorship have changed.

    Only guests of whom two records know the field can change; a lane finds them when it takes the
    range. A range may be queued several times: it is taken once.
    """

    _name = "hospitality.survivorship.range"
    _description = "Range of Guests to Resolve"
    _log_access = False

    key = fields.Char(help="The field that is decided anew; empty for all.")
    first_id = fields.Integer(required=True)
    last_id = fields.Integer(required=True)
    total = fields.Integer(required=True, help="How many ranges were queued with this one.")
    ready_at = fields.Datetime(required=True)

    @api.model
    def _queue(self, keys=(None,)):
        """Queue all guests.

        :param keys: fields or blocks whose rules have changed, as ``engine.survivorship.POLICIES`` names them;
            None for all of them
        """
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                INSERT INTO hospitality_survivorship_range (key, first_id, last_id, total, ready_at)
                SELECT key, first, first + %(width)s - 1, count(*) OVER (PARTITION BY key),
                       now() AT TIME ZONE 'UTC' + make_interval(secs => %(settle)s)
                  FROM (SELECT min(partner_id) AS low, max(partner_id) AS high FROM hospitality_profile) AS ends,
                       generate_series(low / %(width)s * %(width)s, high, %(width)s) AS first,
                       unnest(%(keys)s::text[]) AS key
                 -- Ids may have wide gaps.
                 WHERE EXISTS (SELECT FROM hospitality_profile
                                WHERE partner_id BETWEEN first AND first + %(width)s - 1)
                RETURNING id
                """,
                width=WIDTH,
                settle=SETTLE,
                keys=list(keys),
            )
        )
        at = fields.Datetime.add(fields.Datetime.now(), seconds=SETTLE + 1)
        self.env.ref("hospitality_crm.cron_golden_queue")._trigger(at)

    @api.model
    def _get_progress(self):
        """Return how far the work is: ``{key or None: percent}`` of the fields that are being decided anew."""
        rows = self.env.execute_query(
            SQL(
                "SELECT key, count(DISTINCT first_id), max(total) FROM hospitality_survivorship_range GROUP BY key",
            )
        )
        return {key: max(0, min(99, round(100 - 100 * left / max(total, 1)))) for key, left, total in rows}

    @api.model
    def _run_batch(self):
        """Take one range in a transaction of its own; return how many rows of the queue it took."""
        with claim.lane_env(self.env) as env:
            return env[self._name]._take()

    @api.model
    def _take(self):
        """Decide the guests of one waiting range anew; return the number of rows taken."""
        ready = SQL("ready_at <= now() AT TIME ZONE 'UTC'")
        ids = claim.claim(self.env, self._table, ready, limit=1)
        if not ids:
            return 0
        taken = self.env.execute_query(
            SQL(
                """DELETE FROM hospitality_survivorship_range WHERE id IN (
                       SELECT r.id FROM hospitality_survivorship_range r
                         JOIN hospitality_survivorship_range o ON o.first_id = r.first_id
                        WHERE o.id = %s AND r.ready_at <= now() AT TIME ZONE 'UTC'
                          FOR NO KEY UPDATE OF r SKIP LOCKED)
                   RETURNING key, first_id, last_id""",
                ids[0],
            )
        )
        partner_ids = self._find_guests({key for key, _first, _last in taken}, *taken[0][1:])
        if partner_ids:
            changed = self.env["hospitality.bulk.guest"]._refresh_golden(partner_ids)
            self.env["hospitality.guest.search"]._mark(changed)
            self.env["hospitality.guest.dirty"]._mark(changed)
        return len(taken)

    @api.model
    def _find_guests(self, keys, first_id, last_id):
        """Return the ids of guests of a range of whom two records know one of the fields."""
        condition = SQL("TRUE")
        if None not in keys:
            names = sorted({name for key in keys for name in survivorship.BLOCKS.get(key, (key,))})
            condition = SQL("values ?| %s::text[]", names)
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id FROM hospitality_profile
                    WHERE partner_id BETWEEN %s AND %s AND state IN ('live', 'superseded') AND %s
                    GROUP BY partner_id HAVING count(*) > 1 ORDER BY partner_id""",
                first_id,
                last_id,
                condition,
            )
        )
        return [row[0] for row in rows]
