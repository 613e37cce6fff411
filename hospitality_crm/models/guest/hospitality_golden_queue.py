from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import claim

BATCH = 500


class HospitalityGoldenQueue(models.Model):
    """Guests whose golden values must be resolved again in the background.

    Filled where one change touches many guests: a contact point that turns out to be shared,
    a blacklisted agency address. Writers append; doubles are harmless.
    """

    _name = "hospitality.golden.queue"
    _description = "Guest to Resolve"
    _log_access = False

    partner_id = fields.Integer(required=True)

    @api.model
    def _add(self, partner_ids):
        """Append guests and wake the lane."""
        if not partner_ids:
            return
        self.env.execute_query(
            SQL(
                "INSERT INTO hospitality_golden_queue (partner_id) SELECT unnest(%s::int[]) RETURNING id",
                list(partner_ids),
            )
        )
        self.env.ref("hospitality_crm.cron_golden_queue")._trigger()

    @api.model
    def _run_lane(self):
        """Resolve queued guests, then those of changed policies, until none is left or the time is up."""
        Range = self.env["hospitality.survivorship.range"]
        while done := claim.with_retry(self._run_batch) or claim.with_retry(Range._run_batch):
            if not self.env["ir.cron"]._commit_progress(done, remaining=1):
                return
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _run_batch(self):
        """Resolve the guests of one batch; return how many rows it took."""
        with claim.lane_env(self.env) as env:
            ids = claim.claim(env, "hospitality_golden_queue", SQL("TRUE"), limit=BATCH)
            if ids:
                rows = env.execute_query(
                    SQL("DELETE FROM hospitality_golden_queue WHERE id = ANY(%s) RETURNING partner_id", ids)
                )
                env["res.partner"].browse(sorted({row[0] for row in rows})).exists()._refresh_golden()
            return len(ids)
