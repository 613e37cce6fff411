from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.soft_many2one import SoftMany2one
from .visit_tally import add_columns, add_index


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

    # The columns behind INCLUDE let the shares in a stay be decided from the index alone.
    _stay_profile_role_uniq = models.Constraint(
        "UNIQUE (stay_id, profile_id, role) INCLUDE (id, partner_id, sequence, sleeps, pays)",
        "The person has this role on the stay already.",
    )
    _guest_idx = models.Index("(partner_id) INCLUDE (stay_id)")

    def init(self):
        """Add the share that a person has in a stay of somebody else; the ORM doesn't know the column."""
        self.env.cr.execute(
            SQL("SELECT FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'metric_share'", self._table)
        )
        if self.env.cr.rowcount:
            return
        add_columns(self.env.cr, self._table, [("metric_share", SQL("int NOT NULL DEFAULT 0"))])
        self.env["hospitality.stay"]._write_shares(lambda column: SQL("TRUE"))
        add_index(
            self.env.cr,
            "hospitality_stay_guest_share_idx",
            self._table,
            SQL("(partner_id) INCLUDE (stay_id, metric_share) WHERE metric_share > 0"),
        )

    @api.model_create_multi
    def create(self, vals_list):
        people = super().create(vals_list)
        self.env["hospitality.stay"]._refresh_shares(people.stay_id.ids)
        return people

    def write(self, vals):
        before = self.stay_id
        result = super().write(vals)
        if {"stay_id", "profile_id", "partner_id", "role", "sleeps", "pays", "sequence"} & vals.keys():
            self.env["hospitality.stay"]._refresh_shares((before | self.stay_id).ids)
        return result

    def unlink(self):
        stays = self.stay_id
        result = super().unlink()
        self.env["hospitality.stay"]._refresh_shares(stays.exists().ids)
        return result

    def _get_touched_guests(self):
        # Who pays may depend on anybody on the stay.
        stays = self.sudo().stay_id  # ids go to the queue, not to the user
        return super()._get_touched_guests() | stays._get_touched_guests()
