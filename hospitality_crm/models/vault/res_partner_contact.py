from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.contact import HIDDEN, mask_email, mask_phone

CONTACT_GROUP = "hospitality_crm.group_hospitality_contact"
#: Field of the screens -> field of the contact, and how its value is masked.
SHOWN = {"guest_email_shown": ("email", mask_email), "guest_phone_shown": ("phone", mask_phone)}


class ResPartner(models.Model):
    """E-mail and phone of guests as our screens show them: masked for those who have no need to know.

    The fields of the contact itself are the core's: every internal user may read them by remote calls and in stock
    screens, unless the strict mode hides guests from him.
    """

    _inherit = "res.partner"

    guest_email_shown = fields.Char(
        string="Guest's E-mail",
        compute="_compute_guest_contacts_shown",
        inverse="_inverse_guest_email_shown",
        groups="hospitality_crm.group_hospitality_base",
        exportable=False,
    )
    guest_phone_shown = fields.Char(
        string="Guest's Phone",
        compute="_compute_guest_contacts_shown",
        inverse="_inverse_guest_phone_shown",
        groups="hospitality_crm.group_hospitality_base",
        exportable=False,
    )

    @api.model
    def _hides_contacts(self):
        """Whether e-mails and phones of guests are masked on the screens of the user."""
        if self.env.user.has_group(CONTACT_GROUP):
            return False
        return self.env["res.company"]._masks_contacts(self.env.companies._ids)

    @api.depends("email", "phone")
    @api.depends_context("uid", "allowed_company_ids", "hospitality_reveal")
    def _compute_guest_contacts_shown(self):
        hidden = self._hides_contacts()
        if hidden and self.env.context.get("hospitality_reveal"):
            self._reveal_contacts(once=True)
            hidden = False
        for partner in self:
            for shown, (name, mask) in SHOWN.items():
                partner[shown] = mask(partner[name]) if hidden else partner[name]

    def _inverse_guest_email_shown(self):
        self._write_shown("guest_email_shown")

    def _inverse_guest_phone_shown(self):
        self._write_shown("guest_phone_shown")

    def _write_shown(self, shown):
        """Write what was typed into a field that may have been masked."""
        name = SHOWN[shown][0]
        for partner in self:
            value = partner[shown]
            if value and HIDDEN in value:
                if value == SHOWN[shown][1](partner[name]):
                    continue
                raise UserError(
                    self.env._("Type the whole address or number, or press Show on the guest card before you edit it.")
                )
            if name == "phone" and value:
                value = partner._phone_format(number=value) or value
            if value != partner[name]:
                partner[name] = value

    def _reveal_contacts(self, once=False):
        """Write down that the user sees contact data of guests in full.

        :param bool once: not again for guests whom he has seen some minutes ago
        """
        self.env["hospitality.access.log"]._log("contact", self, once=once, fields=["email", "phone"])

    def action_open_contact(self):
        """Open the stock form, which shows contact data in full."""
        if self._hides_contacts():
            self._reveal_contacts(once=True)
        return super().action_open_contact()
