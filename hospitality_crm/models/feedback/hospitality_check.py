from odoo import api, models
from odoo.tools import SQL


class HospitalityCheck(models.Model):
    _inherit = "hospitality.check"

    @api.model
    def _get_connected_parts(self, ids):
        """Add the reviews whose visit has another guest than they."""
        part = SQL(
            """
            SELECT 'review', NULL, NULL, r.id FROM hospitality_stay v JOIN hospitality_review r ON r.stay_id = v.id
             WHERE v.partner_id = ANY(%(ids)s::int[]) AND r.profile_id IS DISTINCT FROM v.profile_id
             UNION ALL
            SELECT 'review', NULL, NULL, r.id FROM hospitality_check v JOIN hospitality_review r ON r.check_id = v.id
             WHERE v.partner_id = ANY(%(ids)s::int[]) AND r.profile_id IS DISTINCT FROM v.profile_id
             UNION ALL
            SELECT 'review', NULL, NULL, r.id FROM hospitality_reservation v
              JOIN hospitality_review r ON r.reservation_id = v.id
             WHERE v.partner_id = ANY(%(ids)s::int[]) AND r.profile_id IS DISTINCT FROM v.profile_id
             UNION ALL
            SELECT 'review', NULL, NULL, r.id FROM hospitality_review r
              LEFT JOIN hospitality_stay s ON s.id = r.stay_id
              LEFT JOIN hospitality_check k ON k.id = r.check_id
              LEFT JOIN hospitality_reservation t ON t.id = r.reservation_id
             WHERE r.partner_id = ANY(%(ids)s::int[])
               AND r.profile_id IS DISTINCT FROM coalesce(s.profile_id, k.profile_id, t.profile_id)
            """,
            ids=ids,
        )
        return [*super()._get_connected_parts(ids), part]
