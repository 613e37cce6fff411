from odoo import fields, models


class MailTemplate(models.Model):
    _inherit = "mail.template"

    hospitality_purpose_id = fields.Many2one(
        "hospitality.purpose",
        string="Purpose",
        domain=[("per_channel", "=", True)],
        ondelete="restrict",
        help="What guests must have agreed to when they get such mails. Empty: no consent is needed.",
    )
    hospitality_brand_id = fields.Many2one(
        "hospitality.brand", string="Brand", ondelete="restrict", help="Who writes. Empty: the company as a whole."
    )

    def send_mail_batch(
        self, res_ids, force_send=False, raise_exception=False, email_values=None, email_layout_xmlid=False
    ):
        """Let the mails know why they are sent."""
        self.ensure_one()
        values = dict(email_values or {})
        if self.hospitality_purpose_id:
            values.setdefault("hospitality_purpose_id", self.hospitality_purpose_id.id)
            values.setdefault("hospitality_brand_id", self.hospitality_brand_id.id)
        return super().send_mail_batch(
            res_ids,
            force_send=force_send,
            raise_exception=raise_exception,
            email_values=values or email_values,
            email_layout_xmlid=email_layout_xmlid,
        )
