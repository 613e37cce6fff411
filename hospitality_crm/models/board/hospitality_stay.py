from odoo import api, models


class HospitalityStay(models.Model):
    _name = "hospitality.stay"
    _inherit = ["hospitality.stay", "hospitality.board.notice"]

    _in_house_idx = models.Index("(property_id, departure) WHERE status = 'in_house'")

    @api.model
    def _get_board_days(self):
        return "arrival", "departure"
