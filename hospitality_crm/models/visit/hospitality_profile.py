from odoo import models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array


class HospitalityProfile(models.Model):
    _inherit = "hospitality.profile"

    def _move_shortcuts(self):
        moved = super()._move_shortcuts()
        stay_ids = set(moved.get("hospitality.stay", ()))
        people = moved.get("hospitality.stay.guest")
        if people:
            rows = self.env.execute_query(
                SQL("SELECT stay_id FROM hospitality_stay_guest WHERE id = ANY(%s::int[])", pg_int_array(people))
            )
            stay_ids.update(row[0] for row in rows)
        # Two people of a stay may have become one guest, or one guest two.
        self.env["hospitality.stay"]._refresh_shares(stay_ids)
        return moved
