from odoo import api, models
from odoo.tools import SQL

from ...engine import gate as engine


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
        refusals = self._get_refusals(spec, now, gated, message)
        waits = self._get_waits(spec, policy, at, now, message) if gated else []
        event = SQL("consent.event_id") if gated else SQL("NULL::int")
        joins = [SQL("JOIN res_partner p ON p.id = c.id"), self._join_address(spec)]
        if gated:
            joins.append(self._join_consent(spec))
        source = SQL("FROM (%s) AS c %s", candidates, SQL(" ").join(joins))
        if only_allowed:
            return self._select_allowed(source, refusals, waits, event)
        return self._select_all(source, refusals, waits, event, spec, bool(message))

    @api.model
    def _select_allowed(self, source, refusals, waits, event):
        conditions = [refusal.chooses or refusal.passes for refusal in refusals]
        conditions += [wait.chooses for wait in waits if wait.chooses]
        # One address gets a message once, whoever uses it.
        return SQL(
            """
            SELECT DISTINCT ON (d.address) d.partner_id, d.point_id, 'allowed' AS verdict, NULL AS reason,
                   NULL::jsonb AS details, NULL::timestamp AS due_at, d.consent_event_id
              FROM (SELECT p.id AS partner_id, pt.id AS point_id, COALESCE(pt.id, -p.id) AS address,
                           %(event)s AS consent_event_id
                      %(source)s %(joins)s
                     WHERE p.is_guest AND %(conditions)s) AS d
             ORDER BY d.address, d.partner_id
            """,
            event=event,
            source=source,
            joins=SQL(" ").join(wait.join for wait in waits if wait.code == "quiet"),
            conditions=SQL(" AND ").join(SQL("(%s)", condition) for condition in conditions),
        )

    @api.model
    def _select_all(self, source, refusals, waits, event, spec, single):
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
                              %(source)s WHERE p.is_guest
                            -- each reason is worked out once
                            OFFSET 0) AS f(partner_id, point_id, refusal, wait, until, details, expires_at,
                                           consent_event_id)
                   ) AS d(partner_id, point_id, first_refusal, wait, until, details, expires_at, consent_event_id,
                          refusal)
            """,
            once=once,
            refusal=refusal,
            wait=wait,
            until=until,
            details=details,
            expires=SQL("%s::timestamp", spec.expires_at or None),
            event=event,
            source=SQL("%s %s", source, SQL(" ").join(wait.join for wait in waits)),
        )
