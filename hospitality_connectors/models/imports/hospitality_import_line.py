from odoo import api, fields, models

from ...engine.files import catalogue

PARTS = [
    ("year", "Year"),
    ("month", "Month"),
    ("day", "Day of the Month"),
    ("date", "Date"),
    ("time", "Time"),
    ("nights", "Number of Nights After Arrival"),
    ("days_before", "Days Before Arrival"),
    ("per_night", "Amount per Night"),
]


class HospitalityImportLine(models.Model):
    """A column of a file and what it means. Several lines may use one column, and feed one target."""

    _name = "hospitality.import.line"
    _description = "Column of an Import"
    _order = "job_id, sequence, id"

    job_id = fields.Many2one("hospitality.import.job", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=1000)
    column = fields.Char(help="Column of the file; empty for a value that is the same in every row.")
    samples = fields.Char(string="Looks Like", readonly=True)
    target = fields.Selection(
        selection=lambda self: self.env["hospitality.import.mapping"]._selection_target(), string="Means"
    )
    part = fields.Selection(PARTS, string="As", help="Where several columns make up one date or amount.")
    prefix = fields.Char(help="Put before each text, for example to keep two kinds of numbers apart.")
    value = fields.Char(string="Fixed Value", help="The same value for every row.")
    score = fields.Integer(string="Certainty (%)", readonly=True)
    is_doubtful = fields.Boolean(compute="_compute_is_doubtful")

    @api.depends("score", "target")
    def _compute_is_doubtful(self):
        for line in self:
            line.is_doubtful = bool(line.target and line.column and 0 < line.score < 90)

    @api.onchange("target")
    def _onchange_target(self):
        self.score = 0
        target = catalogue.find(self.target) if self.target else None
        if target and target.kind not in ("date", "moment", "money"):
            self.part = False

    def action_use_again(self):
        """Let the column mean something else, too."""
        self.ensure_one()
        self.copy({"target": False, "part": False, "prefix": False, "score": 0})
        return False

    def _get_use(self):
        """Return the line as an entry of ``columns`` of a mapping, None when it says nothing."""
        self.ensure_one()
        if not self.target or not (self.column or self.value):
            return None
        use = {"column": self.column} if self.column else {"value": self.value}
        use["target"] = self.target
        if self.part:
            use["part"] = self.part
        if self.prefix:
            use["prefix"] = self.prefix
        return use
