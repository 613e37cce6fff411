from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array


class HospitalityMatchVeto(models.Model):
    """Two source profiles are of different guests: somebody who knows has said so.

    It always holds, for every pair of guests that the two profiles are part of, whatever is
    imported, changed or merged later.
    """

    _name = "hospitality.match.veto"
    _description = "Not the Same Person"
    _order = "id desc"
    _log_access = False

    profile_id = fields.Many2one("hospitality.profile", required=True, ondelete="restrict")
    other_profile_id = fields.Many2one("hospitality.profile", required=True, index=True, ondelete="restrict")
    user_id = fields.Many2one("res.users", string="Said By", default=lambda self: self.env.user, ondelete="set null")
    said_at = fields.Datetime(required=True, default=fields.Datetime.now)
    reason = fields.Char()

    _pair_uniq = models.Constraint("UNIQUE (profile_id, other_profile_id)", "This was said already.")
    _pair_order = models.Constraint("CHECK (profile_id < other_profile_id)", "The lower id of a pair comes first.")

    @api.model
    def _add(self, pairs, reason=None):
        """Remember that the profiles of each pair are of different guests. Nothing happens to known pairs.

        :param pairs: iterable of pairs of profile ids, in any order
        """
        pairs = sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})
        if not pairs:
            return
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_match_veto (profile_id, other_profile_id, user_id, said_at, reason)"
                " SELECT n.one, n.other, %s, now() AT TIME ZONE 'UTC', %s"
                " FROM unnest(%s::int[], %s::int[]) AS n(one, other)"
                " ON CONFLICT (profile_id, other_profile_id) DO NOTHING",
                self.env.uid,
                reason or None,
                pg_int_array([pair[0] for pair in pairs]),
                pg_int_array([pair[1] for pair in pairs]),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _remove(self, pairs):
        """Take back what was said about some pairs of profiles."""
        for one, other in pairs:
            self.sudo().search(  # whoever may decide about the pair is asked before
                [("profile_id", "=", min(one, other)), ("other_profile_id", "=", max(one, other))]
            ).unlink()

    @api.model
    def _get_guest_pairs(self, partner_ids):
        """Return the pairs of guests, at least one of them given, that must not become one.

        :return: set of ``(lower partner id, higher partner id)``
        """
        if not partner_ids:
            return set()
        self.flush_model()
        self.env["hospitality.profile"].flush_model(["partner_id"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH own AS MATERIALIZED (
                    SELECT id FROM hospitality_profile WHERE partner_id = ANY(%s::int[])
                ), said AS MATERIALIZED (
                    SELECT v.profile_id, v.other_profile_id
                      FROM own JOIN hospitality_match_veto v ON v.profile_id = own.id
                     UNION
                    SELECT v.profile_id, v.other_profile_id
                      FROM own JOIN hospitality_match_veto v ON v.other_profile_id = own.id
                )
                SELECT LEAST(a.partner_id, b.partner_id), GREATEST(a.partner_id, b.partner_id)
                  FROM said
                  JOIN hospitality_profile a ON a.id = said.profile_id
                  JOIN hospitality_profile b ON b.id = said.other_profile_id
                """,
                pg_int_array(partner_ids),
            )
        )
        return set(rows)
