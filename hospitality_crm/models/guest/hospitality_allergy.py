from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class HospitalityAllergy(models.Model):
    """An allergy, intolerance or diet of a guest, or his statement that he has none.

    No row at all means that nobody knows, which is not the same as *none*. A row is never
    deleted: it is withdrawn by a named person with a reason.
    """

    _name = "hospitality.allergy"
    _description = "Guest Allergy"
    _inherit = ["hospitality.sourced", "hospitality.fact"]
    _order = "partner_id, severity desc, id"

    partner_id = fields.Many2one(required=True)
    kind = fields.Selection(
        [
            ("allergy", "Allergy"),
            ("intolerance", "Intolerance"),
            ("diet", "Diet"),
            ("none", "Declared: None"),
        ],
        required=True,
        default="allergy",
    )
    allergen_id = fields.Many2one("hospitality.allergen", index=True, ondelete="restrict")
    detail = fields.Char(help="What exactly, in the guest's words.")
    severity = fields.Selection(
        [("1", "Discomfort"), ("2", "Serious"), ("3", "Life-threatening")], default="2", required=True
    )
    confirmed_on = fields.Date(string="Last Confirmed", default=fields.Date.context_today)
    is_dropped = fields.Boolean(
        string="To Be Confirmed",
        readonly=True,
        copy=False,
        help="The system that told it doesn't any more. Ask the guest, then confirm or withdraw it.",
    )
    active = fields.Boolean(default=True)
    withdrawn_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", copy=False)
    withdrawn_on = fields.Datetime(readonly=True, copy=False)
    withdrawn_reason = fields.Char(readonly=True, copy=False)

    _allergen_given = models.Constraint(
        "CHECK (kind = 'none' OR allergen_id IS NOT NULL OR detail IS NOT NULL)",
        "Say what the guest is allergic to.",
    )

    @api.constrains("kind", "partner_id", "active")
    def _check_none_alone(self):
        for allergy in self.filtered(lambda a: a.active and a.kind == "none"):
            if self.search_count(
                [("partner_id", "=", allergy.partner_id.id), ("kind", "not in", ["none", "diet"])], limit=1
            ):
                raise ValidationError(
                    self.env._(
                        "%s has recorded allergies. Withdraw them first, then record that there are none.",
                        allergy.partner_id.display_name,
                    )
                )

    def write(self, vals):
        """An allergy goes out of use only in the name of the current user and with a reason."""
        if vals.get("active") is False:
            if not (vals.get("withdrawn_reason") or "").strip():
                raise UserError(self.env._("Say why the allergy no longer holds: withdraw it with a reason."))
            vals = {**vals, "withdrawn_by_id": self.env.uid, "withdrawn_on": fields.Datetime.now()}
        elif vals.get("active"):
            vals = {**vals, "withdrawn_by_id": False, "withdrawn_on": False, "withdrawn_reason": False}
        elif vals.keys() & {"withdrawn_by_id", "withdrawn_on", "withdrawn_reason"}:
            raise UserError(self.env._("Who withdrew an allergy, when and why is written down once."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_withdrawn(self):
        raise UserError(self.env._("Allergies are never deleted. Withdraw the entry with a reason instead."))

    def _withdraw(self, reason):
        """Take the entries out of use in the name of the current user.

        :param str reason: why, for example "guest said so at check-in"
        :raise UserError: when no reason is given
        """
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the allergy no longer holds."))
        self.write({"active": False, "withdrawn_reason": reason.strip()})

    def action_confirm(self):
        """Record that the guest has confirmed the entries today."""
        self.write({"confirmed_on": fields.Date.context_today(self), "is_dropped": False})

    def action_withdraw(self):
        """Ask for the reason and take the entries out of use."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Withdraw Allergy"),
            "res_model": "hospitality.allergy.withdraw",
            "view_mode": "form",
            "target": "new",
            "context": {"default_allergy_ids": self.ids},
        }

    @api.depends("kind", "allergen_id", "detail")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for allergy in self:
            what = ", ".join(filter(None, [allergy.allergen_id.name, allergy.detail]))
            allergy.display_name = what or labels.get(allergy.kind, "")
