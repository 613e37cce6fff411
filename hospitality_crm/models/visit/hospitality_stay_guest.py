from odoo import fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityStayGuest(models.Model):
    """A person on a stay. Nights count for everybody who sleeps there, spend for who pays."""

    _name = "hospitality.stay.guest"
    _description = "Guest of a Stay"
    _inherit = ["hospitality.fact", "hospitality.touch"]
    _order = "stay_id, sequence, id"
    _log_access = False

    stay_id = fields.Many2one("hospitality.stay", required=True, ondelete="cascade")
    profile_id = fields.Many2one(required=True)
    partner_id = SoftMany2one("res.partner", string="Guest", required=True, index=False, ondelete="restrict")
    role = fields.Selection(
        [
            ("primary", "Main Guest"),
            ("sharer", "Sharer"),
            ("companion", "Companion"),
            ("booker", "Booker"),
            ("payer", "Payer"),
        ],
        required=True,
        default="primary",
    )
    sleeps = fields.Boolean(default=True, help="The nights of the stay count for this person.")
    pays = fields.Boolean(default=True, help="The spend of the stay counts for this person.")
    sequence = fields.Integer(default=0)

    # The columns behind INCLUDE let the metrics read people from the indexes alone, without a page per person.
    _stay_profile_role_uniq = models.Constraint(
        "UNIQUE (stay_id, profile_id, role) INCLUDE (id, partner_id, sequence, sleeps, pays)",
        "The person has this role on the stay already.",
    )
    _partner_idx = models.Index("(partner_id) INCLUDE (id, stay_id, role, sequence, sleeps, pays)")

    def _get_touched_guests(self):
        # Who pays may depend on anybody on the stay.
        return super()._get_touched_guests() | self.sudo().stay_id._get_touched_guests()
