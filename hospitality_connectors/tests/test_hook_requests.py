import gzip
import json
import logging
from unittest.mock import patch

import psycopg2
import psycopg2.errors

from odoo.tests import HttpCase, tagged

from ..engine.adapter import Raw
from ..models.hook import hospitality_connector as connector_module
from ..models.hook import hospitality_connector_hook as hook_module
from .hook_common import KEY, HookAdapter, HookCommon


@tagged("post_install", "-at_install")
class TestHookRequests(HookCommon, HttpCase):
    def test_signed_records_are_stored_and_read(self):
        response = self._post(self._events(3))
        self.assertEqual((response.status_code, response.text), (202, "taken"))
        rows = self._rows()
        self.assertEqual(rows.mapped("external_id"), ["G0", "G1", "G2"])
        self.assertEqual(set(rows.mapped("state")), {"new"})
        self.connector._process()
        self.assertEqual(self._profile("G1").partner_id.name, "Guest 1")
        self.assertEqual(self._counted(), {"stored": 1})

    def test_repeated_request_is_taken_once(self):
        statuses = {self._post(self._events(2)).status_code for _time in range(5)}
        self.assertEqual((statuses, len(self._rows())), ({202}, 2))
        self.assertEqual(self._counted(), {"stored": 5})

    def test_array_of_a_thousand(self):
        self.assertEqual(self._post(self._events(1000)).status_code, 202)
        self.assertEqual(self._rows().mapped("external_id"), [f"G{n}" for n in range(1000)])

    def test_hints_coalesce(self):
        hints = [{"hint": key, "topic": "changed"} for key in ("S1", "S2", "S1")]
        for _time in range(3):
            self.assertEqual(self._post(hints).status_code, 202)
        found = self.env["hospitality.connector.hint"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual(sorted(found.mapped("external_id")), ["S1", "S2"])
        self.assertFalse(self._rows())

    def test_forged_requests_leave_a_number(self):
        body = json.dumps(self._events(1)).encode()
        for headers in (
            {},
            {"X-Signature": "0" * 64},
            {"X-Signature": "é"},
            {"X-Signature": self._sign(body)["X-Signature"][:-1]},
            self._sign(body + b" "),
            self._sign(body, "another key"),
            {"Authorization": "Basic ÿ"},
        ):
            response = self._post(body, {k: v.encode("utf-8") for k, v in headers.items()})
            self.assertEqual((response.status_code, response.text), (401, ""), headers)
        self.assertFalse(self._rows())
        hook_module._numbers._second = (0, 0)
        self._post(b"[]")
        self.assertEqual(self._counted(), {"missing": 2, "forged": 5, "stored": 1})

    def test_a_flood_is_added_up(self):
        """Every request counts, and a flood of them costs next to no writing."""
        with patch.object(hook_module.time, "monotonic", return_value=1000.0):
            for _time in range(40):
                self.assertEqual(self._post([], {"X-Signature": "x"}).status_code, 401)
        self.assertEqual(self._counted(), {"forged": hook_module.COUNTED_AT_ONCE})
        self._post([])
        self.assertEqual(self._counted(), {"forged": 40, "stored": 1})
        self.assertEqual(self.Count.search_count([("connector_id", "=", self.connector.id)]), 2)

    def test_a_secret_of_another_connector_is_wrong(self):
        other = self.connector.copy({"name": "Other"})
        other._set_secret("hook_key", "another-key")
        path = other._renew_hook().removeprefix("https://crm.palace.example")
        self.assertEqual(self._post([], path=path).status_code, 401)
        self.assertEqual(self._post([], self._sign(b"[]", "another-key"), path=path).status_code, 202)

    def test_two_secrets_while_one_is_replaced(self):
        self.connector._set_secret("hook_key", "the-new-one")
        for key, status in ((KEY, 202), ("the-new-one", 202), ("older", 401)):
            self.assertEqual(self._post([], self._sign(b"[]", key)).status_code, status)
        self.connector._remove_secret("hook_key", old_only=True)
        self.assertEqual(self._post([]).status_code, 401)

    def test_without_a_secret_the_vendor_comes_again(self):
        self.connector._remove_secret("hook_key")
        response = self._post([])
        self.assertEqual((response.status_code, response.headers["Retry-After"]), (503, "30"))
        self.assertEqual(self._counted(), {"unset": 1})

    def test_missing_key_file(self):
        self.key_file.unlink()
        response = self._post([])
        self.assertEqual((response.status_code, response.headers["Retry-After"]), (503, "30"))

    def test_unknown_address(self):
        token = self.path.rpartition("/")[2]
        swapped = token[:-1] + ("A" if token[-1] != "A" else "B")
        for unknown in ("A" * 43, swapped, token.swapcase()):
            response = self._post([], path=f"/hospitality/hook/{unknown}")
            self.assertEqual((response.status_code, response.text), (404, ""))
        self.assertFalse(self._counted())

    def test_a_connector_whose_vendor_never_posts_has_no_address(self):
        self.connector.adapter = "file"
        self.assertEqual(self._post([]).status_code, 404)

    def test_renewed_address(self):
        former = self.path
        self.path = self.connector._renew_hook().removeprefix("https://crm.palace.example")
        self.assertNotEqual(former, self.path)
        for path in (former, self.path):
            self.assertEqual(self._post([], path=path).status_code, 202)
        self.connector.hook_old_until = "2020-01-01 00:00:00"
        self.assertEqual(self._post([], path=former).status_code, 404)
        self.assertEqual(self._post([]).status_code, 202)

    def test_former_address_is_ended_at_once(self):
        former = self.path
        self.connector._renew_hook()
        self.connector.action_revoke_old_hook()
        self.assertEqual(self._post([], path=former).status_code, 404)

    def test_archived_and_paused(self):
        self.connector.action_pause()
        self.assertEqual(self._post(self._events(1)).status_code, 202)
        self.assertEqual(len(self._rows()), 1)
        self.connector.active = False
        self.assertEqual(self._post(self._events(2)).status_code, 410)
        self.assertEqual(len(self._rows()), 1)

    def test_methods(self):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            for headers in ({}, None):
                self.assertEqual(self._post([], headers, method=method).status_code, 405, method)
        for headers, status in (({}, 200), ({"X-Signature": "wrong"}, 401), (self._sign(b""), 200)):
            for method in ("GET", "HEAD"):
                response = self._post(b"", headers, path=f"{self.path}?challenge=4711", method=method)
                self.assertEqual(response.status_code, status, (method, headers))
        response = self._post(b"", self._sign(b""), path=f"{self.path}?challenge=4711", method="GET")
        self.assertEqual(response.text, "4711")
        self.assertEqual(self._post(b"", {}, path=f"{self.path}?challenge=4711", method="GET").text, "")
        self.assertFalse(self._rows())

    def test_size(self):
        self.env["ir.config_parameter"].set_param("hospitality_connectors.hook_max_kb", "64")
        body = json.dumps(self._events(1)).encode()
        fits = body + b" " * (64 * 1024 - len(body))
        self.assertEqual(self._post(fits).status_code, 202)
        self.assertEqual(self._post(fits + b" ").status_code, 413)
        # The length may be left out where the body comes in pieces.
        pieces = (fits[n : n + 8192] for n in range(0, len(fits), 8192))
        self.env.flush_all()
        response = self.opener.post(self.base_url() + self.path, data=pieces, headers=self._sign(fits), timeout=60)
        self.assertEqual(response.status_code, 202)
        self.assertEqual(len(self._rows()), 1)
        self.assertEqual(self._counted(), {"stored": 2, "too_large": 1})

    def test_default_size_takes_two_megabytes(self):
        self.assertEqual(self._post(b"[" + b" " * (2 * 1024 * 1024 - 2) + b"]").status_code, 202)
        self.assertEqual(self._post(b"[" + b" " * (2 * 1024 * 1024) + b"]").status_code, 413)

    def test_compressed_bodies_are_refused(self):
        bomb = gzip.compress(b"0" * 10_000_000)
        response = self._post(bomb, {**self._sign(bomb), "Content-Encoding": "gzip"})
        self.assertEqual(response.status_code, 415)
        self.assertEqual(self._counted(), {"encoded": 1})

    def test_no_parameter_is_read(self):
        """Names in the query or in a form reach neither the framework nor the adapter, and the body stays whole."""
        body = b"self=1&token=x&rest=y&csrf_token=z"
        form = "application/x-www-form-urlencoded"
        for content_type in (form, "multipart/form-data; boundary=x", "multipart/form-data", "text/xml", ""):
            response = self._post(
                body,
                {**self._sign(body), "Content-Type": content_type},
                path=f"{self.path}?self=1&token=x&debug=1&db=x",
            )
            self.assertEqual((response.status_code, response.text), (422, "not_json"), content_type)
        self.assertEqual(len(self._rows()), 1)

    def test_odd_text(self):
        events = [
            {"entity": "guest", "external_id": "Ґ🦉", "values": {"name": "Єва \u0000 \ud800"}},
            {"entity": "guest", "external_id": "a\u0000\ud800b", "event_id": "\ud800\u0000", "values": {}},
            {"entity": None, "external_id": 17},
            {"hint": "h\u0000\ud800", "topic": "\ud800"},
            {"hint": None},
        ]
        self.assertEqual(self._post(events).status_code, 202)
        self.assertEqual(self._rows().mapped("external_id"), ["Ґ🦉", "a?b", "17"])
        self.assertEqual(self._post([*events, *events]).status_code, 202)
        self.assertEqual(len(self._rows()), 3)
        for body in (b"\xff\xfe", b"[" * 100_000, b"[1e999]", b"null", b'"\\ud800"', b"", b"[NaN]", b"9" * 5000):
            self.assertEqual(self._post(body).status_code, 422, body[:10])

    def test_body_that_cannot_be_read_is_kept(self):
        response = self._post({"fail": "card 4111111111111111"})
        self.assertEqual((response.status_code, response.text), (422, "not_json"))
        self._post({"fail": "card 4111111111111111"})
        row = self._rows()
        self.assertRecordValues(row, [{"state": "quarantined", "error_code": "not_json"}])
        self.assertNotIn("4111111111111111", row.body)
        self.assertNotIn(self.path.rpartition("/")[2], row.body)
        self.assertIn("[redacted]", row.body)
        self.assertEqual(self._counted(), {"unreadable": 2})

    def test_mistake_of_an_adapter_loses_nothing(self):
        self.assertEqual(self._post({"fail": "crash"}).status_code, 422)
        row = self._rows()
        self.assertRecordValues(row, [{"state": "quarantined", "error_code": "adapter_failed"}])
        self.assertIn("TypeError", row.reason)
        self.assertNotIn("a mistake", row.error_message)

    def test_unreadable_request_is_received_again(self):
        events = [*self._events(2), {"hint": "S1"}]
        with patch.object(HookAdapter, "receive", side_effect=TypeError):
            self._post(events, path=f"{self.path}/inbound?x=1")
            row = self._rows()
            row.action_replay()
            self.assertRecordValues(row, [{"state": "quarantined", "attempts": 2}])
        row.action_replay()
        self.assertRecordValues(row, [{"state": "done", "attempts": 3}])
        self.assertEqual((self._rows() - row).mapped("external_id"), ["G0", "G1"])
        self.assertTrue(self.env["hospitality.connector.hint"].search([("external_id", "=", "S1")]))

    def test_poisoned_batch(self):
        events = self._events(20)
        events[7]["values"] = "not an object"
        events[11]["values"] = {"notes": "crash redaction"}
        self.assertEqual(self._post(events).status_code, 202)
        self.assertEqual(len(self._rows()), 20)
        self.connector._process()
        states = {row.external_id: row.state for row in self._rows()}
        bad = {key for key, state in states.items() if state != "done"}
        self.assertEqual((bad, states["G7"], states["G11"]), ({"G7", "G11"}, "quarantined", "quarantined"))

    def test_busy_database(self):
        for error in (psycopg2.OperationalError, psycopg2.errors.LockNotAvailable, psycopg2.errors.DiskFull):
            with patch.object(type(self.connector), "_insert_inbox_rows", side_effect=error):
                response = self._post(self._events(1))
                self.assertEqual((response.status_code, response.headers["Retry-After"]), (503, "30"), error)
        self.assertFalse(self._rows())
        self.assertEqual(self._post(self._events(1)).status_code, 202)

    def test_deadlock_is_tried_again(self):
        insert = type(self.connector)._insert_inbox_rows
        problems = [psycopg2.errors.DeadlockDetected(), psycopg2.errors.SerializationFailure()]

        def insert_at_last(connector, rows):
            if problems:
                raise problems.pop()
            return insert(connector, rows)

        with patch.object(type(self.connector), "_insert_inbox_rows", insert_at_last):
            self.assertEqual(self._post(self._events(1)).status_code, 202)
        self.assertEqual(len(self._rows()), 1)

    def test_answer_comes_after_the_commit(self):
        cursors = []
        insert = type(self.connector)._insert_inbox_rows
        reply = HookAdapter.reply

        def note(connector, rows):
            cursors.append(connector.env.cr)
            self.assertFalse(connector.env.cr._closed)
            return insert(connector, rows)

        def look(adapter, request, error=None):
            cursors.append(cursors[0]._closed)
            return reply(adapter, request, error)

        with (
            patch.object(type(self.connector), "_insert_inbox_rows", note),
            patch.object(HookAdapter, "reply", look),
        ):
            self._post(self._events(1))
        self.assertEqual(cursors[1:], [True])

    def test_lanes_are_woken_once_a_second(self):
        lanes = self.connector._get_lane_crons()
        triggers = self.env["ir.cron.trigger"]
        before = triggers.search_count([("cron_id", "in", lanes.ids)])
        for number in range(6):
            connector_module._woken.clear()  # as if each came to another worker
            self._post(self._events(number + 1))
        self.assertEqual(triggers.search_count([("cron_id", "in", lanes.ids)]), before + 1)

    def test_what_a_woken_lane_left_is_taken_in_the_same_second(self):
        self._post(self._events(1))
        process = type(self.connector)._get_busy_connectors
        calls = []

        def late(connectors):
            calls.append(1)
            if len(calls) == 4:
                connectors.browse(self.connector.id)._store([self._raw("LATE")])
            return process(connectors)

        with patch.object(type(self.connector), "_get_busy_connectors", late):
            self.connector._get_lane_crons()[0].method_direct_trigger()
        self.assertGreaterEqual(len(calls), 4)
        self.assertTrue(self._profile("LATE"))

    def _raw(self, key):
        return Raw("guest", key, json.dumps(self._guest(key, name="Late Guest")), event_key=key)

    def test_address_is_in_no_log(self):
        with self.assertLogs(level=logging.INFO) as logs:
            logging.getLogger("werkzeug").info('"%s" %s %s', f"POST {self.path}/x HTTP/1.1", "200", "-")
            self._post(self._events(1))
            self._post(self._events(1), {})
        text = "\n".join(logs.output)
        self.assertIn("/hospitality/hook/***/x", text)
        self.assertNotIn(self.path.rpartition("/")[2], text)
        self.assertNotIn("Guest 0", text)

    def test_address_is_not_stored(self):
        token = self.path.rpartition("/")[2]
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT string_agg(t::text, ' ') FROM hospitality_connector t"
            " UNION ALL SELECT string_agg(t::text, ' ') FROM hospitality_access_log t"
        )
        self.assertFalse([row for row in self.env.cr.fetchall() if token in (row[0] or "")])
        self.assertGreaterEqual(len(token), 43)

    def test_forged_posts_of_every_kind(self):
        self._flood(300)


@tagged("post_install", "-at_install", "hospitality_long")
class TestHookFlood(HookCommon, HttpCase):
    def test_ten_thousand_forged_posts(self):
        self._flood(10_000)
