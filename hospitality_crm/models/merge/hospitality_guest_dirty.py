from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array


class HospitalityGuestDirty(models.Model):
    _inherit = "hospitality.guest.dirty"

    @api.model
    def _refresh_guests(self, partner_ids):
        """Before anything is derived, give guests what has reached another one because of a merge."""
        members = self.env.execute_query(
            SQL(
                "SELECT p.id, p.merged_into_id IS NOT NULL FROM res_partner p WHERE p.id = ANY(%s::int[])"
                " AND (EXISTS (SELECT FROM hospitality_merge WHERE winner_id = p.id)"
                " OR EXISTS (SELECT FROM hospitality_merge_loser WHERE partner_id = p.id))",
                pg_int_array(partner_ids),
            )
        )
        if members:
            Merge = self.env["hospitality.merge"]
            away = [partner_id for partner_id, merged in members if merged]
            # Their buckets may be another lane's: they get a turn of their own.
            self._mark(Merge._sweep(away) if away else ())
            self._mark(Merge._return_late_facts([partner_id for partner_id, _merged in members]))
        return super()._refresh_guests(partner_ids)
