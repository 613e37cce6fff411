from odoo import models


class HospitalityMatch(models.Model):
    _inherit = "hospitality.match"

    def _is_clear(self):
        # Pieces of evidence may pull against each other within a subject: what counts is their sum.
        self.ensure_one()
        return self.band != "household" and not self.env["hospitality.match.texts"]._speaks_against(self.evidence)

    def _merge_or_explain(self, reason):
        """Merge what may be merged; what may not keeps its place in the queue and gets the reason.

        :param str reason: why it is merged
        :return: number of merges, number of refused groups
        """
        groups = self._get_guest_groups()
        refusals = self.env["hospitality.merge"]._get_refusals([sorted(guests) for guests, _matches in groups])
        allowed = self.browse()
        for index, (_guests, matches) in enumerate(groups):
            if index in refusals:
                matches.sudo().reason = refusals[index]  # pairs are written by decisions alone, this one is refused
            else:
                allowed |= matches
        merges = allowed.action_merge(reason=reason) if allowed else ()
        return len(merges), len(refusals)

    def _get_guest_groups(self):
        """Return the guests that these pairs link, as ``(set of guest ids, pairs)`` per group."""
        groups = {}
        for match in self:
            ends = {match.partner_id.id, match.other_partner_id.id}
            found = {id(groups[end]): groups[end] for end in ends if end in groups}
            guests = ends.union(*(group[0] for group in found.values()))
            matches = match.union(*(group[1] for group in found.values()))
            group = (guests, matches)
            groups.update(dict.fromkeys(guests, group))
        return list({id(group): group for group in groups.values()}.values())
