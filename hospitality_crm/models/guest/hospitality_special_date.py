from odoo import api, fields, models
from odoo.exceptions import ValidationError


class HospitalitySpecialDate(models.Model):
    """A day that comes back every year: wedding anniversary, name day, first stay.

    The birthday is a golden value of the guest and needs no row here.
    """

    _name = "hospitality.special.date"
    _description = "Special Date"
    _inherit = ["hospitality.sourced", "hospitality.fact"]
    _order = "partner_id, month, day, id"

    partner_id = fields.Many2one(required=True)
    kind = fields.Selection(
        [
            ("wedding", "Wedding Anniversary"),
            ("name_day", "Name Day"),
            ("family", "Family Birthday"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    name = fields.Char(string="Occasion")
    day = fields.Integer(required=True)
    month = fields.Integer(required=True)
    year = fields.Integer(help="Year of the event itself, if known.")

    _month_day_idx = models.Index("(month, day)")

    @api.constrains("day", "month", "year")
    def _check_date(self):
        for special in self:
            try:
                # 2000 was a leap year: 29 February is a day that comes back.
                fields.Date.to_date(f"{special.year or 2000:04d}-{special.month:02d}-{special.day:02d}")
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%(day)s.%(month)s.%(year)s is no date of the calendar.",
                        day=special.day,
                        month=special.month,
                        year=special.year or "",
                    )
                ) from error
