import logging

from odoo import api, models, tools

from ...engine import bounce as engine

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    """Returned mail and complaints mark the address of a guest; a complaint withdraws what its sender does for ads.

    Anybody can write a mail that looks like a report. One that names no message of ours to that address counts as a
    temporary failure at most, and as no complaint at all.
    """

    _inherit = "mail.thread"

    @api.model
    def _detect_is_bounce(self, message, message_dict):
        return super()._detect_is_bounce(message, message_dict) or bool(engine.read_complaint(message))

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        complaint = engine.read_complaint(email_message)
        if complaint:
            self._hospitality_handle_complaint(complaint)
            return None
        deliveries = engine.read_deliveries(email_message)
        if deliveries and all(engine.severity(d.status, d.action) == engine.NONE for d in deliveries):
            return None  # delayed or delivered: nothing has come back
        # Without a machine-readable part the trace of the mailing says what it can.
        thread = self.with_context(hospitality_bounce_read=True) if deliveries else self
        result = super(MailThread, thread)._routing_handle_bounce(email_message, message_dict)
        known = self.env["hospitality.message"]._find_mailed(message_dict.get("bounced_msg_ids") or ())
        for delivery in deliveries:
            address = tools.email_normalize(delivery.recipient)
            if address:
                self._hospitality_note_bounce(delivery, address, known)
        return result

    @api.model
    def _hospitality_note_bounce(self, delivery, address, known):
        kind = engine.severity(delivery.status, delivery.action)
        if kind == engine.NONE:
            return
        points = self.env["hospitality.contact.point"]._find_points("email", [address])
        ours = address in known.addresses
        points._note_bounce(kind if ours else engine.SOFT)
        if ours:
            self.env["hospitality.message"]._mark_bounced(known, points, delivery.status)

    @api.model
    def _hospitality_handle_complaint(self, complaint):
        """Mark the address and withdraw what the guest has agreed to by e-mail, for the brand that wrote."""
        known = self.env["hospitality.message"]._find_mailed(complaint.message_ids)
        if not known.addresses or complaint.kind == "not-spam":
            _logger.info("A complaint about no known message was ignored")
            return
        points = self.env["hospitality.contact.point"]._find_points("email", known.addresses)
        points._note_complaint()
        Reply = self.env["hospitality.message.reply"]
        for brand in known.brands:
            Reply._record(
                points._get_guests(),
                "email",
                "withdrawn",
                brand,
                ("denied",),
                method="complaint",
                evidence=complaint.kind,
            )

    @api.model
    def _routing_reset_bounce(self, email_message, message_dict):
        """A mail from an address shows that it works."""
        result = super()._routing_reset_bounce(email_message, message_dict)
        address = tools.email_normalize(message_dict["email_from"])
        if address:
            point = self.env["hospitality.contact.point"]._find_points("email", [address])
            point.filtered(lambda p: p.bounce_count or not p.reachable)._note_heard()
        return result

    def _message_sms_with_template(
        self, template=False, template_xmlid=False, template_fallback="", partner_ids=False, **kwargs
    ):
        """A template's purpose goes with the text message, so that the gate can decide about it."""
        if not template and template_xmlid:
            template = self.env.ref(template_xmlid, raise_if_not_found=False)
        purpose = template and template.sudo().hospitality_purpose_id  # whoever sends
        thread = self.with_context(hospitality_sms_purpose_id=purpose.id) if purpose else self
        return super(MailThread, thread)._message_sms_with_template(
            template=template,
            template_xmlid=template_xmlid,
            template_fallback=template_fallback,
            partner_ids=partner_ids,
            **kwargs,
        )
