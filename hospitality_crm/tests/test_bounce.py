import datetime

from odoo.tests import tagged

from .test_gate import DAY, HOUR, NOW, GateCommon

DSN = """From: MAILER-DAEMON@mx.example
To: bounce@hotel.example
Subject: Undelivered Mail Returned to Sender
Message-Id: <{number}@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}

--B
Content-Type: message/rfc822

Message-Id: {reference}
To: {address}
Subject: Offer

Hello
--B--
"""
ARF = """From: fbl@provider.example
To: abuse@hotel.example
Subject: FW: Offer
Message-Id: <{number}@provider.example>
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1.0
Version: 1

--B
Content-Type: text/rfc822-headers

Message-Id: {reference}
To: redacted@provider.example
Subject: Offer

--B--
"""


@tagged("post_install", "-at_install")
class TestBounce(GateCommon):
    def setUp(self):
        super().setUp()
        self.guest = self._create_willing()
        self.serial = 0

    def _mailed(self, guest=None, brand=None):
        """Return the Message-Id of a mail that was sent to a guest, and its message."""
        guest = guest or self.guest
        mailing = self._mailing()
        mailing.hospitality_brand_id = brand
        self.serial += 1
        reference = f"<m{self.serial}@hotel.example>"
        trace = self.env["mailing.trace"].create(
            {
                "model": "res.partner",
                "res_id": guest.id,
                "mass_mailing_id": mailing.id,
                "email": guest.email_normalized,
                "message_id": reference,
                "trace_status": "sent",
            }
        )
        message = self._send(guest, self._spec(origin=mailing, brand=brand))
        self.env.cr.execute("UPDATE hospitality_message SET trace_id = %s WHERE id = %s", (trace.id, message.id))
        self.env.invalidate_all()
        return reference, message

    def _receive(self, template, **values):
        self.serial += 1
        values = {"number": self.serial, "address": self.guest.email, "action": "failed", "kind": "abuse", **values}
        self.env["mail.thread"].message_process(False, template.format(**values))
        self.env.invalidate_all()

    def _point(self, value=None):
        return self.env["hospitality.contact.point"].search([("value", "=", value or self.guest.email_normalized)])

    def test_dead_address(self):
        reference, message = self._mailed()
        self._receive(DSN, reference=reference, status="5.1.1")
        self.assertRecordValues(
            self._point(), [{"reachable": False, "bounce_count": 1, "bounce_kind": "hard", "bounced_at": NOW}]
        )
        self.assertEqual((message.state, message.error), ("bounced", "5.1.1"))
        self.assertEqual(self.env["mailing.trace"].search([("message_id", "=", reference)]).trace_status, "bounce")
        self.assertEqual(self._verdict(self.guest), ("refused", "unreachable"))

    def test_mailing_that_somebody_else_reports_as_returned(self):
        for text, kind in (("452 4.2.2 mailbox full", "soft"), ("550 5.1.1 unknown user", "hard")):
            reference, message = self._mailed()
            self.env["mailing.trace"].set_bounced([("message_id", "=", reference)], bounce_message=text)
            self.env.invalidate_all()
            self.assertEqual(self._point().bounce_kind, kind)
            self.assertEqual(message.state, "bounced")
        self.assertEqual(self._point().bounce_count, 2)
        self.assertFalse(self._point().reachable)

    def test_report_for_people_only(self):
        reference, _message = self._mailed()
        text = DSN.replace("message/delivery-status", "text/plain")
        self._receive(text, reference=reference, status="5.1.1")
        self.assertEqual((self._point().bounce_count, self._point().bounce_kind), (1, "soft"))

    def test_golden_record_prefers_another_address(self):
        self.env["hospitality.profile"].create(
            {
                "source_id": self.source.id,
                "external_id": "bounce-1",
                "partner_id": self.guest.id,
                "values": {"name": self.guest.name, "emails": ["second@gate.travel"]},
            }
        )
        old = self.guest.email
        reference, _message = self._mailed()
        self._receive(DSN, reference=reference, status="5.1.1")
        self.assertEqual(self.guest.email, "second@gate.travel")
        self._point(old)._note_heard()
        self.assertEqual(self.guest.email, old)

    def test_full_mailbox_is_no_dead_address(self):
        for status in ("5.2.2", "4.4.7", "5.7.1"):
            self._receive(DSN, reference=self._mailed()[0], status=status)
        self.assertRecordValues(self._point(), [{"reachable": True, "bounce_count": 3, "bounce_kind": "soft"}])

    def test_soft_failures_add_up_over_a_week(self):
        self.policy.cap_ids.unlink()
        reference, _message = self._mailed()
        for _number in range(6):
            self._receive(DSN, reference=reference, status="4.2.2")
        self.assertTrue(self._point().reachable)
        self._travel(NOW + 7 * DAY)
        self._receive(DSN, reference=reference, status="4.2.2")
        self.assertFalse(self._point().reachable)

    def test_delay_is_no_failure(self):
        self._receive(DSN, reference=self._mailed()[0], status="4.4.1", action="delayed")
        self.assertRecordValues(self._point(), [{"reachable": True, "bounce_count": 0}])

    def test_forged_reports_do_little(self):
        reference, message = self._mailed()
        other = self._create_willing()
        self._receive(DSN, reference="<unknown@hotel.example>", status="5.1.1")
        self._receive(DSN, reference=reference, status="5.1.1", address=other.email)
        self._receive(ARF, reference="<unknown@hotel.example>")
        self.assertEqual(self._point().mapped("reachable") + self._point(other.email).mapped("reachable"), [True, True])
        self.assertEqual(self._point(other.email).bounce_kind, "soft")
        self.assertEqual((message.state, self._get(self.guest)), ("sent", "granted"))
        self.assertFalse(self._point().complained_at)

    def test_mail_from_the_address_shows_that_it_works(self):
        self._receive(DSN, reference=self._mailed()[0], status="5.1.1")
        self._travel(NOW + HOUR)
        self.env["mail.thread"].message_process(
            "res.partner",
            f"From: {self.guest.email}\nTo: hotel@example.com\nMessage-Id: <x@y.z>\nSubject: Hi\n\nHello",
            thread_id=self.guest.id,
        )
        self.assertRecordValues(self._point(), [{"reachable": True, "bounce_count": 0, "heard_at": NOW + HOUR}])

    def test_blacklisted_address_stays_blocked_when_it_writes(self):
        self.env["mail.blacklist"]._add(self.guest.email)
        self._point()._note_heard()
        self.assertFalse(self._point().reachable)

    def test_a_person_knows_better(self):
        self._receive(DSN, reference=self._mailed()[0], status="5.1.1")
        manager = self._create_role_user("manager")
        self._point().with_user(manager).reachable = True
        self.assertRecordValues(self._point(), [{"reachable": True, "bounce_count": 0, "bounce_kind": False}])

    def test_complaint_withdraws_for_the_brand_that_wrote(self):
        self._say(self.guest, "granted", channel="sms")
        reference, _message = self._mailed(brand=self.brand)
        self._receive(ARF, reference=reference)
        self.assertEqual(self._point().complained_at, NOW)
        self.assertEqual(self._get(self.guest, self.brand), "denied")
        self.assertEqual(self._get(self.guest, self.brand_2), "granted")
        self.assertEqual(self._get(self.guest, self.brand, channel="sms"), "granted")
        event = self.Event.search([("profile_id.partner_id", "=", self.guest.id)], limit=1)
        self.assertRecordValues(event, [{"decision": "withdrawn", "method": "complaint"}])
        self.assertEqual(self.env["mailing.trace"].search([("message_id", "=", reference)]).trace_status, "sent")
        self.assertTrue(self._point().reachable)

    def test_complaint_without_a_brand_is_about_all(self):
        self._receive(ARF, reference=self._mailed()[0])
        self.assertEqual(self._get(self.guest, self.brand_2), "denied")

    def test_not_spam_after_all(self):
        self._receive(ARF, reference=self._mailed()[0], kind="not-spam")
        self.assertEqual(self._get(self.guest), "granted")

    def test_times_are_kept(self):
        point = self._point()
        point._note_bounce("soft", NOW - datetime.timedelta(days=3))
        point._note_bounce("soft")
        self.assertRecordValues(point, [{"bounced_since": NOW - 3 * DAY, "bounced_at": NOW, "bounce_count": 2}])
