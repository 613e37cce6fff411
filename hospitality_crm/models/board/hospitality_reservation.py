from odoo import api, models


class HospitalityReservation(models.Model):
    _name = "hospitality.reservation"
    _inherit = ["hospitality.reservation", "hospitality.board.notice"]

    @api.model
    def _get_board_days(self):
        return "business_date", "business_date"

    def _after_bulk_upsert(self, ids):
        result = super()._after_bulk_upsert(ids)
        self._notify_boards_of(ids)
        return result
