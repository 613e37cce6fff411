from odoo import fields, models, tools


class MailingMailing(models.Model):
    _name = "mailing.mailing"
    _inherit = ["mailing.mailing", "hospitality.purposed"]

    hospitality_purpose_id = fields.Many2one(
        default=lambda self: self._get_marketing(),
        help="What guests have agreed to when they get this message, and what they withdraw when they unsubscribe.",
    )

    def _find_guest(self, partner_id, email):
        """Return the guest to whom the mailing was sent, where he was merged since the one he is now.

        :param partner_id: id of the contact named in a link whose signature was checked
        :param email: address that it was sent to
        :return: ``res.partner``, empty for everybody who is no guest
        """
        partner = self.env["res.partner"].browse(partner_id).exists()
        if not partner or partner.email_normalized != tools.email_normalize(email or ""):
            return partner.browse()
        guest = partner.browse(partner._get_merged_targets()[partner.id])
        return guest if guest.is_guest and self.hospitality_purpose_id else partner.browse()

    def _unsubscribe_guest(self, guest, ip=None):
        """Record that a guest wants no e-mail of the mailing's purpose and brand any more."""
        self.ensure_one()
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
