from odoo import fields, models


class HospitalityMatchQueue(models.Model):
    """Profiles that must be compared with what was written at the same time, or have changed.

    Append-only queue without index or foreign key: doubles are harmless. ``after_id`` is 0 for a
    profile that has changed: it is compared with everything. For a new one that was attached while
    other lanes were attaching too it is the first profile id that it may have missed.
    """

    _name = "hospitality.match.queue"
    _description = "Profile to Compare"
    _log_access = False

    profile_id = fields.Integer(required=True)
    after_id = fields.Integer(required=True, default=0)
