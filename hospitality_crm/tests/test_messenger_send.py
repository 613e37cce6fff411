import datetime
import json
import logging
import time
from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.messenger import hospitality_messenger
from ..models.messenger.hospitality_message_provider import BREAKER_CALLS
from ..tools import http
from .messenger_common import MessengerCommon
from .messenger_vendors import SECRETS, TOKEN
from .test_gate import DAY, HOUR, NOW

SECOND = datetime.timedelta(seconds=1)


@tagged("post_install", "-at_install")
class TestMessengerSend(MessengerCommon):
    def test_willing_guest_gets_it_by_his_messenger(self):
        guests = {
            "telegram": self._create_chatty("telegram:123"),
            "viber": self._create_chatty("viber:abc=="),
            "gateway": self._create_chatty("line:U1"),
        }
        messages = {vendor: self._plan(guest, f"Hi {vendor}") for vendor, guest in guests.items()}
        self._run()
        self.assertEqual(
            sorted(self.vendors.sent),
            [("gateway", "U1", "Hi gateway"), ("telegram", "123", "Hi telegram"), ("viber", "abc==", "Hi viber")],
        )
        for vendor, message in messages.items():
            code = {"gateway": "line"}.get(vendor, vendor)
            self.assertRecordValues(message, [{"state": "sent", "provider": code, "error": False, "sent_at": NOW}])
            self.assertTrue(message.external_ref)
            self.assertEqual(message.consent_event_id.profile_id.partner_id, message.partner_id)
        self._run()
        self.assertEqual(len(self.vendors.sent), 3)

    def test_what_went_is_settled_before_the_next_turn_is_waited_for(self):
        messages = [self._plan(self._create_chatty(f"telegram:{number}")) for number in (1, 2)]
        seen = []

        def sleep(_seconds):
            rows = self.env.execute_query(
                SQL("SELECT state FROM hospitality_message WHERE id = ANY(%s) ORDER BY id", [m.id for m in messages])
            )
            seen.append([state for (state,) in rows])

        with (
            patch.object(hospitality_messenger.Batch, "get_wait", lambda batch, provider: 0.01),
            patch.object(hospitality_messenger.time, "sleep", sleep),
        ):
            self._run()
        self.assertEqual(seen[:2], [["planned", "planned"], ["sent", "planned"]])

    def test_who_has_not_agreed_gets_nothing(self):
        guest = self._create_chatty("telegram:1", granted=False)
        message = self._plan(guest)
        self.assertEqual((message.state, message.reason), ("refused", "no_consent"))
        self.assertFalse(self.env["hospitality.message.content"].search([("message_id", "=", message.id)]))
        self._run()
        self.assertFalse(self.vendors.calls)
        service = self._plan(guest, "Your table is ready", purpose=self.service)
        self._run()
        self.assertEqual((service.state, self.vendors.sent), ("sent", [("telegram", "1", "Your table is ready")]))

    def test_withdrawal_after_planning(self):
        guest = self._create_chatty("telegram:1")
        message = self._plan(guest)
        self.assertEqual(message.state, "planned")
        self._say(guest, "withdrawn", channel="messenger")
        self._run()
        self.assertEqual((message.state, message.reason), ("refused", "denied"))
        self.assertFalse(self.vendors.calls)

    def test_no_handle_at_the_chosen_provider(self):
        guest = self._create_chatty("telegram:1")
        self.assertEqual(self._plan(guest, provider=self.viber).reason, "no_address")

    def test_one_text_per_guest_and_planning_twice_adds_nothing(self):
        guests = self._create_chatty("telegram:1") + self._create_chatty("telegram:2")
        texts = {guest.id: f"Dear {number}" for number, guest in enumerate(guests)}
        for _time in range(2):
            self.messenger._send(guests, self.marketing, "messenger", texts, self.origin)
        self._run()
        self.assertEqual(sorted(self.vendors.sent), [("telegram", "1", "Dear 0"), ("telegram", "2", "Dear 1")])

    def test_busy_provider_is_left_alone_as_long_as_it_wants(self):
        first, second = (self._plan(self._create_chatty(f"telegram:{n}"), provider=self.telegram) for n in (1, 2))
        self.vendors.script["1"] = ["429"]
        self._run()
        self.assertRecordValues(first, [{"state": "planned", "handed_at": False, "due_at": NOW + 30 * SECOND}])
        self.assertEqual(second.state, "planned")
        self.assertEqual(self.telegram.paused_until, NOW + 30 * SECOND)
        self._run()
        self.assertEqual(len(self.vendors.calls), 1)
        self._travel(NOW + 31 * SECOND)
        self._run()
        self.assertEqual(len(self.vendors.sent), 2)
        self.assertEqual(set((first + second).mapped("state")), {"sent"})

    def test_pause_of_one_does_not_hold_up_another(self):
        busy = self._plan(self._create_chatty("telegram:1"), provider=self.telegram)
        other = self._plan(self._create_chatty("viber:1"), provider=self.viber)
        self.vendors.script["1"] = ["429"]
        self._run()
        self.assertEqual((busy.state, other.state), ("planned", "sent"))

    def test_pause_holds_for_messages_of_any_messenger(self):
        messages = self._plan(self._create_chatty("telegram:1")) + self._plan(self._create_chatty("telegram:2"))
        self.vendors.script["1"] = ["429"]
        self._run()
        self.assertEqual(len(self.vendors.calls), 1)
        self.assertEqual(messages.mapped("state"), ["planned"] * 2)
        self._travel(NOW + 31 * SECOND)
        self._run()
        self.assertEqual(messages.mapped("state"), ["sent"] * 2)

    def test_blocked_bot_makes_the_handle_unreachable(self):
        guest = self._create_chatty("telegram:1")
        self.vendors.script["1"] = ["blocked"]
        message = self._plan(guest)
        self._run()
        self.assertEqual(message.state, "failed")
        self.assertIn("blocked by the user", message.error)
        self.assertRecordValues(self._point("telegram:1"), [{"reachable": False, "bounce_kind": "hard"}])
        self.assertEqual(self._plan(guest).reason, "unreachable")

    def test_handle_that_another_lane_is_writing_is_marked_as_well(self):
        guests = [self._create_chatty(f"telegram:{number}") for number in (1, 2)]
        for number, guest in enumerate(guests, 1):
            self.vendors.script[str(number)] = ["blocked"]
            self._plan(guest)
        Point = type(self.env["hospitality.contact.point"])
        note, overtaken = Point._note_bounce, [psycopg2.errors.SerializationFailure()]

        def overtaken_once(points, *args):
            if overtaken:
                raise overtaken.pop()
            return note(points, *args)

        with patch.object(Point, "_note_bounce", overtaken_once):
            self._run()
        for handle in ("telegram:1", "telegram:2"):
            self.assertRecordValues(self._point(handle), [{"reachable": False, "bounce_count": 1}])

    def test_another_messenger_is_taken_when_one_is_dead(self):
        guest = self._create_chatty("telegram:1")
        guest._add_handle("viber:v")
        self._point("viber:v")._note_bounce("hard")
        self._plan(guest)
        self._run()
        self.assertEqual(self.vendors.sent, [("telegram", "1", "Hello")])

    def test_refused_text_fails_without_blame_of_the_address(self):
        self.vendors.script["1"] = ["400"]
        message = self._plan(self._create_chatty("telegram:1"))
        self._run()
        self.assertEqual(message.state, "failed")
        self.assertTrue(self._point("telegram:1").reachable)
        self.assertFalse(self.telegram.problem)

    def test_nobody_knows_after_a_broken_connection(self):
        for line in ("drop", "accept and drop", "502"):
            with self.subTest(line=line):
                self.vendors.calls.clear()
                self.vendors.script["1"] = [line]
                message = self._plan(self._create_chatty("telegram:1"))
                self._run()
                self.assertEqual(message.state, "uncertain")
                self._run()
                self.assertEqual(len(self.vendors.calls), 1)
                message.partner_id.active = False  # one address gets a message once

    def test_error_of_the_provider_itself_is_tried_again(self):
        self.vendors.script["1"] = ["500"]
        message = self._plan(self._create_chatty("telegram:1"))
        self._run()
        self.assertEqual(message.state, "planned")
        self.assertGreater(message.due_at, NOW)
        self._travel(NOW + HOUR)
        self._run()
        self.assertEqual(message.state, "sent")

    def test_breaker_opens_when_nobody_answers(self):
        self.telegram.api_url = "http://127.0.0.1:9"  # discard: nobody listens
        messages = self.Message
        for number in range(BREAKER_CALLS + 3):
            messages += self._plan(self._create_chatty(f"telegram:{number}"), provider=self.telegram)
        self._run()
        self.assertEqual(set(messages.mapped("state")), {"planned"})
        self.assertEqual(self.telegram.paused_until, NOW + 60 * SECOND)
        self.assertEqual(self.telegram.failures, BREAKER_CALLS)
        self.telegram.api_url = self.vendors.url
        self._travel(NOW + HOUR)
        self._run()
        self.assertEqual(set(messages.mapped("state")), {"sent"})
        self.assertEqual(self.telegram.failures, 0)

    def test_wrong_credentials_lose_no_message(self):
        self.telegram.token = "1:wrong"
        messages = self.Message
        for number in range(3):
            messages += self._plan(self._create_chatty(f"telegram:{number}"), provider=self.telegram)
        self._run()
        self.assertEqual(set(messages.mapped("state")), {"planned"})
        self.assertIn("401", self.telegram.problem)
        self.assertEqual(len(self.vendors.calls), 1)
        self.telegram.token = TOKEN
        self.assertEqual(self.telegram._test(), (True, "palace_bot"))
        self.assertFalse(self.telegram.problem)
        self._travel(NOW + HOUR)
        self._run()
        self.assertEqual(set(messages.mapped("state")), {"sent"})

    def test_missing_key_file_loses_no_message(self):
        message = self._plan(self._create_chatty("telegram:1"))
        text = self.key_file.read_text()
        self.addCleanup(self.key_file.write_text, text)
        self.key_file.write_text(f"k2:{'cd' * 32}\n")
        self._run()
        self.assertEqual(message.state, "planned")
        self.assertIn("key", self.telegram.problem)

    def test_forbidden_address_is_not_called(self):
        message = self._plan(self._create_chatty("line:U1"))
        with patch.dict("os.environ", {http.VARIABLE: "127.9.9.9/32"}):
            self._run()
        self.assertEqual((message.state, self.vendors.calls), ("planned", []))
        self.assertIn("public internet", self.gateway.problem)

    def test_whatsapp_window(self):
        guest = self._create_chatty("whatsapp:+380441234567")
        self.assertEqual(self._plan(guest).state, "planned")
        self._run()
        self.assertFalse(self.vendors.calls)
        failed = self.Message.search([("partner_id", "=", guest.id)])
        self.assertEqual(failed.state, "failed")
        self.assertIn("approved template", failed.error)
        template = {"name": "winter", "lang": "uk", "params": []}
        self._plan(guest, "Winter!", template=template)
        self._run()
        self.assertEqual(self.vendors.sent, [("whatsapp", "380441234567", "winter")])
        self._point("whatsapp:+380441234567")._note_heard(NOW - HOUR)
        self._plan(guest, "Winter!", template=template)
        self._run()
        self.assertEqual(self.vendors.sent[1:], [("whatsapp", "380441234567", "Winter!")])

    def test_message_that_cannot_be_prepared_fails_for_certain(self):
        guest = self._create_chatty("whatsapp:+380441234567")
        message = self._plan(guest, template={"lang": "en"})
        with self.assertLogs("odoo.addons.hospitality_crm.models.messenger.hospitality_messenger", "ERROR"):
            self._run()
        self.assertRecordValues(message, [{"state": "failed", "error": "the message can't be prepared"}])
        self.assertFalse(self.vendors.calls)

    def test_number_that_is_not_on_whatsapp(self):
        guest = self._create_chatty("whatsapp:+380441234567")
        self._point("whatsapp:+380441234567")._note_heard(NOW)
        self.vendors.script["380441234567"] = ["131026"]
        self.assertEqual(self._plan(guest).state, "planned")
        self._run()
        self.assertFalse(self._point("whatsapp:+380441234567").reachable)

    def test_gateway_of_another_channel(self):
        self.env["hospitality.message.provider"].create(
            {
                "name": "Cards",
                "code": "cards",
                "kind": "webhook",
                "channel": "post",
                "api_url": f"{self.vendors.url}/gateway",
                "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            }
        )
        guest = self._create_willing(channel="post", street="Ring 1", city="Wien")
        message = self._plan(guest, "Dear guest", channel="post")
        self._run()
        self.assertEqual(message.state, "sent")
        recipient = json.loads(self.vendors.bodies[0])["data"]["recipient"]
        self.assertEqual(recipient["name"], guest.name)
        self.assertIn("Ring 1", recipient["address"])

    def test_channel_without_a_provider(self):
        with self.assertRaisesRegex(UserError, "Message Channels"):
            self._plan(self._create_willing(channel="post"), channel="post")

    def test_archived_channel_sends_nothing(self):
        message = self._plan(self._create_chatty("telegram:1"), provider=self.telegram)
        self.telegram.active = False
        self._run()
        self.assertEqual((message.state, self.vendors.calls), ("planned", []))

    def test_texts_are_forgotten(self):
        sent = self._plan(self._create_chatty("telegram:1"))
        self._run()
        self._travel(NOW + 31 * DAY)
        waiting = self._plan(self._create_chatty("telegram:2"))
        Content = self.env["hospitality.message.content"]
        Content._forget_old()
        self.assertEqual(Content.search([("message_id", "in", (sent + waiting).ids)]).message_id, waiting)


@tagged("post_install", "-at_install")
class TestMessengerProvider(MessengerCommon):
    def test_secrets_are_written_and_never_read(self):
        for name in ("token", "hook_secret", "app_secret", "verify_token", "secret"):
            for provider in self.telegram + self.whatsapp + self.viber + self.gateway:
                self.assertFalse(provider.read([name])[0][name])
                self.assertFalse(provider.export_data([name])["datas"][0][0])
        self.assertFalse(self.telegram.copy({"code": "copy"}).secrets_set)
        self.assertIn("Token", self.telegram.secrets_set)
        self.env.flush_all()
        self.env.cr.execute("SELECT string_agg(t::text, ' ') FROM hospitality_message_secret t")
        stored = self.env.cr.fetchone()[0]
        self.env.cr.execute("SELECT string_agg(t::text, ' ') FROM hospitality_message_provider t")
        stored += self.env.cr.fetchone()[0]
        for secret in SECRETS:
            self.assertNotIn(secret, stored)
        self.assertEqual(self.telegram._get_credentials()["token"], TOKEN)

    def test_empty_field_keeps_the_secret(self):
        self.telegram.write({"name": "Bot", "token": ""})
        self.assertEqual(self.telegram._get_credentials()["token"], TOKEN)

    def test_a_secret_does_not_work_elsewhere(self):
        Secret = self.env["hospitality.message.secret"]
        own = Secret.search([("provider_id", "=", self.telegram.id), ("name", "=", "token")])
        other = Secret.search([("provider_id", "=", self.viber.id), ("name", "=", "token")])
        other.text = own.text
        with self.assertRaisesRegex(UserError, "enter them anew"):
            self.viber._get_credentials()

    def test_new_key_reads_old_secrets(self):
        text = self.key_file.read_text()
        self.addCleanup(self.key_file.write_text, text)
        self.key_file.write_text(f"k2:{'cd' * 32}\n{text}")
        self.assertEqual(self.telegram._get_credentials()["token"], TOKEN)
        self.telegram.token = "2:new"
        row = self.env["hospitality.message.secret"].search(
            [("provider_id", "=", self.telegram.id), ("name", "=", "token")]
        )
        self.assertEqual(row.key_id, "k2")
        self.assertEqual(self.telegram._get_credentials()["token"], "2:new")

    def test_who_may_enter_secrets(self):
        admin = self._create_role_user("admin")
        provider = self.telegram.with_user(admin)
        provider.name = "Bot"
        with self.assertRaises(AccessError):
            provider.write({"token": "x"})
        with self.assertRaises(AccessError):
            provider.read(["token"])
        for action in ("action_test", "action_register", "action_generate_secret"):
            with self.assertRaises(UserError):
                getattr(provider, action)()
        reader = self._create_role_user("marketing")
        with self.assertRaises(AccessError):
            self.telegram.with_user(reader).write({"api_url": "https://evil.example"})

    def test_no_secret_in_any_log(self):
        with self.assertLogs(level=logging.DEBUG) as logs:
            self.env.invalidate_all()
            for line in (None, "drop", "blocked", "429", "500", "502"):
                self.vendors.script["7"] = [line]
                self._plan(self._create_chatty("telegram:7"), purpose=self.service)
                self._run()
            for provider in self.telegram + self.whatsapp + self.viber + self.gateway:
                provider._test()
            self.telegram.api_url = "http://127.0.0.1:9"
            self.telegram._test()
        told = "\n".join(logs.output) + str(self.Message.search([]).mapped("error")) + str(self.telegram.problem)
        self.assertIn("/bot***/sendMessage", told)
        for secret in SECRETS:
            self.assertNotIn(secret, told)

    def test_test_button(self):
        for provider in self.telegram + self.whatsapp + self.viber + self.gateway:
            self.assertEqual(provider._test()[0], True, provider.name)
            self.assertEqual(provider.action_test()["params"]["type"], "success")
        self.assertEqual(self.viber.username, "palace")
        self.whatsapp.token = "wrong"
        ok, said = self.whatsapp._test()
        self.assertFalse(ok)
        self.assertIn("Invalid OAuth", said)
        empty = self.telegram.copy({"code": "empty"})
        self.assertEqual(empty._test(), (False, "These are missing: Token"))

    def test_registration_brings_a_secret_of_its_own(self):
        self.telegram.action_register()
        self.assertTrue(self.vendors.hook["url"].endswith("/hospitality/hook/telegram"))
        secret = self.vendors.hook["secret_token"]
        self.assertGreaterEqual(len(secret), 32)
        self.assertEqual(self.telegram._get_credentials()["hook_secret"], secret)
        with self.assertRaisesRegex(UserError, "settings of the provider"):
            self.whatsapp.action_register()

    def test_signing_secret_is_shown_once(self):
        shown = self.gateway.action_generate_secret()["params"]["message"]
        self.assertEqual(self.gateway._get_credentials()["secret"], shown)

    def test_code(self):
        with self.assertRaises(ValidationError):
            self.telegram.code = "Tele gram"
        self.telegram.code = "palace-bot"
        self._create_chatty("palace-bot:1")
        with self.assertRaisesRegex(UserError, "new channel"):
            self.telegram.code = "other"
        with self.assertRaises(ValidationError):
            self.gateway.channel = "phone"
            self.gateway.kind = "telegram"
            self.gateway.channel = "phone"

    def test_unused_channel_can_be_deleted(self):
        self._plan(self._create_chatty("telegram:1"), provider=self.telegram)
        with self.assertRaisesRegex(UserError, "Archive it"):
            self.telegram.unlink()
        self.viber.unlink()
        self.assertFalse(self.viber.exists())

    def test_brand_before_all_brands(self):
        Provider = self.env["hospitality.message.provider"]
        for_all = Provider.create({"name": "Calls", "code": "calls", "kind": "task", "sequence": 1})
        own = Provider.create({"name": "Own", "code": "own", "kind": "task", "brand_id": self.brand.id, "sequence": 9})
        self.assertEqual(Provider._find("phone", self.company), for_all)
        self.assertEqual(Provider._find("phone", self.company, self.brand), own)
        self.assertEqual(Provider._find("phone", self.company, self.brand_2), for_all)
        self.assertFalse(Provider._find("phone", self.company_2))

    def test_senders_share_the_rate(self):
        self.telegram.rate = 2
        self._frozen.stop()
        began = time.monotonic()
        turns = self.telegram._take_turns(2) + self.telegram._take_turns(2)
        gaps = [turn - began for turn in turns]
        self._frozen.start()
        for number, gap in enumerate(gaps):
            self.assertAlmostEqual(gap, number / 2, delta=0.4)

    def test_client_of_the_server(self):
        with patch.dict("os.environ", {http.VARIABLE: ""}):
            self.assertIn("https", self.telegram._test()[1])
