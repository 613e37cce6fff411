import secrets

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_int_array

#: How long a lane may keep rows without a sign of life; longer than any single call.
LEASE_SECONDS = 180


class HospitalityConnectorLeased(models.AbstractModel):
    """Work of connectors that a lane takes for a while: who is killed at it gives it back by not coming again."""

    _name = "hospitality.connector.leased"
    _description = "Work That Is Taken by a Lane"

    next_at = fields.Datetime(readonly=True)
    lease = fields.Char(readonly=True)
    leased_until = fields.Datetime(readonly=True)

    @api.model
    def _claim_of_one(self, due, columns, limit):
        """Take rows of one running connector that are due, in the current transaction.

        :param SQL due: which rows may be taken when their time has come; the table is ``w``
        :param SQL columns: what to read of them beside their id
        :return: ``(connector id, lease, rows)``, or None
        """
        self.env["hospitality.connector"].flush_model(["active", "state"])
        self.flush_model()
        free = self._get_free_sql(due)
        rows = self.env.execute_query(
            SQL(
                "WITH first AS (SELECT w.connector_id FROM %(table)s w"
                " JOIN hospitality_connector c ON c.id = w.connector_id AND c.active AND c.state = 'running'"
                " WHERE %(free)s ORDER BY w.next_at, w.id LIMIT 1)"
                " SELECT w.connector_id, w.id, %(columns)s FROM %(table)s w"
                " WHERE w.connector_id = (SELECT connector_id FROM first) AND %(free)s"
                " ORDER BY w.next_at, w.id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED",
                table=SQL.identifier(self._table),
                free=free,
                columns=columns,
                limit=limit,
            )
        )
        if not rows:
            return None
        lease = self._take([row[1] for row in rows])
        return rows[0][0], lease, [row[1:] for row in rows]

    @api.model
    def _get_free_sql(self, due):
        """Return the condition on rows of ``w`` that are due and in nobody's hands."""
        return SQL(
            "%s AND w.next_at <= clock_timestamp() AT TIME ZONE 'UTC'"
            " AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp() AT TIME ZONE 'UTC')",
            due,
        )

    @api.model
    def _take(self, ids):
        """Put a lease on rows that are locked; return it."""
        lease = secrets.token_hex(8)
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET lease = %s,"
                " leased_until = clock_timestamp() AT TIME ZONE 'UTC' + %s * interval '1 second' WHERE id = ANY(%s)",
                SQL.identifier(self._table),
                lease,
                LEASE_SECONDS,
                pg_int_array(ids),
            )
        )
        self.invalidate_model(["lease", "leased_until"], flush=False)
        return lease

    @api.model
    def _release(self, lease, seconds=0):
        """Give back what was not tried: it is due again after some seconds."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET lease = NULL, leased_until = NULL,"
                " next_at = clock_timestamp() AT TIME ZONE 'UTC' + %s * interval '1 second' WHERE lease = %s",
                SQL.identifier(self._table),
                seconds,
                lease,
            )
        )
        self.invalidate_model(flush=False)
