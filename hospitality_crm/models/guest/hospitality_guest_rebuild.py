from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import claim

WIDTH = 25_000
"""Wide enough that the pages of the indexes are read once per range, not once per guest."""
LOCK = 1_919_512_168
"""First key of the advisory lock of a range; the second is its first id."""


class HospitalityGuestRebuild(models.Model):
    """A range of guests whose metrics are to be computed anew; lanes share the ranges.

    Needed when a rule changes that decides over many guests at once (a channel becomes direct, an
    outlet a spa), or after facts were written past the doors. In the latter case there are ranges of
    stays, too, of which it is decided anew who gets the nights and who the spend.
    """

    _name = "hospitality.guest.rebuild"
    _description = "Range of Guests to Rebuild"
    _log_access = False

    first_id = fields.Integer(required=True)
    last_id = fields.Integer(required=True)
    of_stays = fields.Boolean(help="The ids are those of stays: decide anew who gets the nights and the spend.")

    @api.model
    def _queue(self, stays=False):
        """Queue all guests for a rebuild.

        :param bool stays: decide anew, too, whose all stays are: after people were written past the doors
        """
        self.env.flush_all()
        if stays:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO hospitality_guest_rebuild (of_stays, first_id, last_id)
                    SELECT true, first, first + %(width)s - 1
                      FROM (SELECT min(id) AS low, max(id) AS high FROM hospitality_stay) AS ends,
                           generate_series(low, high, %(width)s) AS first
                     WHERE EXISTS (SELECT FROM hospitality_stay WHERE id BETWEEN first AND first + %(width)s - 1)
                    """,
                    width=WIDTH,
                )
            )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hospitality_guest_rebuild (first_id, last_id)
                SELECT first, first + %(width)s - 1
                  FROM (SELECT min(id) AS low, max(id) AS high
                          FROM (SELECT min(id) AS id FROM res_partner UNION ALL SELECT max(id) FROM res_partner
                                UNION ALL SELECT min(partner_id) FROM hospitality_guest_metrics
                                UNION ALL SELECT max(partner_id) FROM hospitality_guest_metrics) AS ends) AS ends,
                       generate_series(low / %(width)s * %(width)s, high, %(width)s) AS first
                 -- Ids may have wide gaps.
                 WHERE EXISTS (SELECT FROM res_partner WHERE id BETWEEN first AND first + %(width)s - 1)
                    OR EXISTS (SELECT FROM hospitality_guest_metrics
                                WHERE partner_id BETWEEN first AND first + %(width)s - 1)
                """,
                width=WIDTH,
            )
        )
        self.env["hospitality.guest.dirty"]._wake()

    @api.model
    def _take(self):
        """Rebuild one waiting range; return how many were taken."""
        ids = claim.claim(self.env, self._table, SQL("TRUE"), limit=1)
        if not ids:
            return 0
        [(first, last, of_stays)] = self.env.execute_query(
            SQL("DELETE FROM hospitality_guest_rebuild WHERE id = %s RETURNING first_id, last_id, of_stays", ids[0])
        )
        if of_stays:
            self.env["hospitality.stay"]._refresh_shares_between(first, last)
            return 1
        # The range may be queued twice: the later reading must be the later one to be written.
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", LOCK, first))
        self.env["hospitality.guest.metrics"]._rebuild(first, last)
        return 1
