import datetime
import json

from odoo import api, models, tools
from odoo.tools import SQL

from ...engine import gate as engine
from ...tools.arrays import pg_array, pg_int_array
from .quiet_ends import get_quiet_ends
from .refusal import Wait

#: A message of higher priority that is due within this time keeps its place under a cap.
COMPETE = datetime.timedelta(hours=24)
#: A message that waits for a more important one is looked at again so long after it.
AGAIN = datetime.timedelta(hours=1)
#: So often a message is looked at again that waits for the end of a hold.
HOLD_AGAIN = datetime.timedelta(days=1)


class HospitalityGate(models.AbstractModel):
    """What postpones a message: holds, frequency caps, more important messages, quiet hours."""

    _inherit = "hospitality.gate"

    @api.model
    def _get_waits(self, spec, policy, at, now, message):
        """Return what postpones a message, as a list of :class:`Wait`, in the order in which it is told."""
        waits = [self._get_hold_wait(now)]
        caps = [cap for cap in policy.caps if cap.channel in (None, spec.channel)]
        if caps:
            waits += self._get_cap_waits(spec, caps, now, message)
        quiet = self._get_quiet_wait(spec, policy, at)
        return [*waits, quiet] if quiet else waits

    @api.model
    def _get_hold_wait(self, now):
        is_open = SQL("h.released_at IS NULL AND (h.until IS NULL OR h.until > %s)", now)
        return Wait(
            "hold",
            SQL("hold.until"),
            SQL("jsonb_build_object('complaint', hold.is_complaint)"),
            SQL(
                """LEFT JOIN (
                       SELECT h.partner_id, max(COALESCE(h.until, %s + %s)) AS until,
                              bool_or(h.kind = 'complaint') AS is_complaint
                         FROM hospitality_message_hold h WHERE %s
                        GROUP BY h.partner_id) AS hold ON hold.partner_id = p.id""",
                now,
                HOLD_AGAIN,
                is_open,
            ),
            SQL("NOT EXISTS (SELECT FROM hospitality_message_hold h WHERE h.partner_id = p.id AND %s)", is_open),
        )

    # -- caps ----------------------------------------------------------------------------------

    @api.model
    def _get_cap_waits(self, spec, caps, now, message):
        waits = [
            Wait(
                "cap",
                SQL("recent.%s", SQL.identifier(f"until_{number}")),
                SQL(
                    "%s::jsonb",
                    json.dumps({"limit": cap.limit, "hours": cap.hours, "channel": cap.channel, "own": cap.per_sender}),
                ),
                SQL(),
                None,
            )
            for number, cap in enumerate(caps)
        ]
        waits[0] = waits[0]._replace(join=self._join_recent(spec, caps, now, message))
        full = SQL(" OR ").join(
            SQL(
                "COALESCE(recent.%(used)s, 0) + waiting.%(used)s >= %(limit)s",
                used=SQL.identifier(f"used_{number}"),
                limit=cap.limit,
            )
            for number, cap in enumerate(caps)
        )
        priority = Wait(
            "priority",
            SQL("CASE WHEN %s THEN GREATEST(waiting.due_at, %s) + %s END", full, now, AGAIN),
            SQL("'{}'::jsonb"),
            self._join_waiting(spec, caps, now, message),
            SQL("NOT EXISTS (SELECT FROM (%s) AS busy WHERE busy.partner_id = p.id)", self._get_busy(spec, caps, now)),
        )
        return [*waits, priority]

    @api.model
    def _get_busy(self, spec, caps, now):
        """Return the query of guests without room under a cap: for what has reached them and for what goes first."""
        counted = SQL(
            "SELECT r.partner_id, r.channel, r.brand_id, r.company_id, r.handed_at FROM hospitality_message r WHERE %s"
            " UNION ALL"
            " SELECT r.partner_id, r.channel, r.brand_id, r.company_id, NULL FROM hospitality_message r WHERE %s",
            self._is_recent(caps, now),
            self._is_waiting(spec, now),
        )
        return SQL(
            "SELECT r.partner_id FROM (%s) AS r GROUP BY r.partner_id HAVING %s",
            counted,
            SQL(" OR ").join(
                SQL(
                    "count(*) FILTER (WHERE (r.handed_at IS NULL OR r.handed_at > %s - %s) AND %s) >= %s",
                    now,
                    datetime.timedelta(hours=cap.hours),
                    self._count_for(cap, spec, "r"),
                    cap.limit,
                )
                for cap in caps
            ),
        )

    @api.model
    def _count_for(self, cap, spec, alias):
        """Return the condition on messages that count for a cap."""
        conditions = [SQL("TRUE")]
        if cap.channel:
            conditions.append(SQL("%s = %s", SQL.identifier(alias, "channel"), cap.channel))
        if cap.per_sender and spec.brand_id:
            conditions.append(SQL("%s = %s", SQL.identifier(alias, "brand_id"), spec.brand_id))
        elif cap.per_sender:
            conditions.append(
                SQL(
                    "%s IS NULL AND %s = %s",
                    SQL.identifier(alias, "brand_id"),
                    SQL.identifier(alias, "company_id"),
                    spec.company_id,
                )
            )
        return SQL(" AND ").join(conditions)

    @api.model
    def _join_recent(self, spec, caps, now, message):
        """Return the join of what has reached the guest lately, ``recent``.

        For each cap: ``used_N`` messages within its window, and ``until_N``, when there is room again, null for now.
        """
        columns = []
        for number, cap in enumerate(caps):
            window = datetime.timedelta(hours=cap.hours)
            counts = SQL("r.handed_at > %s - %s AND %s", now, window, self._count_for(cap, spec, "r"))
            columns.append(SQL("count(*) FILTER (WHERE %s) AS %s", counts, SQL.identifier(f"used_{number}")))
            last = SQL("(array_agg(r.handed_at ORDER BY r.handed_at DESC) FILTER (WHERE %s))[%s]", counts, cap.limit)
            columns.append(SQL("%s + %s AS %s", last, window, SQL.identifier(f"until_{number}")))
        return self._join_messages("recent", SQL(", ").join(columns), self._is_recent(caps, now), message)

    @api.model
    def _is_recent(self, caps, now):
        """Return the condition on messages ``r`` that may count for one of the caps."""
        return SQL(
            "r.is_gated AND r.handed_at > %s - %s AND r.state = ANY(%s::varchar[])",
            now,
            datetime.timedelta(hours=max(cap.hours for cap in caps)),
            pg_array(list(engine.COUNTED)),
        )

    @api.model
    def _is_waiting(self, spec, now):
        """Return the condition on messages ``r`` of higher priority that are due soon."""
        return SQL(
            "r.is_gated AND r.state IN ('planned', 'postponed') AND r.priority > %s"
            " AND (r.due_at IS NULL OR r.due_at <= %s + %s) AND (r.expires_at IS NULL OR r.expires_at > %s)",
            spec.priority,
            now,
            COMPETE,
            now,
        )

    @api.model
    def _join_waiting(self, spec, caps, now, message):
        """Return the join of messages of higher priority that are due soon, ``waiting``: ``used_N`` per cap."""
        columns = [
            SQL("count(*) FILTER (WHERE %s) AS %s", self._count_for(cap, spec, "r"), SQL.identifier(f"used_{number}"))
            for number, cap in enumerate(caps)
        ]
        columns.append(SQL("max(r.due_at) AS due_at"))
        return self._join_messages("waiting", SQL(", ").join(columns), self._is_waiting(spec, now), message)

    @api.model
    def _join_messages(self, alias, columns, where, message):
        if message is None:
            return SQL(
                "LEFT JOIN (SELECT r.partner_id, %s FROM hospitality_message r WHERE %s GROUP BY r.partner_id) AS %s"
                " ON %s = p.id",
                columns,
                where,
                SQL.identifier(alias),
                SQL.identifier(alias, "partner_id"),
            )
        # IS TRUE: the few messages of the guest are read by his index, whatever PostgreSQL believes of the others.
        return SQL(
            "LEFT JOIN LATERAL (SELECT %s FROM hospitality_message r"
            " WHERE r.partner_id = p.id AND (r.id <> %s AND %s) IS TRUE) AS %s ON TRUE",
            columns,
            message,
            where,
            SQL.identifier(alias),
        )

    # -- quiet hours ---------------------------------------------------------------------------

    @api.model
    def _get_quiet_wait(self, spec, policy, at):
        """Return the wait for the end of the guest's night, None while it is night nowhere."""
        ends = get_quiet_ends(policy.quiets, spec.channel, at)
        if ends is None:
            return None
        ids = self._get_country_ids()
        lands = [(ids[code], end) for code, end in ends.lands.items() if code in ids]
        zones = [(ids.get(code, 0), name, end) for (code, name), end in ends.zones.items() if not code or code in ids]
        join = SQL(
            "LEFT JOIN unnest(%s::int[], %s::timestamp[]) AS land(id, until) ON land.id = p.country_id"
            " LEFT JOIN unnest(%s::int[], %s::varchar[], %s::timestamp[]) AS zone(country_id, name, until)"
            " ON zone.name = p.tz AND zone.country_id = COALESCE(p.country_id, 0)",
            pg_int_array([land[0] for land in lands]),
            pg_array([land[1] for land in lands], "timestamp"),
            pg_int_array([zone[0] for zone in zones]),
            pg_array([zone[1] for zone in zones]),
            pg_array([zone[2] for zone in zones], "timestamp"),
        )
        home = self.env["res.company"].browse(spec.company_id).sudo().partner_id.tz or "UTC"  # where the house is
        until = SQL(
            "CASE WHEN zone.name IS NOT NULL THEN zone.until WHEN land.id IS NOT NULL THEN land.until"
            " ELSE %s::timestamp END",
            ends.zones.get((None, home)),
        )
        return Wait("quiet", until, SQL("'{}'::jsonb"), join, SQL("(%s) IS NULL", until))

    @api.model
    @tools.ormcache()
    def _get_country_ids(self):
        return dict(self.env.execute_query(SQL("SELECT code, id FROM res_country WHERE code IS NOT NULL")))
