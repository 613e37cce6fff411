import re
import smtplib

from odoo import api, fields, models
from odoo.tools import SQL, email_normalize
from odoo.tools.mail import append_content_to_html, email_split, email_split_and_format

from ...engine import gate as engine
from ...tools.claim import lane_env
from .smtp_session import Watch

#: A mail waits so long for a guest whom somebody else is working on; then the queue sends it.
LOCK_SECONDS = 5
#: A link that goes through `link.tracker`, up to its end.
TRACKED_LINK = re.compile(r"""href(?<=\bhref)=['"](?:https?:)?(?://[^/?#'"]*)?/r/[^'"]*(?=['"])""")
#: Kinds of failure that the core knows, by the gate's reason.
FAILURE_TYPES = {
    "no_address": "mail_email_missing",
    "address_kind": "mail_email_invalid",
    "unreachable": "mail_email_invalid",
    "blacklisted": "mail_bl",
    "suppressed": "mail_bl",
    "duplicate": "mail_dup",
    "already": "mail_dup",
}


class MailMail(models.Model):
    """Mails with a purpose pass the gate right before they are handed over, whoever has made them.

    A mail to several people of whom one is a guest is split, so that each gets or doesn't get his own.
    """

    _name = "mail.mail"
    _inherit = ["mail.mail", "hospitality.purposed"]

    hospitality_purpose_id = fields.Many2one(readonly=True, index="btree_not_null")
    hospitality_brand_id = fields.Many2one(readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        purpose_id, brand_id = self.env.context.get("hospitality_mail_purpose") or (False, False)
        if purpose_id:
            vals_list = [
                {"hospitality_purpose_id": purpose_id, "hospitality_brand_id": brand_id, **vals} for vals in vals_list
            ]
        return super().create(vals_list)

    def _prepare_outgoing_body(self):
        """Name the trace in tracked links in one go, as ``mass_mailing`` does link by link."""
        mass_mailing = self.env.context.get("hospitality_body_class")
        if mass_mailing is None or not self.mailing_trace_ids:
            return super()._prepare_outgoing_body()
        body = super(mass_mailing, self)._prepare_outgoing_body()
        if not body:
            return body
        body = TRACKED_LINK.sub(rf"\g<0>/m/{self.mailing_trace_ids[0].id}", str(body))
        return append_content_to_html(body, f'<img src="{self._get_tracking_url()}"/>', plaintext=False)

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Put the guest's own links into the plain text of a mailing, as the core does in its HTML."""
        emails = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        if not self.res_id or not self.mailing_id or self.env.context.get("mailing_test_mail"):
            return emails
        base_url = self.mailing_id.get_base_url()
        for email in emails:
            text = email["body_alternative"] or ""
            if not email["email_to"] or f"{base_url}/" not in text:
                continue
            address = next(iter(email["email_to_normalized"]), None) or email["email_to"][0]
            mailing = self.mailing_id
            makers = {"unsubscribe_from_list": mailing._get_unsubscribe_url, "view": mailing._get_view_url}
            for path, make in makers.items():
                if f"{base_url}/{path}" in text:
                    url = make(address, self.res_id).replace("\\", "")
                    text = re.sub(rf"{re.escape(f'{base_url}/{path}')}(?![\w/?#-])", url, text)
            email["body_alternative"] = text
        return emails

    def _send(
        self,
        auto_commit=False,
        raise_exception=False,
        smtp_session=None,
        alias_domain_id=False,
        mail_server=False,
        post_send_callback=None,
    ):
        options = {
            "auto_commit": auto_commit,
            "raise_exception": raise_exception,
            "smtp_session": smtp_session,
            "alias_domain_id": alias_domain_id,
            "mail_server": mail_server,
            "post_send_callback": post_send_callback,
        }
        gated = self.filtered("hospitality_purpose_id").filtered(lambda mail: mail._needs_gate())
        if not gated or self.env["ir.mail_server"]._disable_send():
            return super()._send(**options)
        free = self - gated
        if free:
            super(MailMail, free)._send(**options)
        watch = Watch(smtp_session)
        for mail in gated:
            for single in mail._split_by_guest():
                guest = single._find_guest()
                if guest:
                    single._send_through_gate(guest, watch, options)
                else:
                    super(MailMail, single)._send(**options)
        return True

    def _needs_gate(self):
        purpose = self.hospitality_purpose_id.sudo()  # its legal basis decides, whoever sends
        return self.state == "outgoing" and not engine.is_service(purpose.legal_basis, purpose.is_marketing)

    # -- recipients ----------------------------------------------------------------------------

    def _find_guest(self):
        """Return the guest to whom a mail with one recipient goes, empty for anybody else."""
        self.ensure_one()
        Partner = self.env["res.partner"].sudo()  # who the recipient is counts, not who may see him
        partners = self.recipient_ids.sudo()  # see above
        addresses = [address for text in (self.email_to, self.email_cc) for address in email_split(text or "")]
        if not partners and addresses:
            normal = email_normalize(addresses[0])
            partners = Partner.search([("email_normalized", "=", normal), ("is_guest", "=", True)], limit=1)
        partners = Partner.browse(partners._get_merged_targets()[partner.id] for partner in partners)
        return partners.filtered("is_guest")[:1]

    def _split_by_guest(self):
        """Return mails with one recipient each in place of one with several, if a guest is among them."""
        self.ensure_one()
        addresses = [a for text in (self.email_to, self.email_cc) for a in email_split_and_format(text or "")]
        if len(self.recipient_ids) + len(addresses) <= 1:
            return self
        normal = [email_normalize(address) for address in addresses]
        Partner = self.env["res.partner"].sudo()  # who the recipients are counts, not who may see them
        if not self.recipient_ids.sudo().filtered("is_guest") and not Partner.search_count(  # see above
            [("email_normalized", "in", normal), ("is_guest", "=", True)], limit=1
        ):
            return self
        parts = [
            {"recipient_ids": [fields.Command.set(partner.ids)], "email_to": False} for partner in self.recipient_ids
        ]
        parts += [{"recipient_ids": [fields.Command.clear()], "email_to": address} for address in addresses]
        common = {"email_cc": False}
        mails = self
        for part in parts[1:]:
            mails += self.copy(
                {
                    **common,
                    **part,
                    "mail_message_id": self.mail_message_id.id,
                    "headers": self.headers,
                    "state": "outgoing",
                }
            )
        Notification = self.env["mail.notification"].sudo()  # of the same mail
        notifications = Notification.search([("mail_mail_id", "=", self.id)])
        for mail in mails[1:]:
            notifications.filtered(
                lambda n, mail=mail: n.res_partner_id and n.res_partner_id in mail.recipient_ids
            ).mail_mail_id = mail
        self.write({**common, **parts[0]})
        return mails

    # -- the gate ------------------------------------------------------------------------------

    def _send_through_gate(self, guest, watch, options):
        """Hand a mail to a guest over if the gate lets it, else cancel or postpone it.

        The gate works in transactions of its own. A guest whom it can't see yet, or whom this transaction holds, gets
        his mail from the queue.
        """
        message = self._consider(guest)
        if message is None:
            return
        state, due_at = message
        if state in ("planned", "postponed") and not (due_at and due_at > fields.Datetime.now()):
            self._pass(watch, options)
            return
        self._follow(self._read_message())

    def _consider(self, guest):
        """Plan the message; return its state and time, None when that must wait."""
        try:
            with lane_env(self.env) as env:
                env.cr.execute(SQL("SET LOCAL lock_timeout = %s", f"{LOCK_SECONDS}s"))
                env["hospitality.gate"]._plan_one(env["res.partner"].browse(guest.id), self._get_gate_spec(env))
        except Exception as error:
            if getattr(error, "pgcode", None) not in ("55P03", "23503"):  # locked, or not committed yet
                raise
        row = self._read_message()
        if row and row["state"] == "failed":
            # Somebody has put the mail back into the queue.
            with lane_env(self.env) as env:
                env["hospitality.message"].browse(row["id"])._plan_again()
            row = self._read_message()
        return row and (row["state"], row["due_at"])

    def _get_gate_spec(self, env):
        origin = self.mailing_id or self
        return env["hospitality.gate"]._spec(
            env["hospitality.purpose"].browse(self.hospitality_purpose_id.id),
            "email",
            origin,
            brand=self.hospitality_brand_id,
            company=self.record_company_id or self.env.company,
            origin_ref=f"mail {self.id}" if self.mailing_id else "",
        )

    def _read_message(self):
        """Return id, state, time and reason of the gate's row as others see it, None when there is none."""
        spec = self._get_gate_spec(self.env)
        with lane_env(self.env) as env:
            message = env["hospitality.message"].search(
                [
                    ("origin_model", "=", spec.origin_model),
                    ("origin_id", "=", spec.origin_id),
                    ("origin_ref", "=", spec.origin_ref),
                    ("channel", "=", "email"),
                ],
                limit=1,
            )
            lang = self.author_id.lang or self.env.lang
            return (
                {
                    "id": message.id,
                    "state": message.state,
                    "due_at": message.due_at,
                    "reason": message.reason,
                    "text": message.with_context(lang=lang).reason_text,
                }
                if message
                else None
            )

    def _pass(self, watch, options):
        """Enter the gate and hand the mail over."""
        mail_id, message_id = self.id, self._read_message()["id"]
        with self.env["hospitality.gate"]._passage() as passage:
            if passage.enter(message_id):
                watch.handed = False
                try:
                    super()._send(**options)
                except (smtplib.SMTPException, OSError):
                    if not watch.handed:
                        passage.leave("planned")
                        self.write({"state": "outgoing"})
                    raise
                mail = self.browse(mail_id).exists()  # sent mails may be deleted at once
                if not mail or mail.state == "sent":
                    passage.leave("sent", mail_id=mail_id)
                else:
                    passage.leave("failed", mail_id=mail_id, error=(mail.failure_reason or "")[:500])
                return
        self._follow(self._read_message())

    def _follow(self, row):
        """Do with the mail what was decided about its message."""
        if row["state"] == "postponed" and row["due_at"]:
            self.write({"scheduled_date": row["due_at"]})
        elif row["state"] in ("refused", "cancelled"):
            failure_type = FAILURE_TYPES.get(row["reason"], "mail_optout")
            self.write({"state": "cancel", "failure_type": failure_type, "failure_reason": row["text"]})
            self.mailing_trace_ids.write(
                {"trace_status": "cancel", "failure_type": failure_type, "failure_reason": row["text"]}
            )
            self.env["mail.notification"].sudo().search([("mail_mail_id", "=", self.id)]).write(  # of the own mail
                {"notification_status": "canceled", "failure_reason": row["text"]}
            )
        elif row["state"] in ("sent", "delivered", "bounced"):
            # It went, but the transaction that was to say so has failed.
            self.write({"state": "sent", "failure_type": False, "failure_reason": False})
            self._postprocess_sent_message(success_pids=self.recipient_ids, success_emails=[])
        elif row["state"] in ("sending", "uncertain", "failed"):
            self.write(
                {
                    "state": "exception",
                    "failure_type": "unknown",
                    "failure_reason": self.env._(
                        "Nobody knows whether this mail was sent. Look at the guest's messages and decide there."
                    )
                    if row["state"] != "failed"
                    else row["text"],
                }
            )
