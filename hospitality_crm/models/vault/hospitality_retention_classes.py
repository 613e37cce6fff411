from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class HospitalityRetentionRule(models.Model):
    """What is due in each class, and what is done with it."""

    _inherit = "hospitality.retention.rule"

    # -- guests --------------------------------------------------------------------------------

    def _get_due_guest(self, cutoff):
        """Guests who have done nothing since; those who never have count from the day they were recorded."""
        sources = self.env["hospitality.last.contact"]._get_sources()
        recent = SQL(" UNION ALL ").join(
            SQL("SELECT s.partner_id FROM (%s) s WHERE s.at >= %s", source, cutoff) for source in sources.values()
        )
        ever = SQL(" UNION ALL ").join(SQL("SELECT s.partner_id FROM (%s) s", source) for source in sources.values())
        return SQL(
            """WITH RECURSIVE up AS (
                   SELECT id, merged_into_id AS winner FROM res_partner WHERE merged_into_id IS NOT NULL
                    UNION
                   SELECT u.id, p.merged_into_id FROM up u JOIN res_partner p ON p.id = u.winner
                    WHERE p.merged_into_id IS NOT NULL
               ), recent AS MATERIALIZED (
                   SELECT DISTINCT partner_id FROM (%(recent)s) r WHERE partner_id IS NOT NULL
               )
               SELECT p.id FROM res_partner p
                WHERE p.is_guest AND p.merged_into_id IS NULL AND p.guest_erased_at IS NULL
                  AND NOT EXISTS (SELECT FROM recent r WHERE r.partner_id = p.id)
                  AND NOT EXISTS (SELECT FROM recent r JOIN up ON up.id = r.partner_id WHERE up.winner = p.id)
                  AND (p.create_date < %(cutoff)s OR EXISTS (SELECT FROM (%(ever)s) e WHERE e.partner_id = p.id))
                  AND NOT EXISTS (SELECT FROM res_users u WHERE u.partner_id = p.id AND u.active AND NOT u.share)
                  AND %(mine)s""",
            recent=recent,
            ever=ever,
            cutoff=cutoff,
            mine=self._get_guest_condition(SQL("p")),
        )

    def _treat_guest(self, ids):
        """Erase the guests in whose way nothing stands; the others stay due."""
        Eraser = self.env["hospitality.eraser"].sudo()  # the job carries out what an officer has decided
        last = self.env["hospitality.last.contact"]._get_last(ids)
        cutoff = fields.Datetime.to_datetime(self._get_cutoff())
        still = [id_ for id_ in ids if id_ not in last or last[id_] < cutoff]
        guests = self.env["res.partner"].sudo().browse(still)  # see above
        free = guests.filtered(lambda guest: not Eraser._get_blockers(guest))
        if not free:
            return 0
        Eraser._erase_all([(guest, None) for guest in free])
        self.env["hospitality.access.log"]._log("retention", free, details=f"rule {self.id}: guest")
        return len(free)

    # -- documents -----------------------------------------------------------------------------

    def _get_due_document(self, cutoff):
        return SQL(
            "SELECT d.id FROM hospitality_identity_document d"
            " WHERE d.company_id = %s AND d.delete_on <= CURRENT_DATE AND %s",
            self.company_id.id,
            self._get_hold_condition(SQL("d.partner_id")),
        )

    def _treat_document(self, ids):
        self.env["hospitality.identity.document"].sudo().browse(ids).unlink()  # logged there
        return len(ids)

    # -- stays ---------------------------------------------------------------------------------

    def _get_due_stay(self, cutoff):
        return SQL(
            """SELECT s.id FROM hospitality_stay s
                WHERE s.company_id = %s AND s.departure < %s AND s.status <> 'in_house'
                  AND (s.partner_id IS NOT NULL
                       OR EXISTS (SELECT FROM hospitality_stay_guest g WHERE g.stay_id = s.id))
                  AND (s.partner_id IS NULL OR %s)
                  AND NOT EXISTS (SELECT FROM hospitality_stay_guest g WHERE g.stay_id = s.id AND NOT (%s))""",
            self.company_id.id,
            cutoff,
            self._get_hold_condition(SQL("s.partner_id")),
            self._get_hold_condition(SQL("g.partner_id")),
        )

    def _treat_stay(self, ids):
        """Take the persons off the stays; nights, prices and segments stay for the statistics."""
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id FROM hospitality_stay WHERE id = ANY(%(ids)s) AND partner_id IS NOT NULL
                    UNION SELECT partner_id FROM hospitality_stay_guest WHERE stay_id = ANY(%(ids)s)""",
                ids=ids,
            )
        )
        guests = [row[0] for row in rows]
        self.env["hospitality.last.contact"]._remember(guests)
        cr = self.env.cr
        cr.execute(SQL("DELETE FROM hospitality_stay_guest WHERE stay_id = ANY(%s)", ids))
        cr.execute(
            SQL(
                "UPDATE hospitality_stay SET partner_id = NULL, profile_id = NULL, requests = NULL, payload_hash = NULL"
                " WHERE id = ANY(%s)",
                ids,
            )
        )
        cr.execute(
            SQL(
                """UPDATE hospitality_booking b SET partner_id = NULL, profile_id = NULL, payload_hash = NULL
                    WHERE b.id IN (SELECT booking_id FROM hospitality_stay WHERE id = ANY(%s))
                      AND NOT EXISTS (SELECT FROM hospitality_stay s
                                       WHERE s.booking_id = b.id AND s.partner_id IS NOT NULL)""",
                ids,
            )
        )
        self.env.invalidate_all(flush=False)
        self.env["hospitality.stay"]._refresh_shares(ids)
        self.env["hospitality.guest.dirty"]._mark(guests)
        stays = self.env["hospitality.stay"].browse(ids)
        self.env["hospitality.access.log"]._log("retention", stays, guests, details=f"rule {self.id}: stay")
        return len(ids)

    # -- messages ------------------------------------------------------------------------------

    def _get_due_message(self, cutoff):
        return SQL(
            """SELECT m.id FROM mail_message m JOIN res_partner p ON p.id = m.res_id
                WHERE m.model = 'res.partner' AND m.date < %s AND p.is_guest AND %s""",
            cutoff,
            self._get_guest_condition(SQL("p")),
        )

    def _treat_message(self, ids):
        messages = self.env["mail.message"].sudo().browse(ids)  # the job's
        guests = sorted(set(messages.mapped("res_id")))
        self.env["hospitality.last.contact"]._remember(guests)
        messages.unlink()
        self.env["hospitality.access.log"]._log("retention", guests=guests, details=f"rule {self.id}: message")
        return len(ids)

    def _get_due_decision(self, cutoff):
        """What was considered for guests: that and why stays, for caps and questions; numbers and errors go."""
        return SQL(
            "SELECT m.id FROM hospitality_message m WHERE m.company_id = %s AND m.considered_at < %s"
            " AND (m.details IS NOT NULL OR m.error IS NOT NULL OR m.external_ref IS NOT NULL) AND %s",
            self.company_id.id,
            cutoff,
            self._get_hold_condition(SQL("m.partner_id")),
        )

    def _treat_decision(self, ids):
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_message SET details = NULL, error = NULL, external_ref = NULL WHERE id = ANY(%s)",
                ids,
            )
        )
        self.env["hospitality.message"].invalidate_model(flush=False)
        return len(ids)

    # -- logs ----------------------------------------------------------------------------------

    def _get_due_log(self, cutoff):
        return SQL(
            "SELECT r.id FROM hospitality_access_reason r JOIN hospitality_access_log l ON l.id = r.log_id"
            " WHERE l.at < %s AND (l.company_id = %s OR (%s AND l.company_id IS NULL))",
            cutoff,
            self.company_id.id,
            self._is_alone(),
        )

    def _treat_log(self, ids):
        self.env["hospitality.access.reason"].sudo().browse(ids).unlink()  # the job's
        return len(ids)

    def _get_due_server_log(self, cutoff):
        return SQL("SELECT id FROM ir_logging WHERE create_date < %s AND %s", cutoff, self._is_alone())

    def _treat_server_log(self, ids):
        self.env["ir.logging"].sudo().browse(ids).unlink()  # the job's
        return len(ids)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.filtered("last_run"):
            raise UserError(self.env._("This rule has deleted data: archive it, so that it can be said later why."))
