from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from ...tools.soft_many2one import SoftMany2one

RESOLVERS = "hospitality_crm.match_resolvers"
BANDS = [("merge", "Same Person"), ("ask", "Perhaps the Same"), ("household", "Same Household")]
STATES = [
    ("open", "To Review"),
    ("merged", "Merged"),
    ("rejected", "Not the Same"),
    ("household", "Household"),
    ("skipped", "Skipped"),
    ("obsolete", "Settled Otherwise"),
]


class HospitalityMatch(models.Model):
    """Two source profiles that may be of one guest, why, and what became of it.

    ``profile_id`` is the one with the lower id. ``score`` is the sum of the weights in ``evidence``
    (log-odds), ``band`` what the thresholds made of it when it was found. The guests are shortcuts
    that follow the profiles; rows go with their profiles, which see to it. A pair is stored once;
    what people have decided is never overwritten by a later run.
    """

    _name = "hospitality.match"
    _description = "Possible Duplicate"
    _order = "score desc, id"
    _log_access = False

    profile_id = SoftMany2one("hospitality.profile", required=True, ondelete="cascade")
    other_profile_id = SoftMany2one("hospitality.profile", required=True, index=True, ondelete="cascade")
    partner_id = SoftMany2one("res.partner", string="Guest", required=True, index=True, ondelete="cascade")
    other_partner_id = SoftMany2one("res.partner", string="Other Guest", required=True, index=True, ondelete="cascade")
    score = fields.Float(required=True)
    band = fields.Selection(BANDS, required=True)
    evidence = fields.Json(help="What speaks for and against it: code, weight and the compared values.")
    state = fields.Selection(STATES, required=True, default="open")
    decided_by = fields.Many2one("res.users", ondelete="set null", help="Empty where the system has decided.")
    decided_at = fields.Datetime()
    reason = fields.Char(help="Why it was decided so, or why the merge was refused.")
    found_at = fields.Datetime(required=True, default=fields.Datetime.now)
    run_id = SoftMany2one("hospitality.match.run", ondelete="set null")

    _pair_uniq = models.Constraint("UNIQUE (profile_id, other_profile_id)", "These two profiles are a pair already.")
    _pair_order = models.Constraint("CHECK (profile_id < other_profile_id)", "The lower id of a pair comes first.")
    _queue_idx = models.Index("(band, score DESC, id) WHERE state = 'open'")
    _best_idx = models.Index("(score DESC, id) WHERE state = 'open'")

    @api.depends("partner_id", "other_partner_id")
    def _compute_display_name(self):
        for match in self:
            match.display_name = self.env._(
                "%(guest)s and %(other)s",
                guest=match.partner_id.name or "",
                other=match.other_partner_id.name or "",
            )

    # Rights

    @api.model
    def _get_resolvers(self):
        """Return who decides: ``manager`` alone, reception on ``clear`` duplicates, or reception on ``all``."""
        return (
            self.env["ir.config_parameter"].sudo().get_param(RESOLVERS)  # not readable by users, decides for them
            or "clear"
        )

    def _is_clear(self):
        """Whether nothing speaks against the pair."""
        self.ensure_one()
        return self.band != "household" and all(piece["weight"] >= 0 for piece in self.evidence or ())

    def _check_may_resolve(self):
        """Refuse users who may not decide about these pairs.

        :raise AccessError: with a sentence that says who may
        """
        self.check_access("read")
        (self.partner_id | self.other_partner_id).check_access("write")
        if self.env.su or self.env.user.has_group("hospitality_crm.group_hospitality_manager"):
            return
        resolvers = self._get_resolvers()
        if self.env.user.has_group("hospitality_crm.group_hospitality_reception"):
            if resolvers == "all" or (resolvers == "clear" and all(match._is_clear() for match in self)):
                return
        raise AccessError(
            self.env._(
                "You may not decide whether these are the same guest. Skip the pair: a guest relations manager will "
                "look at it."
            )
        )

    # Decisions

    def action_merge(self, values=None, reason=None, winner_id=None):
        """Merge the guests of these pairs; pairs that share a guest become one merge.

        :param dict values: field name to the value, or to the id of the profile whose value wins
        :param int winner_id: the guest who stays; without one, users come first, then who was typed by people,
            then the oldest
        :return: the merges (``hospitality.merge``)
        :raise UserError: when a merge is refused, with the reason
        """
        self._check_may_resolve()
        todo = self.filtered(lambda match: match.partner_id != match.other_partner_id)
        groups = self.env["hospitality.matcher"]._plan_merges(
            [(match.partner_id.id, match.other_partner_id.id, match.id) for match in todo]
        )
        if winner_id:
            groups = self._put_winner_first(groups, winner_id)
        for _winner, _losers, options in groups:
            options.update({"values": values or {}, "reason": reason or self.env._("Decided by a person")})
        Merge = self.env["hospitality.merge"].sudo()  # rights are checked above
        merges = Merge._merge_groups(groups)
        self._settle("merged", reason)
        self._settle_twins()
        return merges

    def _put_winner_first(self, groups, winner_id):
        """Return groups of the merge door with a chosen guest as the one who stays in his group."""
        if not any(winner_id in (winner, *losers) for winner, losers, _options in groups):
            raise UserError(
                self.env._("The guest who was to stay is no part of this decision any more. Reload the page.")
            )
        return [
            (winner_id, [guest for guest in (winner, *losers) if guest != winner_id], options)
            if winner_id in losers
            else (winner, losers, options)
            for winner, losers, options in groups
        ]

    def action_reject(self, reason=None):
        """Remember that these are different guests."""
        self._check_may_resolve()
        self._add_vetoes(reason)
        self._settle("rejected", reason)
        self._settle_twins()

    def action_household(self, kind="household", reason=None):
        """Remember that these are different guests of one household.

        :param str kind: what the other guest is to the first one, see `hospitality.relation`
        """
        self._check_may_resolve()
        Relation = self.env["hospitality.relation"].sudo()  # rights are checked above
        self._add_vetoes(reason)
        for match in self:
            guest, other = match.partner_id, match.other_partner_id
            known = Relation.search_count(
                [("partner_id", "in", (guest | other).ids), ("related_id", "in", (guest | other).ids)], limit=1
            )
            if guest != other and not known:
                Relation.create({"partner_id": guest.id, "related_id": other.id, "kind": kind})
        self._settle("household", reason)
        self._settle_twins()

    def action_skip(self):
        """Put the pairs aside without a decision; who may read them may do so."""
        self.check_access("read")
        self.filtered(lambda match: match.state == "open")._settle("skipped")

    def action_reopen(self):
        """Take back that guests are different: the pairs are up for review again."""
        self._check_may_resolve()
        if any(match.state == "merged" for match in self):
            raise UserError(self.env._("These guests were merged. Undo the merge instead: it puts every value back."))
        self.env["hospitality.match.veto"]._remove([(match.profile_id.id, match.other_profile_id.id) for match in self])
        self._settle("open")

    def _add_vetoes(self, reason):
        self.env["hospitality.match.veto"]._add(
            [(match.profile_id.id, match.other_profile_id.id) for match in self], reason
        )

    def _settle(self, state, reason=None):
        """Write what became of the pairs, and who has said so."""
        by_user = state != "open" and not self.env.context.get("hospitality_automatic_match")
        self.sudo().write(  # rights are checked by whoever decides; nobody writes pairs himself
            {
                "state": state,
                "reason": reason,
                "decided_by": self.env.uid if by_user else False,
                "decided_at": state != "open" and fields.Datetime.now(),
            }
        )

    def _settle_twins(self):
        """Close other open pairs of guests who are one by now, or who are known to be different."""
        partners = self.partner_id | self.other_partner_id
        self._close_settled(partners.ids)

    @api.model
    def _close_settled(self, partner_ids):
        """Make open pairs of some guests obsolete that a merge or a veto has answered.

        :return: ids of the pairs
        """
        if not partner_ids:
            return []
        self.flush_model()
        self.env["hospitality.match.veto"].flush_model()
        self.env["hospitality.profile"].flush_model(["partner_id"])
        ids = [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    UPDATE hospitality_match m
                       SET state = CASE WHEN m.partner_id = m.other_partner_id THEN 'merged' ELSE 'obsolete' END,
                           decided_at = now() AT TIME ZONE 'UTC'
                     WHERE m.state = 'open'
                       AND (m.partner_id = ANY(%(ids)s::int[]) OR m.other_partner_id = ANY(%(ids)s::int[]))
                       AND (m.partner_id = m.other_partner_id
                            OR EXISTS (SELECT FROM hospitality_match_veto v,
                                                   hospitality_profile a, hospitality_profile b
                                        WHERE a.partner_id = m.partner_id AND b.partner_id = m.other_partner_id
                                          AND v.profile_id = LEAST(a.id, b.id)
                                          AND v.other_profile_id = GREATEST(a.id, b.id)))
                 RETURNING m.id
                    """,
                    ids=pg_int_array(partner_ids),
                )
            )
        ]
        self.invalidate_model(["state", "decided_at"], flush=False)
        return ids
