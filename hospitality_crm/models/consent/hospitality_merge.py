from odoo import api, models
from odoo.tools import SQL


class HospitalityMerge(models.Model):
    """Consents belong to source profiles, which merges move. What follows from them is derived anew."""

    _inherit = "hospitality.merge"

    @api.model
    def _announce(self, plan, hooks=False):
        result = super()._announce(plan, hooks=hooks)
        self.env["hospitality.consent.state"]._refresh(plan.members)
        return result

    def _undo_rows(self, rows, chain, downstream, report):
        result = super()._undo_rows(rows, chain, downstream, report)
        affected = [*chain, *rows.partner_id.ids]
        self.env["hospitality.consent.event"]._void_foreign_grants(self._get_foreign_grants(affected))
        self.env["hospitality.consent.state"]._refresh(affected)
        return result

    @api.model
    def _get_foreign_grants(self, partner_ids):
        """Return the ids of grants that guests have because somebody else gave them while they were taken for one."""
        rows = self.env.execute_query(
            SQL(
                """SELECT c.id FROM hospitality_consent_event c
                     JOIN hospitality_profile p ON p.id = c.profile_id
                     JOIN hospitality_consent_event o ON o.id = c.copy_of_id
                     JOIN hospitality_profile q ON q.id = o.profile_id
                    WHERE p.partner_id = ANY(%s) AND q.partner_id <> p.partner_id
                      AND c.decision IN ('granted', 'pending')
                      AND NOT EXISTS (SELECT FROM hospitality_consent_event v WHERE v.void_of_id = c.id)
                    ORDER BY c.id""",
                list(partner_ids),
            )
        )
        return [row[0] for row in rows]
