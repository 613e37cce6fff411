import hashlib
import hmac
import json
import time
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..controllers.messenger import MAX_BYTES
from ..engine.messenger import twilio, webhook
from .messenger_common import MessengerCommon
from .messenger_vendors import HOOK_SECRET, VIBER_TOKEN, WA_APP_SECRET, WA_VERIFY


class HookCommon(MessengerCommon, HttpCase):
    """Providers that tell us something, with the signatures they use."""

    def setUp(self):
        super().setUp()
        self.answers = self.env.ref("hospitality_crm.cron_message_event")
        self.Told = self.env["hospitality.message.event"]
        self.update = 1000
        self.policy.quiet_ids.unlink()  # nothing waits for the night

    def registry_enter_test_mode(self):
        """Tests with a server are in it already."""

    def _start_at(self, at):
        """Signatures are made with the time of the clock, so it goes on here."""

    def _post(self, code, payload, headers=None, raw=None):
        body = json.dumps(payload).encode() if raw is None else raw
        self.env.flush_all()
        return self.url_open(
            f"/hospitality/hook/{code}",
            data=body,
            headers={"Content-Type": "application/json", **(self._sign(code, body) if headers is None else headers)},
        )

    def _sign(self, code, body):
        if code == "telegram":
            return {"X-Telegram-Bot-Api-Secret-Token": "hook-secret-x6"}
        if code == "whatsapp":
            return {
                "X-Hub-Signature-256": "sha256=" + hmac.new(WA_APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
            }
        if code == "viber":
            return {"X-Viber-Content-Signature": hmac.new(VIBER_TOKEN.encode(), body, hashlib.sha256).hexdigest()}
        self.update += 1
        at = int(time.time())
        return {
            "webhook-id": f"e{self.update}",
            "webhook-timestamp": str(at),
            "webhook-signature": webhook.sign(HOOK_SECRET, f"e{self.update}", at, body),
        }

    def _telegram_update(self, chat, text):
        self.update += 1
        message = {"message_id": 1, "date": int(time.time()), "chat": {"id": chat, "type": "private"}, "text": text}
        return {"update_id": self.update, "message": message}

    def _write(self, chat, text):
        """A guest writes to the bot; it is acted upon."""
        response = self._post("telegram", self._telegram_update(chat, text))
        self.assertEqual(response.status_code, 200)
        self._run(self.answers)

    def _events(self):
        self.env.invalidate_all()
        return self.Told.search([], order="id")


@tagged("post_install", "-at_install")
class TestMessengerHooks(HookCommon):
    def test_signed_events_are_stored_once(self):
        payloads = {
            "telegram": self._telegram_update(5, "Hi"),
            "whatsapp": self._whatsapp(
                {"messages": [{"id": "wamid.1", "from": "380441234567", "text": {"body": "Hi"}}]}
            ),
            "viber": {"event": "message", "message_token": 1, "sender": {"id": "u"}, "message": {"text": "Hi"}},
        }
        for code, payload in payloads.items():
            for _time in range(3):
                self.assertEqual(self._post(code, payload).status_code, 200)
        received = {"type": "message.received", "data": {"address": "U1", "text": "Hi"}}
        body = json.dumps(received).encode()
        headers = self._sign("line", body)
        for _time in range(3):
            self.assertEqual(self._post("line", None, headers, body).status_code, 200)
        self.assertEqual(sorted(self._events().mapped("source")), ["line", "telegram", "viber", "whatsapp"])

    def _whatsapp(self, value):
        value = {"metadata": {"phone_number_id": "555"}, **value}
        return {"entry": [{"changes": [{"value": value}]}]}

    def test_unsigned_and_unknown_leave_nothing(self):
        for code, payload in (
            ("telegram", self._telegram_update(5, "STOP")),
            ("whatsapp", {}),
            ("viber", {"event": "unsubscribed", "user_id": "u", "message_token": 1}),
            ("line", {}),
            ("nobody", {}),
        ):
            body = json.dumps(payload).encode()
            headers = self._sign(code, body)
            forged = {name: f"{value[:-2]}xx" for name, value in headers.items()}
            for wrong in ({}, forged):
                response = self._post(code, None, wrong, body)
                self.assertEqual((response.status_code, response.text), (401, ""))
        self.env["hospitality.message.secret"].search([]).unlink()
        self.assertEqual(self._post("telegram", {"update_id": 1}).status_code, 401)
        self.assertFalse(self._events())

    def test_body_of_another_is_refused(self):
        body = json.dumps(self._whatsapp({"messages": []})).encode()
        headers = self._sign("whatsapp", body)
        self.assertEqual(self._post("whatsapp", None, headers, body + b" ").status_code, 401)

    def test_large_and_broken_bodies(self):
        self.assertEqual(self._post("telegram", None, raw=b"x" * (MAX_BYTES + 1)).status_code, 413)
        for raw in (b"{", b"[" * 50_000, b"\xff\xfe", b"null", b"[]", b'"x"', b"1e999", b" "):
            self.assertEqual(self._post("telegram", None, raw=raw).status_code, 200, raw[:10])
        self.assertFalse(self._events())

    def test_form_data_is_no_way_around_the_signature(self):
        response = self.url_open("/hospitality/hook/whatsapp", data={"a": "b"}, headers=self._sign("whatsapp", b"x"))
        self.assertEqual(response.status_code, 401)

    def test_missing_key_asks_to_come_again(self):
        text = self.key_file.read_text()
        self.addCleanup(self.key_file.write_text, text)
        self.key_file.write_text(f"k2:{'cd' * 32}\n")
        response = self._post("telegram", self._telegram_update(5, "Hi"))
        self.assertEqual((response.status_code, response.headers["Retry-After"]), (503, "60"))

    def test_whatsapp_asks_whether_it_is_us(self):
        url = "/hospitality/hook/whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token="
        self.assertEqual(self.url_open(url + WA_VERIFY).text, "4711")
        self.assertEqual(self.url_open(url + "x").status_code, 401)
        self.assertEqual(self.url_open("/hospitality/hook/telegram").status_code, 401)

    def test_stop_is_a_withdrawal_and_is_confirmed(self):
        guest = self._create_chatty("telegram:5", lang="en_US")
        waiting = self._plan(guest)
        self._write(5, "Стоп!")
        self.assertEqual(self._get(guest, channel="messenger"), "denied")
        self.assertEqual(
            self._get(guest, channel="messenger", purpose=self.env.ref("hospitality_crm.purpose_surveys")), "denied"
        )
        self.assertEqual(self._get(guest, channel="messenger", purpose=self.service), "unknown")
        self.assertEqual(self._get(guest, channel="email"), "unknown")
        event = self.Event.search([("profile_id.partner_id", "=", guest.id), ("purpose_id", "=", self.marketing.id)])[
            :1
        ]
        self.assertRecordValues(event, [{"decision": "withdrawn", "method": "reply", "actor": "guest"}])
        payload = self.env["hospitality.consent.payload"].search([("event_id", "=", event.id)])
        self.assertEqual(payload.evidence, "Стоп!")
        self._run()
        self.assertEqual((waiting.state, waiting.reason), ("refused", "denied"))
        self.assertEqual(len(self.vendors.sent), 1)
        self.assertIn("won't get offers", self.vendors.sent[0][2])
        self.assertIn("/hospitality/preferences/", self.vendors.sent[0][2])
        count = self.Event.search_count([])
        self._write(5, "STOP")
        self.assertEqual(self.Event.search_count([]), count)
        self.assertFalse(self._events()[0].payload)

    def test_stop_is_for_the_brand_of_the_bot(self):
        self.telegram.brand_id = self.brand
        guest = self._create_chatty("telegram:5")
        self._write(5, "stop")
        self.assertEqual(self._get(guest, self.brand, "messenger"), "denied")
        self.assertEqual(self._get(guest, self.brand_2, "messenger"), "granted")

    def test_a_sentence_is_no_withdrawal_but_is_shown(self):
        guest = self._create_chatty("telegram:5")
        self._write(5, "Please don't stop, <b>we</b> love it")
        self.assertEqual(self._get(guest, channel="messenger"), "granted")
        note = guest.message_ids[0]
        self.assertIn("&lt;b&gt;we", note.body)
        self.assertEqual(note.author_id, guest)
        self.assertFalse(self._events().payload)

    def test_strangers_change_nothing(self):
        before = self.Event.search_count([]), self.env["hospitality.contact.point"].search_count([])
        for text in ("STOP", "START", "Hello", "/start"):
            self._write(99, text)
        self.assertEqual(set(self._events().mapped("state")), {"ignored"})
        self.assertEqual(before, (self.Event.search_count([]), self.env["hospitality.contact.point"].search_count([])))

    def test_start_only_asks_to_confirm(self):
        guest = self._create_chatty("telegram:5")
        self._write(5, "СТОП")
        self._write(5, "СТАРТ")
        self.assertEqual(self._get(guest, channel="messenger"), "pending")
        self.assertEqual(self._plan(guest).reason, "pending")
        self._run()
        self.assertIn("confirm it", self.vendors.sent[-1][2])
        willing = self._create_chatty("telegram:6")
        self._write(6, "START")
        self.assertEqual(self._get(willing, channel="messenger"), "granted")

    def test_start_of_a_child_is_not_recorded(self):
        child = self._create_chatty("telegram:5", granted=False, guest_birthdate="2020-01-01")
        self._write(5, "START")
        self.assertEqual(self._get(child, channel="messenger"), "unknown")
        self.assertEqual(self._events().state, "done")

    def test_link_connects_the_messenger_once(self):
        guest = self._create_guest("Link Guest", "link@gate.travel")
        token = guest._get_start_token(self.telegram)
        self.assertLessEqual(len(token), 64)
        self.assertRegex(token, r"^[A-Za-z0-9_-]+$")
        self.assertIn((self.telegram, f"https://t.me/palace_bot?start={token}"), guest._get_start_links())
        self._write(77, f"/start {token}")
        self.assertEqual(guest._get_handles(), ["telegram:77"])
        self.assertEqual(self._get(guest, channel="messenger"), "unknown")
        self._run()
        self.assertIn("You are connected", self.vendors.sent[-1][2])
        self._write(78, f"/start {token}")
        self.assertEqual(guest._get_handles(), ["telegram:77"])
        other = self._create_guest("Other", "other@gate.travel")
        fresh = other._get_start_token(self.telegram)
        self.assertFalse(self.env["res.partner"]._find_by_start_token(self.viber, fresh))
        for wrong in ("", "x", "é", fresh[:-1], fresh[:-2] + "AA", "A" * len(fresh), fresh + "A", "A" * 64):
            self.assertFalse(self.env["res.partner"]._find_by_start_token(self.telegram, wrong), wrong)
        with patch.object(time, "time", return_value=time.time() + 15 * 24 * 3600):
            self.assertFalse(self.env["res.partner"]._find_by_start_token(self.telegram, fresh))
        self.assertEqual(self.env["res.partner"]._find_by_start_token(self.telegram, fresh), other)

    def test_handles_follow_a_merge(self):
        guest, other = self._create_chatty("telegram:5"), self._create_chatty("telegram:6")
        token = other._get_start_token(self.telegram)
        guest._merge_guests(other)
        self.assertEqual(sorted(guest._get_handles()), ["telegram:5", "telegram:6"])
        self.assertFalse(self.env["res.partner"]._find_by_start_token(self.telegram, token) - guest)
        self._write(6, "STOP")
        self.assertEqual(self._get(guest, channel="messenger"), "denied")

    def test_number_on_whatsapp_leads_to_its_owner(self):
        guest = self._create_willing(channel="messenger")
        number = guest.phone.lstrip("+")
        payload = self._whatsapp({"messages": [{"id": "wamid.5", "from": number, "text": {"body": "Table for two?"}}]})
        self._post("whatsapp", payload)
        self._run(self.answers)
        self.assertEqual(guest._get_handles(), [f"whatsapp:+{number}"])
        self.assertIn("Table for two?", guest.message_ids[0].body)
        self._plan(guest, "Certainly", purpose=self.service)
        self._run()
        self.assertEqual(self.vendors.sent, [("whatsapp", number, "Certainly")])

    def test_receipts(self):
        guest = self._create_chatty("whatsapp:+380441234567")
        self._point("whatsapp:+380441234567")._note_heard()
        sent, lost = self._plan(guest), self._plan(guest, purpose=self.service)
        self.vendors.script["380441234567"] = [None, "accept and drop"]
        self._run()
        self.assertEqual({sent.state, lost.state}, {"sent", "uncertain"})
        uncertain = (sent + lost).filtered(lambda m: m.state == "uncertain")
        known = sent + lost - uncertain
        statuses = [
            {"id": known.external_ref, "status": "delivered", "recipient_id": "380441234567"},
            {
                "id": "wamid.77",
                "status": "read",
                "recipient_id": "380441234567",
                "biz_opaque_callback_data": f"hm-{uncertain.id}",
            },
            {"id": "wamid.unknown", "status": "delivered", "recipient_id": "1"},
        ]
        self._post("whatsapp", self._whatsapp({"statuses": statuses}))
        self._run(self.answers)
        self.assertEqual((known.state, uncertain.state), ("delivered", "delivered"))
        self.assertEqual(uncertain.external_ref, "wamid.77")
        # A receipt may be faster than the answer that brings the key.
        self.assertEqual(self._events().mapped("state"), ["done", "done", "new"])

    def test_failure_that_comes_later(self):
        guest = self._create_chatty("whatsapp:+380441234567")
        self._point("whatsapp:+380441234567")._note_heard()
        message = self._plan(guest)
        self._run()
        error = {"code": 131026, "title": "Message undeliverable"}
        status = {"id": message.external_ref, "status": "failed", "recipient_id": "380441234567", "errors": [error]}
        self._post("whatsapp", self._whatsapp({"statuses": [status]}))
        self._run(self.answers)
        self.assertEqual((message.state, message.error), ("failed", "131026 Message undeliverable"))
        self.assertFalse(self._point("whatsapp:+380441234567").reachable)

    def test_blocked_and_back_again(self):
        guest = self._create_chatty("viber:u==")
        self._post("viber", {"event": "unsubscribed", "user_id": "u==", "message_token": 1})
        self._run(self.answers)
        self.assertFalse(self._point("viber:u==").reachable)
        self.assertEqual(self._plan(guest).reason, "unreachable")
        message = {"event": "message", "message_token": 2, "sender": {"id": "u=="}, "message": {"text": "Hello again"}}
        self._post("viber", message)
        self._run(self.answers)
        self.assertRecordValues(self._point("viber:u=="), [{"reachable": True, "bounce_count": 0}])

    def test_other_gateways_receipt_counts_for_none_of_ours(self):
        message = self._plan(self._create_chatty("telegram:5"))
        self._run()
        body = {"type": "message.failed", "data": {"id": message.external_ref, "key": "hm-0"}}
        self._post("line", body)
        self._run(self.answers)
        self.assertEqual(message.state, "sent")

    def test_old_events_are_deleted(self):
        self._write(99, "Hello")
        self._events().write({"received_at": "2020-01-01 00:00:00"})
        self.Told._forget_old()
        self.assertFalse(self._events())


@tagged("post_install", "-at_install")
class TestTwilioHook(HookCommon):
    """Answers to text messages. The fields of the core's Twilio addon are added where it isn't installed."""

    def setUp(self):
        super().setUp()
        self.twilio = self.env["ir.module.module"].search([("name", "=", "sms_twilio"), ("state", "=", "installed")])
        if self.twilio:
            self.company.sms_twilio_auth_token = "twilio-token"

    def _answer(self, guest, text, **values):
        self.update += 1
        form = {"MessageSid": f"SM{self.update}", "From": guest.phone, "To": "+15550100", "Body": text, **values}
        path = f"/hospitality/sms/twilio/{self.company.id}"
        signature = twilio.sign("twilio-token", self.company.get_base_url().rstrip("/") + path, form)
        response = self.url_open(path, data=form, headers={"X-Twilio-Signature": values.get("signature", signature)})
        self._run(self.answers)
        return response

    def test_stop(self):
        guest = self._create_willing(channel="sms")
        response = self._answer(guest, "ВІДПИСАТИСЯ")
        if not self.twilio:
            self.assertEqual((response.status_code, self._get(guest, channel="sms")), (401, "granted"))
            return
        self.assertEqual((response.status_code, response.text), (200, "<Response/>"))
        self.assertEqual(self._get(guest, channel="sms"), "denied")
        self.assertEqual(self._answer(guest, "STOP", signature="x").status_code, 401)

    def test_what_an_answer_by_text_message_does(self):
        from ..engine.messenger import Incoming

        guest = self._create_willing(channel="sms")
        stranger = "+436641112223"
        for number, text in ((guest.phone, "CANCEL"), (stranger, "stop"), (guest.phone, "START")):
            self.update += 1
            event = Incoming(f"SM{self.update}", "text", number, text=text)
            self.Told._store("twilio-1", [event], company=self.company)
            self._run(self.answers)
            if text == "CANCEL":
                self.assertEqual(self._get(guest, channel="sms"), "denied")
        self.assertEqual(self._get(guest, channel="sms"), "pending")
        self.assertTrue(self.env["phone.blacklist"].search([("number", "=", stranger)]))
        self.assertFalse(self.vendors.calls)
