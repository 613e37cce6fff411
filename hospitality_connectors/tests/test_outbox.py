import os
import socket
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.hospitality_crm.tools import http as client

from ..engine.adapter import Hint, Pushed
from .test_reader import ReaderCommon
from .vendor import TrialAdapter


@tagged("post_install", "-at_install")
class TestOutbox(ReaderCommon):
    """What staff change is told to the source that knows the guest, once, after the commit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Outbox = cls.env["hospitality.connector.outbox"]
        cls.Alert = cls.env["hospitality.alert"]

    def setUp(self):
        super().setUp()
        self.vendor.add("s1")
        self._read()
        self.guest = self._stays().partner_id
        self.vendor.calls.clear()

    def _vip(self, message="VIP2"):
        return self.Alert.create({"partner_id": self.guest.id, "kind": "vip", "message": message})

    def _rows(self):
        self.env.invalidate_all()
        return self.Outbox.search([("connector_id", "=", self.connector.id)])

    def _tell(self):
        self._rows().filtered(lambda row: row.state == "waiting").write({"next_at": "2020-01-01"})
        self.env.flush_all()
        self.Reader._step_outbox()
        self.env.invalidate_all()

    def test_vip_reaches_the_source_with_a_key_of_its_own(self):
        self._vip()
        self.assertFalse(self.vendor.calls, "nothing is sent within the transaction of the user")
        self._tell()
        [(key, content, idempotency)] = self.vendor.pushed
        self.assertEqual((key, content), ("gs1", {"kind": "vip", "code": "VIP2", "known": ""}))
        self.assertTrue(idempotency.endswith("-1"))
        self.assertEqual((self._rows().state, bool(self._rows().told_at)), ("told", True))

    def test_tier_reaches_the_source(self):
        self.guest.write({"guest_tier": "Gold", "guest_membership_number": "G-1"})
        self._tell()
        self.guest.guest_tier = False
        self._tell()
        told = [content for _key, content, _idempotency in self.vendor.pushed]
        gold = {"kind": "tier", "program": "HOUSE", "number": "G-1", "level": "Gold"}
        self.assertEqual(told, [gold, {**gold, "level": ""}])

    def test_tier_is_told_to_a_source_that_meets_the_guest_later(self):
        self.connector.tells = False
        self.guest.guest_tier = "Gold"
        self.assertFalse(self._rows())
        self.connector.tells = True
        self.connector.action_tell_all()
        self.assertEqual((self._rows().kind, self._rows().topic), ("tier", "HOUSE"))

    def test_same_again_is_not_told_and_a_change_is(self):
        alert = self._vip()
        self._tell()
        alert.message = "VIP2"
        self._tell()
        self.assertEqual(len(self.vendor.pushed), 1)
        alert.message = "VIP1"
        self._tell()
        self.assertEqual(self.vendor.pushed[1][1]["code"], "VIP1")
        self.assertNotEqual(self.vendor.pushed[0][2], self.vendor.pushed[1][2])

    def test_alert_that_is_gone_is_told(self):
        alert = self._vip()
        self._tell()
        alert.unlink()
        self._tell()
        self.assertEqual(self.vendor.pushed[-1][1]["code"], "")

    def test_many_changes_before_the_commit_are_told_once(self):
        alert = self._vip()
        for number in range(5):
            alert.message = f"VIP{number}"
        self._tell()
        self.assertEqual([content["code"] for _key, content, _id in self.vendor.pushed], ["VIP4"])

    def test_preference_has_its_type_and_all_values(self):
        kind = self.env["hospitality.preference.type"].search([("code", "!=", False)], limit=1)
        for value in ("quiet", "high floor"):
            self.env["hospitality.preference"].create({"partner_id": self.guest.id, "type_id": kind.id, "value": value})
        self._tell()
        [(_key, content, _id)] = self.vendor.pushed
        self.assertEqual((content["kind"], content["code"], content["active"]), ("preference", kind.code, True))
        self.assertIn("quiet", content["text"])
        self.assertIn("high floor", content["text"])

    def test_what_the_source_does_not_understand_is_not_noted(self):
        allergen = self.env["hospitality.allergen"].search([], limit=1)
        self.env["hospitality.allergy"].create({"partner_id": self.guest.id, "allergen_id": allergen.id})
        self.assertFalse(self._rows())

    def test_source_that_is_not_to_be_told(self):
        self.connector.tells = False
        self._vip()
        self.assertFalse(self._rows())

    def test_failure_keeps_the_key_and_comes_back(self):
        self._vip()
        self.vendor.script[:] = [500]
        self._tell()
        row = self._rows()
        self.assertEqual((row.state, row.attempts), ("waiting", 1))
        self.assertGreater(row.next_at, fields.Datetime.subtract(fields.Datetime.now(), seconds=1))
        self._tell()
        self.assertEqual((row.state, len(self.vendor.pushed)), ("told", 1))
        self.assertTrue(self.vendor.pushed[0][2].endswith("-1"))

    def test_lost_answer_is_repeated_with_the_same_key(self):
        self._vip()

        def do_and_drop(handler):
            self.vendor.pushed.append(("gs1", {}, handler.headers["Idempotency-Key"]))
            handler.connection.shutdown(socket.SHUT_RDWR)

        self.vendor.script[:] = [do_and_drop]
        self._tell()
        self._tell()
        self.assertEqual(len({pushed[2] for pushed in self.vendor.pushed}), 1)
        self.assertEqual(self._rows().state, "told")

    def test_conflict_has_the_record_fetched_and_waits_for_a_person_in_the_end(self):
        self._vip()
        with patch.object(TrialAdapter, "push", lambda self, ctx, command: Pushed("conflict", "changed meanwhile")):
            for conflicts in range(1, 7):
                self._tell()
                self.assertEqual(self._rows().conflicts, conflicts)
        self.assertEqual(self._rows().state, "conflict")
        hint = self.env["hospitality.connector.hint"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((hint.entity, hint.external_id), ("guest", "gs1"))
        self._rows().action_retry()
        self._tell()
        self.assertEqual(self._rows().state, "told")

    def test_what_can_not_be_read_keeps_nothing_else_from_being_told(self):
        self._vip()
        kind = self.env["hospitality.preference.type"].search([("code", "!=", False)], limit=1)
        self.env["hospitality.preference"].create({"partner_id": self.guest.id, "type_id": kind.id, "value": "quiet"})
        with (
            patch.object(type(self.Outbox), "_get_vip_values", side_effect=ZeroDivisionError),
            mute_logger("odoo.addons.hospitality_connectors.models.outbox.hospitality_connector_reader"),
        ):
            self._tell()
        states = {row.kind: (row.state, row.error_message) for row in self._rows()}
        self.assertEqual(states["preference"], ("told", False))
        self.assertEqual(states["vip"][0], "refused")
        self.assertIn("ZeroDivisionError", states["vip"][1])

    def test_source_hears_what_it_said_itself_last(self):
        profile = self._profile("gs1")
        profile.values = {**profile.values, "vip": "V1"}
        self._vip()
        self._tell()
        [(_key, content, _idempotency)] = self.vendor.pushed
        self.assertEqual(content["known"], "V1")
        first, second, third = self.env["hospitality.allergen"].search([("code", "!=", False)], limit=3)
        allergy = {"partner_id": self.guest.id, "profile_id": profile.id}
        self.env["hospitality.allergy"].create(
            [
                {**allergy, "allergen_id": first.id},
                {**allergy, "allergen_id": second.id, "is_dropped": True},
                {"partner_id": self.guest.id, "allergen_id": third.id},
            ]
        )
        row = self._rows().copy({"kind": "allergy", "state": "waiting"})
        self.assertEqual(row._get_known(), {"known": [first.code]})

    def test_refusal_is_shown_with_the_vendors_word(self):
        self._vip()
        self.vendor.script[:] = [422]
        self._tell()
        self.assertEqual(self._rows().state, "refused")
        self.assertIn("422", self._rows().error_message)

    def test_change_while_it_is_told_is_told_again(self):
        alert = self._vip()

        def change(handler):
            alert.message = "VIP9"
            self.env.flush_all()
            self.vendor.pushed.append(("gs1", {"code": "VIP2"}, handler.headers["Idempotency-Key"]))
            handler.json(200, {})

        self.vendor.script[:] = [change]
        self._tell()
        self.assertEqual(self._rows().state, "waiting")
        self._tell()
        self.assertEqual(self.vendor.pushed[-1][1]["code"], "VIP9")

    def test_source_that_meets_a_known_guest_is_told_what_is_known(self):
        self._vip()
        self.Outbox.search([]).unlink()
        self.env["hospitality.guest.dirty"]._refresh_guests([self.guest.id])
        self.assertEqual((self._rows().kind, self._rows().state), ("vip", "waiting"))
        self._tell()
        self.env["hospitality.guest.dirty"]._refresh_guests([self.guest.id])
        self.assertEqual(self._rows().state, "told", "nothing new is to be told")

    def test_source_that_is_to_be_told_from_now_on_is_told_what_is_known(self):
        self.connector.tells = False
        self._vip()
        self.connector.tells = True
        self.assertFalse(self._rows())
        self.connector.action_tell_all()
        self.assertEqual((self._rows().kind, self._rows().state), ("vip", "waiting"))

    def test_merged_guest_is_told_to_the_sources_of_both(self):
        self.vendor.add("s2")
        self._read()
        other = self._stays().partner_id - self.guest
        self._vip()
        self._tell()
        self.env["hospitality.merge"]._merge_groups([(self.guest.id, [other.id])])
        self.env["hospitality.guest.dirty"]._refresh_guests([self.guest.id])
        self._tell()
        self.assertEqual({key for key, _content, _id in self.vendor.pushed}, {"gs1", "gs2"})

    def _deliver_consent(self, state, version):
        event = {"entity": "consent", "external_id": "c1", "guest": "gs1", "channel": "email", "state": state}
        self._send({**event, "at": "2026-01-05T10:00:00Z", "version": version}, connector=self.canonical)

    def test_consent_is_told_to_sources_that_have_not_delivered_it(self):
        self.canonical = self.env["hospitality.connector"].create(
            {"name": "Same source", "source_id": self.source.id, "property_id": self.hotel.id, "adapter": "canonical"}
        )
        self._deliver_consent("denied", 1)
        self.assertFalse(self._rows(), "the source has said so itself")
        purpose = self.env["hospitality.purpose"].search([("is_marketing", "=", True)], limit=1)
        self.env["hospitality.consent.event"]._record(
            self.guest, purpose, "sms", "denied", method="desk", reason="said at the desk"
        )
        self.assertEqual(set(self._rows().mapped("kind")), {"consent"})
        self._tell()
        told = {(content["channel"], content["state"]) for _key, content, _id in self.vendor.pushed}
        self.assertEqual(told, {("sms", "denied")})

    def test_consent_towards_another_brand_is_not_noted(self):
        purpose = self.env["hospitality.purpose"].search([("is_marketing", "=", True)], limit=1)
        own, other = self.env["hospitality.brand"].create(
            [{"name": "Own", "code": "OWN-B"}, {"name": "Other", "code": "OTHER-B"}]
        )
        self.hotel.brand_id = own
        self._profile("gs1").property_id = self.hotel
        record = self.env["hospitality.consent.event"]._record
        record(self.guest, purpose, "sms", "denied", method="desk", reason="said at the desk", brand=other)
        self.assertFalse(self._rows())
        record(self.guest, purpose, "sms", "denied", method="desk", reason="said at the desk", brand=own)
        self.assertEqual((self._rows().kind, self._rows().topic), ("consent", "sms"))

    def test_consent_is_told_with_all_channels_that_are_granted(self):
        purpose = self.env["hospitality.purpose"].search([("is_marketing", "=", True)], limit=1)

        def told(channel, decision):
            self.vendor.pushed.clear()
            record = self.env["hospitality.consent.event"]._record
            record(self.guest, purpose, channel, decision, method="desk", reason="said at the desk")
            self._tell()
            return {
                content["channel"]: (content["state"], content["granted"]) for _k, content, _i in self.vendor.pushed
            }

        self.assertEqual(told("sms", "denied"), {"sms": ("denied", [])})
        self.assertEqual(told("email", "granted"), {"email": ("granted", ["email"])})
        self.assertEqual(told("sms", "granted"), {"sms": ("granted", ["email", "sms"])})
        self.assertEqual(told("email", "withdrawn"), {"email": ("denied", ["sms"])})

    def test_connector_that_cannot_be_opened_keeps_nobody_from_being_read(self):
        self._vip()
        self.env["hospitality.connector.hint"]._note(self.connector, [Hint("guest", "gs1")])
        notice = self.env["hospitality.erasure.notice"].create({"source_id": self.source.id, "external_id": "gs9"})
        self._rows().write({"next_at": "2020-01-01"})
        self.env.flush_all()
        with patch.dict(os.environ, {client.VARIABLE: "no networks"}):
            self.assertTrue(self.Reader._step_hints())
            self.Reader._step_stream()
            self._cursor().next_at = "2020-01-01"
            self.env.flush_all()
            self.Reader._step_stream()
        self.assertEqual((self._cursor().error_code, self._cursor().failures), ("not_ready", 1))
        row = self._rows()
        self.assertEqual((row.state, row.lease), ("waiting", False))
        self.assertGreater(row.next_at, fields.Datetime.add(fields.Datetime.now(), minutes=10))
        hint = self.env["hospitality.connector.hint"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((hint.lease, hint.attempts), (False, 0))
        self.assertGreater(hint.next_at, fields.Datetime.add(fields.Datetime.now(), minutes=10))
        self.assertEqual((notice.state, notice.attempts), ("pending", 1))
        self._tell()
        self.assertEqual(self._rows().state, "told")

    def test_erased_guest_is_told_to_the_source(self):
        notice = self.env["hospitality.erasure.notice"].create(
            {"source_id": self.source.id, "external_id": "gs1", "property_id": self.hotel.id}
        )
        self.env.flush_all()
        self.assertTrue(self.Reader._step_erasures())
        self.env.invalidate_all()
        self.assertEqual((notice.state, notice.external_id), ("confirmed", False))
        self.assertEqual(self.vendor.pushed[0][1]["kind"], "erasure")
        self.assertFalse(self.Reader._step_erasures())

    def test_erasure_that_fails_is_tried_again(self):
        notice = self.env["hospitality.erasure.notice"].create({"source_id": self.source.id, "external_id": "gs1"})
        self.env.flush_all()
        self.vendor.script[:] = [500]
        self.Reader._step_erasures()
        self.env.invalidate_all()
        self.assertEqual((notice.state, notice.attempts, notice.external_id), ("pending", 1, "gs1"))
