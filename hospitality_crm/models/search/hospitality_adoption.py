from odoo import api, models

from ...tools import claim

STEP = 5_000


class HospitalityAdoption(models.Model):
    _inherit = "hospitality.adoption"

    @api.model
    def _run_adoption(self):
        """Make the existing contacts searchable first: until then searches are as slow as the core's."""
        Cron = self.env["ir.cron"]
        Search = self.env["hospitality.guest.search"]
        last, left = 0, not Search._is_complete()
        while left:
            last = claim.with_retry(lambda after=last: self._adopt_search_in_lane(after))
            if not last:
                break
            left = Cron._commit_progress(STEP, remaining=STEP)
        return super()._run_adoption()

    @api.model
    def _adopt_search_in_lane(self, after):
        with claim.lane_env(self.env) as env:
            return env["hospitality.guest.search"]._adopt(after, STEP)
