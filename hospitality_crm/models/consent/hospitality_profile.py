from odoo import models
from odoo.tools import SQL


class HospitalityProfile(models.Model):
    _inherit = "hospitality.profile"

    def _move_shortcuts(self):
        moved = super()._move_shortcuts()
        self.env["hospitality.consent.state"]._refresh({*self.partner_id.ids, *self._get_former_guests()})
        return moved

    def _get_former_guests(self):
        """Return the ids of guests whose state still rests on a statement of these profiles."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT s.partner_id FROM hospitality_consent_event e
                     JOIN hospitality_consent_state s ON s.event_id = e.id
                    WHERE e.profile_id = ANY(%s)""",
                self.ids,
            )
        )
        return [row[0] for row in rows]
