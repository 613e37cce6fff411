import datetime
import os

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one

KEPT_DAYS = 90
#: Rows per connector, day and outcome: workers that count at the same time don't wait for each other.
SHARDS = 16
#: Outcome of the row that remembers when the lanes were woken.
WOKEN = "woken"
OUTCOMES = [
    ("stored", "Stored"),
    ("asked", "Answered"),
    ("unreadable", "Not Readable, in Quarantine"),
    ("missing", "Refused: No Signature"),
    ("forged", "Refused: Wrong Signature"),
    ("late", "Refused: Too Old"),
    ("unset", "Not Taken: No Secret Entered"),
    ("too_large", "Refused: Too Large"),
    ("encoded", "Refused: Compressed"),
    (WOKEN, "Lanes Woken"),
]


class HospitalityConnectorHookCount(models.Model):
    """How many requests of a vendor ended how, by day (UTC)."""

    _name = "hospitality.connector.hook.count"
    _description = "Requests of a Vendor"
    _order = "day desc, connector_id, outcome"
    _log_access = False

    connector_id = SoftMany2one("hospitality.connector", required=True)
    day = fields.Date(required=True)
    outcome = fields.Selection(OUTCOMES, required=True)
    shard = fields.Integer(required=True)
    number = fields.Integer(required=True)
    last_at = fields.Datetime(required=True)

    _key_uniq = models.Constraint("UNIQUE (connector_id, day, outcome, shard)", "This is counted already.")

    @api.model
    def _add(self, numbers):
        """Count requests in the current transaction; do it last: the rows are held until it ends.

        :param dict numbers: ``{(connector id, outcome): number}``
        """
        rows = sorted((*key, number) for key, number in numbers.items())
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_connector_hook_count AS c (connector_id, day, outcome, shard, number, last_at)"
                " SELECT v.connector, (now() AT TIME ZONE 'UTC')::date, v.outcome, %s, v.number,"
                " now() AT TIME ZONE 'UTC' FROM unnest(%s, %s, %s) AS v(connector, outcome, number)"
                " ON CONFLICT (connector_id, day, outcome, shard) DO UPDATE"
                " SET number = c.number + excluded.number, last_at = excluded.last_at",
                os.getpid() % SHARDS,
                [row[0] for row in rows],
                [row[1] for row in rows],
                [row[2] for row in rows],
            )
        )

    @api.model
    def _may_wake(self, connector, what, seconds):
        """Say whether lanes were not woken for a connector in the last seconds, and remember that they are now.

        :param str what: ``records`` or ``hints``
        """
        return bool(
            self.env.execute_query(
                SQL(
                    "INSERT INTO hospitality_connector_hook_count AS c"
                    " (connector_id, day, outcome, shard, number, last_at)"
                    " VALUES (%(connector)s, (now() AT TIME ZONE 'UTC')::date, %(woken)s, %(what)s, 1,"
                    " clock_timestamp() AT TIME ZONE 'UTC')"
                    " ON CONFLICT (connector_id, day, outcome, shard) DO UPDATE"
                    " SET number = c.number + 1, last_at = excluded.last_at"
                    " WHERE c.last_at < excluded.last_at - %(seconds)s * interval '1 second' RETURNING id",
                    connector=connector.id,
                    woken=WOKEN,
                    what=int(what == "hints"),
                    seconds=seconds,
                )
            )
        )

    @api.model
    def _was_woken(self, seconds):
        """Say whether a request has woken the lanes in the last seconds."""
        [[found]] = self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM hospitality_connector_hook_count WHERE outcome = %s"
                " AND day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - 1"
                " AND last_at > clock_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 second')",
                WOKEN,
                seconds,
            )
        )
        return found

    @api.model
    def _get_summary(self, connectors, today):
        """Return ``{connector id: (time of the last request, {day: {outcome: number}})}`` for two days."""
        summary = {}
        for connector, day, outcome, number, last in self._read_group(
            [
                ("connector_id", "in", connectors.ids),
                ("day", ">=", today - datetime.timedelta(days=KEPT_DAYS)),
                ("outcome", "!=", WOKEN),
            ],
            ["connector_id", "day:day", "outcome"],
            ["number:sum", "last_at:max"],
        ):
            latest, days = summary.get(connector.id, (last, {}))
            days.setdefault(day, {})[outcome] = number
            summary[connector.id] = (max(latest, last), days)
        return summary

    @api.autovacuum
    def _gc_old(self):
        self.search([("day", "<", fields.Date.today() - datetime.timedelta(days=KEPT_DAYS))]).unlink()
