from dateutil.relativedelta import relativedelta

from odoo import api, fields, models


class HospitalityPreference(models.Model):
    """A wish that holds beyond one visit, with where it comes from and how fresh it is."""

    _name = "hospitality.preference"
    _description = "Guest Preference"
    _inherit = ["hospitality.sourced", "hospitality.fact"]
    _order = "partner_id, type_id, confirmed_on desc, id"

    partner_id = fields.Many2one(required=True)
    type_id = fields.Many2one("hospitality.preference.type", required=True, index=True, ondelete="restrict")
    category = fields.Selection(related="type_id.category", store=True)
    value = fields.Char(required=True)
    attitude = fields.Selection([("likes", "Likes"), ("avoids", "Avoids")], required=True, default="likes")
    confidence = fields.Selection(
        [
            ("stated", "Stated by the Guest"),
            ("observed", "Observed by Staff"),
            ("derived", "Derived from Visits"),
        ],
        required=True,
        default="stated",
    )
    confirmed_on = fields.Date(string="Last Confirmed", default=fields.Date.context_today, required=True)
    expires_on = fields.Date(compute="_compute_expires_on", store=True, readonly=False)
    is_current = fields.Boolean(compute="_compute_is_current", search="_search_is_current")
    property_id = fields.Many2one(
        "hospitality.property", index="btree_not_null", ondelete="restrict", help="Empty: holds everywhere."
    )

    @api.depends("type_id", "confirmed_on")
    def _compute_expires_on(self):
        for preference in self:
            months = preference.type_id.validity_months
            preference.expires_on = (
                preference.confirmed_on + relativedelta(months=months) if months and preference.confirmed_on else False
            )

    @api.depends("expires_on")
    def _compute_is_current(self):
        today = fields.Date.context_today(self)
        for preference in self:
            preference.is_current = not preference.expires_on or preference.expires_on >= today

    def _search_is_current(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        return ["|", ("expires_on", "=", False), ("expires_on", ">=", today)]

    @api.depends("type_id", "value", "attitude")
    def _compute_display_name(self):
        for preference in self:
            template = (
                self.env._("%(type)s: not %(value)s")
                if preference.attitude == "avoids"
                else self.env._("%(type)s: %(value)s")
            )
            preference.display_name = template % {
                "type": preference.type_id.name or "",
                "value": preference.value or "",
            }

    def action_confirm(self):
        """Record that the guest has confirmed the preference today."""
        self.write({"confirmed_on": fields.Date.context_today(self)})
