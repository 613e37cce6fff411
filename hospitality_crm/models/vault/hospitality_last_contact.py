from odoo import api, fields, models
from odoo.tools import SQL

#: The guest himself has done it, not somebody about him.
OWN_ACTORS = ("guest", "guardian")


class HospitalityLastContact(models.Model):
    """When guests did something themselves for the last time.

    Computed from what there is (:meth:`_get_sources`): stays, tables, checks, bookings, replies, log-ins, statements
    about consent, clicks, ratings, orders. Opening an e-mail isn't contact, nor is what staff or systems do. Where such
    rows are deleted before the guest is, the day is remembered here.
    """

    _name = "hospitality.last.contact"
    _description = "Last Contact of a Guest"
    _log_access = False
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", required=True, index=True, ondelete="cascade")
    at = fields.Datetime(required=True)

    @api.model
    def _get_sources(self):
        """Return what counts as contact: name -> query of ``partner_id`` and ``at``. Other addons add theirs."""
        sources = {
            "remembered": SQL("SELECT partner_id, at FROM hospitality_last_contact"),
            "stay": SQL(
                "SELECT partner_id, departure::timestamp AS at FROM hospitality_stay"
                " WHERE status NOT IN ('cancelled', 'no_show')"
            ),
            "stay_booked": SQL("SELECT partner_id, booked_on::timestamp AS at FROM hospitality_stay"),
            "companion": SQL(
                "SELECT g.partner_id, s.departure::timestamp AS at FROM hospitality_stay_guest g"
                " JOIN hospitality_stay s ON s.id = g.stay_id AND s.status NOT IN ('cancelled', 'no_show')"
            ),
            "booking": SQL("SELECT partner_id, booked_on::timestamp AS at FROM hospitality_booking"),
            "reservation": SQL(
                "SELECT partner_id, starts_at AS at FROM hospitality_reservation"
                " WHERE status NOT IN ('cancelled', 'no_show')"
            ),
            "reservation_booked": SQL("SELECT partner_id, booked_on::timestamp AS at FROM hospitality_reservation"),
            "check": SQL(
                "SELECT partner_id, business_date::timestamp AS at FROM hospitality_check WHERE status <> 'voided'"
            ),
            "reply": SQL(
                "SELECT author_id AS partner_id, date AS at FROM mail_message"
                " WHERE message_type IN ('email', 'comment')"
            ),
            "login": SQL(
                "SELECT u.partner_id, l.create_date AS at FROM res_users_log l JOIN res_users u ON u.id = l.create_uid"
            ),
            # A flag that a system delivers without a time says nothing about when the guest spoke.
            "consent": SQL(
                """SELECT p.partner_id, e.decided_at AS at FROM hospitality_consent_event e
                     JOIN hospitality_profile p ON p.id = e.profile_id
                    WHERE e.actor = ANY(%s) AND e.decision <> 'void' AND e.method <> 'merge' AND e.copy_of_id IS NULL
                      AND (e.method <> 'import' OR e.decided_at < e.recorded_at - interval '1 minute')""",
                list(OWN_ACTORS),
            ),
            "click": SQL(
                "SELECT res_id AS partner_id, GREATEST(links_click_datetime, reply_datetime) AS at FROM mailing_trace"
                " WHERE model = 'res.partner'"
            ),
            "rating": SQL("SELECT partner_id, write_date AS at FROM rating_rating WHERE consumed"),
        }
        if "pos.order" in self.env:
            sources["pos"] = SQL("SELECT partner_id, date_order AS at FROM pos_order")
        if "sale.order" in self.env:
            sources["sale"] = SQL("SELECT partner_id, date_order AS at FROM sale_order WHERE state = 'sale'")
        return sources

    @api.model
    def _get_last(self, partner_ids):
        """Return the last contact of guests: ``{id: datetime}``; who never had one is missing."""
        if not partner_ids:
            return {}
        self.env.flush_all()
        union = SQL(" UNION ALL ").join(
            SQL("SELECT s.partner_id, s.at FROM (%s) s", source) for source in self._get_sources().values()
        )
        rows = self.env.execute_query(
            SQL(
                """WITH RECURSIVE family AS (
                       SELECT id, id AS winner FROM res_partner WHERE id = ANY(%s)
                        UNION
                       SELECT p.id, f.winner FROM family f JOIN res_partner p ON p.merged_into_id = f.id)
                   SELECT f.winner, max(a.at) FROM family f JOIN (%s) a ON a.partner_id = f.id
                    WHERE a.at IS NOT NULL GROUP BY f.winner""",
                list(partner_ids),
                union,
            )
        )
        return dict(rows)

    @api.model
    def _remember(self, partner_ids):
        """Keep the day of the last contact of guests, before rows that tell of it are deleted."""
        last = self._get_last(partner_ids)
        if not last:
            return
        self.env.cr.execute(SQL("DELETE FROM hospitality_last_contact WHERE partner_id = ANY(%s)", list(last)))
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_last_contact (partner_id, at)"
                " SELECT * FROM unnest(%s::int4[], %s::timestamp[])",
                list(last),
                list(last.values()),
            )
        )
        self.invalidate_model(flush=False)
