from odoo import models


class HospitalityMatchWeights(models.Model):
    _inherit = "hospitality.match.weights"

    def action_restore(self):
        """Let earlier weights and thresholds count again; open pairs follow."""
        self.ensure_one()
        Bench = self.env["hospitality.match.bench"]
        Bench._check_manager()
        before = Bench._get_weights()
        self.sudo().copy()  # the role was checked above
        Bench._rescore_open(before, Bench._get_weights())
        return {"type": "ir.actions.client", "tag": "soft_reload"}
