from odoo import api, fields, models


class SmsComposer(models.TransientModel):
    """In mass mode a text message has a purpose, so that the gate can decide who gets it."""

    _inherit = "sms.composer"

    hospitality_purpose_id = fields.Many2one(
        "hospitality.purpose",
        string="Purpose",
        domain=[("per_channel", "=", True)],
        compute="_compute_hospitality_purpose_id",
        store=True,
        readonly=False,
        help="What guests must have agreed to. Empty or about a booking: everybody gets it.",
    )
    hospitality_brand_id = fields.Many2one("hospitality.brand", string="Brand", help="Who writes.")

    @api.depends("template_id", "composition_mode", "mailing_id")
    def _compute_hospitality_purpose_id(self):
        """Take the purpose of mailing or template; who picks guests in a list and writes to them advertises."""
        marketing = self.env.ref("hospitality_crm.purpose_marketing", raise_if_not_found=False)
        for composer in self:
            purpose = composer.mailing_id.hospitality_purpose_id or composer.template_id.hospitality_purpose_id
            picked = composer.composition_mode == "mass" and self.env.context.get("active_ids")
            composer.hospitality_purpose_id = purpose or (marketing if picked and not composer.template_id else False)

    def _action_send_sms(self):
        """A message that is posted on a document takes its purpose along."""
        purpose = self.hospitality_purpose_id
        composer = self.with_context(hospitality_sms_purpose_id=purpose.id) if purpose else self
        return super(SmsComposer, composer)._action_send_sms()

    def _prepare_mass_sms_values(self, records):
        result = super()._prepare_mass_sms_values(records)
        for values in result.values():
            values["hospitality_purpose_id"] = self.hospitality_purpose_id.id
            values["hospitality_brand_id"] = self.hospitality_brand_id.id
        return result
