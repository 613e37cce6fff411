from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import gate as engine
from ..engine.contact import normalise_handle

#: So many guests are written to in one go; more are a campaign.
MOST = 10_000


class HospitalityMessageCompose(models.TransientModel):
    """Write to guests by messenger, or have them called: the gate decides about each of them."""

    _name = "hospitality.message.compose"
    _description = "Message to Guests"

    partner_ids = fields.Many2many("res.partner", string="Guests", default=lambda self: self._default_partner_ids())
    channel = fields.Selection(
        [("messenger", "Messenger"), ("phone", "Phone Call"), ("post", "Post")], required=True, default="messenger"
    )
    provider_id = fields.Many2one(
        "hospitality.message.provider",
        string="Message Channel",
        domain="[('channel', '=', channel)]",
        help="Empty: the messenger that the guest uses, or the first one of the brand.",
    )
    purpose_id = fields.Many2one(
        "hospitality.purpose",
        required=True,
        domain=[("per_channel", "=", True)],
        default=lambda self: self.env.ref("hospitality_crm.purpose_marketing", raise_if_not_found=False),
    )
    brand_id = fields.Many2one("hospitality.brand", help="Who writes. Empty: the company as a whole.")
    text = fields.Text(required=True, help="Script of the call, or text of the message.")
    button_label = fields.Char(string="Button", size=20)
    button_url = fields.Char(string="Leads to")
    template_name = fields.Char(
        string="WhatsApp Template", help="Approved by WhatsApp. For guests who haven't written within 24 hours."
    )
    template_lang = fields.Char(string="Language of the Template", default="en")
    due_at = fields.Datetime(string="Not Before")

    @api.model
    def _default_partner_ids(self):
        if self.env.context.get("active_model") != "res.partner":
            return False
        return self.env["res.partner"].browse(self.env.context.get("active_ids") or ())

    def action_send(self):
        """Consider the message for the guests; say what becomes of it."""
        self.ensure_one()
        self._check_may_send()
        self.partner_ids.check_access("read")
        if not self.partner_ids:
            raise UserError(self.env._("Choose the guests first."))
        if len(self.partner_ids) > MOST:
            raise UserError(self.env._("Write to at most %(count)s guests at a time.", count=MOST))
        wizard = self.sudo()  # planning is the system's, the right to it was checked
        report = wizard.env["hospitality.messenger"]._send(
            wizard.partner_ids.filtered("is_guest"),
            wizard.purpose_id,
            wizard.channel,
            wizard.text,
            wizard,
            provider=wizard.provider_id or None,
            brand=wizard.brand_id or None,
            buttons=self._get_buttons(),
            template=self._get_template(),
            due_at=wizard.due_at or None,
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if report["planned"] or report["postponed"] else "warning",
                "message": self.env._(
                    "%(planned)s go out now, %(postponed)s later, %(refused)s not at all. Why is told in Messages.",
                    planned=report["planned"],
                    postponed=report["postponed"],
                    refused=sum(report["refused"].values()),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _check_may_send(self):
        """Marketing and managers write about everything, reception about bookings."""
        service = engine.is_service(self.purpose_id.legal_basis, self.purpose_id.is_marketing)
        groups = ["group_hospitality_marketing", "group_hospitality_manager"]
        groups += ["group_hospitality_reception"] if service else []
        if not any(self.env.user.has_group(f"hospitality_crm.{group}") for group in groups):
            raise AccessError(self.env._("Marketing and guest relations managers write to guests about this."))
        if self.provider_id and self.provider_id.channel != self.channel:
            raise UserError(self.env._("%(name)s doesn't serve this channel.", name=self.provider_id.name))
        if self.provider_id.brand_id and self.provider_id.brand_id != self.brand_id:
            raise UserError(self.env._("%(name)s speaks for another brand.", name=self.provider_id.name))

    def _get_buttons(self):
        if not self.button_label and not self.button_url:
            return ()
        if not self.button_label or not (self.button_url or "").startswith("https://"):
            raise UserError(self.env._("A button has a label and an address that begins with https://."))
        return ((self.button_label, self.button_url),)

    def _get_template(self):
        if not self.template_name:
            return None
        if not normalise_handle(f"x:{self.template_name}"):
            raise UserError(self.env._("The name of a template has no blanks."))
        return {"name": self.template_name, "lang": self.template_lang or "en", "params": []}
