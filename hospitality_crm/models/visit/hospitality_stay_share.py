from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from .visit_tally import PAYER, SLEEPER


class HospitalityStay(models.Model):
    _inherit = "hospitality.stay"

    def write(self, vals):
        result = super().write(vals)
        if {"partner_id", "profile_id"} & vals.keys():
            self._refresh_shares(self.ids)
        return result

    @api.model
    def _refresh_shares(self, ids):
        """Decide anew whose stays some stays are: who gets the nights, who the spend.

        The guest of a stay has his share in ``metric_share`` of the stay, everybody else in that of his row among the
        people; the rules are told in the docstring of `hospitality.guest.metrics`. A guest with several rows has each
        part of his share once. To be called whenever people, or the guest, of a stay have changed by other ways than
        the ORM. Only what differs is written; guests whose share has changed are queued.

        :param ids: ids of stays
        """
        ids = pg_int_array(sorted(ids))
        if ids != "{}":
            self._decide_shares(lambda column: SQL("%s = ANY(%s::int[])", column, ids))

    @api.model
    def _refresh_shares_of(self, partner_ids):
        """Decide anew whose the stays of guests are who have become one, or several again.

        Only stays with somebody else on them, or with a person who was somebody else, may have changed hands.

        :param partner_ids: ids of guests
        """
        self.env.flush_all()
        guests = pg_int_array(sorted(partner_ids))
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.stay_id
                  FROM (SELECT id FROM hospitality_stay WHERE partner_id = ANY(%(guests)s::int[])
                        UNION
                        SELECT stay_id FROM hospitality_stay_guest WHERE partner_id = ANY(%(guests)s::int[])) AS own
                  JOIN hospitality_stay s ON s.id = own.id
                  JOIN hospitality_stay_guest p ON p.stay_id = s.id
                 WHERE p.partner_id IS DISTINCT FROM s.partner_id OR p.metric_share > 0
                """,
                guests=guests,
            )
        )
        self._refresh_shares({row[0] for row in rows})

    @api.model
    def _refresh_shares_between(self, first, last):
        """Decide anew whose stays those with ids from ``first`` to ``last`` are."""
        self._decide_shares(lambda column: SQL("%s BETWEEN %s AND %s", column, first, last))

    @api.model
    def _decide_shares(self, condition):
        self.env.flush_all()
        # Of two transactions that write people of one stay the second one sees both.
        self.env.cr.execute(
            SQL("SELECT id FROM hospitality_stay WHERE %s ORDER BY id FOR NO KEY UPDATE", condition(SQL("id")))
        )
        self.env["hospitality.guest.dirty"]._mark(self._write_shares(condition))

    @api.model
    def _write_shares(self, condition):
        """Write the shares in some stays.

        :param condition: function from the SQL of a column with ids of stays to the condition that picks them
        :return: ids of the guests whose share has changed
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH person AS MATERIALIZED (
                    SELECT p.id, p.stay_id, p.metric_share, p.partner_id = s.partner_id AS is_own,
                           CASE WHEN p.sleeps AND row_number() OVER (
                                     PARTITION BY p.stay_id, p.partner_id, p.sleeps ORDER BY p.id) = 1
                                THEN %(sleeper)s ELSE 0 END
                           | CASE WHEN p.pays AND row_number() OVER (
                                       PARTITION BY p.stay_id, p.pays ORDER BY p.role <> 'payer',
                                       p.role <> 'primary', COALESCE(p.sequence, 0), p.id) = 1
                                  THEN %(payer)s ELSE 0 END AS share
                      FROM hospitality_stay_guest p
                      JOIN hospitality_stay s ON s.id = p.stay_id
                     WHERE %(people)s),
                people AS (
                    UPDATE hospitality_stay_guest g
                       SET metric_share = w.share
                      FROM (SELECT id, metric_share, CASE WHEN is_own THEN 0 ELSE share END AS share FROM person) AS w
                     WHERE g.id = w.id AND w.metric_share <> w.share
                    RETURNING g.partner_id),
                stay AS (
                    UPDATE hospitality_stay s
                       SET metric_share = w.share
                      FROM (SELECT s.id,
                                   CASE WHEN count(p.id) = 0 THEN %(sleeper)s | %(payer)s
                                        ELSE COALESCE(bit_or(p.share) FILTER (WHERE p.is_own), 0)
                                             | CASE WHEN bit_or(p.share) & %(payer)s = 0 THEN %(payer)s ELSE 0 END
                                   END AS share
                              FROM hospitality_stay s
                              LEFT JOIN person p ON p.stay_id = s.id
                             WHERE %(stays)s
                             GROUP BY s.id) AS w
                     WHERE s.id = w.id AND s.metric_share <> w.share
                    RETURNING s.partner_id)
                SELECT partner_id FROM people UNION SELECT partner_id FROM stay
                """,
                sleeper=SLEEPER,
                payer=PAYER,
                stays=condition(SQL("s.id")),
                people=condition(SQL("p.stay_id")),
            )
        )
        return {row[0] for row in rows}
