from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from ...tools.soft_many2one import SoftMany2one
from .hospitality_purpose import ALL_CHANNELS

STATES = [("granted", "Granted"), ("pending", "To Be Confirmed"), ("denied", "Refused"), ("unknown", "Never Asked")]


class HospitalityConsentState(models.Model):
    """What holds now for a guest, a purpose, a channel and a brand; derived from `hospitality.consent.event`.

    A brand with statements of its own has a row, which takes the statements towards all brands into account; all
    other brands share the row without a brand. That row exists as soon as anything was said about the purpose and
    channel, and every refresh writes it: of two transactions that record statements of one guest at the same time
    the second one is then refused by PostgreSQL and tried again, instead of deriving a state without the first one's.

    A *granted* state ends after ``valid_until``.
    """

    _name = "hospitality.consent.state"
    _description = "Consent"
    _log_access = False
    _order = "partner_id, purpose_id, channel, brand_id"
    _rec_name = "purpose_id"

    partner_id = SoftMany2one("res.partner", string="Guest", required=True, readonly=True, ondelete="restrict")
    purpose_id = SoftMany2one("hospitality.purpose", required=True, readonly=True)
    channel = fields.Selection(ALL_CHANNELS, required=True, readonly=True)
    brand_id = SoftMany2one(
        "hospitality.brand", readonly=True, help="Empty: all brands without an answer of their own."
    )
    state = fields.Selection(STATES, required=True, readonly=True)
    since = fields.Datetime(readonly=True)
    valid_until = fields.Date(readonly=True)
    event_id = SoftMany2one(
        "hospitality.consent.event",
        string="Deciding Statement",
        readonly=True,
        groups="hospitality_crm.group_hospitality_manager,hospitality_crm.group_hospitality_dpo",
    )
    effective = fields.Selection(STATES, compute="_compute_effective", string="Today", compute_sudo=True)

    _scope_uniq = models.UniqueIndex(
        "(partner_id, purpose_id, channel, COALESCE(brand_id, 0))", "There is one state of each consent."
    )
    _event_idx = models.Index("(event_id)")

    @api.depends("state", "valid_until")
    def _compute_effective(self):
        today = fields.Date.today()
        for row in self:
            over = row.state == "granted" and row.valid_until and row.valid_until < today
            row.effective = "unknown" if over else row.state

    def action_open_events(self):
        """List the statements behind the state."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospitality.consent.event",
            "name": self.env._("Statements of %(guest)s", guest=self.partner_id.display_name),
            "view_mode": "list,kanban,form",
            "domain": [
                ("profile_id.partner_id", "=", self.partner_id.id),
                ("purpose_id", "=", self.purpose_id.id),
                ("channel", "=", self.channel),
            ],
        }

    @api.model
    def _derive(self, partner_ids):
        """Return the query of the states of guests, from their statements. The rules are those of `engine.consent`.

        :return: SQL with the columns ``partner_id purpose_id channel brand_id state since valid_until event_id``
        """
        return SQL(
            """
            WITH said AS MATERIALIZED (
                SELECT p.partner_id, e.id, e.profile_id, e.purpose_id, e.channel, e.brand_id, e.decided_at,
                       e.valid_until, CASE e.decision WHEN 'granted' THEN 1 WHEN 'pending' THEN 2
                                                      WHEN 'void' THEN 0 ELSE 3 END AS rank,
                       EXISTS (SELECT FROM hospitality_consent_event v WHERE v.void_of_id = e.id) AS is_void
                  FROM hospitality_profile p
                  JOIN hospitality_consent_event e ON e.profile_id = p.id
                 WHERE p.partner_id = ANY(%(ids)s::int[])),
            scope AS (
                SELECT DISTINCT s.partner_id, s.purpose_id, s.channel, b.brand_id
                  FROM said s CROSS JOIN LATERAL (VALUES (NULL), (s.brand_id)) AS b(brand_id)),
            newest AS (
                SELECT DISTINCT ON (s.partner_id, s.purpose_id, s.channel, s.brand_id, e.profile_id)
                       s.partner_id, s.purpose_id, s.channel, s.brand_id, e.id, e.decided_at, e.valid_until, e.rank
                  FROM scope s
                  JOIN said e ON e.partner_id = s.partner_id AND e.purpose_id = s.purpose_id AND e.channel = s.channel
                             AND (e.brand_id IS NULL OR e.brand_id = s.brand_id)
                 WHERE e.rank > 0 AND NOT e.is_void
                 ORDER BY s.partner_id, s.purpose_id, s.channel, s.brand_id, e.profile_id,
                          e.decided_at DESC, e.rank DESC, e.id DESC),
            decider AS (
                SELECT DISTINCT ON (partner_id, purpose_id, channel, brand_id) *
                  FROM newest
                 ORDER BY partner_id, purpose_id, channel, brand_id, rank DESC,
                          CASE WHEN rank = 1 THEN valid_until END DESC NULLS FIRST, decided_at DESC, id DESC)
            SELECT s.partner_id, s.purpose_id, s.channel, s.brand_id,
                   CASE d.rank WHEN 1 THEN 'granted' WHEN 2 THEN 'pending' WHEN 3 THEN 'denied'
                               ELSE 'unknown' END AS state,
                   d.decided_at AS since, d.valid_until, d.id AS event_id
              FROM scope s
              LEFT JOIN decider d ON d.partner_id = s.partner_id AND d.purpose_id = s.purpose_id
                                 AND d.channel = s.channel AND d.brand_id IS NOT DISTINCT FROM s.brand_id
            """,
            ids=pg_int_array(sorted(partner_ids)),
        )

    @api.model
    def _refresh(self, partner_ids):
        """Derive the states of guests anew."""
        if not partner_ids:
            return
        self.env.cr.execute(
            SQL(
                """
                WITH fresh AS MATERIALIZED (%(query)s),
                gone AS (
                    DELETE FROM hospitality_consent_state c
                     WHERE c.partner_id = ANY(%(ids)s::int[]) AND NOT EXISTS (
                           SELECT FROM fresh f WHERE f.partner_id = c.partner_id AND f.purpose_id = c.purpose_id
                              AND f.channel = c.channel AND f.brand_id IS NOT DISTINCT FROM c.brand_id))
                INSERT INTO hospitality_consent_state
                       (partner_id, purpose_id, channel, brand_id, state, since, valid_until, event_id)
                SELECT * FROM fresh
                ON CONFLICT (partner_id, purpose_id, channel, (COALESCE(brand_id, 0))) DO UPDATE
                   SET state = EXCLUDED.state, since = EXCLUDED.since, valid_until = EXCLUDED.valid_until,
                       event_id = EXCLUDED.event_id
                """,
                query=self._derive(partner_ids),
                ids=pg_int_array(sorted(partner_ids)),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _find_differences(self, first, last):
        """Return the guests with ids from ``first`` to ``last`` whose states aren't what their statements say."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH stored AS (
                    SELECT partner_id, purpose_id, channel, brand_id, state, since, valid_until, event_id
                      FROM hospitality_consent_state WHERE partner_id BETWEEN %(first)s AND %(last)s),
                derived AS (%(query)s)
                SELECT DISTINCT partner_id
                  FROM ((TABLE stored EXCEPT TABLE derived) UNION ALL (TABLE derived EXCEPT TABLE stored)) AS d
                 ORDER BY 1
                """,
                first=first,
                last=last,
                query=self._derive(range(first, last + 1)),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _get(self, partner_ids, purpose, channel, brand=None):
        """Return what holds today for guests.

        :param purpose: ``hospitality.purpose``
        :param channel: code of a channel; a purpose that is agreed to as a whole ignores it
        :param brand: ``hospitality.brand`` that wants to know; None: all brands
        :return: dict partner id -> ``(state, id of the deciding statement or None)``; guests who were never asked
            are missing
        """
        channel = channel if purpose.per_channel else "any"
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (partner_id) partner_id,
                          CASE WHEN state = 'granted' AND valid_until < %s THEN 'unknown' ELSE state END, event_id
                     FROM hospitality_consent_state
                    WHERE partner_id = ANY(%s::int[]) AND purpose_id = %s AND channel = %s
                      AND (brand_id IS NULL OR brand_id = %s)
                    ORDER BY partner_id, brand_id NULLS LAST""",
                fields.Date.today(),
                pg_int_array(partner_ids),
                purpose.id,
                channel,
                brand.id if brand else None,
            )
        )
        return {partner_id: (state, event_id) for partner_id, state, event_id in rows}
