from odoo import api, fields, models

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
    status_raw = fields.Char(string="Status in the Source")
    warnings = fields.Json(help="What the import could not take at face value, as a list of codes.")

    @api.depends("property_id")
    def _compute_company_id(self):
        for visit in self:
            visit.company_id = visit.property_id.company_id
