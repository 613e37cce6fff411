import time
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..engine.adapter import Raw
from ..models.inbox import hospitality_connector
from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestInbox(ConnectorCommon):
    def test_a_delivery_is_stored_once(self):
        raws = [Raw("guest", "1", '{"a": 1}'), Raw("guest", "2", "{}"), Raw("guest", "1", '{"a": 1}')]
        first = self.connector._store(raws)
        self.assertEqual(len(first), 2)
        self.assertEqual(self.connector._store(raws), [])
        [(last,)] = self._last_id()
        self.connector._store(raws)
        self.assertEqual(self._last_id(), [(last,)], "repeated deliveries burn no ids")

    def _last_id(self):
        self.env.cr.execute("SELECT last_value FROM hospitality_connector_inbox_id_seq")
        return self.env.cr.fetchall()

    def test_changed_content_is_another_delivery(self):
        ids = self.connector._store([Raw("guest", "1", '{"a": 1}'), Raw("guest", "1", '{"a": 2}')])
        self.assertEqual(len(ids), 2)

    def test_event_key_of_the_vendor_decides(self):
        ids = self.connector._store(
            [Raw("guest", "1", '{"a": 1}', event_key="e1"), Raw("guest", "1", '{"a": 2}', event_key="e1")]
        )
        self.assertEqual(len(ids), 1)

    def test_cursor_moves_with_its_page(self):
        Cursor = self.env["hospitality.connector.cursor"]
        self.connector._store([Raw("guest", "1", "{}")], cursor=("guests", "page-2"))
        self.assertEqual(Cursor._get(self.connector, "guests"), "page-2")
        self.connector._store([], cursor=("guests", "page-3"))
        self.assertEqual(Cursor._get(self.connector, "guests"), "page-3")
        self.assertIsNone(Cursor._get(self.connector, "stays"))

    def test_bodies_come_back_as_they_were(self):
        for body in ('plain \\ "text"', "Привіт", "with \x00 NUL", b"\xff\xfe binary", "\ud800 half"):
            stored, encoding = self.Inbox._encode_body(body)
            self.assertNotIn("\x00", stored)
            self.assertEqual(self.Inbox._decode_body(stored, encoding), body)

    def test_body_with_nul_can_be_stored(self):
        [inbox_id] = self.connector._store([Raw("guest", "1", b'{"a": "\x00"}')])
        self.assertEqual(self.Inbox.browse(inbox_id).encoding, "base64")

    def test_discarding_needs_a_reason_and_remembers_who(self):
        record = self._send({"entity": "guest", "external_id": "1"})
        self.assertEqual(record.state, "quarantined")
        with self.assertRaises(UserError):
            record._discard("  ")
        admin = new_test_user(self.env, "c_admin", "hospitality_crm.group_hospitality_admin")
        wizard = (
            self.env["hospitality.connector.discard"]
            .with_user(admin)
            .create({"inbox_ids": [(6, 0, record.ids)], "reason": "Test booking"})
        )
        wizard.action_discard()
        self.assertEqual((record.state, record.discard_reason), ("skipped", "Test booking"))
        self.assertEqual(record.discarded_by_id, admin)
        record.action_replay()
        self.assertEqual((record.state, record.discard_reason), ("new", False))
        fresh = self._send({"entity": "guest", "external_id": "2"}, process=False)
        self.assertFalse(fresh.processed_at)
        fresh._discard("Test booking")
        self.assertTrue(fresh.processed_at, "it is deleted after its time as well")

    def test_only_administrators_act_on_the_inbox(self):
        record = self._send({"entity": "guest", "external_id": "1"})
        for group in ("group_hospitality_reception", "group_hospitality_marketing", "group_hospitality_dpo"):
            user = new_test_user(self.env, f"c_{group}", f"hospitality_crm.{group}")
            with self.assertRaises(AccessError):
                record.with_user(user).read(["body"])
            with self.assertRaises(AccessError):
                record.with_user(user).action_replay()
            with self.assertRaises(AccessError):
                record.with_user(user)._discard("no")
            for model in ("hospitality.connector", "hospitality.connector.cursor", "hospitality.connector.mapping"):
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])

    def test_nobody_writes_the_inbox_by_hand(self):
        record = self._send(self._guest("1", name="Anna Koval"))
        admin = new_test_user(self.env, "c_admin", "hospitality_crm.group_hospitality_admin")
        with self.assertRaises(AccessError):
            record.with_user(admin).write({"body": "{}"})
        with self.assertRaises(AccessError):
            record.with_user(admin).unlink()

    def test_settled_records_are_purged_after_their_time(self):
        done = self._send(self._guest("1", name="Anna Koval"))
        bad = self._send({"entity": "guest", "external_id": "2"})
        self.assertEqual((done.state, bad.state), ("done", "quarantined"))
        (done | bad).processed_at = fields.Datetime.now() - timedelta(days=31)
        self.env.flush_all()
        self.assertEqual(self.Inbox._gc_settled(), (1, False))
        self.assertEqual((done | bad).exists(), bad)
        self.assertTrue(self._profile("1"), "what was imported stays")

    def test_connector_with_records_is_not_deleted(self):
        self._send(self._guest("1", name="Anna Koval"))
        with self.assertRaises(UserError):
            self.connector.unlink()

    def test_connector_does_not_write_the_odoo_source(self):
        with self.assertRaises(ValidationError):
            self.connector.source_id = self.env.ref("hospitality_crm.source_odoo")

    def test_counts_of_the_kanban(self):
        self._send({"entity": "guest", "external_id": "2"}, self._charge("L", "missing"))
        self._send(self._guest("1", name="Anna Koval"), process=False)
        self.connector.invalidate_recordset()
        counts = [self.connector[f"{state}_count"] for state in ("new", "waiting", "quarantined")]
        self.assertEqual(counts, [1, 1, 1])

    def test_number_of_lanes_is_a_setting(self):
        crons = self.connector._get_lane_crons()
        self.assertEqual(len(crons.filtered("active")), 4)
        settings = self.env["res.config.settings"].create({})
        settings.hospitality_inbox_lanes = 6
        crons = self.connector._get_lane_crons().filtered("active")
        self.assertEqual(len(crons), 6)
        self.assertEqual(len(set(crons.mapped("code"))), 6, "each lane has its own number")
        settings.hospitality_inbox_lanes = 2
        self.assertEqual(len(self.connector._get_lane_crons().filtered("active")), 2)
        with self.assertRaises(ValidationError):
            settings.hospitality_inbox_lanes = 0

    def test_paused_connector_stores_but_does_not_apply(self):
        self.connector.action_pause()
        record = self._send(self._guest("1", name="Anna Koval"), process=False)
        self.assertFalse(self.connector._get_busy_connectors() & self.connector)
        self.connector.action_resume()
        self.assertTrue(self.connector._get_busy_connectors() & self.connector)
        self.assertEqual(record.state, "new")

    def _get_woken(self):
        crons = self.connector._get_lane_crons()
        return len(self.env["ir.cron.trigger"].search([("cron_id", "in", crons.ids)]).cron_id)

    def test_resumed_connector_wakes_a_lane_where_records_wait(self):
        self.connector.action_pause()
        self._send(self._guest("1", name="Anna Koval"))
        self.env["ir.cron.trigger"].search([]).unlink()
        self.connector.action_resume()
        self.assertEqual(self._get_woken(), 0)
        self.connector.action_pause()
        self._send(self._guest("2", name="Bohdan Marchenko"), process=False)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.connector.action_resume()
        self.assertEqual(self._get_woken(), 1)

    def test_lane_rests_after_a_step(self):
        Cron, Connector = type(self.env["ir.cron"]), type(self.connector)
        steps, rests = iter((2000, 2000, 0)), []

        def step(connector):
            time.sleep(0.05)
            return next(steps)

        rest = patch.object(
            hospitality_connector, "time", SimpleNamespace(monotonic=time.monotonic, sleep=rests.append)
        )
        self._send(self._guest("1", name="Anna Koval"), process=False)
        with patch.object(Cron, "_commit_progress", lambda *args, **kwargs: 60), rest:
            with patch.object(Connector, "_process_step", step):
                self.connector._cron_process_inbox(1)
        self.assertEqual(len(rests), 3)
        self.assertTrue(all(0.02 <= seconds < 1 for seconds in rests[:2]), rests)

    def test_more_than_a_turns_work_wakes_one_lane_more(self):
        Cron, Connector = type(self.env["ir.cron"]), type(self.connector)
        self._send(self._guest("1", name="Anna Koval"), process=False)
        self.env["ir.cron.trigger"].search([]).unlink()
        with patch.object(Cron, "_commit_progress", lambda *args, **kwargs: 0):  # the time is up after a step
            with patch.object(Connector, "_process_step", lambda connector: 0):
                self.connector._cron_process_inbox(1)
            self.assertEqual(self._get_woken(), 0)
            with patch.object(Connector, "_process_step", lambda connector: 1):
                self.connector._cron_process_inbox(1)
                self.connector._cron_process_inbox(3)
        crons = self.connector._get_lane_crons()
        self.assertEqual(self.env["ir.cron.trigger"].search([("cron_id", "in", crons.ids)]).cron_id, crons[2])
