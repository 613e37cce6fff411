import datetime
from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.sms.tools.sms_api import SmsApi

from .test_gate import HOUR, NOW, GateCommon

MINUTE = datetime.timedelta(minutes=1)


class SmsGateCommon(GateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.queue = cls.env.ref("sms.ir_cron_sms_scheduler_action")
        cls.Sms = cls.env["sms.sms"]

    @contextmanager
    def _carrier(self, **script):
        """The carrier's service, as far as the core calls it.

        :param script: number without plus -> state that it answers, an exception, or "lost"
        """
        sent = []

        def answer(_api, endpoint, params, timeout=15):
            results = []
            for message in params["messages"]:
                for number in message["numbers"]:
                    state = script.get("n" + number["number"].lstrip("+"), "success")
                    if isinstance(state, Exception):
                        raise state
                    if state == "success":
                        sent.append((number["number"], message["content"]))
                    results.append({"uuid": number["uuid"], "state": state, "credit": 1})
            return results

        with patch.object(SmsApi, "_contact_iap", answer):
            yield sent

    def _run_queue(self):
        self.env.flush_all()
        self.queue.method_direct_trigger()
        self.env.invalidate_all()

    def _mail(self, guests, **values):
        """Send an SMS mailing to guests."""
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "SMS",
                "mailing_type": "sms",
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": repr([("id", "in", guests.ids)]),
                "body_plaintext": "Hello",
                "sms_allow_unsubscribe": False,
                **values,
            }
        )
        mailing.action_send_sms()
        return mailing

    def _trace(self, mailing, guest):
        return self.env["mailing.trace"].search([("mass_mailing_id", "=", mailing.id), ("res_id", "=", guest.id)])

    def _message(self, guest):
        return self.Message.search([("partner_id", "=", guest.id), ("channel", "=", "sms")])

    def _compose(self, guests, **values):
        composer = (
            self.env["sms.composer"]
            .with_context(active_model="res.partner", active_ids=guests.ids)
            .create(
                {
                    "composition_mode": "mass",
                    "res_model": "res.partner",
                    "res_ids": repr(guests.ids),
                    "body": "Hi",
                    "mass_keep_log": False,
                    **values,
                }
            )
        )
        composer.action_send_sms()
        return self.Sms.search([("partner_id", "in", guests.ids)])


