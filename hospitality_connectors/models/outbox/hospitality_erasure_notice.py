from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.claim import claim_query

#: How long a lane may take to tell a source before another one tries.
LEASE_MINUTES = 3


class HospitalityErasureNotice(models.Model):
    """Recipients that understand erasures are told by the lanes of connectors."""

    _inherit = "hospitality.erasure.notice"

    @api.model
    def _claim_due(self, sources):
        """Take the notice of these sources that has been due for longest, in the current transaction."""
        self.flush_model()
        rows = self.env.execute_query(
            claim_query(
                self._table,
                SQL(
                    "state = 'pending' AND external_id IS NOT NULL AND source_id = ANY(%s)"
                    " AND next_try_at <= clock_timestamp() AT TIME ZONE 'UTC'",
                    list(sources.ids),
                ),
                limit=1,
                order="next_try_at",
            )
        )
        notice = self.browse(rows[0][0]) if rows else self.browse()
        notice.next_try_at = fields.Datetime.add(fields.Datetime.now(), minutes=LEASE_MINUTES)
        return notice
