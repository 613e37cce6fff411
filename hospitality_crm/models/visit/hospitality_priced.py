from odoo import api, fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityPriced(models.AbstractModel):
    """A visit with amounts: in the currency of the property unless another is given, at the rate of its day."""

    _name = "hospitality.priced"
    _description = "Visit with amounts"

    currency_id = SoftMany2one(
        "res.currency", compute="_compute_currency_id", store=True, readonly=False, precompute=True
    )
    currency_rate = fields.Float(
        compute="_compute_currency_rate",
        store=True,
        readonly=False,
        precompute=True,
        digits=0,
        help="Factor that turns an amount into the currency of the company, at the rate of the day.",
    )

    _currency_rate_positive = models.Constraint(
        "CHECK (currency_rate > 0)", "The exchange rate must be above zero: 1 for the currency of the company."
    )

    @api.model
    def _get_rate_day_field(self):
        """Return the field with the day whose rate applies."""
        raise NotImplementedError

    @api.depends(lambda self: ("currency_id", "company_id", *self._get_rate_dependencies()))
    def _compute_currency_rate(self):
        day_field = self._get_rate_day_field()
        for visit in self:
            company, currency = visit.company_id, visit.currency_id
            day = visit[day_field]
            visit.currency_rate = (
                currency._get_conversion_rate(currency, company.currency_id, company, day)
                if currency and company and day and currency != company.currency_id
                else 1.0
            )

    @api.model
    def _get_rate_dependencies(self):
        return () if self._abstract else (self._get_rate_day_field(),)
