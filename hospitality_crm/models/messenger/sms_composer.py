from odoo import api, fields, models


class SmsComposer(models.TransientModel):
    """In mass mode a text message has a purpose, so that the gate can decide who gets it."""

    _name = "sms.composer"
    _inherit = ["sms.composer", "hospitality.purposed"]

    # Forgotten wizards keep no purpose and no brand.
    hospitality_purpose_id = fields.Many2one(
        compute="_compute_hospitality_purpose_id", store=True, readonly=False, ondelete="set null"
    )
    hospitality_brand_id = fields.Many2one(
        compute="_compute_hospitality_purpose_id", store=True, readonly=False, ondelete="set null"
    )

    @api.depends("template_id", "composition_mode", "mailing_id")
    def _compute_hospitality_purpose_id(self):
        """Take both from the mailing or template; who picks guests in a list and writes to them advertises."""
        marketing = self._get_marketing()
        for composer in self:
            sources = (composer.mailing_id, composer.template_id)
            source = next((source for source in sources if source.hospitality_purpose_id), composer.template_id)
            picked = composer.composition_mode == "mass" and self.env.context.get("active_ids")
            composer.hospitality_purpose_id = source.hospitality_purpose_id or (
                marketing if picked and not composer.template_id else False
            )
            composer.hospitality_brand_id = source.hospitality_brand_id

    def _action_send_sms(self):
        """A message that is posted on a document takes its purpose along."""
        purpose = self.hospitality_purpose_id
        composer = self.with_context(hospitality_sms_purpose_id=purpose.id) if purpose else self
        return super(SmsComposer, composer)._action_send_sms()

    def _prepare_mass_sms_values(self, records):
        result = super()._prepare_mass_sms_values(records)
        for values in result.values():
            values.update(self._get_purpose_values())
        return result
