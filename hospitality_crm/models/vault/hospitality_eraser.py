from odoo import api, models
from odoo.tools import SQL


class HospitalityEraser(models.AbstractModel):
    _inherit = "hospitality.eraser"

    @api.model
    def _before_erase(self, subject, evidence):
        """Delete why somebody has looked at the guest's data: his words may name him. Write down the erasure."""
        result = super()._before_erase(subject, evidence)
        self.env.cr.execute(
            SQL(
                "DELETE FROM hospitality_access_reason WHERE log_id IN"
                " (SELECT id FROM hospitality_access_log WHERE guest_ids && %s::int4[])",
                list(subject.partner_ids),
            )
        )
        self._count(evidence, "hospitality_access_reason", "deleted", self.env.cr.rowcount)
        self.env["hospitality.access.log"]._log("erasure", guests=subject.partner_ids, count=1)
        return result
