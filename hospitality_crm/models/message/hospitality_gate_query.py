import datetime
import json

from odoo import api, models, tools
from odoo.tools import SQL

from ...engine import gate as engine
from ...tools.arrays import pg_array, pg_int_array
from .quiet_ends import get_quiet_ends
from .refusal import Refusal, Wait

#: A message of higher priority that is due within this time keeps its place under a cap.
COMPETE = datetime.timedelta(hours=24)
#: A message that waits for another one, or for the end of a hold, is looked at again after this time.
AGAIN = datetime.timedelta(hours=1)


class HospitalityGate(models.AbstractModel):
    """The decision of the gate as a query: the same for one message and for a million guests."""

    _inherit = "hospitality.gate"

    @api.model
    def _decide(self, candidates, spec, now, only_allowed=False, message=None, now_sql=None):
        """Return the query of what the gate says about guests. Contacts that are no guests don't appear.

        :param SQL candidates: query of partner ids, in a column ``id``
        :param spec: `engine.gate.Spec`
        :param datetime now: UTC
        :param bool only_allowed: leave out who is refused or postponed, which is many times faster for many
        :param SQL message: id of the row of `hospitality.message` that is decided about, which competes with others and
            not with itself; None before there is one
        :param SQL now_sql: expression of the time, in a statement that is prepared once for many
        :return: SQL with the columns ``partner_id point_id verdict reason details due_at consent_event_id``;
            ``verdict`` is *allowed*, *postponed* or *refused*
        """
        at, now = now, SQL("%s::timestamp", now) if now_sql is None else now_sql
        gated = not engine.is_service(spec.purpose.legal_basis, spec.purpose.is_marketing)
        policy = self.env["hospitality.message.policy"]._get(spec.company_id, spec.brand_id or 0)
        parts = [self._join_address(spec)]
        waits = []
        if gated:
            parts.append(self._join_consent(spec))
            waits = self._get_waits(spec, policy, at, now, parts, message)
        refusals = self._get_refusals(spec, now, gated, message)
        event = SQL("consent.event_id") if gated else SQL("NULL::int")
        source = SQL("FROM (%s) AS c JOIN res_partner p ON p.id = c.id %s", candidates, SQL(" ").join(parts))
        if only_allowed:
            return self._select_allowed(source, refusals, waits, event, bool(message))
        return self._select_all(source, refusals, waits, event, spec, policy, now, bool(message))

    @api.model
    def _select_allowed(self, source, refusals, waits, event, single):
        conditions = [refusal.passes for refusal in refusals]
        conditions += [SQL("%s IS NULL", wait.until) for wait in waits]
        query = SQL(
            """SELECT p.id AS partner_id, pt.id AS point_id, 'allowed' AS verdict, NULL AS reason,
                      NULL::jsonb AS details, NULL::timestamp AS due_at, %(event)s AS consent_event_id
                 %(source)s WHERE p.is_guest AND %(conditions)s""",
            event=event,
            source=source,
            conditions=SQL(" AND ").join(SQL("(%s)", condition) for condition in conditions),
        )
        if single:
            return query
        # One address gets a message once, whoever uses it.
        return SQL(
            """SELECT DISTINCT ON (d.point_id, CASE WHEN d.point_id IS NULL THEN d.partner_id END) d.*
                 FROM (%s) AS d
                ORDER BY d.point_id, CASE WHEN d.point_id IS NULL THEN d.partner_id END, d.partner_id""",
            query,
        )

    @api.model
    def _select_all(self, source, refusals, waits, event, spec, policy, now, single):
        refusal = SQL(
            "CASE %s END", SQL(" ").join(SQL("WHEN (%s) IS NOT TRUE THEN %s", r.passes, r.code) for r in refusals)
        )
        wait = SQL("NULL::text")
        until = SQL("NULL::timestamp")
        details = SQL("NULL::jsonb")
        if waits:
            wait = SQL("CASE %s END", SQL(" ").join(SQL("WHEN %s IS NOT NULL THEN %s", w.until, w.code) for w in waits))
            until = SQL("GREATEST(%s)", SQL(", ").join(w.until for w in waits))
            details = SQL(
                "CASE %s END", SQL(" ").join(SQL("WHEN %s IS NOT NULL THEN %s", w.until, w.details) for w in waits)
            )
        once = (
            SQL("1")
            if single
            else SQL(
                "row_number() OVER (PARTITION BY f.refusal, COALESCE(f.point_id, -f.partner_id) ORDER BY f.partner_id)"
            )
        )
        return SQL(
            """
            SELECT d.partner_id, d.point_id,
                   CASE WHEN d.refusal IS NOT NULL THEN 'refused' WHEN d.wait IS NULL THEN 'allowed'
                        WHEN d.until > d.expires_at THEN 'refused' ELSE 'postponed' END AS verdict,
                   CASE WHEN d.refusal IS NULL AND d.until > d.expires_at THEN 'too_late'
                        ELSE COALESCE(d.refusal, d.wait) END AS reason,
                   CASE WHEN d.refusal IS NULL AND d.wait IS NOT NULL
                        THEN d.details || jsonb_build_object(
                                 'wait', d.wait, 'until', to_char(d.until, 'YYYY-MM-DD"T"HH24:MI:SS')) END AS details,
                   CASE WHEN d.refusal IS NULL THEN d.until END AS due_at,
                   d.consent_event_id
              FROM (SELECT f.*, CASE WHEN f.refusal IS NOT NULL THEN f.refusal
                                     WHEN %(once)s > 1 THEN 'duplicate' END AS refusal
                      FROM (SELECT p.id AS partner_id, pt.id AS point_id, %(refusal)s AS refusal, %(wait)s AS wait,
                                   %(until)s AS until, %(details)s AS details, %(expires)s AS expires_at,
                                   %(event)s AS consent_event_id
                              %(source)s WHERE p.is_guest) AS f(partner_id, point_id, refusal, wait, until, details,
                                                                expires_at, consent_event_id)
                   ) AS d(partner_id, point_id, first_refusal, wait, until, details, expires_at, consent_event_id,
                          refusal)
            """,
            once=once,
            refusal=refusal,
            wait=wait,
            until=until,
            details=details,
            expires=SQL("%s::timestamp", spec.expires_at)
            if spec.expires_at
            else SQL("%s + %s", now, datetime.timedelta(hours=policy.give_up_hours)),
            event=event,
            source=source,
        )

    # -- address -------------------------------------------------------------------------------

    @api.model
    def _join_address(self, spec):
        """Return the join of the contact point ``pt`` to which the message goes."""
        if spec.channel in ("email", "ads"):
            if engine.is_service(spec.purpose.legal_basis, spec.purpose.is_marketing):
                return self._join_any_email()
            return SQL(
                "LEFT JOIN hospitality_contact_point pt ON pt.channel = 'email' AND pt.value = p.email_normalized"
            )
        if spec.channel in ("sms", "phone"):
            return SQL(
                "LEFT JOIN hospitality_contact_point pt ON pt.channel = 'phone' AND pt.value = p.phone_sanitized"
            )
        if spec.channel == "messenger":
            provider = SQL("AND h.value LIKE %s", f"{spec.provider}:%") if spec.provider else SQL()
            return SQL(
                """LEFT JOIN LATERAL (
                       SELECT h.* FROM hospitality_profile o
                         JOIN hospitality_contact_link l ON l.profile_id = o.id
                         JOIN hospitality_contact_point h ON h.id = l.point_id AND h.channel = 'messenger' %s
                        WHERE o.partner_id = p.id AND o.state IN ('live', 'superseded')
                        ORDER BY h.reachable DESC, h.id DESC LIMIT 1) AS pt ON TRUE""",
                provider,
            )
        return SQL("LEFT JOIN hospitality_contact_point pt ON FALSE")

    @api.model
    def _join_any_email(self):
        """Return the join of the guest's own address, else of the relay through which a booking portal reaches him."""
        return SQL(
            """LEFT JOIN LATERAL (
                   SELECT h.*, 0 AS place FROM hospitality_contact_point h
                    WHERE h.channel = 'email' AND h.value = p.email_normalized
                   UNION ALL
                   SELECT h.*, 1 AS place FROM hospitality_profile o
                     JOIN hospitality_contact_link l ON l.profile_id = o.id
                     JOIN hospitality_contact_point h ON h.id = l.point_id AND h.channel = 'email'
                    WHERE o.partner_id = p.id AND o.state IN ('live', 'superseded')
                      AND COALESCE(p.email_normalized, '') = '' AND h.kind = 'relay' AND h.reachable
                    ORDER BY place, id DESC LIMIT 1) AS pt ON TRUE"""
        )

    @api.model
    def _get_address_sql(self, spec):
        """Return the expression of the normalised address."""
        if spec.channel in ("email", "ads"):
            return SQL("COALESCE(NULLIF(p.email_normalized, ''), pt.value)")
        return SQL("p.phone_sanitized") if spec.channel in ("sms", "phone") else SQL("pt.value")

    # -- refusals ------------------------------------------------------------------------------

    @api.model
    def _get_refusals(self, spec, now, gated, message):
        """Return what each guest must pass, as a list of :class:`Refusal`, in the order in which they are told."""
        refusals = [Refusal("gone", SQL("p.active AND p.merged_into_id IS NULL"))]
        refusals += self._get_address_refusals(spec, gated)
        refusals += [Refusal(code, SQL("NOT (%s)", hit)) for code, hit in self._get_refusal_conditions(spec)]
        if gated and spec.purpose.is_marketing:
            age = self.env["res.company"].browse(spec.company_id).sudo().hospitality_consent_age  # a limit for all
            refusals.append(
                Refusal(
                    "minor",
                    SQL("p.guest_birthdate IS NULL OR p.guest_birthdate <= %s - make_interval(years => %s)", now, age),
                )
            )
        if gated:
            refusals += self._get_consent_refusals(spec, now)
        refusals += self._get_repeat_refusals(spec, message)
        if spec.expires_at:
            refusals.append(Refusal("too_late", SQL("%s <= %s::timestamp", now, spec.expires_at)))
        return refusals

    @api.model
    def _get_address_refusals(self, spec, gated):
        if spec.channel == "post":
            return [Refusal("no_address", SQL("p.street <> '' AND (p.zip <> '' OR p.city <> '')"))]
        usable = ["real"] if gated else ["real", "relay", "shared"]
        address = self._get_address_sql(spec)
        # A contact that nobody has written to yet has an address and no contact point.
        refusals = [
            Refusal("no_address", SQL("%s <> ''", address)),
            Refusal("address_kind", SQL("COALESCE(pt.kind, 'real') = ANY(%s::varchar[])", pg_array(usable))),
        ]
        if not gated:
            return refusals
        blacklist = {"email": SQL("mail_blacklist b WHERE b.email")}.get(
            spec.channel, SQL("phone_blacklist b WHERE b.number")
        )
        refusals.append(
            Refusal("blacklisted", SQL("NOT EXISTS (SELECT FROM %s = %s AND b.active)", blacklist, address))
        )
        refusals.append(Refusal("unreachable", SQL("pt.reachable IS NOT FALSE")))
        suppressed = self._get_suppressed_query(spec)
        if suppressed:
            refusals.append(
                Refusal("suppressed", SQL("NOT EXISTS (SELECT FROM (%s) AS s(id) WHERE s.id = pt.id)", suppressed))
            )
        return refusals

    @api.model
    def _get_suppressed_query(self, spec):
        """Return the query of the ids of contact points that must not be written to, None for nobody.

        A subject that keeps such a list extends this.
        """
        return None

    @api.model
    def _get_refusal_conditions(self, spec):
        """Return further reasons to refuse, as a list of ``(code, SQL condition that is true for who is refused)``.

        The conditions may use ``p`` (``res_partner``) and ``pt`` (``hospitality_contact_point``, may be null) and must
        not be null. Words for a code are added in `hospitality.message.texts`.
        """
        return []

    @api.model
    def _join_consent(self, spec):
        """Return the join of what the guest has said, ``consent``: to the brand, else to all of them."""
        channel = spec.channel if spec.purpose.per_channel else "any"
        if not spec.brand_id:
            return SQL(
                "LEFT JOIN hospitality_consent_state consent ON consent.partner_id = p.id AND consent.brand_id IS NULL"
                " AND consent.purpose_id = %s AND consent.channel = %s",
                spec.purpose.id,
                channel,
            )
        return SQL(
            """LEFT JOIN (
                   SELECT %(columns)s FROM hospitality_consent_state s WHERE %(scope)s AND s.brand_id = %(brand)s
                   UNION ALL
                   SELECT %(columns)s FROM hospitality_consent_state s
                    WHERE %(scope)s AND s.brand_id IS NULL AND NOT EXISTS (
                          SELECT FROM hospitality_consent_state b WHERE b.partner_id = s.partner_id
                             AND b.purpose_id = s.purpose_id AND b.channel = s.channel AND b.brand_id = %(brand)s)
               ) AS consent ON consent.partner_id = p.id""",
            columns=SQL("s.partner_id, s.state, s.valid_until, s.event_id"),
            scope=SQL("s.purpose_id = %s AND s.channel = %s", spec.purpose.id, channel),
            brand=spec.brand_id,
        )

    @api.model
    def _get_consent_refusals(self, spec, now):
        denied = SQL("consent.state = 'denied'")
        if spec.purpose.legal_basis == "legitimate_interest":
            return [Refusal("denied", SQL("(%s) IS NOT TRUE", denied))]
        code = SQL(
            "CASE consent.state WHEN 'denied' THEN 'denied' WHEN 'pending' THEN 'pending'"
            " WHEN 'granted' THEN 'expired' ELSE 'no_consent' END"
        )
        valid = SQL("consent.valid_until IS NULL OR consent.valid_until >= %s::date", now)
        return [Refusal(code, SQL("consent.state = 'granted' AND (%s)", valid))]

    @api.model
    def _get_repeat_refusals(self, spec, message):
        """One origin writes to an address and to a guest once."""
        same = SQL(
            "o.origin_model = %s AND o.origin_id = %s AND o.origin_ref = %s AND o.channel = %s",
            spec.origin_model,
            spec.origin_id,
            spec.origin_ref,
            spec.channel,
        )
        if message is None:
            taken = SQL("o.state NOT IN ('refused', 'cancelled', 'failed')")
            other = SQL("AND o.partner_id <> p.id")
        else:
            taken = SQL("o.state = ANY(%s::varchar[])", pg_array(list(engine.COUNTED)))
            other = SQL("AND o.id <> %s", message)
        refusals = [
            Refusal(
                "duplicate",
                SQL(
                    "NOT EXISTS (SELECT FROM hospitality_message o WHERE o.point_id = pt.id AND %s AND %s %s)",
                    same,
                    taken,
                    other,
                ),
            )
        ]
        if message is not None:
            refusals.append(
                Refusal(
                    "already",
                    SQL(
                        "NOT EXISTS (SELECT FROM hospitality_message o WHERE o.partner_id = p.id AND %s AND %s %s)",
                        same,
                        taken,
                        other,
                    ),
                )
            )
        return refusals

    # -- what postpones ------------------------------------------------------------------------

    @api.model
    def _get_waits(self, spec, policy, at, now, parts, message):
        """Return what postpones a message, as a list of :class:`Wait`; append the joins that they need to ``parts``."""
        waits = [self._get_hold_wait(now, parts)]
        caps = [cap for cap in policy.caps if cap.channel in (None, spec.channel)]
        if caps:
            parts.append(self._join_recent(spec, caps, now, message))
            waits += [
                Wait(
                    "cap",
                    SQL("recent.%s", SQL.identifier(f"until_{number}")),
                    SQL(
                        "%s::jsonb",
                        json.dumps(
                            {"limit": cap.limit, "hours": cap.hours, "channel": cap.channel, "own": cap.per_sender}
                        ),
                    ),
                )
                for number, cap in enumerate(caps)
            ]
            parts.append(self._join_waiting(spec, caps, now, message))
            waits.append(
                Wait(
                    "priority",
                    SQL(
                        "CASE WHEN %s THEN GREATEST(waiting.due_at, %s) + %s END",
                        SQL(" OR ").join(
                            SQL(
                                "COALESCE(recent.%s, 0) + waiting.%s >= %s",
                                SQL.identifier(f"used_{number}"),
                                SQL.identifier(f"used_{number}"),
                                cap.limit,
                            )
                            for number, cap in enumerate(caps)
                        ),
                        now,
                        AGAIN,
                    ),
                    SQL("'{}'::jsonb"),
                )
            )
        quiet = self._get_quiet_wait(spec, policy, at, now, parts)
        return [*waits, quiet] if quiet else waits

    @api.model
    def _get_hold_wait(self, now, parts):
        parts.append(
            SQL(
                """LEFT JOIN (
                       SELECT h.partner_id, max(COALESCE(h.until, %(now)s + %(again)s)) AS until,
                              bool_or(h.kind = 'complaint') AS is_complaint
                         FROM hospitality_message_hold h
                        WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until > %(now)s)
                        GROUP BY h.partner_id) AS hold ON hold.partner_id = p.id""",
                now=now,
                again=datetime.timedelta(days=1),
            )
        )
        return Wait("hold", SQL("hold.until"), SQL("jsonb_build_object('complaint', hold.is_complaint)"))

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
        longest = datetime.timedelta(hours=max(cap.hours for cap in caps))
        return self._join_messages(
            "recent",
            SQL(", ").join(columns),
            SQL(
                "r.is_gated AND r.handed_at > %s - %s AND r.state = ANY(%s::varchar[])",
                now,
                longest,
                pg_array(list(engine.COUNTED)),
            ),
            message,
        )

    @api.model
    def _join_waiting(self, spec, caps, now, message):
        """Return the join of messages of higher priority that are due soon, ``waiting``: ``used_N`` per cap."""
        columns = [
            SQL("count(*) FILTER (WHERE %s) AS %s", self._count_for(cap, spec, "r"), SQL.identifier(f"used_{number}"))
            for number, cap in enumerate(caps)
        ]
        columns.append(SQL("max(r.due_at) AS due_at"))
        return self._join_messages(
            "waiting",
            SQL(", ").join(columns),
            SQL(
                "r.is_gated AND r.state IN ('planned', 'postponed') AND r.priority > %s"
                " AND (r.due_at IS NULL OR r.due_at <= %s + %s) AND (r.expires_at IS NULL OR r.expires_at > %s)",
                spec.priority,
                now,
                COMPETE,
                now,
            ),
            message,
        )

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
        return SQL(
            "LEFT JOIN LATERAL (SELECT %s FROM hospitality_message r WHERE r.partner_id = p.id AND r.id <> %s AND %s)"
            " AS %s ON TRUE",
            columns,
            message,
            where,
            SQL.identifier(alias),
        )

    @api.model
    def _get_quiet_wait(self, spec, policy, at, now, parts):
        """Return the wait for the end of the guest's night, None while it is night nowhere."""
        ends = get_quiet_ends(policy.quiets, spec.channel, at)
        if ends is None:
            return None
        ids = self._get_country_ids()
        lands = [(ids[code], end) for code, end in ends.lands.items() if code in ids]
        zones = [(ids.get(code, 0), name, end) for (code, name), end in ends.zones.items() if not code or code in ids]
        parts.append(
            SQL(
                "LEFT JOIN unnest(%s::int[], %s::timestamp[]) AS land(id, until) ON land.id = p.country_id"
                " LEFT JOIN unnest(%s::int[], %s::varchar[], %s::timestamp[]) AS zone(country_id, name, until)"
                " ON zone.name = p.tz AND zone.country_id = COALESCE(p.country_id, 0)",
                pg_int_array([land[0] for land in lands]),
                pg_array([land[1] for land in lands], "timestamp"),
                pg_int_array([zone[0] for zone in zones]),
                pg_array([zone[1] for zone in zones]),
                pg_array([zone[2] for zone in zones], "timestamp"),
            )
        )
        home = self.env["res.company"].browse(spec.company_id).sudo().partner_id.tz or "UTC"  # where the house is
        default = ends.zones.get((None, home))
        return Wait(
            "quiet",
            SQL(
                "CASE WHEN zone.name IS NOT NULL THEN zone.until WHEN land.id IS NOT NULL THEN land.until"
                " ELSE %s::timestamp END",
                default,
            ),
            SQL("'{}'::jsonb"),
        )

    @api.model
    @tools.ormcache()
    def _get_country_ids(self):
        return dict(self.env.execute_query(SQL("SELECT code, id FROM res_country WHERE code IS NOT NULL")))
