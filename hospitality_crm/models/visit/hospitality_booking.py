from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.soft_many2one import SoftMany2one

STAY_STATUS = [
    ("enquiry", "Enquiry"),
    ("optional", "Optional"),
    ("waitlist", "Waiting List"),
    ("reserved", "Reserved"),
    ("in_house", "In House"),
    ("checked_out", "Checked Out"),
    ("cancelled", "Cancelled"),
    ("no_show", "No-show"),
    ("unknown", "Unknown"),
]

CANCELLABLE = ("enquiry", "optional", "waitlist", "reserved", "unknown")


class HospitalityBooking(models.Model):
    """A confirmation: who booked, through which channel, for one or more stays.

    ``profile_id`` is the booker. Company and agency are guests of their own (profiles of kind
    *company* and *agency*).
    """

    _name = "hospitality.booking"
    _description = "Booking"
    _inherit = ["hospitality.visit"]
    _order = "booked_on desc, id desc"
    _rec_name = "confirmation"
    _log_access = False
    _alert_moments = {"enquiry": "booking", "optional": "booking", "waitlist": "booking", "reserved": "booking"}

    profile_id = fields.Many2one(string="Booker Profile", index=False)
    partner_id = SoftMany2one(string="Booker", index="btree_not_null")
    confirmation = fields.Char(string="Confirmation Number", index="btree_not_null")
    channel_ref = fields.Char(string="Reference in the Channel", index="btree_not_null")
    group_code = fields.Char()
    channel_id = SoftMany2one("hospitality.channel")
    company_profile_id = fields.Many2one("hospitality.profile", index="btree_not_null", ondelete="restrict")
    company_partner_id = SoftMany2one(
        "res.partner", string="Company of the Guest", index="btree_not_null", ondelete="restrict"
    )
    agency_profile_id = fields.Many2one("hospitality.profile", index="btree_not_null", ondelete="restrict")
    agency_partner_id = SoftMany2one("res.partner", string="Agency", index="btree_not_null", ondelete="restrict")
    status = fields.Selection(STAY_STATUS, required=True, default="reserved")
    booked_on = fields.Date(index="btree_not_null")
    cancelled_on = fields.Date()
    stay_keys = fields.Json(readonly=True, help="Keys of its stays, where the source lists them all.")
    stay_ids = fields.One2many("hospitality.stay", "booking_id", string="Stays")

    def _follow_stays(self):
        """Cancel bookings whose stays are all cancelled; take the cancellation back when one is reinstated."""
        for booking in self:
            stays = booking.stay_ids
            if stays and all(stay.status == "cancelled" for stay in stays):
                if booking.status != "cancelled":
                    booking.write({"status": "cancelled", "cancelled_on": max(stays.mapped("cancelled_on"))})
            elif booking.status == "cancelled":
                booking.write({"status": "reserved", "cancelled_on": False})

    def action_cancel(self):
        """Cancel all stays of the booking that have not begun, or the booking itself where it has none."""
        open_stays = self.stay_ids.filtered(lambda stay: stay.status in CANCELLABLE)
        if open_stays:
            return open_stays.action_cancel()
        for booking in self:
            if booking.stay_ids or booking.status not in CANCELLABLE:
                raise UserError(self.env._("Booking %s has no stay that could be cancelled.", booking.display_name))
        return self.write({"status": "cancelled", "cancelled_on": fields.Date.context_today(self)})
