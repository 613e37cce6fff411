import email
import email.policy

from odoo import fields
from odoo.tests import tagged

from .smtp_sink import SmtpSink
from .test_consent import ConsentCommon


@tagged("post_install", "-at_install")
class TestMailGate(ConsentCommon):
    """Single mails with a purpose pass the gate when they are sent, whoever has made them."""

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.sink = SmtpSink()
        self.sink.__enter__()
        self.addCleanup(self.sink.__exit__)
        self.patch(self.registry["ir.mail_server"], "_disable_send", classmethod(lambda cls: False))
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": self.sink.port, "smtp_encryption": "none"}
        )
        self.anna.email = "anna@gast-haus.at"
        self.ben.email = "ben@gast-haus.at"
        self.env.flush_all()
        self.template = self.env["mail.template"].create(
            {
                "name": "Offer",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "An offer for {{ object.name }}",
                "body_html": "<p>Dear <t t-out='object.name'/></p>",
                "email_from": "news@our-house.at",
                "partner_to": "{{ object.id }}",
                "auto_delete": False,
                "hospitality_purpose_id": self.marketing.id,
            }
        )

    def _agree(self, guest, decision="granted"):
        self.Event._record(guest, self.marketing, "email", decision, method="desk", reason="Said so.")

    def _get_recipients(self):
        return sorted(recipient for _sender, recipients, _text in self.sink.mails for recipient in recipients)

    def _send_template(self, *guests):
        mails = self.env["mail.mail"]
        for guest in guests:
            mails += mails.browse(self.template.send_mail(guest.id))
        self.env.flush_all()  # the gate reads on another connection what is committed
        mails.send()
        return mails

    def _get_messages(self, mail):
        self.env["hospitality.message"].invalidate_model()
        return self.env["hospitality.message"].search([("origin_model", "=", "mail.mail"), ("origin_id", "=", mail.id)])

    def test_template_with_a_purpose_asks_the_gate(self):
        self._agree(self.anna)
        anna, ben = self._send_template(self.anna, self.ben)
        self.assertEqual(self._get_recipients(), ["anna@gast-haus.at"])
        self.assertEqual(anna.state, "sent")
        self.assertEqual(self._get_messages(anna).state, "sent")
        self.assertEqual((ben.state, ben.failure_type), ("cancel", "mail_optout"))
        message = self._get_messages(ben)
        self.assertEqual((message.state, message.reason), ("refused", "no_consent"))
        self.assertEqual(ben.failure_reason, message.reason_text, "in words")
        text = email.message_from_bytes(self.sink.mails[0][2], policy=email.policy.default)
        self.assertEqual(text["Subject"], f"An offer for {self.anna.name}")

    def test_withdrawal_before_the_queue_comes_is_heeded(self):
        self._agree(self.anna)
        mail = self.env["mail.mail"].browse(self.template.send_mail(self.anna.id))
        self._agree(self.anna, "withdrawn")
        mail.send()
        self.assertEqual(mail.state, "cancel")
        self.assertFalse(self.sink.mails)

    def test_service_and_personal_mails_pass(self):
        self.template.hospitality_purpose_id = self.env.ref("hospitality_crm.purpose_service")
        self._send_template(self.ben)
        self.template.hospitality_purpose_id = False
        self._send_template(self.ben)
        self.assertEqual(self._get_recipients(), ["ben@gast-haus.at"] * 2)

    def test_contacts_who_are_no_guests_pass(self):
        supplier = self.env["res.partner"].create({"name": "Supplier", "email": "supplier@gast-haus.at"})
        [mail] = self._send_template(supplier)
        self.assertEqual(self._get_recipients(), ["supplier@gast-haus.at"])
        self.assertFalse(self._get_messages(mail))

    def test_a_hold_postpones_a_mail(self):
        self._agree(self.anna)
        hold = self.env["hospitality.message.hold"].create({"partner_id": self.anna.id, "reason": "Complaint"})
        [mail] = self._send_template(self.anna)
        self.assertEqual(mail.state, "outgoing")
        self.assertGreater(mail.scheduled_date, fields.Datetime.now())
        self.assertFalse(self.sink.mails)
        hold.action_release()
        self._get_messages(mail).write({"due_at": fields.Datetime.now()})
        mail.scheduled_date = False
        self.env.flush_all()
        self.env["mail.mail"].process_email_queue()
        self.assertEqual(mail.state, "sent")
        self.assertEqual(self._get_recipients(), ["anna@gast-haus.at"])

    def test_each_of_several_guests_is_asked(self):
        self._agree(self.anna)
        mail = self.env["mail.mail"].create(
            {
                "subject": "Offer",
                "body_html": "<p>Offer</p>",
                "email_from": "news@our-house.at",
                "email_to": "someone@gast-haus.at",
                "recipient_ids": [(4, self.anna.id), (4, self.ben.id)],
                "hospitality_purpose_id": self.marketing.id,
            }
        )
        mail.send()
        self.assertEqual(self._get_recipients(), ["anna@gast-haus.at", "someone@gast-haus.at"])

    def test_an_address_of_a_guest_is_found(self):
        mail = self.env["mail.mail"].create(
            {
                "subject": "Offer",
                "body_html": "<p>Offer</p>",
                "email_from": "news@our-house.at",
                "email_to": '"Ben" <Ben@gast-haus.at>',
                "hospitality_purpose_id": self.marketing.id,
            }
        )
        mail.send()
        self.assertEqual(mail.state, "cancel")
        self.assertFalse(self.sink.mails)

    def test_refused_by_the_server_and_sent_again(self):
        self.anna.email = "refuse-anna@gast-haus.at"
        self._agree(self.anna)
        with self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"):
            [mail] = self._send_template(self.anna)
        self.assertEqual(mail.state, "exception")
        self.assertEqual(self._get_messages(mail).state, "failed")
        self.sink.is_strict = False
        mail.mark_outgoing()
        mail.send()
        self.assertEqual(mail.state, "sent")
        self.assertEqual(self._get_messages(mail).state, "sent")

    def test_what_went_is_not_sent_twice(self):
        self._agree(self.anna)
        [mail] = self._send_template(self.anna)
        mail.state = "outgoing"  # as if the transaction that was to say so had failed
        mail.send()
        self.assertEqual(mail.state, "sent")
        self.assertEqual(len(self.sink.mails), 1)

    def test_composer_takes_the_purpose_of_its_template(self):
        composer = self.env["mail.compose.message"].create(
            {"composition_mode": "mass_mail", "model": "res.partner", "template_id": self.template.id}
        )
        self.assertEqual(composer.hospitality_purpose_id, self.marketing)

    def test_a_message_to_many_guests_is_marketing(self):
        self._agree(self.anna)
        composer = (
            self.env["mail.compose.message"]
            .with_context(active_ids=[self.anna.id, self.ben.id])
            .create(
                {
                    "composition_mode": "mass_mail",
                    "model": "res.partner",
                    "subject": "News",
                    "body": "<p>News</p>",
                    "email_from": "news@our-house.at",
                }
            )
        )
        self.assertEqual(composer.hospitality_purpose_id, self.marketing)
        composer._action_send_mail()
        self.assertEqual(self._get_recipients(), ["anna@gast-haus.at"])

    def test_a_personal_message_needs_no_consent(self):
        self.ben.message_post(
            body="We have found your umbrella.", partner_ids=self.ben.ids, subtype_xmlid="mail.mt_comment"
        )
        self.env["mail.mail"].search([("recipient_ids", "in", self.ben.ids), ("state", "=", "outgoing")]).send()
        self.assertEqual(self._get_recipients(), ["ben@gast-haus.at"])

    def test_trial_mails_of_a_mailing_pass(self):
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "News",
                "body_html": "<p>News</p>",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.env["mailing.mailing.test"].create(
            {"email_to": "ben@gast-haus.at", "mass_mailing_id": mailing.id}
        ).send_mail_test()
        self.assertEqual(self._get_recipients(), ["ben@gast-haus.at"])

    def test_stock_mailing_sent_at_once_is_gated(self):
        """Whoever calls the core's method, not its queue."""
        self._agree(self.anna)
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "News",
                "body_html": "<p>News</p>",
                "email_from": "news@our-house.at",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": [("id", "in", (self.anna + self.ben).ids)],
            }
        )
        mailing.action_send_mail()
        self.assertEqual(self._get_recipients(), ["anna@gast-haus.at"])
        statuses = {trace.res_id: trace.trace_status for trace in mailing.mailing_trace_ids}
        self.assertEqual(statuses, {self.anna.id: "sent", self.ben.id: "cancel"})
        reason = mailing.mailing_trace_ids.filtered(lambda trace: trace.res_id == self.ben.id).failure_reason
        self.assertTrue(reason, "in words")
