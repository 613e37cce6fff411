from odoo import fields, models
from odoo.exceptions import UserError

from .hospitality_booking import CANCELLABLE as PLANNED


class HospitalityStay(models.Model):
    _inherit = "hospitality.stay"

    def action_check_in(self):
        """The guests are here. A no-show who comes late is simply checked in.

        :raise UserError: outside the days of the stay
        """
        for stay in self:
            today = stay._get_today()
            if not stay.arrival <= today <= stay.departure:
                raise UserError(
                    self.env._(
                        "%(stay)s is from %(arrival)s to %(departure)s, and today is %(today)s at the property. "
                        "Change the dates if the guest is here.",
                        stay=stay.display_name,
                        arrival=fields.Date.to_string(stay.arrival),
                        departure=fields.Date.to_string(stay.departure),
                        today=fields.Date.to_string(today),
                    )
                )
        return self._move_to(
            "in_house", (*PLANNED, "no_show"), checked_in_at=fields.Datetime.now(), checked_out_at=False
        )

    def action_check_out(self):
        """The guests have left. Who leaves before the day of departure has stayed fewer nights."""
        self._move_to("checked_out", ("in_house",), checked_out_at=fields.Datetime.now())
        for stay in self:
            today = stay._get_today()
            if stay.arrival <= today < stay.departure:
                stay.departure = today
        return True

    def action_cancel(self):
        """The stay won't take place."""
        for prop, stays in self.grouped("property_id").items():
            stays._move_to("cancelled", PLANNED, cancelled_on=prop._get_business_dates()[prop.id])
        self.booking_id._follow_stays()
        return True

    def action_no_show(self):
        """Nobody came.

        :raise UserError: before the day of arrival
        """
        for stay in self:
            if stay.arrival > stay._get_today():
                raise UserError(
                    self.env._(
                        "%(stay)s begins on %(arrival)s only: it can be cancelled, but nobody has missed it.",
                        stay=stay.display_name,
                        arrival=fields.Date.to_string(stay.arrival),
                    )
                )
        return self._move_to("no_show", PLANNED)

    def action_reinstate(self):
        """Take the last step back: a cancelled or missed stay is reserved again, one that has ended is in house."""
        reserved = {"status": "reserved", "cancelled_on": False}
        self._take_back(
            {
                "cancelled": reserved,
                "no_show": reserved,
                "in_house": {"status": "reserved", "checked_in_at": False},
                "checked_out": {"status": "in_house", "checked_out_at": False},
            }
        )
        self.booking_id._follow_stays()
        return True
