from odoo import fields, models

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
