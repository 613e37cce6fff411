from odoo import api, fields, models
from odoo.exceptions import UserError

from ..guest.golden_fields import COLUMNS
from .hospitality_privacy_request import DPO

#: What says something about a person: locked for the system, too. People may write nothing at all.
_PERSONAL = frozenset(
    {*COLUMNS.values(), "comment", "image_1920", "parent_id", "active", "category_id", "bank_ids", "ref", "is_guest"}
)
_OWN = frozenset({"guest_restricted", "guest_erased_at"})


class ResPartner(models.Model):
    _inherit = "res.partner"

    guest_erased_at = fields.Datetime(string="Erased on", readonly=True, copy=False)

    def write(self, vals):
        """Refuse changes of guests whose processing is restricted, and of erased ones."""
        names = vals.keys() - _OWN
        if names and (not self.env.su or names & _PERSONAL):
            self._check_unlocked()
        if "guest_restricted" in vals and not vals["guest_restricted"]:
            self._check_may_release()
        return super().write(vals)

    def _check_unlocked(self):
        if (self.env.su and self.env.context.get("hospitality_survivorship")) or self._is_privacy():
            return
        locked = self.sudo().filtered(  # a lock holds for everybody
            lambda partner: partner.guest_restricted or partner.guest_erased_at
        )
        if locked:
            reason = self.env._("the guest has had the processing of his data restricted")
            if locked[0].guest_erased_at:
                reason = self.env._("the guest was erased")
            raise UserError(
                self.env._(
                    "%(guest)s is locked: %(reason)s. The data may be read but not changed.",
                    guest=locked[0].display_name,
                    reason=reason,
                )
            )

    def _check_may_release(self):
        """A restriction is lifted by an officer, who has told the guest."""
        if self.env.su or self.env.user.has_group(DPO):
            return
        if any(self.sudo().mapped("guest_restricted")):  # whether, not why
            raise UserError(self.env._("Only data protection officers lift a restriction, on its request."))

    def _is_privacy(self):
        """Tell whether a procedure of privacy writes; a client's context doesn't make it one."""
        return self.env.su and self.env.context.get("hospitality_privacy")

    @api.model
    def _get_writer_class(self):
        if self.env.su and self.env.context.get("hospitality_writer") == "guest":
            return "guest"
        return super()._get_writer_class()

    def action_open_privacy_requests(self):
        """List the guest's privacy requests."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospitality.privacy.request",
            "name": self.env._("Privacy Requests of %(guest)s", guest=self.display_name),
            "view_mode": "list,form",
            "domain": [("partner_id", "=", self.id)],
            "context": {"default_partner_id": self.id},
        }
