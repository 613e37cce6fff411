from odoo import fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityContactLink(models.Model):
    """A source profile uses a contact point."""

    _name = "hospitality.contact.link"
    _description = "Contact Point of a Profile"
    _order = "profile_id, sequence, id"
    _log_access = False

    profile_id = SoftMany2one("hospitality.profile", required=True, ondelete="cascade")
    point_id = SoftMany2one("hospitality.contact.point", required=True, ondelete="restrict")
    sequence = fields.Integer(default=0, help="0 is the primary one of its channel in the source.")
    name_key = fields.Integer(help="Copy of the profile's, so that names are counted by index alone.")
    verified = fields.Boolean()
    partner_id = fields.Many2one(related="profile_id.partner_id", string="Guest")

    _profile_point_uniq = models.Constraint(
        "UNIQUE (profile_id, point_id)", "The profile has this contact point already."
    )
    _point_name_idx = models.Index("(point_id, name_key)")
