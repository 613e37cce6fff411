from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array


class HospitalityConsentState(models.Model):
    _inherit = "hospitality.consent.state"

    @api.model
    def _refresh(self, partner_ids):
        """Have open call tasks of the guests looked at again at once."""
        result = super()._refresh(partner_ids)
        if partner_ids and self.env.execute_query(
            SQL(
                """SELECT 1 FROM hospitality_message_content c JOIN hospitality_message m ON m.id = c.message_id
                    WHERE c.activity_id IS NOT NULL AND m.partner_id = ANY(%s::int[]) LIMIT 1""",
                pg_int_array(sorted(partner_ids)),
            )
        ):
            self.env.ref("hospitality_crm.cron_message_call")._trigger()
        return result
