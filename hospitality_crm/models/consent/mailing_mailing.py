from odoo import fields, models


class MailingMailing(models.Model):
    _inherit = "mailing.mailing"

    hospitality_purpose_id = fields.Many2one(
        "hospitality.purpose",
        string="Purpose",
        domain=[("per_channel", "=", True)],
        default=lambda self: self.env.ref("hospitality_crm.purpose_marketing", raise_if_not_found=False),
        ondelete="restrict",
        help="What guests have agreed to when they get this message, and what they withdraw when they unsubscribe.",
    )
    hospitality_brand_id = fields.Many2one(
        "hospitality.brand", string="Brand", ondelete="restrict", help="Who writes. Empty: the company as a whole."
    )

    def _unsubscribe_guest(self, partner, ip=None):
        """Record that a guest doesn't want messages of this kind any more: purpose and brand of the mailing by e-mail.

        :return: whether he is a guest; nobody else is touched
        """
        self.ensure_one()
        guest = partner.browse(partner._get_merged_targets()[partner.id])
        if not guest.is_guest or not self.hospitality_purpose_id:
            return False
        brand = self.hospitality_brand_id
        State = self.env["hospitality.consent.state"]
        state = State._get(guest.ids, self.hospitality_purpose_id, "email", brand).get(guest.id, ("unknown", None))[0]
        if state != "denied":
            self.env["hospitality.consent.event"]._record(
                guest,
                self.hospitality_purpose_id,
                "email",
                "withdrawn",
                brand=brand or None,
                method="one_click",
                lang=guest.lang,
                ip=ip,
            )
        return True
