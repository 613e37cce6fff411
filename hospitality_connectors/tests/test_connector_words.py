import ast
import json

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..engine.adapter import Hint, Raw
from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestConnectorWords(ConnectorCommon):
    """People read words where programs exchange codes, and numbers open what they count."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(cls.env, "w_admin", groups="hospitality_crm.group_hospitality_admin")
        cls.Mapping = cls.env["hospitality.connector.mapping"].with_user(cls.admin)

    def _count(self, action):
        filters = {
            "search_default_unmapped": [("state", "!=", "confirmed")],
            "search_default_waiting": [("state", "=", "waiting")],
            "search_default_problem": [("state", "in", ["conflict", "refused", "gone"])],
        }
        context = action["context"] or {}
        if isinstance(context, str):
            context = ast.literal_eval(context)
        chosen = [filters[name] for name, value in context.items() if value and name in filters]
        domain = list(action["domain"])
        if chosen:
            domain += ["|"] * (len(chosen) - 1) + [leaf for part in chosen for leaf in part]
        return self.env[action["res_model"]].search_count(domain)

    def test_streams(self):
        self.connector.adapter = "google"
        labels = dict(self.connector.stream_ids.mapped(lambda cursor: (cursor.stream, cursor.stream_label)))
        self.assertEqual(labels, {"reviews": "Reviews", "all": "All reviews, each night"})
        cursor = self.connector.stream_ids.filtered(lambda row: row.stream == "reviews")
        cursor.next_at = False
        self.assertEqual((self.connector.health, self.connector.health_reason), ("broken", "Reviews: stopped."))

    def test_own_lists_keep_their_names(self):
        self.connector.adapter = "rest"
        self.env["hospitality.connector.list"].create(
            {"connector_id": self.connector.id, "name": "guests", "path": "/people"}
        )
        self.assertEqual(self.connector.stream_ids.stream_label, "Guests")
        self.connector.list_ids.name = "late_orders"
        cursor = self.connector.stream_ids.filtered("kind")
        self.assertEqual(cursor.stream_label, "Late orders", "not the words of another adapter")

    def test_every_stream_of_the_product_has_words(self):
        words = self.env["hospitality.connector.words"]._get_stream_words()
        for code, _name in self.connector._fields["adapter"]._description_selection(self.env):
            if code.startswith("test") or code == "rest":
                continue
            connector = self.connector.new({"adapter": code, "source_id": self.source.id, "settings": {"pms": "no"}})
            for settings in ({}, {"pms": "no"}):
                connector.settings = settings
                self.assertLessEqual(set(connector._get_streams()), set(words), code)

    def test_records_of_the_inbox(self):
        [record] = self._send(self._stay("S1", status=None, status_raw="DUE IN"))
        self.assertEqual((record.entity_label, record.display_name), ("Stay", "Stay S1"))
        self.assertEqual(json.loads(record.body_shown), json.loads(record.body))
        self.assertIn('\n  "external_id": "S1"', record.body_shown, "laid out in lines")
        [record] = self._send(self._charge("L1", "S9"))
        self.assertEqual((record.state, record.wait_label), ("waiting", "Stay S9"))
        [own] = self.Inbox.browse(self.connector._store([Raw("late_orders", "", "<a>not JSON</a>")]))
        self.assertEqual((own.display_name, own.body_shown), ("Late orders", "<a>not JSON</a>"))
        [coded] = self.Inbox.browse(self.connector._store([Raw("stay", "S3", "a\x00b")]))
        self.assertEqual(coded.body_shown.replace("\x00", "0"), "a0b", "not as it is stored")

    def test_groups_are_headed_by_words(self):
        self._send(self._stay("S1", status=None, status_raw="DUE IN"), self._stay("S2", status=None, status_raw="DUE"))
        self._send(self._stay("S3", arrival="2025-02-31"))
        domain = [("connector_id", "=", self.connector.id)]
        groups = self.Inbox.formatted_read_group(domain, ["error_code"], ["__count"])
        self.assertEqual(
            {group["error_code"]: group["__count"] for group in groups},
            {
                "Nobody has said what the status “…” means. Map it: the record is then taken up again.": 2,
                "“…” is not a date of the calendar: …. Write it as YYYY-MM-DD.": 1,
            },
        )
        for group in groups:
            self.assertEqual(self.Inbox.search_count(domain + list(group["__extra_domain"])), group["__count"])
        self.assertIn("which property", self.Inbox._get_error_label("no_property"))
        self.assertEqual(self.Inbox._get_error_label("100%"), "100%")
        [group] = self.Inbox.formatted_read_group(domain, ["entity"], ["__count"])
        self.assertEqual((group["entity"], group["__count"]), ("Stay", 3))

    def test_meanings(self):
        mapping = self.Mapping.create({"connector_id": self.connector.id, "kind": "room_type", "code": "DBLX"})
        self.assertFalse(mapping.target_label)
        mapping.target = "DBL"
        self.assertEqual(mapping.target_label, "Double (DBL)")
        mapping.target = "GONE"
        self.assertEqual(mapping.target_label, "GONE")
        status = self.Mapping.create(
            {"connector_id": self.connector.id, "kind": "stay_status", "code": "CI", "target": "in_house"}
        )
        self.assertEqual(status.target_label, "In House")
        market = self.Mapping.create(
            {"connector_id": self.connector.id, "kind": "market", "code": "BAR", "target": "Transient"}
        )
        self.assertEqual(market.target_label, "Transient")

    def test_choices_of_meanings(self):
        other = self.env["hospitality.property"].create({"name": "Other", "code": "C-OTH", "currency_id": self.euro.id})
        self.env["hospitality.room.type"].create({"name": "Suite", "code": "OTH", "property_id": other.id})
        self.assertIn(["DBL", "Double (DBL)"], self.Mapping.get_choices("room_type", self.connector.id))
        self.assertNotIn("OTH", dict(self.Mapping.get_choices("room_type", self.connector.id)))
        self.assertIn("OTH", dict(self.Mapping.get_choices("room_type")))
        self.assertEqual(self.Mapping.get_choices("stay_status")[0], ["enquiry", "Enquiry"])
        self.assertFalse(self.Mapping.get_choices("market"), "any text")
        with self.assertRaises(AccessError):
            self.Mapping.with_user(new_test_user(self.env, "w_user", groups="base.group_user")).get_choices("room")

    def test_every_choice_can_be_confirmed(self):
        for kind, _label in self.Mapping._fields["kind"]._description_selection(self.env):
            for code, words in (self.Mapping.get_choices(kind) or [])[:3]:
                mapping = self.Mapping.create(
                    {"connector_id": self.connector.id, "kind": kind, "code": f"X-{code}", "target": code}
                )
                mapping.action_confirm()
                self.assertEqual((mapping.state, mapping.target_label), ("confirmed", words), kind)

    def test_differences_are_told_in_words(self):
        self.env.cr.execute(
            "INSERT INTO hospitality_connector_difference (connector_id, entity, external_id, kind, theirs, ours)"
            " VALUES (%(id)s, 'stay', '1', 'status', 'in_house', 'reserved'),"
            " (%(id)s, 'stay', '2', 'day', '2026-03-01', '2026-03-02'),"
            " (%(id)s, 'stay', '3', 'amount', '1300.5 EUR', '1300'), (%(id)s, 'stay', '4', 'content', NULL, NULL),"
            " (%(id)s, 'guest', '5', 'extra', '77', NULL)",
            {"id": self.connector.id},
        )
        rows = self.env["hospitality.connector.difference"].search(
            [("connector_id", "=", self.connector.id)], order="external_id"
        )
        self.assertEqual(
            rows.mapped(lambda row: (row.theirs_label, row.ours_label)),
            [
                ("In House", "Reserved"),
                ("03/01/2026", "03/02/2026"),
                ("1,300.50 EUR", "1,300.00"),
                (False, False),
                ("Merged into 77", False),
            ],
        )
        self.assertEqual(self.connector.difference_count, self._count(self.connector.action_open_differences()))

    def test_subjects_of_the_outbox(self):
        kind = self.env["hospitality.preference.type"].create({"name": "Quiet Room", "code": "t_quiet"})
        topics = [("alert", "do_not_rent"), ("consent", "sms"), ("preference", kind.code), ("vip", "")]
        for state, (subject, topic) in zip(("waiting", "gone", "refused", "told"), topics, strict=True):
            self.env.cr.execute(
                "INSERT INTO hospitality_connector_outbox (connector_id, profile_id, kind, topic, state)"
                " VALUES (%s, 0, %s, %s, %s)",
                (self.connector.id, subject, topic, state),
            )
        rows = self.env["hospitality.connector.outbox"].search([("connector_id", "=", self.connector.id)], order="kind")
        self.assertEqual(rows.mapped("topic_label"), ["Do Not Rent", "SMS", "Quiet Room", ""])
        connector = self.connector
        self.assertEqual((connector.outbox_count, connector.outbox_problem_count), (1, 2))
        self.assertEqual(self._count(connector.action_open_outbox()), 1)
        problems = connector.with_context(outbox_state="problem").action_open_outbox()
        self.assertEqual(self._count(problems), 2)

    def test_numbers_open_what_they_count(self):
        self._send(self._stay("S1", status=None, status_raw="DUE IN"), self._stay("S2", room_type="NEW"))
        self._send(self._charge("L1", "S9"))
        connector = self.connector
        for state in ("new", "waiting", "quarantined"):
            action = connector.with_context(inbox_state=state).action_open_inbox()
            self.assertEqual(self._count(action), connector[f"{state}_count"], state)
        self.assertEqual((connector.quarantined_count, connector.waiting_count, connector.unmapped_count), (1, 1, 2))
        self.assertEqual(self._count(connector.action_open_mappings()), 2)

    def test_record_that_was_given_up_is_fetched_by_hand(self):
        Hints = self.env["hospitality.connector.hint"]
        Hints._note(self.connector, [Hint("stay", "S1", "changed")])
        self.assertEqual(self._count(self.connector.action_open_hints()), self.connector.hint_count)
        hint = Hints.search([("connector_id", "=", self.connector.id)])
        hint.write({"is_given_up": True, "attempts": 8, "next_at": False})
        self.assertEqual(hint.entity_label, "Stay")
        with self.assertRaises(AccessError):
            hint.with_user(
                new_test_user(self.env, "w_manager", groups="hospitality_crm.group_hospitality_manager")
            ).action_fetch()
        notice = hint.with_user(self.admin).action_fetch()
        self.assertEqual(notice["params"]["message"], "Records that are fetched now: 1")
        self.assertEqual((hint.is_given_up, hint.attempts), (False, 0))
        Hints.flush_model()
        self.assertTrue(Hints._has_due())

    def test_connection_is_tested_after_what_it_needs_was_entered(self):
        """No adapter fails on settings that nobody has entered yet: what is missing is said."""
        for code, _name in self.connector._fields["adapter"]._description_selection(self.env):
            self.connector.adapter = code
            if not self.connector.missing_settings:
                continue
            params = self.connector.with_user(self.admin).action_test()["params"]
            self.assertEqual(params["type"], "danger", code)
            self.assertIn(self.connector.missing_settings, params["message"])
