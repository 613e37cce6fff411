from odoo import fields, models
from odoo.tools import SQL


class HospitalityRetentionRule(models.Model):
    _inherit = "hospitality.retention.rule"

    data_class = fields.Selection(selection_add=[("review", "Reviews")], ondelete={"review": "cascade"})

    def _get_due_review(self, cutoff):
        return SQL(
            """SELECT r.id FROM hospitality_review r
                WHERE r.company_id = %s AND r.at < %s AND (r.partner_id IS NULL OR %s)
                  AND (r.partner_id IS NOT NULL OR r.author IS NOT NULL OR r.title IS NOT NULL OR r.text IS NOT NULL
                       OR r.reply IS NOT NULL OR r.url IS NOT NULL)""",
            self.company_id.id,
            cutoff,
            self._get_hold_condition(SQL("r.partner_id")),
        )

    def _treat_review(self, ids):
        """Take the person and the words off the reviews; ratings stay for the statistics."""
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT partner_id FROM hospitality_review WHERE id = ANY(%s) AND partner_id IS NOT NULL", ids)
        )
        guests = [row[0] for row in rows]
        self.env["hospitality.last.contact"]._remember(guests)
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_review SET author = NULL, title = NULL, text = NULL, reply = NULL, url = NULL,"
                " partner_id = NULL, profile_id = NULL, stay_id = NULL, check_id = NULL, reservation_id = NULL,"
                " linked_by = NULL WHERE id = ANY(%s)",
                ids,
            )
        )
        reviews = self.env["hospitality.review"].browse(ids)
        reviews.invalidate_model(flush=False)
        self.env["hospitality.access.log"]._log("retention", reviews, guests, details=f"rule {self.id}: review")
        return len(ids)
