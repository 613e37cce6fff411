from odoo import fields, models

BANDS = [("merge", "Same Person"), ("ask", "Perhaps the Same"), ("household", "Same Household")]
STATES = [
    ("open", "To Review"),
    ("merged", "Merged"),
    ("rejected", "Not the Same"),
    ("household", "Household"),
    ("skipped", "Skipped"),
    ("obsolete", "Settled Otherwise"),
]


class HospitalityMatch(models.Model):
    """Two source profiles that may be of one guest, why, and what became of it.

    ``profile_id`` is the one with the lower id. ``score`` is the sum of the weights in ``evidence``
    (log-odds), ``band`` what the thresholds made of it when it was found. The guests are shortcuts
    that follow the profiles. A pair is stored once; what people have decided is never overwritten
    by a later run.
    """

    _name = "hospitality.match"
    _description = "Possible Duplicate"
    _order = "score desc, id"
    _log_access = False

    profile_id = fields.Many2one("hospitality.profile", required=True, ondelete="cascade")
    other_profile_id = fields.Many2one("hospitality.profile", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", string="Guest", required=True, index=True, ondelete="cascade")
    other_partner_id = fields.Many2one(
        "res.partner", string="Other Guest", required=True, index=True, ondelete="cascade"
    )
    score = fields.Float(required=True)
    band = fields.Selection(BANDS, required=True)
    evidence = fields.Json(help="What speaks for and against it: code, weight and the compared values.")
    state = fields.Selection(STATES, required=True, default="open")
    decided_by = fields.Many2one("res.users", ondelete="set null", help="Empty where the system has decided.")
    decided_at = fields.Datetime()
    reason = fields.Char(help="Why it was decided so, or why the merge was refused.")
    found_at = fields.Datetime(required=True, default=fields.Datetime.now)
    run_id = fields.Many2one("hospitality.match.run", index="btree_not_null", ondelete="set null")

    _pair_uniq = models.Constraint("UNIQUE (profile_id, other_profile_id)", "These two profiles are a pair already.")
    _pair_order = models.Constraint("CHECK (profile_id < other_profile_id)", "The lower id of a pair comes first.")
    _queue_idx = models.Index("(band, score DESC, id) WHERE state = 'open'")
