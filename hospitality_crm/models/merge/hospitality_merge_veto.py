from odoo import api, models


class HospitalityMerge(models.Model):
    """Nobody merges guests of whom somebody has said that they are not the same, whichever way he takes."""

    _inherit = "hospitality.merge"

    @api.model
    def _read_identities(self, partner_ids):
        """Add to each contact from which others it is known to differ; see ``hospitality.match.veto``."""
        rows = super()._read_identities(partner_ids)
        for one, other in self.env["hospitality.match.veto"]._get_guest_pairs(partner_ids):
            if one != other:
                for guest, stranger in ((one, other), (other, one)):
                    if guest in rows:
                        rows[guest].setdefault("vetoes", set()).add(stranger)
        return rows

    @api.model
    def _get_refusal_checks(self):
        return [*super()._get_refusal_checks(), self._refuse_vetoed]

    @api.model
    def _refuse_vetoed(self, rows):
        for position, row in enumerate(rows):
            for other in rows[position + 1 :]:
                if other["id"] in row.get("vetoes", ()):
                    return self.env._(
                        "%(one)s and %(other)s are not the same person: that was decided before. If they are, open"
                        " Duplicates > Decisions, press Decide Again on their pair, and merge them then.",
                        one=row["name"],
                        other=other["name"],
                    )
        return None
