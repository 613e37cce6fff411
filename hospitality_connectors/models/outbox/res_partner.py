from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _after_tier_change(self, programme):
        result = super()._after_tier_change(programme)
        self.env["hospitality.connector.outbox"].sudo()._tell(self.ids, "tier", [programme])  # as `hospitality.told`
        return result
