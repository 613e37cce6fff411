from odoo import api, models
from odoo.tools import SQL

from ...engine.gate import SERVICE_BASES


class HospitalityGate(models.AbstractModel):
    """What privacy has to say about messages: suppressed addresses, and guests whose processing is restricted."""

    _inherit = "hospitality.gate"

    @api.model
    def _get_suppressed_query(self, spec):
        Suppression = self.env["hospitality.suppression"]
        own = Suppression._get_suppressed_points(spec.purpose.id) if Suppression._is_used() else None
        others = super()._get_suppressed_query(spec)
        return SQL("%s UNION ALL %s", own, others) if own and others else own or others

    @api.model
    def _get_refusal_conditions(self, spec):
        """A restricted guest still hears about his booking: that is what he asked for."""
        conditions = super()._get_refusal_conditions(spec)
        if spec.purpose.is_marketing or spec.purpose.legal_basis not in SERVICE_BASES:
            conditions = [*conditions, ("restricted", SQL("COALESCE(p.guest_restricted, FALSE)"))]
        return conditions
