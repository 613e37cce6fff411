from odoo import api, fields, models


class MailComposeMessage(models.TransientModel):
    _name = "mail.compose.message"
    _inherit = ["mail.compose.message", "hospitality.purposed"]

    # Forgotten wizards keep no purpose and no brand.
    hospitality_purpose_id = fields.Many2one(
        compute="_compute_hospitality_purpose_id", store=True, readonly=False, ondelete="set null"
    )
    hospitality_brand_id = fields.Many2one(
        compute="_compute_hospitality_purpose_id", store=True, readonly=False, ondelete="set null"
    )

    @api.depends("template_id", "mass_mailing_id", "composition_mode", "composition_batch", "model")
    def _compute_hospitality_purpose_id(self):
        """Take both from the mailing or the template; what else goes to many guests at once is marketing.

        A template without a purpose that is sent to one guest is a personal message.
        """
        marketing = self._get_marketing()
        for composer in self:
            is_to_guests = composer.composition_mode == "mass_mail" and composer.model == "res.partner"
            source = composer.mass_mailing_id if is_to_guests else composer.template_id.browse()
            if not source and composer.template_id.hospitality_purpose_id:
                source = composer.template_id
            is_personal = composer.template_id and not composer.composition_batch
            if source:
                composer.hospitality_purpose_id = source.hospitality_purpose_id
                composer.hospitality_brand_id = source.hospitality_brand_id
            else:
                composer.hospitality_purpose_id = marketing if is_to_guests and not is_personal else False
                composer.hospitality_brand_id = False

    def _action_send_mail(self, auto_commit=False):
        """Let what is sent know why it is."""
        mails, messages = self.env["mail.mail"].sudo(), self.env["mail.message"]  # as the core returns them
        for composer in self:
            purpose = (composer.hospitality_purpose_id.id, composer.hospitality_brand_id.id)
            result = super(
                MailComposeMessage, composer.with_context(hospitality_mail_purpose=purpose)
            )._action_send_mail(auto_commit=auto_commit)
            mails += result[0]
            messages += result[1]
        return mails, messages

    def _prepare_mailing_values(self):
        return super()._prepare_mailing_values() | self._get_purpose_values()

    def _process_mail_values_state(self, mail_values_dict):
        """The gate has decided who gets a mail of a mailing that lanes send."""
        if self.env.context.get("hospitality_fast_mailing"):
            return mail_values_dict
        return super()._process_mail_values_state(mail_values_dict)
