import logging
import os
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .common import ConnectorCommon
from .hook_common import KeyFile, SecretAdapter, add_adapter

KEY, KEY_2, KEY_3 = "first-value-x1", "second-value-x2", "third-value-x3"


@tagged("post_install", "-at_install")
class TestSecrets(KeyFile, ConnectorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_adapter(cls, SecretAdapter)
        cls.connector.adapter = "test_secret"
        cls.Secret = cls.env["hospitality.connector.secret"]
        cls.Secret.search([]).unlink()
        cls.admin = new_test_user(
            cls.env, "s_admin", groups="hospitality_crm.group_hospitality_admin,base.group_allow_export"
        )
        cls.manager = new_test_user(cls.env, "s_manager", groups="hospitality_crm.group_hospitality_manager")

    def _entry(self, name):
        return next(entry for entry in self.connector.settings_form if entry["name"] == name)

    def test_secrets_are_written_and_never_read(self):
        connector = self.connector.with_user(self.admin)
        connector.write({"secret_changes": {"api_key": {"value": KEY}}})
        self.assertEqual(self.connector._get_secrets(), {"api_key": KEY})
        self.env.flush_all()
        self.env.invalidate_all()
        values = connector.read()[0]
        self.assertFalse(values["secret_changes"])
        self.assertNotIn(KEY, str(values))
        exported = connector.export_data(["secret_changes", "settings_form", "settings"])["datas"]
        self.assertNotIn(KEY, str(exported))
        self.assertIn("API Key", str(exported))
        self.env.cr.execute(
            "SELECT (SELECT string_agg(t::text, ' ') FROM hospitality_connector_secret t),"
            " (SELECT string_agg(t::text, ' ') FROM hospitality_connector t)"
        )
        stored = str(self.env.cr.fetchone())
        self.assertIn("api_key", stored)
        self.assertNotIn(KEY, stored)

    def test_nobody_reads_the_table(self):
        self.connector._set_secret("api_key", KEY)
        for user in (self.admin, self.manager):
            for method, args in (
                ("search_read", [[], ["text"]]),
                ("search_count", [[("name", "=", "api_key")]]),
                ("export_data", [["text"]]),
                ("formatted_read_group", [[], ["name"]]),
            ):
                rows = self.Secret.search([]).with_user(user)
                args = [rows.ids, *args] if method == "export_data" else args
                with self.assertRaises(UserError):
                    call_kw(self.Secret.with_user(user), method, args, {})

    def test_who_may_enter(self):
        connector = self.connector.with_user(self.manager)
        with self.assertRaises(AccessError):
            connector.write({"secret_changes": {"api_key": {"value": KEY}}})
        with self.assertRaises(AccessError):
            connector._set_secret("api_key", KEY)
        with self.assertRaises(AccessError):
            connector._remove_secret("api_key")
        with self.assertRaises(AccessError):
            connector.read(["secret_changes"])
        self.assertFalse(self.Secret.search([]))

    def test_private_methods_are_no_calls(self):
        for method in ("_get_secrets", "_get_hook_secrets", "_set_secret"):
            with self.assertRaises(AccessError):
                call_kw(self.connector.with_user(self.admin), method, [self.connector.ids], {})

    def test_only_known_names_and_sound_values(self):
        for name, value in (("other", KEY), ("hotel", KEY), ("api_key", " "), ("api_key", 5), ("api_key", "a\x00b")):
            with self.assertRaises(UserError):
                self.connector._set_secret(name, value)
        with self.assertRaises(UserError):
            self.connector.secret_changes = {"api_key": KEY}
        self.connector.secret_changes = {"api_key": {"value": ""}}
        self.assertFalse(self.Secret.search([]))

    def test_older_value_proves_requests_for_a_week(self):
        with freeze_time("2026-03-01 12:00:00"):
            for value in (KEY, KEY_2, KEY_3):
                self.connector._set_secret("hook_key", value)
            self.assertEqual(self.connector._get_hook_secrets(), {"hook_key": [KEY_3, KEY_2]})
            self.assertEqual(self.connector._get_secrets(), {"hook_key": KEY_3})
            self.assertEqual(self._entry("hook_key")["old_until"], "2026-03-08 12:00:00")
            self.connector._set_secret("hook_key", f" {KEY_3} ")
            self.assertEqual(self.connector._get_hook_secrets(), {"hook_key": [KEY_3, KEY_2]})
        with freeze_time("2026-03-08 12:00:01"):
            self.assertEqual(self.connector._get_hook_secrets(), {"hook_key": [KEY_3]})
            self.Secret._gc_replaced()
            self.assertEqual(len(self.Secret.search([])), 1)
            self.env.invalidate_all()
            self.assertFalse(self._entry("hook_key")["old_until"])

    def test_a_leaked_value_is_removed_at_once(self):
        self.connector._set_secret("hook_key", KEY)
        self.connector._set_secret("hook_key", KEY_2)
        self.connector.secret_changes = {"hook_key": {"remove": "old"}}
        self.assertEqual(self.connector._get_hook_secrets(), {"hook_key": [KEY_2]})
        self.connector.secret_changes = {"hook_key": {"remove": "all"}}
        self.assertEqual(self.connector._get_hook_secrets(), {})

    def test_environment_comes_first(self):
        self.connector._set_secret("api_key", KEY)
        self.connector.code = "OPERA1"
        variables = {
            "HOSPITALITY_SECRET_OPERA1_API_KEY": KEY_2,
            "HOSPITALITY_SECRET_OPERA1_HOOK_KEY": KEY_3,
            "HOSPITALITY_SECRET_OPERA1_HOOK_KEY_OLD": KEY,
            "HOSPITALITY_SECRET_OPERA_API_KEY": "of another one",
        }
        with patch.dict(os.environ, variables):
            self.assertEqual(self.connector._get_secrets(), {"api_key": KEY_2, "hook_key": KEY_3})
            self.assertEqual(self.connector._get_hook_secrets(), {"api_key": [KEY_2], "hook_key": [KEY_3, KEY]})
            self.env.invalidate_all()
            self.assertTrue(self._entry("api_key")["from_environment"])
            other = self.connector.copy()
            self.assertEqual(other._get_secrets(), {})
        for code in ("opera", "A_B", "A", "ÄÖ", "A" * 33):
            with self.assertRaises(ValidationError):
                self.connector.code = code

    def test_a_secret_does_not_work_elsewhere(self):
        other = self.connector.copy({"name": "Other"})
        self.connector._set_secret("api_key", KEY)
        other._set_secret("api_key", KEY_2)
        mine, others = (self.Secret.search([("connector_id", "=", record.id)]) for record in (self.connector, other))
        others.text = mine.text
        with self.assertRaisesRegex(UserError, "enter them anew"):
            other._get_secrets()
        other._set_secret("api_key", KEY_3)
        self.assertEqual(other._get_hook_secrets(), {"api_key": [KEY_3]})

    def test_new_key_reads_old_secrets(self):
        self.connector._set_secret("api_key", KEY)
        text = self.key_file.read_text()
        self.key_file.write_text(f"k2:{'cd' * 32}\n{text}")
        self.assertEqual(self.connector._get_secrets(), {"api_key": KEY})
        self.connector._set_secret("api_key", KEY_2)
        self.assertEqual(self.Secret.search([("replaced_at", "=", False)]).key_id, "k2")
        self.key_file.write_text(f"k3:{'ef' * 32}\n")
        with self.assertRaisesRegex(UserError, "enter them anew"):
            self.connector._get_secrets()
        self.key_file.unlink()
        with self.assertRaisesRegex(UserError, "can't be read"):
            self.connector._get_secrets()

    def test_changes_are_logged_without_values(self):
        Log = self.env["hospitality.access.log"]
        last = Log.search([], limit=1).id or 0
        connector = self.connector.with_user(self.admin)
        connector.write({"settings": {"hotel": "H1", "note": "n"}, "secret_changes": {"api_key": {"value": KEY}}})
        connector.write({"settings": {"hotel": "H2", "note": "n"}})
        connector.secret_changes = {"api_key": {"remove": "all"}}
        rows = Log.search([("id", ">", last), ("kind", "=", "connector")], order="id")
        told = [(row.details, row.field_names, row.user_id) for row in rows]
        self.assertIn(("settings changed", "hotel,note", self.admin), [(d, f.replace(" ", ""), u) for d, f, u in told])
        self.assertIn(("settings changed", "hotel", self.admin), told)
        self.assertIn(("secret set", "api_key", self.admin), told)
        self.assertIn(("secret removed", "api_key", self.admin), told)
        self.env.cr.execute("SELECT string_agg(t::text, ' ') FROM hospitality_access_log t WHERE id > %s", [last])
        text = self.env.cr.fetchone()[0]
        self.assertFalse([value for value in (KEY, "H1", "H2") if value in text])

    def test_no_secret_in_any_log(self):
        with self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger("odoo.test").debug("something")
            self.connector._set_secret("api_key", KEY)
            self.env.flush_all()
            self.connector._get_secrets()
        self.assertNotIn(KEY, "\n".join(logs.output))

    def test_settings_are_checked(self):
        with self.assertRaisesRegex(ValidationError, "Region is one of: eu, us"):
            self.connector.settings = {"region": "mars"}
        with self.assertRaisesRegex(ValidationError, "API Key is a secret"):
            self.connector.settings = {"api_key": KEY}
        with self.assertRaises(ValidationError):
            self.connector.settings = ["x"]
        self.connector.settings = {"region": "us", "own": {"a": 1}}
        self.assertEqual(self.connector._get_settings(), {"region": "us", "own": {"a": 1}})
        self.connector.settings = {"region": ""}
        self.assertEqual(self.connector._get_adapter_env().settings["region"], "eu")

    def test_what_is_missing_is_said(self):
        self.assertEqual(self.connector.missing_settings, "Hotel, API Key")
        self.connector.write({"settings": {"hotel": "7"}, "secret_changes": {"api_key": {"value": KEY}}})
        self.assertFalse(self.connector.missing_settings)
        self.assertTrue(self._entry("api_key")["is_set"])
        self.assertFalse(self._entry("hook_key")["is_set"])

    def test_secrets_go_with_the_connector(self):
        other = self.connector.copy({"name": "Other"})
        other._set_secret("api_key", KEY)
        other.unlink()
        self.assertFalse(self.Secret.search([]))
