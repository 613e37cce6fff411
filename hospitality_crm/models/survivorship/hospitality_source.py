from odoo import models


class HospitalitySource(models.Model):
    _inherit = "hospitality.source"

    def write(self, vals):
        before = {source.id: source.trust for source in self} if "trust" in vals else {}
        result = super().write(vals)
        if any(source.trust != before[source.id] for source in self if source.id in before):
            self.env["hospitality.survivorship.range"]._queue()
        return result
