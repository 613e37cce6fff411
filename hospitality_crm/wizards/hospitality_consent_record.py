from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.consent.hospitality_purpose import CHANNELS


class HospitalityConsentRecord(models.TransientModel):
    """Staff write down what a guest has said to them, for one purpose and the channels he named."""

    _name = "hospitality.consent.record"
    _description = "Record a Consent"

    partner_id = fields.Many2one("res.partner", string="Guest", required=True)
    purpose_id = fields.Many2one("hospitality.purpose", required=True)
    per_channel = fields.Boolean(related="purpose_id.per_channel")
    brand_id = fields.Many2one("hospitality.brand", help="Empty: towards all brands.")
    decision = fields.Selection(
        [("granted", "Agrees"), ("denied", "Refuses"), ("withdrawn", "Withdraws")], required=True, string="The Guest"
    )
    channel_email = fields.Boolean(string="E-mail")
    channel_sms = fields.Boolean(string="SMS")
    channel_phone = fields.Boolean(string="Phone")
    channel_post = fields.Boolean(string="Post")
    channel_messenger = fields.Boolean(string="Messenger")
    channel_ads = fields.Boolean(string="Advertising Networks")
    method = fields.Selection(
        [("desk", "At the Desk"), ("phone", "By Phone"), ("paper", "On Paper")], required=True, default="desk"
    )
    reason = fields.Text(required=True, help='For example: "Asked at check-in, wants offers by e-mail only".')
    guardian_id = fields.Many2one("res.partner", help="Who agrees for a guest below the age of consent.")
    notice_version_id = fields.Many2one("hospitality.notice.version", compute="_compute_notice_version")

    @api.depends("purpose_id", "brand_id", "partner_id")
    def _compute_notice_version(self):
        for wizard in self:
            lang = wizard.partner_id.lang or self.env.lang
            wizard.notice_version_id = self.env["hospitality.notice"]._find_version(
                wizard.purpose_id, wizard.brand_id, lang
            )

    def action_record(self):
        """Record the statement in the name of the current user."""
        self.ensure_one()
        self.partner_id.check_access("read")
        channels = (
            [code for code, _label in CHANNELS if self[f"channel_{code}"]] if self.purpose_id.per_channel else ["any"]
        )
        if not channels:
            raise UserError(self.env._("Choose at least one channel."))
        wizard = self.sudo()  # who may open this form may record; the ledger is closed to everybody
        wizard.env["hospitality.consent.event"]._record_many(
            [
                {"partner_id": self.partner_id.id, "purpose": wizard.purpose_id, "channel": channel}
                for channel in channels
            ],
            self.decision,
            method=self.method,
            actor="guest",
            brand=wizard.brand_id or None,
            guardian=self.guardian_id or None,
            notice=self.notice_version_id or None,
            lang=self.partner_id.lang,
            reason=self.reason,
        )
        return {"type": "ir.actions.act_window_close"}
