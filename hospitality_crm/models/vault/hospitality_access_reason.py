from odoo import fields, models


class HospitalityAccessReason(models.Model):
    """Why somebody looked at sensitive data, in his words. It may be emptied: the log keeps a salted hash."""

    _name = "hospitality.access.reason"
    _description = "Reason of an Access"
    _log_access = False
    _rec_name = "log_id"

    log_id = fields.Many2one("hospitality.access.log", required=True, readonly=True, ondelete="restrict")
    salt = fields.Char(readonly=True)
    reason = fields.Text(readonly=True)

    _log_uniq = models.Constraint("UNIQUE (log_id)", "An act has one reason.")
