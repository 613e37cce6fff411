from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array


class HospitalityGuestDirty(models.Model):
    _inherit = "hospitality.guest.dirty"

    @api.model
    def _refresh_guests(self, partner_ids):
        """Before anything is derived, give the winners what has reached contacts that were merged away."""
        merged = self.env.execute_query(
            SQL(
                "SELECT id FROM res_partner WHERE id = ANY(%s::int[]) AND merged_into_id IS NOT NULL",
                pg_int_array(partner_ids),
            )
        )
        if merged:
            winners = self.env["hospitality.merge"]._sweep([row[0] for row in merged])
            # Their buckets may be another lane's: they get a turn of their own.
            self._mark(winners)
        self._mark(self.env["hospitality.merge"]._return_late_facts(partner_ids))
        return super()._refresh_guests(partner_ids)
