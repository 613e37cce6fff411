from odoo import api, fields, models
from odoo.tools import SQL, float_round

from ...tools.arrays import pg_int_array

AMOUNTS = ("amount_room", "amount_fb", "amount_other", "amount_tax", "amount_total", "revenue_basis")


class HospitalityStay(models.Model):
    _inherit = "hospitality.stay"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._complete_stay_values(vals)
        return super().create(vals_list)

    def write(self, vals):
        result = super().write(vals)
        if {"arrival", "booked_on"} & vals.keys() and "lead_time" not in vals:
            for stay in self.filtered("booked_on"):
                stay.lead_time = (stay.arrival - stay.booked_on).days
        if {"arrival", "departure", "rate_amount"} & vals.keys():
            self.sudo()._apply_rate()  # amounts follow the dates, also when their writer may not see them
        return result

    @api.model
    def _complete_stay_values(self, vals):
        """Fill in what follows from given values, in place: lead time, amounts and where they come from."""
        arrival, departure, booked_on = (
            fields.Date.to_date(vals.get(name)) for name in ("arrival", "departure", "booked_on")
        )
        if arrival and booked_on and "lead_time" not in vals:
            vals["lead_time"] = (arrival - booked_on).days
        if "revenue_basis" in vals:
            return
        parts = [vals[name] for name in ("amount_fb", "amount_other") if name in vals]
        if "amount_total" in vals:
            vals["revenue_basis"] = "source"
            vals.setdefault("amount_room", vals["amount_total"] - sum(parts))
        elif parts or "amount_room" in vals:
            vals["revenue_basis"] = "source"
            vals["amount_total"] = vals.get("amount_room", 0) + sum(parts)
        elif vals.get("rate_amount") and arrival and departure:
            prop = self.env["hospitality.property"].browse(vals.get("property_id"))
            currency = self.env["res.currency"].browse(vals.get("currency_id")) or prop.currency_id
            vals["revenue_basis"] = "rate"
            vals["amount_room"] = vals["amount_total"] = self._get_room_amount(
                vals["rate_amount"], (departure - arrival).days, currency
            )

    @api.model
    def _get_room_amount(self, rate, nights, currency):
        digits = currency.decimal_places if currency else 2
        return float_round(float_round(rate, precision_digits=digits) * nights, precision_digits=digits)

    def _apply_rate(self):
        """Compute the amounts of stays anew whose revenue is rate times nights, or that have none yet."""
        for stay in self:
            if stay.revenue_basis == "rate" or not stay.revenue_basis and stay.rate_amount:
                amount = self._get_room_amount(stay.rate_amount, stay.nights, stay.currency_id)
                stay.write({"revenue_basis": "rate", "amount_room": amount, "amount_total": amount})

    @api.model
    def _refresh_revenue(self, ids):
        """Let the amounts of stays be the sums of their folio lines; only what differs is written.

        Lines that were moved away or void don't count; allowances and refunds count with their
        (negative) amount. Tips are nobody's revenue. Tax is the tax within the lines plus the tax
        lines; the amounts are gross. A stay whose last line is gone is worth nothing; one that never had lines keeps
        the amounts of its source.

        :param ids: ids of stays
        :return: ids of the stays that were written
        """
        ids = pg_int_array(sorted(ids))
        self.env.flush_all()
        # Of two transactions that write lines of one stay the second one sums up both.
        self.env.cr.execute(
            SQL("SELECT id FROM hospitality_stay WHERE id = ANY(%s::int[]) ORDER BY id FOR NO KEY UPDATE", ids)
        )
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE hospitality_stay s
                   SET amount_room = c.room, amount_fb = c.fb, amount_other = c.other, amount_tax = c.tax,
                       amount_total = c.total, revenue_basis = 'lines'
                  FROM (SELECT t.id,
                               coalesce(sum(l.amount_gross) FILTER (WHERE w.counts AND l.department = 'room'), 0)
                                   AS room,
                               coalesce(sum(l.amount_gross) FILTER (WHERE w.counts AND l.department = 'fb'), 0)
                                   AS fb,
                               coalesce(sum(l.amount_gross) FILTER (
                                   WHERE w.counts AND l.department IN ('other', 'package', 'fee')), 0) AS other,
                               coalesce(sum(CASE WHEN l.department = 'tax' THEN l.amount_gross
                                            ELSE coalesce(l.amount_tax, 0) END) FILTER (WHERE w.counts), 0) AS tax,
                               coalesce(sum(l.amount_gross) FILTER (WHERE w.counts AND l.department <> 'tip'), 0)
                                   AS total
                          FROM hospitality_stay t
                          LEFT JOIN hospitality_charge l ON l.stay_id = t.id,
                               LATERAL (SELECT l.state IN ('live', 'allowance', 'refund') AS counts) w
                         WHERE t.id = ANY(%s::int[])
                         GROUP BY t.id
                        HAVING count(l.id) > 0 OR t.revenue_basis = 'lines') c
                 WHERE s.id = c.id
                   AND (s.amount_room, s.amount_fb, s.amount_other, s.amount_tax, s.amount_total, s.revenue_basis)
                       IS DISTINCT FROM (c.room, c.fb, c.other, c.tax, c.total, 'lines')
                RETURNING s.id
                """,
                ids,
            )
        )
        written = [row[0] for row in rows]
        self.browse(written).invalidate_recordset(AMOUNTS, flush=False)
        return written
