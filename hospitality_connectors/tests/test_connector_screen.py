from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, new_test_user, tagged

from .hook_common import KEY, HookCommon, SecretAdapter, add_adapter


class ScreenCase(HookCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_adapter(cls, SecretAdapter)

    def setUp(self):
        super().setUp()
        self.admin = new_test_user(
            self.env, "h_admin", groups="hospitality_crm.group_hospitality_admin", password="h_admin"
        )
        self.manager = new_test_user(
            self.env, "h_manager", groups="hospitality_crm.group_hospitality_manager", password="h_manager"
        )
        self.screen = f"/odoo/action-hospitality_connectors.hospitality_connector_action/{self.connector.id}"


@tagged("post_install", "-at_install")
class TestConnectorScreen(ScreenCase):
    def test_settings_and_secrets(self):
        self.start_tour(self.screen, "hospitality_connector_settings", login="h_admin")
        self.env.invalidate_all()
        self.assertEqual(self.connector.settings, {"hotel": "H-17", "region": "us"})
        self.assertEqual(self.connector._get_hook_secrets(), {"api_key": ["tour-secret-2"]})

    def test_address(self):
        self._post([])
        former = self.connector.hook_digest
        self.start_tour(self.screen, "hospitality_connector_address", login="h_admin")
        self.env.invalidate_all()
        self.assertNotEqual(self.connector.hook_digest, former)
        self.assertFalse(self.connector.hook_digest_old)
        self.env.cr.execute("SELECT string_agg(t::text, ' ') FROM hospitality_connector_address t")
        self.assertNotIn("/hospitality/hook/", self.env.cr.fetchone()[0] or "")

    def test_codes_are_mapped_by_their_words(self):
        Mapping = self.env["hospitality.connector.mapping"]
        for kind, code in (("stay_status", "DUE IN"), ("market", "CORP")):
            Mapping.create({"connector_id": self.connector.id, "kind": kind, "code": code})
        self.start_tour(
            "/odoo/action-hospitality_connectors.hospitality_connector_mapping_action",
            "hospitality_connector_mapping",
            login="h_admin",
        )
        self.env.invalidate_all()
        found = Mapping.search([("connector_id", "=", self.connector.id)], order="code")
        self.assertEqual(
            found.mapped(lambda row: (row.code, row.target, row.state)),
            [("CORP", "Corporate", "unmapped"), ("DUE IN", "in_house", "confirmed")],
        )

    def test_what_matters_now_comes_first(self):
        """A connector that can't read yet opens with its settings, one that has read with its health."""
        self.connector.adapter = "google"
        script = "if (document.querySelector('.o_notebook .nav-link.active').textContent.trim() !== '%s')"
        script += " throw new Error('another page'); console.log('test successful')"
        ready = "!!document.querySelector('.o_notebook .nav-link.active')"
        self.browser_js(self.screen, script % "Settings", ready, login="h_admin")
        self.connector.stream_ids.last_read_at = "2026-01-01 10:00:00"
        self.browser_js(self.screen, script % "Health", ready, login="h_admin")

    def test_only_administrators_see_it(self):
        """Managers see the connector for files alone, and nowhere a way to enter a secret or to make an address."""
        with self.assertRaises(AccessError):
            self.connector.with_user(self.manager).read(["settings_form"])
        files = self.env.ref("hospitality_connectors.connector_files").with_user(self.manager)
        arch = files.get_view(view_type="form")["arch"]
        self.assertNotIn("secret_changes", arch)
        for button in ("action_renew_hook", "action_pause", "action_test", "action_tell_all"):
            self.assertNotIn(button, arch)
        for method in ("action_renew_hook", "action_revoke_old_hook"):
            with self.assertRaises(AccessError):
                getattr(files, method)()
        values = self.connector.with_user(self.admin).read()[0]
        self.assertNotIn(KEY, str(values))
        self.assertNotIn("hook_digest", values)

    def test_form_of_another_adapter(self):
        with Form(self.connector.with_user(self.admin)) as form:
            form.adapter = "test_secret"
            self.assertFalse(form.has_hook)
            form.adapter = "canonical"
            self.assertTrue(form.has_hook)
        self.assertEqual([entry["name"] for entry in self.connector.settings_form][0], "hook_key")

    def test_numbers(self):
        self._post([])
        self._post([], {"X-Signature": "x"})
        self.assertEqual(list(self.connector.hook_today.items()), [("Stored", 1), ("Refused: Wrong Signature", 1)])
        self.assertTrue(self.connector.hook_last_at)
        self.assertFalse(self.connector.hook_yesterday)
        other = self.connector.copy()
        self.assertEqual((other.hook_last_at, other.hook_today or {}, other.hook_made_at), (False, {}, False))


@tagged("post_install", "-at_install")
class TestConnectorScreenPhone(ScreenCase):
    browser_size = "375x667"
    touch_enabled = True

    def test_the_form_fits_a_phone(self):
        self._post([])
        self.browser_js(
            self.screen,
            "if (document.documentElement.scrollWidth > window.innerWidth + 1)"
            " throw new Error('too wide: ' + document.documentElement.scrollWidth);"
            " console.log('test successful')",
            "!!document.querySelector('.o_connector_settings [data-setting=api_key] input')",
            login="h_admin",
        )
