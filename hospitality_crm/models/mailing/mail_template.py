from odoo import models


class MailTemplate(models.Model):
    _name = "mail.template"
    _inherit = ["mail.template", "hospitality.purposed"]

    def send_mail_batch(
        self, res_ids, force_send=False, raise_exception=False, email_values=None, email_layout_xmlid=False
    ):
        """Let the mails know why they are sent."""
        self.ensure_one()
        values = dict(email_values or {})
        if self.hospitality_purpose_id:
            values = self._get_purpose_values() | values
        return super().send_mail_batch(
            res_ids,
            force_send=force_send,
            raise_exception=raise_exception,
            email_values=values or email_values,
            email_layout_xmlid=email_layout_xmlid,
        )
