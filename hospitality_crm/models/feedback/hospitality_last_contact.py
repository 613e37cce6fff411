from odoo import api, models
from odoo.tools import SQL


class HospitalityLastContact(models.Model):
    _inherit = "hospitality.last.contact"

    @api.model
    def _get_sources(self):
        return {**super()._get_sources(), "review": SQL("SELECT partner_id, at FROM hospitality_review")}
