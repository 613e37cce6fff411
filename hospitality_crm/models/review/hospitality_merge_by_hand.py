from odoo import api, models
from odoo.exceptions import AccessError, UserError

MOST_BY_HAND = 12


class HospitalityGuestCompare(models.AbstractModel):
    _inherit = "hospitality.guest.compare"

    @api.model
    @api.readonly
    def get_merge(self, partner_ids):
        """Return what a person needs to merge chosen guests by hand.

        :return: dict with ``guests`` and ``rows`` (see :meth:`_compare`), ``winner_id`` (who stays unless the user
            says otherwise) and ``refusal`` (why they can't be merged, or an empty text)
        :raise UserError: for fewer than two guests or more than fit on a screen
        """
        partner_ids = list(dict.fromkeys(partner_ids))
        if not 2 <= len(partner_ids) <= MOST_BY_HAND:
            raise UserError(self.env._("Select at least two guests to merge, and %s at most.", MOST_BY_HAND))
        [shown] = self._compare([partner_ids])
        if not shown or len(shown["guests"]) < len(partner_ids):
            raise AccessError(self.env._("You may not see all of these guests. Ask a guest relations manager."))
        winner_id = self._rank_winners(shown["guests"])[0]
        ordered = [winner_id, *(guest for guest in partner_ids if guest != winner_id)]
        refusals = self.env["hospitality.merge"].sudo()._get_refusals([ordered])  # a sentence about visible guests
        return {**shown, "winner_id": winner_id, "refusal": refusals.get(0, "")}

    @api.model
    def _rank_winners(self, guests):
        """Return the ids of guests, who stays by default first: with a login, most stays, known for longest."""
        best = sorted(
            guests,
            key=lambda guest: (guest["has_user"], guest["active"], guest["visits"]["stays"] or 0, -guest["id"]),
            reverse=True,
        )
        return [guest["id"] for guest in best]

    @api.model
    def merge(self, partner_ids, winner_id, choices=None):
        """Merge guests that a person has chosen.

        :param winner_id: who stays
        :param dict choices: name of a row -> id of the guest whose value is kept
        :return: id of the merge
        :raise UserError: when the merge is refused, with the reason
        :raise AccessError: when the user may not merge guests
        """
        winner = self.env["res.partner"].browse(winner_id)
        losers = self.env["res.partner"].browse([guest for guest in partner_ids if guest != winner_id])
        (winner | losers).check_access("read")
        merge = winner._merge_guests(losers, self._get_chosen_values(choices), self.env._("Merged by hand"))
        return merge.id
