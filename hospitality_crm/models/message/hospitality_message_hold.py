from odoo import api, fields, models
from odoo.exceptions import UserError

from .guest_lock import lock_guests


class HospitalityMessageHold(models.Model):
    """Nothing but messages about bookings goes to a guest while this holds, e.g. as long as a complaint is open.

    Messages that meet a hold wait; those that would come too late are not sent.
    """

    _name = "hospitality.message.hold"
    _description = "Message Hold"
    _order = "id desc"
    _rec_name = "reason"

    partner_id = fields.Many2one("res.partner", string="Guest", required=True, index=True, ondelete="cascade")
    reason = fields.Char(required=True)
    kind = fields.Selection([("complaint", "Open Complaint"), ("other", "Other")], default="other", required=True)
    until = fields.Datetime(help="Empty: until somebody releases it.")
    released_at = fields.Datetime(readonly=True)
    released_by = fields.Many2one("res.users", readonly=True)
    res_model = fields.Char(readonly=True, help="What the hold belongs to, e.g. a service ticket.")
    res_id = fields.Many2oneReference("res_id", model_field="res_model", readonly=True)
    is_open = fields.Boolean(compute="_compute_is_open", search="_search_is_open")

    _open_idx = models.Index("(partner_id) WHERE released_at IS NULL")

    @api.depends("until", "released_at")
    def _compute_is_open(self):
        now = fields.Datetime.now()
        for hold in self:
            hold.is_open = not hold.released_at and (not hold.until or hold.until > now)

    @api.model
    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        still = fields.Domain("released_at", "=", False) & (
            fields.Domain("until", "=", False) | fields.Domain("until", ">", now)
        )
        domain = fields.Domain.FALSE
        if True in value:
            domain |= still
        if False in value:
            domain |= ~still
        return domain

    @api.model_create_multi
    def create(self, vals_list):
        holds = super().create(vals_list)
        lock_guests(self.env, holds.partner_id.ids)
        return holds

    def action_release(self):
        """End holds."""
        self.check_access("write")
        if any(hold.released_at for hold in self):
            raise UserError(self.env._("This hold was released before."))
        self.write({"released_at": fields.Datetime.now(), "released_by": self.env.uid})
