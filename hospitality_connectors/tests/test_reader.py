import datetime
import json
import os
import socket
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.hospitality_crm.tools import http as client

from ..engine.adapter import EVENTS, Gone, Hint, Page, Raw, Stream
from .common import ConnectorCommon
from .vendor import TrialAdapter, VendorMixin


class ReaderCommon(VendorMixin, ConnectorCommon):
    """A connector to a PMS that is really asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry_enter_test_mode_cls()
        cls.start_vendor()
        cls.connector.write({"adapter": "trial", "settings": {"url": cls.vendor.url}})
        cls.Reader = cls.env["hospitality.connector.reader"]
        cls.Stay = cls.env["hospitality.stay"]

    def _cursor(self, name="stays"):
        self.env.invalidate_all()
        return self.connector.stream_ids.filtered(lambda cursor: cursor.stream == name)

    def _read(self, name="stays", steps=50):
        """Read one stream until it is through."""
        (self.connector.stream_ids - self._cursor(name)).next_at = "2100-01-01"
        self._cursor(name).next_at = fields.Datetime.now()
        for _step in range(steps):
            self.env.flush_all()
            self.Reader._step_stream()
            if not self._cursor(name).next_at or self._cursor(name).next_at > fields.Datetime.now():
                break
        self.connector._process()
        self.env.invalidate_all()

    def _stays(self):
        return self.Stay.search([("source_id", "=", self.source.id)])

    def _paths(self):
        return [path for _method, path in self.vendor.calls]


@tagged("post_install", "-at_install")
class TestReader(ReaderCommon):
    def test_a_connector_gets_a_cursor_per_stream(self):
        self.assertEqual(set(self.connector.stream_ids.mapped("stream")), {"stays", "arrivals"})
        self.connector.adapter = "canonical"
        self.assertFalse(self.connector.stream_ids.filtered("next_at"))

    def test_all_pages_become_stays(self):
        for number in range(8):
            self.vendor.add(f"s{number}")
        self._read()
        self.assertEqual(len(self._stays()), 8)
        cursor = self._cursor()
        self.assertEqual((cursor.record_count, cursor.failures, cursor.state), (8, 0, "waiting"))
        self.assertTrue(cursor.last_read_at)
        self.assertFalse(cursor.lease)
        self.assertGreater(cursor.next_at, fields.Datetime.now())

    def test_second_reading_begins_an_overlap_before_the_first(self):
        self.vendor.add("s1")
        self._read()
        until = datetime.datetime.fromisoformat(self._cursor().progress["until"])
        self.vendor.calls.clear()
        self._read()
        start = (until - datetime.timedelta(hours=1)).isoformat().replace("+00:00", "%2B00%3A00").replace(":", "%3A")
        self.assertIn(f"from={start}", self._paths()[0])
        self.assertEqual(self._cursor().record_count, 1)

    def test_one_sign_in_serves_many_steps_and_a_refused_token_is_renewed(self):
        before = self.vendor.sign_ins
        for number in range(7):
            self.vendor.add(f"s{number}")
        self._read()
        self.assertEqual(self.vendor.sign_ins, before + 1)
        self.vendor.token = "token-2"
        self.addCleanup(setattr, self.vendor, "token", "token-1")
        self._read()
        self.assertEqual(self.vendor.sign_ins, before + 2)
        self.assertFalse(self._cursor().failures)

    def test_token_is_stored_encrypted(self):
        self.vendor.add("s1")
        self._read()
        account = self.env["hospitality.connector.account"].search([("scope", "=", self.connector._get_account())])
        self.assertTrue(account.token_text)
        self.assertNotIn("token-1", account.token_text)

    def test_a_token_belongs_to_whose_it_is(self):
        owned = patch.object(TrialAdapter, "token_owner")
        before = self.vendor.sign_ins
        for owner, sign_ins in (("a", 1), ("b", 2), ("a", 2), ("b", 2)):
            with owned as token_owner:
                token_owner.return_value = (owner,)
                self._read()
            self.assertEqual(self.vendor.sign_ins - before, sign_ins, owner)
        scope = self.connector._get_account()
        accounts = self.env["hospitality.connector.account"].search([("scope", "=like", f"{scope}%")])
        shared = accounts.filtered(lambda account: account.scope == scope)
        self.assertEqual((len(accounts), shared.token_text, bool(shared.levels)), (3, False, True))

    def test_failure_is_noted_and_tried_later_each_time(self):
        self.vendor.add("s1")
        self._read()
        for failures in (1, 2, 3):
            self.vendor.script[:] = [500]
            self._read(steps=1)
            cursor = self._cursor()
            self.assertEqual((cursor.failures, cursor.error_code, cursor.state), (failures, "status_500", "failing"))
        self.assertEqual(self.connector.health, "broken")
        self._read()
        self.assertEqual((self._cursor().failures, self._cursor().error_code), (0, False))
        self.assertEqual(self.connector.health, "fine")

    def test_breaker_keeps_calls_from_a_vendor_who_is_down(self):
        self.vendor.add("s1")
        self.vendor.script[:] = [500] * 30
        self._read(steps=1)
        for _try in range(9):
            self._read(steps=1)
        self.assertLessEqual(len(self.vendor.calls), 6)
        self.assertTrue(self.connector.breaker_until)

    def test_retry_after_is_kept(self):
        self.vendor.add("s1")
        self._read()
        self.vendor.script[:] = [429]
        self.vendor.retry_after = "120"
        self.addCleanup(setattr, self.vendor, "retry_after", None)
        self._read(steps=1)
        pause = (self._cursor().next_at - fields.Datetime.now()).total_seconds()
        self.assertTrue(115 <= pause <= 121, pause)
        self.assertFalse(self._cursor().failures, "to be told to wait is no failure")
        count = len(self.vendor.calls)
        self._read(steps=1)
        self.assertEqual(len(self.vendor.calls), count, "nothing is sent during the pause")

    def test_page_that_breaks_off_is_asked_for_again(self):
        for number in range(7):
            self.vendor.add(f"s{number}")

        def cut(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "5000")
            handler.end_headers()
            handler.wfile.write(b'{"total": 7, "stays"')
            handler.connection.shutdown(socket.SHUT_RDWR)

        self._read(steps=1)
        self.vendor.script[:] = [cut]
        self._read(steps=1)
        self.assertEqual(self._cursor().error_code, "unanswered")
        self._read()
        self.assertEqual(len(self._stays()), 7)

    def test_lane_that_lost_its_lease_stores_what_it_was_given_and_moves_nothing(self):
        self.vendor.add("s1")

        def take_over(handler):
            # Nothing but the lane's own lease counts: this one has gone to another lane meanwhile.
            self._cursor().lease = "another"
            self.env.flush_all()
            handler.json(200, {"total": 1, "stays": list(self.vendor.stays.values())})

        self._read()
        self.vendor.add("s2")
        before = self._cursor().progress
        self.vendor.script[:] = [take_over]
        self._read(steps=1)
        self.assertEqual(self._cursor().progress, before)
        self.assertEqual(self._cursor().lease, "another")
        self.assertIn("s2", self._stays().mapped("external_id"), "a queue may have handed it out once")

    def test_page_that_was_not_stored_is_not_acknowledged(self):
        acknowledged = []
        self.vendor.add("s1")
        good = TrialAdapter()._raw(self.vendor.stays["s1"])
        page = Page([good._replace(version="no number")], ack="page 1")
        with (
            patch.object(TrialAdapter, "fetch_page", lambda *args: page),
            patch.object(TrialAdapter, "acknowledge", lambda adapter, ctx, ack: acknowledged.append(ack)),
            mute_logger("odoo.sql_db", "odoo.addons.hospitality_connectors.models.fetch.hospitality_connector_reader"),
        ):
            self._read(steps=1)
            self.assertFalse(acknowledged)
            self.assertEqual((self._cursor().failures, self._cursor().error_code), (1, "internal"))
            self.assertFalse(self._cursor().lease)
            page = page._replace(records=[good])
            self._read(steps=1)
        self.assertEqual(acknowledged, ["page 1"])

    def test_leased_stream_is_left_to_its_lane(self):
        self.vendor.add("s1")
        cursor = self._cursor()
        cursor.write({"lease": "x", "leased_until": fields.Datetime.add(fields.Datetime.now(), minutes=2)})
        self._read(steps=1)
        self.assertFalse(self.vendor.calls)
        cursor.leased_until = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
        self._read()
        self.assertEqual(len(self._stays()), 1)

    def test_paused_connector_is_not_read(self):
        self.vendor.add("s1")
        self.connector.action_pause()
        self._read(steps=2)
        self.assertFalse(self.vendor.calls)

    def test_pages_in_circles_stop_the_stream_and_say_so(self):
        self.vendor.add("s1")

        def again(handler):
            handler.json(200, {"total": 999, "stays": list(self.vendor.stays.values())})

        self.vendor.script[:] = [None, again, again, again, again, again]
        self._read()
        cursor = self._cursor()
        self.assertEqual((cursor.error_code, cursor.state), ("loop", "stopped"))
        self.assertEqual(self.connector.health, "broken")
        self.vendor.script.clear()
        cursor.action_reset()
        self._read()
        self.assertEqual((self._cursor().state, len(self._stays())), ("waiting", 1))

    def test_gap_has_everything_read_anew(self):
        with self._keeps_a_day():
            self.vendor.add("s1")
            self._read()
            past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=3)
            self._cursor().progress = {"until": past.isoformat()}
            self.vendor.calls.clear()
            self._read(steps=1)
            self.assertIn(f"from={self.connector.since}", self._paths()[-1])

    def _keeps_a_day(self):
        streams = (Stream("stays", keeps=datetime.timedelta(days=1)),)
        return patch.object(TrialAdapter, "streams", lambda self, settings: streams)

    def test_hint_is_fetched_and_taken_off_the_list(self):
        self.vendor.add("s1")
        self.vendor.add("s2")
        Hint_ = self.env["hospitality.connector.hint"]
        Hint_._note(self.connector, [Hint("stay", "s1", "changed"), Hint("stay", "gone"), Hint("stay", "s1")])
        self.assertEqual(self.connector.hint_count, 2)
        self.Reader._step_hints()
        self.connector._process()
        self.assertEqual(self._stays().mapped("external_id"), ["s1"])
        self.assertFalse(Hint_.search([("connector_id", "=", self.connector.id)]))

    def test_record_that_is_gone_becomes_a_cancelled_stay(self):
        self.vendor.add("s1")
        self._read()
        del self.vendor.stays["s1"]
        self.env["hospitality.connector.hint"]._note(self.connector, [Hint("stay", "s1")])
        self.Reader._step_hints()
        self.connector._process()
        self.assertEqual(self._stays().status, "cancelled")

    def test_hint_that_fails_comes_back_and_is_given_up_in_the_end(self):
        Model = self.env["hospitality.connector.hint"]
        Model._note(self.connector, [Hint("stay", "s1")])
        for attempts in range(1, 9):
            self.env["hospitality.connector.account"].search([]).unlink()
            self.vendor.script[:] = [None, 500]
            Model.search([]).next_at = fields.Datetime.now()
            self.env.flush_all()
            self.Reader._step_hints()
            hint = Model.search([("connector_id", "=", self.connector.id)])
            self.assertEqual((hint.attempts, hint.lease), (attempts, False))
        self.assertTrue(hint.is_given_up)
        Model._note(self.connector, [Hint("stay", "s1")])
        self.assertEqual((hint.is_given_up, hint.attempts), (False, 0))

    def test_news_while_it_is_fetched_has_it_fetched_again(self):
        Model = self.env["hospitality.connector.hint"]
        Model._note(self.connector, [Hint("stay", "s1")])
        self.vendor.add("s1")

        def news(handler):
            Model._note(self.connector, [Hint("stay", "s1")])
            self.env.flush_all()
            handler.json(200, self.vendor.stays["s1"])

        self.vendor.script[:] = [None, news]
        self.Reader._step_hints()
        self.assertEqual(Model.search_count([("connector_id", "=", self.connector.id)]), 1)

    def test_alarm_is_raised_once_and_settled(self):
        admin = self.env["res.users"].create(
            {
                "name": "Ada",
                "login": "c_ada",
                "group_ids": [fields.Command.link(self.env.ref("hospitality_crm.group_hospitality_admin").id)],
            }
        )
        self.connector.user_id = admin
        cursor = self._cursor()
        cursor.write({"failures": 3, "error_code": "status_401", "error_message": "Let in nobody."})
        for _minute in range(3):
            self.connector._cron_watch()
        activity = self.connector.activity_ids
        self.assertEqual(activity.user_id, admin)
        self.assertIn("Let in nobody.", activity.note)
        self.assertIn("status_401", cursor.error_code)
        cursor.write({"failures": 0, "error_code": False, "last_read_at": fields.Datetime.now()})
        self._cursor("arrivals").last_read_at = fields.Datetime.now()
        self.connector._cron_watch()
        self.assertFalse(self.connector.activity_ids)

    def test_stream_that_stands_still_is_late_within_five_minutes(self):
        self.vendor.add("s1")
        self._read()
        self._read("arrivals")
        self.assertEqual(self.connector.health, "fine")
        with freeze_time(fields.Datetime.add(fields.Datetime.now(), minutes=6)):
            self.env.invalidate_all()
            self.assertEqual(self.connector.health, "behind")

    def test_test_connection_tells_good_and_bad(self):
        action = self.connector.action_test()
        self.assertEqual(action["params"]["type"], "success")
        self.vendor.script[:] = [403]
        self.env["hospitality.connector.account"].search([]).unlink()
        action = self.connector.action_test()
        self.assertEqual(action["params"]["type"], "danger")
        self.assertIn("403", action["params"]["message"])
        with patch.dict(os.environ, {client.VARIABLE: ""}):
            self.assertIn("may not be called", self.connector.action_test()["params"]["message"])


@tagged("post_install", "-at_install")
class TestAbsent(ReaderCommon):
    """Guests of checks who were last changed before anybody read: they are fetched when somebody refers to them."""

    def _eat(self, guest):
        check = {"entity": "check", "external_id": f"K-{guest}", "guest": guest, "business_date": "2026-05-01"}
        self.connector._store([Raw("check", check["external_id"], json.dumps([check]), EVENTS)])
        with patch.object(TrialAdapter, "fetchable", lambda adapter, settings: {"guest": "person"}):
            self.connector._process()
        return self.env["hospitality.connector.hint"].search([]).mapped(lambda one: (one.entity, one.external_id))

    def test_guest_who_was_never_told_is_fetched(self):
        self._read()
        self.assertEqual(self._eat("G9"), [("person", "G9")])
        with patch.object(TrialAdapter, "fetch_one", lambda *args: Gone()):
            self.Reader._step_hints()
        self.assertFalse(self.env["hospitality.connector.inbox"].search([("external_id", "=", "G9")]))
        self.assertFalse(self.env["hospitality.connector.hint"].search([]))

    def test_who_may_still_come_by_himself_is_not(self):
        self.assertEqual(self._eat("G9"), [])

    def test_who_is_known_is_not(self):
        self.vendor.add("s1")
        self._read()
        self.assertEqual(self._eat("gs1"), [])
