from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_array, pg_int_array
from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one

#: A record that could not be fetched so often is left to the nightly comparison.
MOST_TRIES = 8
#: Hints that nobody has given up.
DUE = SQL("w.is_given_up IS NOT TRUE")


class HospitalityConnectorHint(models.Model):
    """News that a record has changed in the source: it is fetched by its key, once for all news of it."""

    _name = "hospitality.connector.hint"
    _description = "Record to Be Fetched"
    _inherit = ["hospitality.connector.leased"]
    _order = "next_at, id"
    _rec_name = "external_id"
    _log_access = False

    connector_id = SoftMany2one("hospitality.connector", required=True)
    entity = fields.Char(string="Kind of Record", required=True, readonly=True)
    external_id = fields.Char(string="Key in the Source", required=True, readonly=True)
    reason = fields.Char(readonly=True, help="What has happened, in the vendor's words.")
    noted_at = fields.Datetime(readonly=True)
    attempts = fields.Integer(readonly=True)
    error_code = fields.Char(readonly=True)
    error_message = fields.Char(string="Last Error", readonly=True)
    is_given_up = fields.Boolean(readonly=True)

    _key_uniq = models.Constraint(
        "UNIQUE (connector_id, entity, external_id)", "The record is on the list of those to be fetched already."
    )
    _due_idx = models.Index("(next_at) WHERE is_given_up IS NOT TRUE")

    @api.model
    def _note(self, connector, hints):
        """List records to be fetched, in the current transaction.

        News of a record that is being fetched at this moment has it fetched once more.

        :param hints: iterable of ``engine.adapter.Hint``
        :return: number of hints
        """
        latest = {(hint.entity, str(hint.external_id)): hint.reason for hint in hints}
        if not latest:
            return 0
        keys = sorted(latest)  # in one order, so that two requests wait for each other instead of deadlocking
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_connector_hint AS h (connector_id, entity, external_id, reason, noted_at,"
                " next_at, attempts)"
                " SELECT %s, v.entity, v.external_id, v.reason, clock_timestamp() AT TIME ZONE 'UTC',"
                " clock_timestamp() AT TIME ZONE 'UTC', 0"
                " FROM unnest(%s::varchar[], %s::varchar[], %s::varchar[]) AS v(entity, external_id, reason)"
                " ON CONFLICT (connector_id, entity, external_id) DO UPDATE SET noted_at = excluded.noted_at,"
                " next_at = CASE WHEN h.error_code IS NULL OR h.is_given_up THEN excluded.next_at ELSE h.next_at END,"
                " reason = excluded.reason, is_given_up = NULL,"
                " attempts = CASE WHEN h.is_given_up THEN 0 ELSE h.attempts END",
                connector.id,
                pg_array([entity[:64] for entity, _key in keys]),
                pg_array([key[:255] for _entity, key in keys]),
                pg_array([(latest[key] or "")[:255] for key in keys]),
            )
        )
        self.invalidate_model(flush=False)
        return len(keys)

    @api.model
    def _claim_due(self, limit):
        """Take hints of one connector that are due, in the current transaction.

        :return: ``(connector id, lease, list of (id, entity, external_id, attempts, noted_at, reason))``, or None
        """
        return self._claim_of_one(DUE, SQL("w.entity, w.external_id, w.attempts, w.noted_at, w.reason"), limit)

    @api.model
    def _has_due(self):
        """Say whether a hint of a running connector is due and in nobody's hands."""
        self.env["hospitality.connector"].flush_model(["active", "state"])
        [[found]] = self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM hospitality_connector_hint w JOIN hospitality_connector c"
                " ON c.id = w.connector_id AND c.active AND c.state = 'running' WHERE %s)",
                self._get_free_sql(DUE),
            )
        )
        return found

    @api.model
    def _settle(self, lease, ids, noted):
        """Take hints off the list that were followed; one that was noted anew meanwhile stays.

        :param list ids: in the order of ``noted``
        :param list noted: when the hints were noted that were followed
        """
        self.env.cr.execute(
            SQL(
                "DELETE FROM hospitality_connector_hint h USING unnest(%s::int[], %s::timestamp[]) AS v(id, noted_at)"
                " WHERE h.id = v.id AND h.lease = %s AND h.noted_at = v.noted_at",
                pg_int_array(ids),
                pg_array([f"{at:%Y-%m-%d %H:%M:%S.%f}" for at in noted]),
                lease,
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _postpone(self, lease, ids, code, message, seconds):
        """Have records fetched later that could not be fetched now; after the last try they are given up."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_connector_hint SET attempts = attempts + 1, error_code = %s, error_message = %s,"
                " next_at = clock_timestamp() AT TIME ZONE 'UTC' + %s * interval '1 second',"
                " lease = NULL, leased_until = NULL,"
                " is_given_up = CASE WHEN attempts + 1 >= %s THEN TRUE END"
                " WHERE id = ANY(%s) AND lease = %s",
                code,
                message[:500],
                seconds,
                MOST_TRIES,
                pg_int_array(ids),
                lease,
            )
        )
        self.invalidate_model(flush=False)

    def action_fetch(self):
        """Have the records fetched as soon as a lane is free, also those that were given up."""
        if not self.env.su and not self.env.user.has_group("hospitality_crm.group_hospitality_admin"):
            raise AccessError(self.env._("Only an administrator of the guest CRM looks after connectors."))
        self.check_access("read")
        now = fields.Datetime.now()
        self.sudo().write({"next_at": now, "is_given_up": False, "attempts": 0})  # rights were checked
        self.connector_id._wake_readers()
        return self.connector_id._get_notice(self.env._("Records that are fetched now: %s", len(self)))
