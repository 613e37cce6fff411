from odoo import fields, models


class HospitalityMatchTask(models.Model):
    """One step of a matching run that a lane does in a transaction of its own, within 20 seconds.

    A lane locks the row while it works and deletes it with its result; whoever is killed leaves it
    for the next one. When no step of a phase is left, the run goes on to the next phase.
    """

    _name = "hospitality.match.task"
    _description = "Step of a Matching Run"
    _log_access = False

    run_id = fields.Many2one("hospitality.match.run", required=True, index=True, ondelete="cascade")
    phase = fields.Char(required=True)
    number = fields.Integer(required=True)
    first_id = fields.Integer()
    last_id = fields.Integer()
