from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

DECISIONS = ("merge", "different", "household", "skip")


class HospitalityMatchReview(models.AbstractModel):
    _inherit = "hospitality.match.review"

    @api.model
    def decide(self, decision, match_ids, guest_ids=None, values=None, kind="household", winner_id=None):
        """Decide a case.

        Pairs that somebody else has decided meanwhile are left as they are. A merge that must not
        be is explained, not raised, so that the screen can go on.

        :param str decision: *merge*, *different*, *household* or *skip*
        :param match_ids: the pairs of the case
        :param guest_ids: the guests that the decision is about; all of the pairs by default
        :param dict values: for a merge: name of a row -> id of the guest whose value is kept, see
            ``hospitality.guest.compare``
        :param str kind: for a household: what the second guest of a pair is to the first one, a key of
            ``hospitality.relation``; of more than two guests all are members of the household
        :param int winner_id: for a merge: the guest who stays; chosen by rule where it is missing
        :return: dict with ``done``; ``refusal`` (a sentence) where it is not; ``undo`` for :meth:`undo`; ``gone``:
            guests that are part of another one by now
        :raise UserError: when there is no such decision
        """
        if decision not in DECISIONS:
            raise UserError(self.env._("The screen knows no decision “%s”. Reload the page.", decision))
        matches = self.env["hospitality.match"].browse(match_ids).exists()
        matches = matches.filtered(lambda match: match.state in ("open", "skipped"))
        if guest_ids:
            matches = matches.filtered(lambda match: {match.partner_id.id, match.other_partner_id.id} <= set(guest_ids))
        if not matches:
            return {
                "done": False,
                "stale": True,
                "refusal": self.env._("Somebody else has decided this case meanwhile."),
            }
        try:
            with self.env.cr.savepoint():
                decide = getattr(self, f"_decide_{decision}")
                return {"done": True, **decide(matches, {"values": values, "kind": kind, "winner_id": winner_id})}
        except (AccessError, UserError) as error:
            return {"done": False, "refusal": error.args[0]}

    @api.model
    def _decide_merge(self, matches, options):
        guests = matches.partner_id | matches.other_partner_id
        chosen = self.env["hospitality.guest.compare"]._get_chosen_values(options["values"])
        merges = matches.action_merge(values=chosen, winner_id=options["winner_id"])
        gone = guests.filtered(lambda guest: not guest.active).ids
        return {"undo": {"kind": "merge", "ids": merges.ids}, "gone": gone}

    @api.model
    def _decide_different(self, matches, _options):
        matches.action_reject()
        return {"undo": {"kind": "matches", "ids": matches.ids}, "gone": []}

    @api.model
    def _decide_household(self, matches, options):
        guests = (matches.partner_id | matches.other_partner_id).ids
        before = self._get_relations(guests)
        matches.action_household(kind=options["kind"] if len(guests) == 2 else "household")
        made = self._get_relations(guests) - before
        return {"undo": {"kind": "matches", "ids": matches.ids, "relations": made.ids}, "gone": []}

    @api.model
    def _decide_skip(self, matches, _options):
        matches.action_skip()
        return {"undo": {"kind": "matches", "ids": matches.ids}, "gone": []}

    @api.model
    def _get_relations(self, guest_ids):
        return self.env["hospitality.relation"].search(
            Domain("partner_id", "in", guest_ids) & Domain("related_id", "in", guest_ids)
        )

    @api.model
    def undo(self, token):
        """Take back a decision that the same user has made.

        :param dict token: ``undo`` of what :meth:`decide` has returned
        :return: dict with ``done``, ``refusal`` (a sentence) where it is not, and ``report`` of an un-merge
        """
        try:
            with self.env.cr.savepoint():
                if token.get("kind") == "merge":
                    return {"done": True, "report": self._undo_merges(token["ids"])}
                return {"done": True, "report": self._undo_matches(token)}
        except (AccessError, UserError) as error:
            return {"done": False, "refusal": error.args[0]}

    @api.model
    def _undo_matches(self, token):
        matches = self.env["hospitality.match"].browse(token["ids"]).exists()
        if any(match.decided_by != self.env.user for match in matches):
            raise UserError(self.env._("Somebody else has decided this case meanwhile."))
        guests = matches.partner_id | matches.other_partner_id
        relations = self.env["hospitality.relation"].browse(token.get("relations") or ()).exists()
        matches.action_reopen()
        relations = relations.sudo()  # rights to the pairs were checked; the decision has made these relations
        relations.filtered(
            lambda relation: relation.create_uid == self.env.user
            and relation.partner_id in guests
            and relation.related_id in guests
        ).unlink()
        return {}

    @api.model
    def _undo_merges(self, merge_ids):
        """Take back merges of this user's own; managers may take back any."""
        merges = self.env["hospitality.merge"].browse(merge_ids).exists()
        door = merges.sudo()  # who has merged whom, nothing else
        guests = (door.winner_id | door.member_ids.partner_id).ids
        if all(merge.merged_by_id == self.env.user for merge in door):
            self.env["res.partner"].browse(guests).check_access("write")
            merges = door  # whoever may decide on this screen may take his own decision back
        report = {"kept": [], "asked": []}
        for merge in merges.sorted("id", reverse=True):
            for kind, rows in merge.undo_with_report().items():
                report[kind] += rows
        self._reopen_pairs(guests)
        return report

    @api.model
    def _reopen_pairs(self, guest_ids):
        """Put the pairs of guests who are apart again back into the queue."""
        matches = self.env["hospitality.match"].sudo()  # follows from the un-merge, whose rights were checked
        found = matches.search(
            [("state", "=", "merged"), ("partner_id", "in", guest_ids), ("other_partner_id", "in", guest_ids)]
        )
        found.filtered(lambda match: match.partner_id != match.other_partner_id)._settle("open")
