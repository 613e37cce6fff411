from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_strict_guests = fields.Boolean(
        string="Hide Guests from Other Staff",
        compute="_compute_hospitality_strict_guests",
        inverse="_inverse_hospitality_strict_guests",
        help="Users without a hospitality role no longer see guests among the contacts.",
    )

    def _get_strict_guest_rule(self):
        rule = self.env.ref("hospitality_crm.res_partner_rule_strict_guest")
        return rule.sudo()  # the settings are limited to administrators of ours; rules to those of Odoo

    def _compute_hospitality_strict_guests(self):
        active = self._get_strict_guest_rule().active
        for settings in self:
            settings.hospitality_strict_guests = active

    def _inverse_hospitality_strict_guests(self):
        for settings in self:
            settings._get_strict_guest_rule().active = settings.hospitality_strict_guests
