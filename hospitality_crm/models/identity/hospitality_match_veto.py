from odoo import fields, models


class HospitalityMatchVeto(models.Model):
    """Two source profiles are of different guests: somebody who knows has said so.

    It always holds, for every pair of guests that the two profiles are part of, whatever is
    imported, changed or merged later.
    """

    _name = "hospitality.match.veto"
    _description = "Not the Same Person"
    _order = "id desc"
    _log_access = False

    profile_id = fields.Many2one("hospitality.profile", required=True, ondelete="restrict")
    other_profile_id = fields.Many2one("hospitality.profile", required=True, index=True, ondelete="restrict")
    user_id = fields.Many2one("res.users", string="Said By", default=lambda self: self.env.user, ondelete="set null")
    said_at = fields.Datetime(required=True, default=fields.Datetime.now)
    reason = fields.Char()

    _pair_uniq = models.Constraint("UNIQUE (profile_id, other_profile_id)", "This was said already.")
    _pair_order = models.Constraint("CHECK (profile_id < other_profile_id)", "The lower id of a pair comes first.")
