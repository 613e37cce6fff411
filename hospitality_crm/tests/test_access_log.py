import datetime

import psycopg2

from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestAccessLog(HospitalityCommon):
    """Who saw, exported or changed what: written once per act, never changed, found by guest, user, kind and time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Log = cls.env["hospitality.access.log"]
        cls.reception = cls._create_role_user("reception")
        cls.manager = cls._create_role_user("manager")
        cls.dpo = cls._create_role_user("dpo")
        cls.nuts = cls.env["hospitality.allergy"].create(
            {"partner_id": cls.anna.id, "kind": "allergy", "detail": "Brazil nuts", "severity": "3"}
        )
        cls.other = cls.env["hospitality.allergy"].create(
            {"partner_id": cls.ben.id, "kind": "allergy", "detail": "Celery", "severity": "2"}
        )

    def _since(self, call):
        """Return the rows that a call has written."""
        last = self.Log.search([], limit=1).id
        call()
        return self.Log.search([("id", ">", last or 0)], order="id")

    def _read_by(self, user):
        call_kw(self.env["hospitality.allergy"].with_user(user), "read", [self.nuts.ids, ["detail"]], {})

    def test_every_way_to_read_allergies_is_logged(self):
        Allergy = self.env["hospitality.allergy"].with_user(self.reception)
        Card = self.env["hospitality.guest.card"].with_user(self.reception)
        mine = [("id", "in", self.nuts.ids)]
        ways = {
            "read": lambda: call_kw(Allergy, "read", [self.nuts.ids, ["detail"]], {}),
            "search_read": lambda: call_kw(Allergy, "search_read", [mine, ["kind"]], {}),
            "web_search_read": lambda: call_kw(Allergy, "web_search_read", [mine, {"allergen_id": {}}], {}),
            "name_search": lambda: call_kw(Allergy, "name_search", ["", mine], {}),
            "through the guest": lambda: call_kw(
                self.env["res.partner"].with_user(self.reception),
                "web_read",
                [self.anna.ids, {"allergy_ids": {"fields": {"display_name": {}}}}],
                {},
            ),
            "state": lambda: call_kw(
                self.env["res.partner"].with_user(self.reception), "read", [self.anna.ids, ["allergy_state"]], {}
            ),
            "card": lambda: call_kw(Card, "get_card", [self.anna.id], {}),
            "tab": lambda: call_kw(Card, "get_tab", [self.anna.id, "wishes"], {}),
        }
        for way, call in ways.items():
            self.env.cr.execute("SAVEPOINT way")
            with self.subTest(way=way):
                rows = self._since(call)
                self.assertEqual(
                    [(row.kind, row.user_id, row.guest_ids) for row in rows],
                    [("allergy", self.reception, (self.anna.id,))],
                )
            self.env.cr.execute("ROLLBACK TO SAVEPOINT way")  # each of them is the first view

    def test_grouping_by_what_is_hidden_is_logged(self):
        rows = self._since(
            lambda: call_kw(
                self.env["hospitality.allergy"].with_user(self.reception),
                "formatted_read_group",
                [[("partner_id.name", "ilike", "Kovalenko")], ["allergen_id"], ["__count"]],
                {},
            )
        )
        self.assertEqual(rows.mapped("kind"), ["allergy"])
        self.assertEqual(rows.condition, "partner_id.name ilike …")

    def test_a_screen_that_refreshes_is_one_view(self):
        self.assertEqual(len(self._since(lambda: self._read_by(self.reception))), 1)
        self.assertFalse(self._since(lambda: self._read_by(self.reception)))
        self.assertEqual(len(self._since(lambda: self._read_by(self.manager))), 1, "somebody else is another view")
        both = self._since(
            lambda: call_kw(
                self.env["hospitality.allergy"].with_user(self.reception),
                "read",
                [(self.nuts + self.other).ids, ["detail"]],
                {},
            )
        )
        self.assertEqual(both.guest_ids, (self.ben.id,), "Anna was on the screen before")

    def test_what_nobody_sees_is_not_logged(self):
        self.assertFalse(self._since(lambda: self.nuts.with_user(self.reception).sudo().read(["detail"])))
        self.assertFalse(self._since(lambda: self.nuts.with_user(self.reception).read(["confirmed_on"])))

    def test_exports_are_logged_without_values(self):
        self.env.ref("base.group_allow_export").user_ids = [Command.link(self.manager.id)]
        domain = ["|", ("name", "ilike", "Kovalenko"), ("is_guest", "=", True)]
        guests = (self.anna + self.ben).with_user(self.manager)
        context = {"context": {"hospitality_export_domain": domain}}
        row = self._since(lambda: call_kw(guests, "export_data", [guests.ids, ["name", "email"]], context))
        self.assertEqual((row.kind, row.user_id, row.count), ("export", self.manager, 2))
        self.assertEqual(set(row.guest_ids), {self.anna.id, self.ben.id})
        self.assertEqual(row.field_names, "name, email")
        self.assertEqual(row.condition, "| name ilike …, is_guest = True")
        stays = self.stay_anna.with_user(self.manager)
        row = self._since(lambda: call_kw(stays, "export_data", [stays.ids, ["arrival"]], {}))
        self.assertEqual((row.model, row.guest_ids), ("hospitality.stay", (self.anna.id,)))
        currency = self.env.ref("base.EUR").with_user(self.manager)
        self.assertFalse(self._since(lambda: call_kw(currency, "export_data", [currency.ids, ["name"]], {})))

    def test_merges_are_logged_and_the_search_follows_them(self):
        twin = self._create_guest("Anna Kovalenko", "anna2@kovalenko.example")
        self.Log.with_user(self.manager)._log("document", guests=twin, reason="Police form")
        merged = self._since(lambda: self.anna.with_user(self.manager)._merge_guests(twin))
        self.assertEqual(merged.mapped("kind"), ["merge"])
        self.assertEqual(set(merged.guest_ids), {self.anna.id, twin.id})
        Log = self.Log.with_user(self.dpo)
        seen = Log.search([("guest_id", "in", self.anna.ids), ("kind", "=", "document")])
        self.assertEqual(seen.guest_ids, (twin.id,), "seen before the merge, found for who he is now")
        self.assertEqual(Log.search([("guest_id", "in", twin.ids), ("kind", "=", "document")]), seen)
        merge = self.env["hospitality.merge"].search([("winner_id", "=", self.anna.id)], limit=1)
        undone = self._since(lambda: merge.with_user(self.manager)._undo())
        self.assertEqual(undone.mapped("kind"), ["unmerge"])
        self.assertFalse(Log.search([("guest_id", "in", self.anna.ids), ("kind", "=", "document")]))

    def test_the_log_speaks_in_words(self):
        group = self.env.ref("hospitality_crm.group_hospitality_spend")
        row = self._since(lambda: self.reception.write({"group_ids": [Command.link(group.id)]})).with_user(self.dpo)
        self.assertEqual(row.guest_names, self.reception.name)
        self.assertEqual(row.details_text, "+ spend in detail, + aggregate spend")
        row = self._since(
            lambda: self.Log.with_user(self.reception)._log("contact", self.anna, fields=["email", "phone"])
        ).with_user(self.dpo)
        self.assertEqual((row.model_label, row.field_labels), ("Contact", "Email, Phone"))
        row = self._since(
            lambda: self.Log._log("connector", self.env["res.country"].search([], limit=1), [], details="created")
        )
        self.assertEqual(row.details_text, "Created")
        self.assertTrue(row.guest_names)

    def test_rights_are_logged_however_they_change(self):
        group = self.env.ref("hospitality_crm.group_hospitality_spend")
        ways = {
            "user": lambda: self.reception.write({"group_ids": [Command.link(group.id)]}),
            "group": lambda: group.write({"user_ids": [Command.unlink(self.reception.id)]}),
        }
        for way, call in ways.items():
            with self.subTest(way=way):
                row = self._since(call)
                self.assertEqual((row.kind, row.record_ids), ("rights", (self.reception.id,)))
                sign = "+" if way == "user" else "-"
                self.assertEqual(
                    row.details,
                    f"{sign}group_hospitality_spend {sign}group_hospitality_spend_total",
                )
        spend_all = self._since(
            lambda: self.env.ref("hospitality_crm.group_hospitality_reception").write(
                {"implied_ids": [Command.link(group.id)]}
            )
        )
        self.assertIn((self.reception.id,), spend_all.mapped("record_ids"))
        self.assertFalse(self._since(lambda: self.reception.write({"name": "Somebody Else"})))

    def test_the_log_only_grows(self):
        self._read_by(self.reception)
        row = self.Log.search([], limit=1)
        for statement in (
            "UPDATE hospitality_access_log SET user_id = 1",
            "DELETE FROM hospitality_access_log",
            "TRUNCATE hospitality_access_log CASCADE",
        ):
            with self.subTest(statement=statement), mute_logger("odoo.sql_db"):
                with self.assertRaises(psycopg2.errors.RestrictViolation), self.env.cr.savepoint():
                    self.env.cr.execute(statement)
        for call in (lambda: row.write({"count": 0}), row.unlink, lambda: self.Log.create({"kind": "export"})):
            with self.assertRaises(Exception):  # noqa: B017  # whatever refuses it
                call()

    def test_reasons_are_kept_beside_the_log(self):
        row = self._since(
            lambda: self.Log.with_user(self.reception)._log("contact", guests=self.anna, reason="Called back for Ms K.")
        )
        self.assertEqual(row.with_user(self.dpo).reason, "Called back for Ms K.")
        self.assertEqual(len(row.reason_hash), 64)
        row.reason_ids.unlink()
        self.env.invalidate_all()
        self.assertFalse(row.reason)

    def test_search_by_guest_user_kind_and_period(self):
        self._read_by(self.reception)
        Log = self.Log.with_user(self.dpo)
        today = datetime.date.today()
        found = Log.search(
            [
                ("guest_id", "ilike", "kovalenko"),
                ("user_id", "=", self.reception.id),
                ("kind", "=", "allergy"),
                ("at", ">=", today.replace(day=1)),
            ]
        )
        self.assertEqual(len(found), 1)
        self.assertEqual(found.guest_names, self.anna.display_name)
        self.assertFalse(Log.search([("guest_id", "in", self.carla.ids)]))
        self.assertFalse(Log.search([("guest_id", "in", self.anna.ids), ("at", "<", today)]))
        action = self.anna.with_user(self.dpo).action_open_access_log()
        self.assertEqual(Log.search(action["domain"]), found)
