import datetime
import random
from contextlib import suppress
from unittest.mock import patch

import psycopg2.errors
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..engine import gate as engine
from ..models.message.passage import Passage
from .test_consent import ConsentCommon

NOW = datetime.datetime(2026, 5, 5, 12, 0)  # a Tuesday, 14:00 in Vienna
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


class GateCommon(ConsentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gate = cls.env["hospitality.gate"]
        cls.Message = cls.env["hospitality.message"]
        cls.service = cls.env.ref("hospitality_crm.purpose_service")
        cls.policy = cls.env.ref("hospitality_crm.message_policy_default")
        cls.austria = cls.env.ref("base.at")
        cls.number = 0
        cls.anna.email = "anna@gate.travel"

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self._start_at(NOW)

    def _start_at(self, at):
        self._frozen = freeze_time(at)
        self._frozen.start()
        self.addCleanup(lambda: self._frozen.stop())

    def _travel(self, at):
        self._frozen.stop()
        self._frozen = freeze_time(at)
        self._frozen.start()

    @classmethod
    def _create_willing(cls, name="Willing Guest", channel="email", **values):
        """A guest who agreed to marketing a year ago."""
        cls.number += 1
        phone = f"+43664{cls.number:07}"
        guest = cls._create_guest(
            name, f"willing{cls.number}@gate.travel", **{"phone": phone, "country_id": cls.austria.id, **values}
        )
        cls.Event._record(
            guest, cls.marketing, channel, "granted", method="desk", reason="Said so.", decided_at=NOW - 365 * DAY
        )
        return guest

    def _mailing(self):
        return self.env["mailing.mailing"].create(
            {"subject": "News", "mailing_model_id": self.env["ir.model"]._get_id("res.partner"), "mailing_type": "mail"}
        )

    def _spec(self, channel="email", purpose=None, origin=None, **values):
        return self.gate._spec(purpose or self.marketing, channel, origin or self._mailing(), **values)

    def _decide(self, guests, spec):
        self.gate._flush_for_decision()
        rows = self.env.execute_query_dict(
            self.gate._decide(SQL("SELECT unnest(%s) AS id", guests.ids), spec, fields.Datetime.now())
        )
        return {row["partner_id"]: row for row in rows}

    def _verdict(self, guest, spec=None):
        row = self._decide(guest, spec or self._spec())[guest.id]
        return row["verdict"], row["reason"]

    def _send(self, guest, spec=None, state="sent"):
        """Plan and hand over one message; return it."""
        message = self.gate._plan_one(guest, spec or self._spec())
        with self.gate._passage() as passage:
            if passage.enter(message.id):
                passage.leave(state)
        self.env.invalidate_all()
        return message


@tagged("post_install", "-at_install")
class TestGateRefusals(GateCommon):
    def test_willing_guest_gets_it_and_the_statement_is_named(self):
        guest = self._create_willing()
        row = self._decide(guest, self._spec())[guest.id]
        self.assertEqual(row["verdict"], "allowed")
        self.assertEqual(row["consent_event_id"], guest.consent_state_ids.event_id.id)
        self.assertEqual(self.env["hospitality.contact.point"].browse(row["point_id"]).value, guest.email_normalized)

    def test_who_said_nothing_gets_nothing(self):
        self.assertEqual(self._verdict(self.anna), ("refused", "no_consent"))
        for hours, decision in enumerate(("pending", "denied")):
            self._say(self.anna, decision, decided_at=NOW - DAY + HOUR * hours)
            self.assertEqual(self._verdict(self.anna), ("refused", decision))
        self.assertEqual(self._verdict(self._create_willing(channel="sms")), ("refused", "no_consent"))

    def test_consent_ends(self):
        self._say(self.anna, "granted", decided_at=NOW - 9 * DAY, valid_until=(NOW - DAY).date())
        self.assertEqual(self._verdict(self.anna), ("refused", "expired"))

    def test_brand(self):
        guest = self._create_willing()
        self._say(guest, "withdrawn", brand=self.brand, decided_at=NOW - DAY)
        self.assertEqual(self._verdict(guest, self._spec(brand=self.brand)), ("refused", "denied"))
        self.assertEqual(self._verdict(guest, self._spec(brand=self.brand_2)), ("allowed", None))
        self.assertEqual(self._verdict(guest), ("allowed", None))

    def test_legitimate_interest_needs_no_agreement_but_a_refusal_holds(self):
        self.surveys = self.env.ref("hospitality_crm.purpose_surveys")
        self.surveys.legal_basis = "legitimate_interest"
        self.assertEqual(self._verdict(self.anna, self._spec(purpose=self.surveys)), ("allowed", None))
        self._say(self.anna, "denied", purpose=self.surveys)
        self.assertEqual(self._verdict(self.anna, self._spec(purpose=self.surveys)), ("refused", "denied"))

    def test_address(self):
        guest = self._create_willing()
        point = self.env["hospitality.contact.point"].search([("value", "=", guest.email_normalized)])
        point.kind = "shared"
        self.assertEqual(self._verdict(guest), ("refused", "address_kind"))
        point.kind = "relay"
        self.assertEqual(self._verdict(guest), ("refused", "no_address"), "a relay is nobody's own address")
        row = self._decide(guest, self._spec(purpose=self.service))[guest.id]
        self.assertEqual((row["verdict"], row["point_id"]), ("allowed", point.id))
        point.write({"kind": "real", "reachable": False})
        self.assertEqual(self._verdict(guest), ("refused", "unreachable"))
        point.reachable = True
        self.env["mail.blacklist"]._add(guest.email)
        self.assertEqual(self._verdict(guest), ("refused", "blacklisted"))
        guest.email = False
        self.assertEqual(self._verdict(guest), ("refused", "no_address"))

    def test_minor(self):
        guest = self._create_willing()
        guest.guest_birthdate = "2012-01-01"
        self.assertEqual(self._verdict(guest), ("refused", "minor"))
        guest.guest_birthdate = "2010-05-05"
        self.assertEqual(self._verdict(guest), ("allowed", None), "sixteen today")

    def test_archived_and_merged(self):
        guest, other = self._create_willing(), self._create_willing()
        guest._merge_guests(other)
        self.assertEqual(self._verdict(other), ("refused", "gone"))
        self.assertEqual(self._verdict(guest), ("allowed", None))

    def test_contact_that_is_no_guest_is_not_decided_about(self):
        supplier = self.env["res.partner"].create({"name": "Laundry", "email": "l@laundry.example"})
        self.assertFalse(self._decide(supplier, self._spec()))
        self.assertFalse(self.gate._plan_one(supplier, self._spec()))

    def test_one_address_once(self):
        guests = self._create_willing() | self._create_willing()
        guests[1].email = guests[0].email
        spec = self._spec()
        self.assertEqual(sorted(row["reason"] or "" for row in self._decide(guests, spec).values()), ["", "duplicate"])
        self._send(guests[0], spec)
        self.assertEqual(self._verdict(guests[1], spec), ("refused", "duplicate"))
        self.assertEqual(self._verdict(guests[1]), ("allowed", None), "another mailing")

    def test_service_passes_by_class(self):
        self._say(self.anna, "denied")
        self.env["hospitality.message.hold"].create({"partner_id": self.anna.id, "reason": "Noise"})
        self.assertEqual(self._verdict(self.anna, self._spec(purpose=self.service)), ("allowed", None))
        self.service.is_marketing = True
        self.assertEqual(self._verdict(self.anna, self._spec(purpose=self.service))[0], "refused", "not by trick")

    def test_selection_is_the_allowed_of_the_decision(self):
        guests = self.anna
        for number in range(40):
            guest = self._create_willing()
            guests |= guest
            if number % 3 == 0:
                self._say(guest, "denied")
            if number % 5 == 4:
                guest.email = guests[3].email
            if number % 7 == 0:
                self._send(guest, self._spec(purpose=self.marketing))
        spec = self._spec()
        allowed = {p for p, row in self._decide(guests, spec).items() if row["verdict"] == "allowed"}
        self.gate._flush_for_decision()
        selected = self.env.execute_query_dict(self.gate._select(SQL("SELECT unnest(%s) AS id", guests.ids), spec))
        self.assertEqual({row["partner_id"] for row in selected}, allowed)
        self.assertTrue(10 < len(allowed) < 35)


@tagged("post_install", "-at_install")
class TestGateWaits(GateCommon):
    def test_cap_of_a_sender(self):
        guest = self._create_willing()
        for hours in (1, 2, 3, 4):
            self._travel(NOW + HOUR * hours)
            self.assertEqual(self._send(guest).state, "sent")
        message = self._send(guest)
        self.assertEqual((message.state, message.reason), ("postponed", "cap"))
        self.assertEqual(message.due_at, NOW + HOUR + 7 * DAY, "when the first of the four leaves the window")
        self.assertIn("4", message.reason_text)
        self.assertEqual(self._verdict(guest, self._spec(brand=self.brand)), ("allowed", None), "another sender")
        self._travel(message.due_at)
        with self.gate._passage() as passage:
            self.assertTrue(passage.enter(message.id))
            passage.leave("sent")
        self.env.invalidate_all()
        self.assertEqual(message.state, "sent")
        self.assertEqual(message.history[0][1:], ["postponed", "cap"])

    def test_cap_over_all_channels(self):
        guest = self._create_willing()
        self._say(guest, "granted", channel="messenger")
        self._say(guest, "granted", channel="sms")
        for brand in (None, None, None, self.brand, self.brand):
            self.assertEqual(self._send(guest, self._spec(brand=brand)).state, "sent")
        self.assertEqual(self._verdict(guest, self._spec("sms")), ("postponed", "cap"))
        self.assertEqual(self._verdict(guest, self._spec(purpose=self.service)), ("allowed", None))

    def test_service_messages_leave_room(self):
        guest = self._create_willing()
        for _number in range(6):
            self.assertEqual(self._send(guest, self._spec(purpose=self.service)).state, "sent")
        self.assertEqual(self._verdict(guest), ("allowed", None))

    def test_failed_messages_leave_room_and_uncertain_ones_do_not(self):
        guest = self._create_willing()
        for _number in range(5):
            self._send(guest, state="failed")
        self.assertEqual(self._verdict(guest), ("allowed", None))
        for _number in range(4):
            self._send(guest, state="uncertain")
        self.assertEqual(self._verdict(guest), ("postponed", "cap"))

    def test_merged_guest_has_one_allowance(self):
        guest, other = self._create_willing(), self._create_willing()
        spec = self._spec()
        for who in (guest, other):
            self._send(who, spec)
            self._send(who)
        guest._merge_guests(other)
        self.assertEqual(self._verdict(guest), ("postponed", "cap"))
        self.assertEqual(len(self.Message.search([("partner_id", "=", guest.id)])), 4)

    def test_too_late_is_refused(self):
        guest = self._create_willing()
        for _number in range(4):
            self._send(guest)
        row = self._decide(guest, self._spec(expires_at=NOW + 6 * DAY))[guest.id]
        self.assertEqual((row["verdict"], row["reason"], row["details"]["wait"]), ("refused", "too_late", "cap"))
        message = self._send(guest, self._spec(expires_at=NOW + 6 * DAY))
        self.assertEqual(message.state, "refused")
        self.assertIn("4", message.reason_text)

    def test_higher_priority_keeps_its_place(self):
        guest = self._create_willing()
        for _number in range(3):
            self._send(guest)
        important = self.gate._plan_one(guest, self._spec(priority=80, due_at=NOW + 2 * HOUR))
        row = self._decide(guest, self._spec())[guest.id]
        self.assertEqual((row["verdict"], row["reason"]), ("postponed", "priority"))
        self.assertEqual(row["due_at"], NOW + 3 * HOUR)
        self.assertEqual(self._verdict(guest, self._spec(priority=90)), ("allowed", None))
        important.action_cancel()
        self.assertEqual(self._verdict(guest), ("allowed", None))

    def test_quiet_hours_are_the_guests(self):
        spec = self._spec("sms")
        vienna = self._create_willing(channel="sms")
        tokyo = self._create_willing(channel="sms", country_id=self.env.ref("base.jp").id, phone="+81332114567")
        nowhere = self._create_willing(channel="sms", country_id=False)
        rows = self._decide(vienna | tokyo | nowhere, spec)
        self.assertEqual(rows[vienna.id]["verdict"], "allowed")
        self.assertEqual((rows[tokyo.id]["verdict"], rows[tokyo.id]["reason"]), ("postponed", "quiet"))
        self.assertEqual(rows[tokyo.id]["due_at"], datetime.datetime(2026, 5, 6, 0, 0), "9:00 in Tokyo")
        self._travel(datetime.datetime(2026, 5, 5, 22, 30))
        rows = self._decide(vienna | tokyo | nowhere, spec)
        self.assertEqual(rows[vienna.id]["due_at"], datetime.datetime(2026, 5, 6, 7, 0))
        self.assertEqual(rows[nowhere.id]["verdict"], "postponed", "the clock of the house, UTC")
        self.assertEqual(self._verdict(vienna, self._spec("sms", purpose=self.service)), ("allowed", None))

    def test_hold(self):
        guest = self._create_willing()
        hold = self.env["hospitality.message.hold"].create(
            {"partner_id": guest.id, "reason": "Noise", "kind": "complaint"}
        )
        message = self._send(guest)
        self.assertEqual((message.state, message.reason), ("postponed", "hold"))
        self.assertIn("complaint", message.reason_text)
        hold.action_release()
        self.assertEqual(self._verdict(guest), ("allowed", None))
        with self.assertRaises(UserError):
            hold.action_release()
        hold.copy({"released_at": False, "until": NOW - HOUR})
        self.assertEqual(self._verdict(guest), ("allowed", None))

    def test_random_courses_equal_a_plain_model(self):
        """Sends at random times over channels and brands; what the gate says equals the rules in plain Python."""
        dice = random.Random(7)
        guests = [self._create_willing(f"Course {number}") for number in range(6)]
        for guest in guests:
            self._say(guest, "granted", channel="sms")
        caps = self.env["hospitality.message.policy"]._get(self.env.company.id, 0).caps
        sent = {guest: [] for guest in guests}
        at, verdicts = NOW, set()
        for _step in range(150):
            at += datetime.timedelta(minutes=dice.randrange(10, 300))
            self._travel(at)
            guest = dice.choice(guests)
            channel = dice.choice(["email", "email", "sms"])
            brand = dice.choice([None, self.brand])
            expected = []
            for cap in caps:
                if cap.channel in (None, channel):
                    times = [
                        when
                        for when, its_channel, its_brand in sent[guest]
                        if cap.channel in (None, its_channel) and (not cap.per_sender or its_brand == brand)
                    ]
                    expected.append(engine.free_at(times, cap, at))
            if channel == "sms":
                expected.append(engine.quiet_until(at, ["Europe/Vienna"], [engine.Quiet(20, 9)]))
            due = max((when for when in expected if when), default=None)
            spec = self._spec(channel, brand=brand, expires_at=at + 30 * DAY)
            message = self._send(guest, spec)
            self.assertEqual((message.state, message.due_at or None), ("postponed" if due else "sent", due))
            verdicts.add((message.state, message.reason))
            if not due:
                sent[guest].append((at, channel, brand))
            else:
                message.action_cancel()
        self.assertEqual(verdicts, {("sent", False), ("postponed", "cap"), ("postponed", "quiet")})


@tagged("post_install", "-at_install")
class TestGateMessages(GateCommon):
    def test_everybody_considered_has_a_row_with_the_reason(self):
        willing = self._create_willing()
        report = self.gate._plan((willing | self.anna).ids, spec := self._spec())
        self.assertEqual(report, {"planned": 1, "postponed": 0, "refused": {"no_consent": 1}})
        self.assertEqual(
            self.gate._plan((willing | self.anna).ids, spec), {"planned": 0, "postponed": 0, "refused": {}}
        )
        messages = self.Message.search([("origin_id", "=", spec.origin_id)])
        self.assertEqual({m.partner_id: m.state for m in messages}, {willing: "planned", self.anna: "refused"})
        self.assertIn("never asked", messages.filtered(lambda m: m.partner_id == self.anna).reason_text)

    def test_what_was_true_at_selection_is_asked_again_at_sending(self):
        guest = self._create_willing()
        message = self.gate._plan_one(guest, self._spec())
        self._say(guest, "withdrawn")
        with self.gate._passage() as passage:
            self.assertFalse(passage.enter(message.id))
        self.env.invalidate_all()
        self.assertEqual((message.state, message.reason), ("refused", "denied"))

    def test_claim(self):
        spec = self._spec(priority=10)
        low = self.gate._plan_one(self._create_willing(), spec)
        high = self.gate._plan_one(self._create_willing(), spec._replace(priority=60))
        later = self.gate._plan_one(self._create_willing(), spec._replace(due_at=NOW + DAY))
        mine = SQL("origin_id = %s", spec.origin_id)
        with self.gate._passage() as passage:
            self.assertEqual(passage.claim(mine, 10), [high.id, low.id])
            self.assertEqual(passage.claim(mine, 10), [], "they are leased")
        self._travel(NOW + DAY)
        with self.gate._passage() as passage:
            self.assertEqual(set(passage.claim(mine, 10)), {low.id, high.id, later.id})

    def test_interrupted_hand_over_is_uncertain_and_a_person_decides(self):
        message = self.gate._plan_one(self._create_willing(), self._spec())
        # Not assertRaises, which rolls back what the passage has committed.
        with suppress(ZeroDivisionError), self.gate._passage() as passage:
            self.assertTrue(passage.enter(message.id))
            raise ZeroDivisionError("lost line")
        self.env.invalidate_all()
        self.assertEqual((message.state, message.error), ("uncertain", "lost line"))
        with self.gate._passage() as passage:
            self.assertFalse(passage.enter(message.id), "never by itself")
        reception = self._create_role_user("reception")
        marketing = self._create_role_user("marketing")
        with self.assertRaises(AccessError):
            message.with_user(reception).action_send_again()
        message.with_user(marketing).action_send_again()
        self.assertEqual(message.state, "planned")
        with self.gate._passage() as passage:
            self.assertTrue(passage.enter(message.id))
            passage.leave("sent")
        self.env.invalidate_all()
        with self.assertRaises(UserError):
            message.with_user(marketing).action_mark_sent()

    def test_an_error_about_the_next_message_leaves_the_last_one_sent(self):
        """What became of a message is written together with the decision about the next one."""
        spec = self._spec()
        first, second = (self.gate._plan_one(self._create_willing(), spec) for _guest in range(2))

        def fail(passage, row):
            passage.env.cr.execute("SELECT 1 / 0")

        with mute_logger("odoo.sql_db"), suppress(psycopg2.Error), self.gate._passage() as passage:
            self.assertTrue(passage.enter(first.id))
            passage.leave("sent", external_ref="R1")
            with patch.object(Passage, "_decide", fail):
                passage.enter(second.id)
        self.env.invalidate_all()
        self.assertEqual((first.state, first.external_ref, second.state), ("sent", "R1", "planned"))

    def test_what_became_of_a_message_outlives_a_deadlock(self):
        message = self.gate._plan_one(self._create_willing(), self._spec())
        with self.gate._passage() as passage:
            self.assertTrue(passage.enter(message.id))
            passage.leave("sent")
            cr, failures = passage.env.cr, [psycopg2.errors.DeadlockDetected()]

            def execute(query, *arguments):
                if failures:
                    raise failures.pop()
                return type(cr).execute(cr, query, *arguments)

            with patch.object(cr, "execute", execute):
                passage.settle()
        self.env.invalidate_all()
        self.assertFalse(failures)
        self.assertEqual(message.state, "sent")

    def test_sweeper_finds_what_nobody_sends_any_more(self):
        message = self.gate._plan_one(self._create_willing(), self._spec())
        self.env.cr.execute(
            SQL("UPDATE hospitality_message SET state = 'sending', handed_at = %s WHERE id = %s", NOW, message.id)
        )
        self.assertEqual(self.Message._sweep_step(), 0, "it has just begun")
        self._travel(NOW + HOUR)
        self.assertEqual(self.Message._sweep_step(), 1)
        self.env.invalidate_all()
        self.assertEqual((message.state, message.reason), ("uncertain", "died"))

    def test_guest_card_says_why(self):
        self.gate._plan_one(self.anna, self._spec())
        user = self._create_role_user("reception")
        rows = self.env["hospitality.guest.card"].with_user(user).get_tab(self.anna.id, "messages")["messages"]
        self.assertEqual([(row["state"], row["origin"]) for row in rows], [("Not Sent", "News")])
        self.assertIn("never asked", rows[0]["why"])

    def test_what_was_decided_before_is_told_in_words(self):
        marketing = self._create_role_user("marketing")
        message = self.gate._plan_one(self._create_willing(), self._spec())
        self.env.cr.execute(
            SQL("UPDATE hospitality_message SET state = 'uncertain', handed_at = %s WHERE id = %s", NOW, message.id)
        )
        self.env.invalidate_all()
        message.with_user(marketing).action_mark_sent()
        self.assertIn("Uncertain", message.history_text)
        self.assertIn(f"{marketing.name} decided", message.history_text)

    def test_only_a_lasting_sender_can_be_opened(self):
        message = self.gate._plan_one(self.anna, self._spec())
        self.assertTrue(message.with_user(self._create_role_user("admin")).sudo().can_open_origin)
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_message SET origin_model = %s WHERE id = %s",
                "hospitality.message.compose",
                message.id,
            )
        )
        self.env.invalidate_all()
        self.assertFalse(message.can_open_origin)
        self.assertEqual(message.origin, "Message to Guests")

    def test_messages_of_another_company_are_not_seen(self):
        company = self.env["res.company"].create({"name": "Other House"})
        message = self.gate._plan_one(self.anna, self._spec(company=company))
        self.assertFalse(self.Message.with_user(self._create_role_user("manager")).search([("id", "=", message.id)]))

    def test_policy_of_the_brand_comes_first(self):
        self.env["hospitality.message.policy"].create(
            {"name": "Palaces", "brand_id": self.brand.id, "cap_ids": [(0, 0, {"number": 1, "days": 1})]}
        )
        guest = self._create_willing()
        self._send(guest)
        self.assertEqual(self._verdict(guest, self._spec(brand=self.brand)), ("postponed", "cap"))
        self.assertEqual(self._verdict(guest, self._spec(brand=self.brand_2)), ("allowed", None))