@tagged("post_install", "-at_install")
class TestSmsGate(SmsGateCommon):
    def test_mailing_reaches_who_has_agreed(self):
        willing, unwilling = self._create_willing(channel="sms"), self._create_willing(channel="email")
        with self._carrier() as sent:
            mailing = self._mail(willing + unwilling)
            self.assertFalse(sent)
            self._run_queue()
        self.assertEqual(sent, [(willing.phone, "Hello")])
        self.assertEqual(self._trace(mailing, willing).trace_status, "pending")
        trace = self._trace(mailing, unwilling)
        self.assertRecordValues(trace, [{"trace_status": "cancel", "failure_type": "sms_optout"}])
        self.assertIn("never asked", trace.failure_reason)
        self.assertRecordValues(
            self._message(willing),
            [{"state": "sent", "provider": "sms", "origin_model": "mailing.mailing", "origin_id": mailing.id}],
        )
        self.assertEqual(self._message(unwilling).reason, "no_consent")
        with self._carrier() as sent:
            self._run_queue()
        self.assertFalse(sent)

    def test_contact_that_is_no_guest_is_not_gated(self):
        contact = self.env["res.partner"].create({"name": "Baker", "phone": "+436649990001"})
        with self._carrier() as sent:
            self._mail(contact)
            self._run_queue()
        self.assertEqual(sent, [("+436649990001", "Hello")])
        self.assertFalse(self._message(contact))

    def test_send_directly_waits_for_the_gate_all_the_same(self):
        willing, unwilling = self._create_willing(channel="sms"), self._create_willing(channel="email")
        with self._carrier() as sent:
            self._mail(willing + unwilling, sms_force_send=True)
            self.assertFalse(sent)
            self._run_queue()
        self.assertEqual([number for number, _text in sent], [willing.phone])

    def test_withdrawal_while_it_waits(self):
        guest = self._create_willing(channel="sms")
        with self._carrier() as sent:
            mailing = self._mail(guest)
            with patch.object(type(self.Sms), "_send_gated_step", lambda self: 0):
                self._run_queue()
            self.assertEqual(self._message(guest).state, "planned")
            self._say(guest, "withdrawn", channel="sms")
            self._run_queue()
        self.assertFalse(sent)
        self.assertEqual(self._message(guest).reason, "denied")
        self.assertEqual(self._trace(mailing, guest).trace_status, "cancel")

    def test_quiet_hours(self):
        guest, contact = (
            self._create_willing(channel="sms"),
            self.env["res.partner"].create({"name": "Baker", "phone": "+436649990001"}),
        )
        self._travel(NOW + 10 * HOUR)
        with self._carrier() as sent:
            self._mail(guest)
            self._run_queue()
            self.assertEqual((self._message(guest).state, sent), ("postponed", []))
            self.Sms.create({"number": contact.phone, "body": "Bread", "partner_id": contact.id})
            self._run_queue()
            self.assertEqual(sent, [(contact.phone, "Bread")])
            self._travel(NOW + 20 * HOUR)
            self._run_queue()
        self.assertEqual(sent[1:], [(guest.phone, "Hello")])

    def test_cap(self):
        guest = self._create_willing(channel="sms")
        with self._carrier() as sent:
            for _number in range(3):
                self._mail(guest)
                self._run_queue()
        self.assertEqual(len(sent), 2)
        self.assertEqual(self._message(guest).mapped("reason"), ["cap", False, False])

    def test_blacklist_of_the_core_stays_in_force(self):
        guest = self._create_willing(channel="sms")
        self.env["phone.blacklist"]._add([guest.phone])
        with self._carrier() as sent:
            mailing = self._mail(guest)
            self._run_queue()
        self.assertFalse(sent)
        self.assertEqual(self._trace(mailing, guest).failure_type, "sms_blacklist")

    def test_number_of_today_is_used(self):
        guest = self._create_willing(channel="sms")
        with self._carrier() as sent:
            self._mail(guest)
            guest.phone = "+436641234321"
            self._run_queue()
        self.assertEqual(sent, [("+436641234321", "Hello")])

    def test_composer(self):
        willing, unwilling = self._create_willing(channel="sms"), self._create_willing(channel="email")
        with self._carrier() as sent:
            sms = self._compose(willing + unwilling)
            self.assertEqual(sms.hospitality_purpose_id, self.marketing)
            self._run_queue()
            self.assertEqual([number for number, _text in sent], [willing.phone])
            sms = self._compose(willing + unwilling, hospitality_purpose_id=self.service.id)
            self.assertFalse(any(sms.filtered(lambda s: s.state == "outgoing").mapped("hospitality_gated")))
            self._run_queue()
        self.assertEqual(len(sent), 3)
        self.assertEqual(
            self.Sms.search([("partner_id", "=", unwilling.id), ("state", "=", "canceled")]).failure_type, "sms_optout"
        )

    def test_template_decides_for_the_composer(self):
        template = self.env["sms.template"].create(
            {"name": "T", "model_id": self.env["ir.model"]._get_id("res.partner"), "body": "Hi"}
        )
        guest = self._create_willing(channel="email")
        with self._carrier() as sent:
            guest._message_sms_schedule_mass(template=template)
            self._run_queue()
            self.assertEqual(len(sent), 1)
            template.hospitality_purpose_id = self.marketing
            guest._message_sms_schedule_mass(template=template)
            self._run_queue()
        self.assertEqual(len(sent), 1)

    def test_template_decides_for_a_message_on_a_document(self):
        template = self.env["sms.template"].create(
            {
                "name": "T",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "body": "Hi",
                "hospitality_purpose_id": self.marketing.id,
            }
        )
        willing, unwilling = self._create_willing(channel="sms"), self._create_willing(channel="email")
        with self._carrier() as sent:
            for guest in willing + unwilling:
                guest._message_sms_with_template(template)
            self.assertFalse(sent)
            self._run_queue()
        self.assertEqual(sent, [(willing.phone, "Hi")])
        status = {guest: guest.message_ids[:1].notification_ids.notification_status for guest in willing + unwilling}
        self.assertEqual(status, {willing: "pending", unwilling: "canceled"})
        with self._carrier() as sent:
            unwilling._message_sms("Your table is ready")
        self.assertEqual(len(sent), 1)

    def test_mailing_without_a_purpose_is_advertising(self):
        guest = self._create_willing(channel="email")
        with self._carrier() as sent:
            self._mail(guest, hospitality_purpose_id=False)
            self._run_queue()
        self.assertEqual((sent, self._message(guest).reason), ([], "no_consent"))

    def test_sending_by_hand_is_no_way_around(self):
        guest = self._create_willing(channel="email")
        sms = self.Sms.create(
            {
                "number": guest.phone,
                "body": "Hi",
                "partner_id": guest.id,
                "hospitality_purpose_id": self.marketing.id,
                "hospitality_gated": False,
            }
        )
        self.assertTrue(sms.hospitality_gated)
        with self._carrier() as sent:
            sms.with_context(sms_api=SmsApi(self.env), hospitality_gated=False).send()
            sms._send()
            self.assertEqual((sms.state, sent), ("outgoing", []))
            self._run_queue()
        self.assertEqual((sms.state, sent), ("canceled", []))

    def test_certain_refusal_and_another_try(self):
        guest = self._create_willing(channel="sms")
        number = "n" + guest.phone.lstrip("+")
        with self._carrier(**{number: "country_not_supported"}):
            mailing = self._mail(guest)
            self._run_queue()
        self.assertEqual(self._message(guest).state, "failed")
        self.assertRecordValues(
            self._trace(mailing, guest), [{"trace_status": "error", "failure_type": "sms_country_not_supported"}]
        )
        self._travel(NOW + MINUTE)
        with self._carrier() as sent:
            mailing.action_retry_failed_sms()
            mailing.action_send_sms()
            self._run_queue()
        self.assertEqual(sent, [(guest.phone, "Hello")])
        self.assertEqual(self._message(guest).state, "sent")
        self.assertEqual(len(self._message(guest)), 1)

    def test_wrong_number_is_not_written_to_again(self):
        guest = self._create_willing(channel="sms")
        with self._carrier(**{"n" + guest.phone.lstrip("+"): "wrong_number_format"}):
            self._mail(guest)
            self._run_queue()
        point = self._message(guest).point_id
        self.assertRecordValues(point, [{"reachable": False, "bounce_count": 1}])

    def test_account_without_credit_loses_nothing(self):
        guests = self._create_willing(channel="sms") + self._create_willing(channel="sms")
        with self._carrier(**{"n" + guest.phone.lstrip("+"): "insufficient_credit" for guest in guests}):
            self._mail(guests)
            self._run_queue()
        self.assertEqual(set(self._message(guests[0]).mapped("state")), {"planned"})
        self.assertEqual(self._message(guests[1]).state, "planned")
        self._travel(NOW + HOUR)
        with self._carrier() as sent:
            self._run_queue()
        self.assertEqual(len(sent), 2)

    def _message_states(self, guests):
        return [self._message(guest).state for guest in guests]

    def test_lost_connection_is_decided_by_a_person_and_stops_the_rest(self):
        guests = self._create_willing(channel="sms") + self._create_willing(channel="sms")
        with self._carrier(**{"n" + guest.phone.lstrip("+"): ConnectionError() for guest in guests}):
            self._mail(guests)
            self._run_queue()
        self.assertEqual(sorted(self._message_states(guests)), ["planned", "uncertain"])
        uncertain = self.Message.search([("state", "=", "uncertain")])
        uncertain.action_send_again()
        self._travel(NOW + HOUR)
        with self._carrier() as sent:
            self._run_queue()
        self.assertEqual(len(sent), 2)
        self.assertEqual(set(self._message_states(guests)), {"sent"})

    def test_receipts(self):
        guests = self._create_willing(channel="sms") + self._create_willing(channel="sms")
        with self._carrier():
            self._mail(guests)
            self._run_queue()
        first, second = (self._message(guest) for guest in guests)
        Tracker = self.env["sms.tracker"]
        Tracker.search([("sms_uuid", "=", first.external_ref)])._action_update_from_sms_state("sent")
        Tracker.search([("sms_uuid", "=", second.external_ref)])._action_update_from_provider_error(
            "invalid_destination"
        )
        self.assertEqual((first.state, second.state), ("delivered", "bounced"))
        self.assertEqual((first.point_id.reachable, second.point_id.reachable), (True, False))

    def test_receipt_without_a_mailing(self):
        guest = self._create_willing(channel="sms")
        with self._carrier():
            self._compose(guest)
            self._run_queue()
        message = self._message(guest)
        self.env["sms.tracker"].search([("sms_uuid", "=", message.external_ref)])._action_update_from_sms_state("sent")
        self.assertEqual(message.state, "delivered")

    def test_cancelled_by_a_person(self):
        guest = self._create_willing(channel="sms")
        with self._carrier() as sent:
            sms = self._compose(guest)
            with patch.object(type(self.Sms), "_send_gated_step", lambda self: 0):
                self._run_queue()
            sms.action_set_canceled()
            self._run_queue()
        self.assertFalse(sent)
        self.assertEqual(self._message(guest).state, "cancelled")

    def test_message_cancelled_in_the_list(self):
        guest = self._create_willing(channel="sms")
        with self._carrier() as sent:
            sms = self._compose(guest)
            with patch.object(type(self.Sms), "_send_gated_step", lambda self: 0):
                self._run_queue()
            self._message(guest).action_cancel()
            self._run_queue()
        self.assertEqual((sms.state, sent), ("canceled", []))

    def test_many_are_planned_in_few_statements(self):
        def count(number):
            guests = self.env["res.partner"].union(*(self._create_willing(channel="sms") for _n in range(number)))
            mailing = self._mail(guests)
            sms = self.Sms.search([("mailing_id", "=", mailing.id)])
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            sms._plan_at_gate()
            self.env.flush_all()
            self.assertEqual(set(sms.mapped("state")), {"gated"})
            return self.env.cr.sql_log_count - start

        count(3)
        self.assertLessEqual(count(30), count(3) + 2)
