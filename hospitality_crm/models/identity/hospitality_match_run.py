from odoo import api, fields, models

from ...tools import claim

PHASES = [
    ("prepare", "Reading Profiles"),
    ("pairs", "Finding Candidates"),
    ("score", "Comparing"),
    ("cluster", "Grouping"),
    ("rescore", "Comparing Again"),
    ("recluster", "Grouping Again"),
    ("apply", "Merging and Proposing"),
    ("done", "Done"),
]


class HospitalityMatchRun(models.Model):
    """One matching of all profiles with each other, worked off by lanes in small steps."""

    _name = "hospitality.match.run"
    _description = "Matching Run"
    _order = "id desc"

    kind = fields.Selection(
        [("full", "All Profiles"), ("changed", "New and Changed Profiles")], required=True, default="full"
    )
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("stopped", "Stopped"), ("failed", "Failed")],
        required=True,
        default="running",
        index="btree_not_null",
    )
    phase = fields.Selection(PHASES, required=True, default="prepare")
    progress = fields.Float(help="Per cent of the whole run.")
    user_id = fields.Many2one("res.users", string="Started By", default=lambda self: self.env.user)
    automatic = fields.Boolean(string="Merges by Itself", help="Clear duplicates were merged without being asked.")
    threshold_auto = fields.Float(help="Score from which two profiles are merged without being asked.")
    threshold_ask = fields.Float(help="Score from which people are asked.")
    started_at = fields.Datetime(default=fields.Datetime.now)
    finished_at = fields.Datetime()
    message = fields.Char(help="Why the run has ended before it was done.")
    profile_count = fields.Integer(string="Profiles")
    pair_count = fields.Integer(string="Compared Pairs")
    cluster_count = fields.Integer(string="Guests", help="Groups of profiles that belong to one guest each.")
    merged_count = fields.Integer(string="Merged", help="Guests that were merged into another one.")
    refused_count = fields.Integer(string="Refused Merges", help="Groups that must not be merged without a person.")
    open_count = fields.Integer(string="To Review")
    household_count = fields.Integer(string="Households")
    status = fields.Char(compute="_compute_status")

    @api.depends("state", "phase", "progress", "merged_count", "open_count")
    def _compute_status(self):
        phases = dict(self._fields["phase"]._description_selection(self.env))
        for run in self:
            if run.state == "running":
                run.status = self.env._(
                    "%(phase)s: %(progress)s %%", phase=phases[run.phase], progress=round(run.progress)
                )
            else:
                run.status = self.env._(
                    "%(merged)s guests merged, %(open)s pairs to review", merged=run.merged_count, open=run.open_count
                )

    @api.model
    def _wake(self, lanes):
        """Let lanes run soon."""
        for number in range(1, lanes + 1):
            lane = self.env.ref(f"hospitality_crm.cron_match_lane_{number}", raise_if_not_found=False)
            if lane:
                lane.sudo()._trigger()  # whoever changes a guest may wake the lane

    @api.model
    def _run_lane(self):
        """Compare waiting profiles and work on the current run until nothing is left or the time is up."""
        Cron = self.env["ir.cron"]
        while done := claim.with_retry(self._run_step):
            if not Cron._commit_progress(done, remaining=1):
                return
        Cron._commit_progress(remaining=0)

    @api.model
    def _run_step(self):
        """Do one step in a transaction of its own; return how much it did."""
        with claim.lane_env(self.env) as env:
            env["hospitality.match.normal"]._fold_counts()
            return env["hospitality.match.queue"]._take()
