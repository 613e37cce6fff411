from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.soft_many2one import SoftMany2one


class HospitalityVisit(models.AbstractModel):
    """What bookings, stays, table reservations and checks have in common.

    They are transactions of a property: no chatter, no access log columns, soft references to
    configuration. ``company_id`` is the company of the property, stored for record rules.
    ``currency_rate`` turns an amount in ``currency_id`` into the company's currency at the
    rate of the business date.
    """

    _name = "hospitality.visit"
    _description = "Visit"
    _inherit = ["hospitality.sourced", "hospitality.fact"]

    property_id = SoftMany2one("hospitality.property", required=True)
    company_id = SoftMany2one("res.company", compute="_compute_company_id", store=True, precompute=True)
    partner_id = SoftMany2one("res.partner", string="Guest", index=True, ondelete="restrict")
    status_raw = fields.Char(string="Status in the Source")
    warnings = fields.Json(help="What the import could not take at face value, as a list of codes.")

    @api.depends("property_id")
    def _compute_company_id(self):
        for visit in self:
            visit.company_id = visit.property_id.company_id

    @api.depends("property_id")
    def _compute_currency_id(self):
        for visit in self:
            visit.currency_id = visit.currency_id or visit.property_id.currency_id

    def _check_parts_of_property(self, *names):
        """Refuse rooms, room types and outlets of another property.

        :param names: fields to look at
        :raise ValidationError: names the part and both properties
        """
        for visit in self:
            for name in names:
                part = visit[name]
                if part and part.property_id != visit.property_id:
                    raise ValidationError(
                        self.env._(
                            "%(part)s belongs to %(other)s, but the visit is at %(property)s. Choose one of the same "
                            "property.",
                            part=part.display_name,
                            other=part.property_id.display_name,
                            property=visit.property_id.display_name,
                        )
                    )

    # Status that is reached -> moment at which alerts of the guest speak up.
    _alert_moments = {}

    @api.model_create_multi
    def create(self, vals_list):
        visits = super().create(vals_list)
        visits._check_alerts()
        return visits

    def write(self, vals):
        changed = self.filtered(lambda visit: visit.status != vals["status"]) if "status" in vals else self.browse()
        result = super().write(vals)
        changed._check_alerts()
        return result

    def _check_alerts(self):
        """Refuse what an alert of a guest blocks, unless the visit is imported.

        :raise UserError: names the guest and the alert
        """
        if not self._alert_moments or not self.env["res.partner"]._alerts_are_checked():
            return
        for visit in self:
            moment = self._alert_moments.get(visit.status)
            if moment:
                visit._get_alert_guests()._ensure_no_blocking_alert(moment, visit.property_id)

    def _get_alert_guests(self):
        """Return the guests whose alerts count for the visit."""
        return self.partner_id
