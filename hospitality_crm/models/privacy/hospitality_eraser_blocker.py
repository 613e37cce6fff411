from odoo import api, fields, models
from odoo.tools import SQL, format_date

PLANNED = ("enquiry", "optional", "waitlist", "reserved", "unknown")
PLANNED_TABLE = ("requested", "waitlist", "booked", "seated", "unknown")


class HospitalityEraser(models.AbstractModel):
    """What stands in the way of an erasure."""

    _inherit = "hospitality.eraser"

    @api.model
    def _get_blockers(self, partner):
        """Return what stands in the way.

        :return: list of ``{"code", "message": sentence, "until": date or None}``
        """
        family = partner._get_merged_target().with_context(active_test=False)._get_merged_family()
        self.env.flush_all()
        return [blocker for check in self._get_blocker_checks() for blocker in check(family.ids)]

    @api.model
    def _get_blocker_checks(self):
        """Return the checks: functions of a list of contacts that return blockers. Other addons extend this."""
        return [
            self._block_staff,
            self._block_stays,
            self._block_reservations,
            self._block_balances,
            self._block_invoices,
            self._block_holds,
        ]

    @api.model
    def _block(self, code, message, until=None):
        return {"code": code, "message": message, "until": until}

    @api.model
    def _block_staff(self, partner_ids):
        found = self.env.execute_query(
            SQL(
                """SELECT 1 FROM res_users WHERE partner_id = ANY(%(ids)s) AND active AND NOT coalesce(share, FALSE)
                    UNION ALL SELECT 1 FROM res_company WHERE partner_id = ANY(%(ids)s)
                    UNION ALL SELECT 1 FROM hospitality_property WHERE address_id = ANY(%(ids)s)
                    UNION ALL SELECT 1 FROM res_partner WHERE id = ANY(%(ids)s) AND coalesce(employee, FALSE)
                    LIMIT 1""",
                ids=partner_ids,
            )
        )
        if found:
            message = self.env._(
                "This is the contact of a member of staff or of one of our own companies: it isn't erased as a guest."
                " Archive the user first."
            )
            return [self._block("staff", message)]
        return []

    @api.model
    def _block_stays(self, partner_ids):
        blockers = []
        for status, departure, number in self.env.execute_query(
            SQL(
                """SELECT CASE s.status WHEN 'in_house' THEN 'in_house' ELSE 'planned' END, max(s.departure), count(*)
                     FROM hospitality_stay s
                    WHERE (s.partner_id = ANY(%(ids)s)
                           OR EXISTS (SELECT FROM hospitality_stay_guest g
                                       WHERE g.stay_id = s.id AND g.partner_id = ANY(%(ids)s)))
                      AND (s.status = 'in_house' OR (s.status = ANY(%(planned)s) AND s.departure >= %(today)s))
                    GROUP BY 1 ORDER BY 1""",
                ids=partner_ids,
                planned=list(PLANNED),
                today=fields.Date.context_today(self),
            )
        ):
            day = format_date(self.env, departure)
            if status == "in_house":
                message = self.env._("The guest is in house with an open folio until %(day)s.", day=day)
            else:
                message = self.env._("Stays ahead: %(number)s, the last until %(day)s.", number=number, day=day)
            blockers.append(self._block(status, message, departure))
        return blockers

    @api.model
    def _block_reservations(self, partner_ids):
        [(number, last)] = self.env.execute_query(
            SQL(
                "SELECT count(*), max(starts_at)::date FROM hospitality_reservation"
                " WHERE partner_id = ANY(%s) AND status = ANY(%s) AND starts_at >= now() AT TIME ZONE 'UTC'",
                partner_ids,
                list(PLANNED_TABLE),
            )
        )
        if not number:
            return []
        message = self.env._(
            "Table reservations ahead: %(number)s, the last on %(day)s.",
            number=number,
            day=format_date(self.env, last),
        )
        return [self._block("reservation", message, last)]

    @api.model
    def _block_balances(self, partner_ids):
        [(number, last)] = self.env.execute_query(
            SQL(
                "SELECT count(*), max(departure) FROM hospitality_stay WHERE partner_id = ANY(%s)"
                " AND round(coalesce(balance, 0)::numeric, 2) <> 0 AND status NOT IN ('cancelled', 'no_show')",
                partner_ids,
            )
        )
        if not number:
            return []
        message = self.env._(
            "Folios that aren't balanced: %(number)s, the last of %(day)s. Settle them first.",
            number=number,
            day=format_date(self.env, last),
        )
        return [self._block("balance", message)]

    @api.model
    def _block_invoices(self, partner_ids):
        if "account.move" not in self.env:
            return []
        [(number, last)] = self.env.execute_query(
            SQL(
                """SELECT count(*), max(coalesce(invoice_date_due, date)) FROM account_move
                    WHERE (partner_id = ANY(%(ids)s) OR commercial_partner_id = ANY(%(ids)s)) AND move_type <> 'entry'
                      AND ((state = 'posted' AND payment_state IN ('not_paid', 'partial', 'in_payment')
                            AND coalesce(amount_residual, 0) <> 0) OR state = 'draft')""",
                ids=partner_ids,
            )
        )
        if not number:
            return []
        message = self.env._(
            "%(number)s invoices of the guest are open, the last due on %(day)s: settle or cancel them first.",
            number=number,
            day=format_date(self.env, last),
        )
        return [self._block("invoice", message)]

    @api.model
    def _block_holds(self, partner_ids):
        blockers = []
        for hold in self.env["hospitality.legal.hold"].sudo()._find(partner_ids):  # a hold counts, whoever may see it
            if hold.date_to:
                day = format_date(self.env, hold.date_to)
                message = self.env._(
                    "A legal hold keeps the data until %(day)s: %(reason)s", day=day, reason=hold.reason
                )
            else:
                message = self.env._(
                    "A legal hold keeps the data until somebody ends it: %(reason)s", reason=hold.reason
                )
            blockers.append(self._block("hold", message, hold.date_to or None))
        return blockers
