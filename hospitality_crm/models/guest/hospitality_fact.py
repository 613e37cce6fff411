from odoo import api, fields, models
from odoo.exceptions import ValidationError


class HospitalityFact(models.AbstractModel):
    """Something known about a guest.

    It belongs to a source profile for ever; ``partner_id`` is a stored shortcut to the golden
    record and follows the profile when guests are merged or un-merged. A fact that is entered
    in Odoo for a guest belongs to the guest's own ``odoo`` profile.
    """

    _name = "hospitality.fact"
    _description = "Fact about a guest"

    profile_id = fields.Many2one("hospitality.profile", index=True, ondelete="restrict")
    partner_id = fields.Many2one("res.partner", string="Guest", index=True, ondelete="restrict")

    @api.model_create_multi
    def create(self, vals_list):
        self._complete_guest_values(vals_list)
        facts = super().create(vals_list)
        facts._mark_guests()
        return facts

    def write(self, vals):
        if "profile_id" in vals and "partner_id" not in vals:
            profile = self.env["hospitality.profile"].browse(vals["profile_id"])
            vals = {**vals, "partner_id": profile.partner_id.id}
        elif "partner_id" in vals and "profile_id" not in vals:
            partner = self.env["res.partner"].browse(vals["partner_id"])._get_merged_target()
            vals = {**vals, "partner_id": partner.id, "profile_id": partner and partner._get_odoo_profile().id}
        result = super().write(vals)
        if "partner_id" in vals:
            self._mark_guests()
        return result

    def _mark_guests(self):
        """Whoever something is known about is a guest, if he is a person."""
        self.profile_id.sudo().filtered(  # whether it is a person
            lambda profile: profile.kind == "person"
        ).partner_id._mark_guests()

    @api.model
    def _complete_guest_values(self, vals_list):
        """Fill the missing one of profile and guest in each dict of values, in place."""
        Profile = self.env["hospitality.profile"]
        Partner = self.env["res.partner"]
        given = {vals["partner_id"] for vals in vals_list if vals.get("partner_id")}
        targets = Partner.browse(given)._get_merged_targets()
        for vals in vals_list:
            if vals.get("partner_id"):
                vals["partner_id"] = targets[vals["partner_id"]]
            profile_id, partner_id = vals.get("profile_id"), vals.get("partner_id")
            if profile_id and not partner_id:
                vals["partner_id"] = Profile.browse(profile_id).partner_id.id
            elif partner_id and not profile_id:
                vals["profile_id"] = Partner.browse(partner_id)._get_odoo_profile().id

    @api.constrains("profile_id", "partner_id")
    def _check_guest_of_profile(self):
        for fact in self:
            if fact.profile_id and fact.profile_id.partner_id != fact.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(fact)s belongs to a source profile of another guest than %(guest)s.",
                        fact=fact.display_name,
                        guest=fact.partner_id.display_name,
                    )
                )
