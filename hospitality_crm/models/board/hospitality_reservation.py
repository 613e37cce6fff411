from odoo import api, models


class HospitalityReservation(models.Model):
    _name = "hospitality.reservation"
    _inherit = ["hospitality.reservation", "hospitality.board.notice"]

    @api.model
    def _get_board_days(self):
        return "business_date", "business_date"
