from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get

from ...engine.visit import business_date


class HospitalityProperty(models.Model):
    """A hotel or a restaurant. Dates of its visits are dates of its own time zone."""

    _name = "hospitality.property"
    _description = "Property"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"
    _check_company_auto = True

    kind = fields.Selection([("hotel", "Hotel"), ("restaurant", "Restaurant")], required=True, default="hotel")
    brand_id = fields.Many2one("hospitality.brand", index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    address_id = fields.Many2one("res.partner", string="Address", check_company=True, ondelete="restrict")
    country_id = fields.Many2one(
        "res.country",
        compute="_compute_country_id",
        store=True,
        readonly=False,
        help="Country of telephone numbers that arrive without a country code.",
    )
    tz = fields.Selection(_tz_get, string="Time Zone", required=True, default=lambda self: self.env.user.tz or "UTC")
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)
    resource_calendar_id = fields.Many2one(
        "resource.calendar", string="Working Hours", check_company=True, ondelete="set null"
    )
    day_close = fields.Float(
        string="Business Day Ends",
        default=4.0,
        help="Hour of the night that ends the business day: a bill closed before it belongs to the day before.",
    )
    outlet_ids = fields.One2many("hospitality.outlet", "property_id")
    room_ids = fields.One2many("hospitality.room", "property_id")
    room_type_ids = fields.One2many("hospitality.room.type", "property_id")
    room_count = fields.Integer(string="Rooms", help="Number of rooms, for occupancy; 0 for a restaurant.", default=0)

    _code_uniq = models.Constraint("UNIQUE (code)", "A property with this code exists already.")
    _day_close_range = models.Constraint(
        "CHECK (day_close >= 0 AND day_close < 12)", "The business day must end between 0:00 and 12:00."
    )

    @api.depends("address_id.country_id", "company_id.country_id")
    def _compute_country_id(self):
        for prop in self:
            prop.country_id = prop.address_id.country_id or prop.company_id.country_id

    @api.model
    def _get_label_fields(self):
        return [*super()._get_label_fields(), "tz", "kind"]

    def _get_business_dates(self, at=None):
        """Return the business date of an instant per property.

        :param datetime at: in UTC, now by default
        :return: ``{property id: date}``
        """
        at = at or fields.Datetime.now()
        return {prop.id: business_date.business_date(at, prop.tz, prop.day_close) for prop in self}
