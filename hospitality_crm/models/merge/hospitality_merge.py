import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from ...tools.id_array import IdArray
from ...tools.soft_many2one import SoftMany2one
from .merge_plan import Group, Plan

_logger = logging.getLogger(__name__)

# A merge can be taken back for at least so long.
MIN_UNDO_DAYS = 90


class HospitalityMerge(models.Model):
    """Guests that became one, with everything needed to take it back.

    A merge deletes nothing: the source profiles of the losers go to the winner and their facts
    follow, rows of any addon that pointed at a loser point at the winner, the loser is archived with
    a pointer (``merged_into_id``). What was moved or changed stands in the journal (``line_ids``).
    What the law forbids to change stays with the archived contact and is read through the pointer.

    Nobody edits merges: ``_merge_groups`` and ``_undo`` are the only doors.
    """

    _name = "hospitality.merge"
    _description = "Guest Merge"
    _order = "id desc"
    _rec_name = "winner_id"
    _log_access = False

    winner_id = fields.Many2one("res.partner", required=True, readonly=True, index=True, ondelete="restrict")
    member_ids = fields.One2many("hospitality.merge.loser", "merge_id", string="Merged Contacts", readonly=True)
    loser_ids = fields.Many2many(
        "res.partner", compute="_compute_loser_ids", string="Losers", context={"active_test": False}
    )
    line_ids = fields.One2many("hospitality.merge.line", "merge_id", string="Journal", readonly=True)
    state = fields.Selection(
        [("done", "Merged"), ("partly", "Partly Un-merged"), ("undone", "Un-merged")],
        required=True,
        readonly=True,
        default="done",
    )
    automatic = fields.Boolean(readonly=True)
    reason = fields.Char(readonly=True)
    match_ids = IdArray(string="Evidence", readonly=True, help="Ids of the matches that led to the merge.")
    merged_at = fields.Datetime(readonly=True, required=True, index=True)
    merged_by_id = SoftMany2one("res.users", string="Merged by", readonly=True)
    undo_until = fields.Datetime(readonly=True)
    winner_digest = fields.Char(readonly=True, help="What the winner's own profiles said before the merge.")
    can_undo = fields.Boolean(compute="_compute_can_undo")

    @api.depends("member_ids.partner_id")
    def _compute_loser_ids(self):
        for merge in self:
            merge.loser_ids = merge.with_context(active_test=False).member_ids.partner_id

    @api.depends("state", "undo_until")
    def _compute_can_undo(self):
        now = fields.Datetime.now()
        for merge in self:
            merge.can_undo = merge.state != "undone" and (not merge.undo_until or merge.undo_until >= now)

    # -- the door ------------------------------------------------------------------------------

    @api.model
    def _merge_groups(self, groups, automatic=False):
        """Merge guests, any number of groups of any size at once.

        :param groups: iterable of ``(winner id, [loser ids], options)``; options is a dict, may be
            missing, and knows ``values`` ({field: id of the profile whose value wins, or the value
            itself}), ``reason`` (text) and ``matches`` (ids of the evidence)
        :param bool automatic: groups that are refused are left out and logged, not raised
        :return: ``hospitality.merge``, one per merged group
        :raise UserError: a group is refused (not when automatic)
        :raise AccessError: the user may not merge guests
        """
        return self._merge_or_refuse(groups, automatic)[0]

    @api.model
    def _merge_or_refuse(self, groups, automatic=False):
        """Like :meth:`_merge_groups`, but return ``(merges, {index of the group: why it was refused})``."""
        groups = [self._prepare_group(*group) for group in groups]
        members = sorted({member for group in groups for member in group.members})
        self._check_may_merge(members)
        door = self.sudo()  # rights were checked; journal, profiles and foreign rows are the system's
        door = door.with_context(**self.env["res.partner"]._survivorship_context(), mail_notrack=True)
        self.env.flush_all()
        door._lock_members(members)
        refusals = door._get_refusals([group.members for group in groups])
        refusals |= door._find_overlaps(groups, refusals)
        if refusals and not automatic:
            raise UserError("\n".join(refusals[index] for index in sorted(refusals)))
        for index, message in refusals.items():
            _logger.info("Guests %s are not merged: %s", groups[index].members, message)
        accepted = [group for index, group in enumerate(groups) if index not in refusals]
        if accepted:
            door._create_merges(accepted, automatic)
            door._run(accepted)
            self.env.invalidate_all(flush=False)
        return self.browse(group.merge_id for group in accepted), refusals

    @api.model
    def _prepare_group(self, winner, losers, options=None):
        losers = tuple(dict.fromkeys(loser for loser in losers if loser != winner))
        return Group(winner, losers, dict(options or {}))

    @api.model
    def _check_may_merge(self, partner_ids):
        """Refuse users who are no guest relations managers or may not see all the contacts.

        :raise AccessError: names what is missing
        """
        if self.env.su:
            return
        if not self.env.user.has_group("hospitality_crm.group_hospitality_manager"):
            raise AccessError(
                self.env._("Guests are merged and un-merged by guest relations managers. Ask one of them to do it.")
            )
        self.env["res.partner"].browse(partner_ids).check_access("read")

    @api.model
    def _lock_members(self, partner_ids):
        """Lock profiles and contacts in the order that imports take, each by id.

        Whoever comes second waits here. In READ COMMITTED he then sees the first merge; in a
        request PostgreSQL asks for another try, because every member's row has changed.
        """
        self.env.cr.execute(
            SQL(
                "SELECT id FROM hospitality_profile WHERE partner_id = ANY(%(ids)s::int[]) ORDER BY id FOR UPDATE;"
                "SELECT id FROM res_partner WHERE id = ANY(%(ids)s::int[]) ORDER BY id FOR UPDATE",
                ids=pg_int_array(partner_ids),
            )
        )

    @api.model
    def _find_overlaps(self, groups, refused):
        """Refuse groups that share a contact with an earlier one of the same call."""
        seen, overlaps = set(), {}
        for index, group in enumerate(groups):
            if index in refused:
                continue
            if seen.isdisjoint(group.members):
                seen.update(group.members)
            else:
                overlaps[index] = self.env._("A contact is in two groups. Merge them as one group.")
        return overlaps

    @api.model
    def _create_merges(self, groups, automatic):
        """Insert the records of the merges and set their ids on the groups."""
        now = fields.Datetime.now()
        days = self._get_undo_days()
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO hospitality_merge (winner_id, state, automatic, reason, match_ids, merged_at,
                                                  merged_by_id, undo_until, winner_digest)
                   SELECT n.winner, 'done', %s, nullif(n.reason, ''), nullif(n.matches, '')::int[], %s, %s, %s, %s
                     FROM unnest(%s::int[], %s::text[], %s::text[]) WITH ORDINALITY AS n (winner, reason, matches, nth)
                    ORDER BY nth RETURNING id""",
                automatic,
                now,
                self.env.uid,
                now + timedelta(days=days),
                self._digest(SQL("n.winner")),
                pg_int_array([group.winner for group in groups]),
                pg_array([group.options.get("reason") or "" for group in groups]),
                pg_array([pg_int_array(group.options.get("matches") or ()) for group in groups]),
            )
        )
        ids = sorted(row[0] for row in rows)
        flat = []
        for group, merge_id in zip(groups, ids, strict=True):
            group.merge_id = merge_id
            flat += [(merge_id, loser, position) for position, loser in enumerate(group.losers)]
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO hospitality_merge_loser (merge_id, partner_id, sequence, state, digest)
                   SELECT n.merge_id, n.partner, n.sequence, 'done', %s
                     FROM unnest(%s::int[], %s::int[], %s::int[]) AS n (merge_id, partner, sequence)
                RETURNING partner_id, id""",
                self._digest(SQL("n.partner")),
                *(pg_int_array(column) for column in zip(*flat, strict=True)),
            )
        )
        by_partner = dict(rows)
        for group in groups:
            group.loser_rows = tuple(by_partner[loser] for loser in group.losers)

    @api.model
    def _get_undo_days(self):
        """Return for how many days a merge can be taken back, at least 90."""
        text = self.env["ir.config_parameter"].sudo().get_param("hospitality_crm.undo_days")  # a number, no secret
        return max(MIN_UNDO_DAYS, int(text)) if text and text.isdecimal() else MIN_UNDO_DAYS

    @api.model
    def _run(self, groups):
        """Merge accepted groups: all at once, or one by one where another addon takes part."""
        if self.env["base.partner.merge.automatic.wizard"]._get_unknown_overrides():
            for group in groups:
                self._merge_plan(Plan([group]), hooks=True)
        else:
            self._merge_plan(Plan(groups))

    @api.model
    def _merge_plan(self, plan, hooks=False):
        """Do the work of a merge, step by step."""
        if plan.bulk:
            plan.materialise(self.env.cr)
        before = self._read_values(plan)
        plan.below = self._read_below(plan)
        plan.names = {loser: before[loser]["complete_name"] for loser in plan.losers}
        self._move_profiles(plan)
        if hooks:
            self._move_by_hooks(plan)
        else:
            self._move_rows(plan)
        self._archive_losers(plan)
        self._settle(plan, before)
        self._choose_values(plan)
        self._announce(plan, hooks)

    @api.model
    def _digest(self, partner):
        """Return the SQL of a hash of what the live profiles of a guest say, NULL without any."""
        return SQL(
            """(SELECT md5(string_agg(concat_ws('|', id, state, "values", meta), ';' ORDER BY id))
                  FROM hospitality_profile
                 WHERE partner_id = %s AND state IN ('live', 'superseded'))""",
            partner,
        )

    @api.model
    def _get_digests(self, partner_ids):
        """Return ``{id: hash}`` of what the live profiles of guests say at present; see ``winner_digest``."""
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT p.id, %s FROM unnest(%s::int[]) AS p (id)",
                    self._digest(SQL("p.id")),
                    pg_int_array(partner_ids),
                )
            )
        )

    @api.model
    def _announce(self, plan, hooks=False):
        """Tell whoever derives something from guests, and write the note in the winners' chatter."""
        if plan.touches_table("hospitality_stay", "hospitality_stay_guest"):
            self.env["hospitality.stay"]._refresh_shares_of(plan.winners)
        self.env["hospitality.guest.dirty"]._mark(plan.members)
        self.env["hospitality.guest.search"]._mark(plan.members)
        if hooks:
            self._log_by_hooks(plan)
        else:
            self._write_notes(plan)
        self._journal(plan.lines)
