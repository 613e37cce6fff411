from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..engine import survivorship
from .common import HospitalityCommon


class PolicyCommon(HospitalityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_role_user("manager")
        cls.Policy = cls.env["hospitality.survivorship.policy"]
        cls.Range = cls.env["hospitality.survivorship.range"]
        cls.Range.search([]).unlink()
        cls.guest = cls._create_disputed("Nina Petrova", "1980-01-01", "1990-02-02")

    @classmethod
    def _create_disputed(cls, name, birthdate, other_birthdate):
        """Return a guest of whom the PMS (trusted more) and the POS (later) say something else."""
        first = cls.env["hospitality.profile"].create(
            {
                "source_id": cls.source.id,
                "external_id": name,
                "seen_at": "2026-01-01",
                "values": {"name": name, "birthdate": birthdate, "lang": "uk"},
            }
        )
        cls.env["hospitality.profile"].create(
            {
                "source_id": cls.source_pos.id,
                "external_id": name,
                "partner_id": first.partner_id.id,
                "seen_at": "2026-02-01",
                "values": {"name": name, "birthdate": other_birthdate, "lang": "de"},
            }
        )
        return first.partner_id

    def _policy(self, key):
        return self.Policy.search([("field", "=", key)])

    def _resolve(self, how, guest=None):
        """Decide a guest anew, by the ORM or in bulk; return his birth date."""
        guest = guest or self.guest
        if how == "orm":
            guest._refresh_golden()
        else:
            self.env["hospitality.bulk.guest"]._refresh_golden(guest.ids)
        self.env.invalidate_all()
        return str(guest.guest_birthdate)

    def _run_ranges(self):
        self.env.flush_all()
        self.env.cr.execute("UPDATE hospitality_survivorship_range SET ready_at = now() AT TIME ZONE 'UTC'")
        self.env.invalidate_all()
        taken = 0
        while done := self.Range._take():
            taken += done
        self.env.invalidate_all()
        return taken


@tagged("post_install", "-at_install")
class TestSurvivorshipPolicy(PolicyCommon):
    def test_defaults_are_those_of_the_engine(self):
        policies = self.Policy.search([])
        self.assertEqual(
            {policy.field: policy.policy for policy in policies},
            {key: name for key, name in survivorship.POLICIES.items() if key not in ("vip", "notes", "memberships")},
        )
        self.assertTrue(all(policies.mapped("is_default")))
        self.assertEqual(self.Policy._get_rules(), (None, None))
        for policy in policies:
            self.assertIn(policy.policy, policy.choices)
            self.assertTrue(policy.display_name)

    def test_an_update_keeps_what_a_manager_has_changed(self):
        self._policy("birthdate").policy = "latest"
        self._policy("vat").unlink()
        self.Policy._seed()
        self.assertEqual(self._policy("birthdate").policy, "latest")
        self.assertEqual(self._policy("vat").policy, "most_trusted")
        self.assertEqual(len(self.Policy.search([])), len(set(self.Policy.search([]).mapped("field"))))

    def test_changed_policy_decides_everywhere(self):
        for how in ("orm", "bulk"):
            with self.subTest(how=how):
                self.assertEqual(self._resolve(how), "1980-01-01")
                self._policy("birthdate").policy = "latest"
                self.assertEqual(self._resolve(how), "1990-02-02")
                self.assertEqual(self.guest.guest_language, "de", "other fields are not touched")
                origin = self.guest.with_user(self.manager).get_golden_origin(["guest_birthdate"])["guest_birthdate"]
                self.assertEqual((origin["source"], origin["reason"]), ("POS", "latest"))
                self._policy("birthdate").action_reset()

    def test_changed_policy_decides_about_imports(self):
        self._policy("lang").policy = "most_trusted"
        guest = self._create_disputed("Olha Bondar", "1980-01-01", "1990-02-02")
        self.assertEqual(guest.guest_language, "uk")

    def test_order_of_sources_decides_everywhere(self):
        policy = self._policy("birthdate")
        for how in ("orm", "bulk"):
            with self.subTest(how=how):
                policy.order_ids = [
                    Command.create({"source_id": self.source_pos.id, "sequence": 1}),
                    Command.create({"source_id": self.source.id, "sequence": 2}),
                ]
                self.assertEqual(policy.order_text, "POS, PMS")
                self.assertFalse(policy.is_default)
                self.assertEqual(self._resolve(how), "1990-02-02")
                policy.order_ids[0].sequence = 3
                self.assertEqual(self._resolve(how), "1980-01-01")
                policy.order_ids.filtered(lambda line: line.source_id == self.source).unlink()
                self.assertEqual(self._resolve(how), "1990-02-02")
                policy.action_reset()
                self.assertEqual(self._resolve(how), "1980-01-01")

    def test_what_staff_typed_stands(self):
        self.guest.with_user(self.manager).guest_birthdate = "1985-05-05"
        policy = self._policy("birthdate")
        policy.write({"policy": "latest", "order_ids": [Command.create({"source_id": self.source_pos.id})]})
        for how in ("orm", "bulk"):
            self.assertEqual(self._resolve(how), "1985-05-05")

    def test_a_policy_that_cannot_decide_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Choose one of: Reachable First"):
            self._policy("emails").policy = "latest"
        with self.assertRaisesRegex(ValidationError, "Choose one of: Most Trusted Source, Latest"):
            self._policy("address").policy = "most_frequent"

    def test_only_managers_change_policies(self):
        policy = self._policy("birthdate")
        policy.with_user(self.manager).policy = "latest"
        users = {role: self._create_role_user(role) for role in ("reception", "marketing", "service", "dpo")}
        for user in users.values():
            with self.assertRaises(AccessError):
                policy.with_user(user).policy = "most_trusted"
        with self.assertRaises(AccessError):
            policy.with_user(self.manager).unlink()
        # Whoever writes a guest is subject to the rules, without a right to read them.
        self.guest.with_user(users["reception"]).name = "Nina Petrova-Koval"
        self.assertEqual(str(self.guest.guest_birthdate), "1990-02-02")

    def test_cached_rules_take_no_query(self):
        self.Policy._get_rules()
        with self.assertQueryCount(0):
            self.Policy._get_rules()


@tagged("post_install", "-at_install")
class TestSurvivorshipRecompute(PolicyCommon):
    def test_guests_are_decided_anew(self):
        other = self._create_disputed("Olha Bondar", "1970-01-01", "1975-01-01")
        lonely = self.env["hospitality.profile"].create(
            {"source_id": self.source.id, "values": {"name": "Ihor Moroz", "birthdate": "1960-06-06"}}
        )
        policy = self._policy("birthdate")
        self.assertFalse(policy.is_running)
        policy.policy = "latest"
        self.assertEqual(str(self.guest.guest_birthdate), "1980-01-01", "in the background, not now")
        policy.invalidate_recordset()
        self.assertTrue(policy.is_running)
        self.assertEqual(policy.progress, 0)
        self.assertFalse(self._policy("lang").is_running)
        self.assertTrue(self._run_ranges())
        self.assertEqual((str(self.guest.guest_birthdate), str(other.guest_birthdate)), ("1990-02-02", "1975-01-01"))
        self.assertEqual(str(lonely.partner_id.guest_birthdate), "1960-06-06")
        self.assertEqual(self.guest.guest_language, "de")
        self.assertFalse(policy.is_running)
        self.assertFalse(self.Range.search_count([]))

    def test_only_guests_that_can_change_are_read(self):
        lonely = self.env["hospitality.profile"].create(
            {"source_id": self.source.id, "values": {"name": "Ihor Moroz", "birthdate": "1960-06-06"}}
        )
        ends = sorted((self.guest | lonely.partner_id).ids)
        self.assertEqual(self.Range._find_guests({"birthdate"}, *ends), self.guest.ids)
        self.assertEqual(self.Range._find_guests({"nationality"}, *ends), [])
        self.assertEqual(self.Range._find_guests({"name"}, *ends), self.guest.ids)
        self.assertIn(self.guest.id, self.Range._find_guests({None}, *ends))

    def test_the_cron_does_it(self):
        self._policy("birthdate").policy = "latest"
        cron = self.env.ref("hospitality_crm.cron_golden_queue")
        self.assertTrue(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]))
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(str(self.guest.guest_birthdate), "1980-01-01", "until every process knows the rules")
            self.env.cr.execute("UPDATE hospitality_survivorship_range SET ready_at = now() AT TIME ZONE 'UTC'")
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(str(self.guest.guest_birthdate), "1990-02-02")
        self.assertFalse(self.Range.search_count([]))

    def test_a_range_that_is_queued_twice_is_taken_once(self):
        self._policy("birthdate").policy = "latest"
        first = self.Range.search_count([])
        self._policy("lang").policy = "most_trusted"
        self.assertEqual(self.Range.search_count([]), 2 * first)
        self.env.cr.execute("UPDATE hospitality_survivorship_range SET ready_at = now() AT TIME ZONE 'UTC'")
        self.assertEqual(self.Range._take(), 2)
        self._run_ranges()
        self.assertEqual((str(self.guest.guest_birthdate), self.guest.guest_language), ("1990-02-02", "uk"))

    def test_nothing_is_queued_without_a_change(self):
        self._policy("birthdate").policy = "most_trusted"
        self._policy("birthdate").sequence = 3
        self.source.name = "Other PMS"
        self.source.trust = self.source.trust
        self.assertFalse(self.Range.search_count([]))

    def test_trust_of_a_source_decides_anew(self):
        self.source_pos.trust = 90
        self.assertTrue(all(policy.is_running for policy in self.Policy.search([])))
        self._run_ranges()
        self.assertEqual(str(self.guest.guest_birthdate), "1990-02-02")

    def test_a_guest_whose_value_changes_is_found_by_it(self):
        self._policy("name").policy = "latest"
        profile = self.guest.profile_ids.filtered(lambda found: found.source_id == self.source_pos)
        profile.with_context(hospitality_keep_golden=True).values = {**profile.values, "name": "Zenobia Karpenko"}
        self._run_ranges()
        self.assertEqual(self.guest.name, "Zenobia Karpenko")
        self.assertEqual(self.env["res.partner"].search([("display_name", "ilike", "zenobia karp")]), self.guest)


@tagged("post_install", "-at_install")
class TestSurvivorshipPreview(PolicyCommon):
    def test_preview_before_saving(self):
        policy = self._policy("birthdate").with_user(self.manager)
        with Form(policy) as form:
            form.preview_partner_id = self.guest
            self.assertNotIn("table-warning", form.preview)
            self.assertIn("01/01/1980", form.preview)
            self.assertIn("From the most trusted source.", form.preview)
            form.policy = "latest"
            self.assertIn("table-warning", form.preview)
            self.assertIn("02/02/1990", form.preview)
            self.assertFalse(self.Range.search_count([]), "nothing has happened yet")
            form.policy = "most_trusted"
            self.assertNotIn("table-warning", form.preview)
            with form.order_ids.new() as line:
                line.source_id = self.source_pos
            self.assertIn("table-warning", form.preview)
        self.assertEqual(policy.order_text, "POS")
        self.assertTrue(self.Range.search_count([]))

    def test_preview_of_a_block_and_of_nothing(self):
        shown = self._policy("name")._get_preview(self.guest)
        self.assertEqual([row["label"] for row in shown["rows"]][:1], ["Name"])
        self.assertEqual({row["now"]["value"] for row in shown["rows"]}, {"Nina Petrova"})
        self.assertEqual({said["source"] for said in shown["says"]}, {"PMS", "POS"})
        shown = self._policy("vat")._get_preview(self.guest)
        self.assertEqual((shown["rows"], shown["says"]), ([], []))

    def test_an_example_is_proposed(self):
        self.assertTrue(self._policy("birthdate").preview_partner_id)
        found = self._policy("lang").with_user(self.manager).preview_partner_id
        said = {profile.values.get("lang") for profile in found.profile_ids}
        self.assertGreater(len(said), 1)

    def test_texts_of_sources_are_no_markup(self):
        profile = self.guest.profile_ids.filtered(lambda found: found.source_id == self.source_pos)
        profile.values = {**profile.values, "company_name": "<b>Bold</b>"}
        policy = self._policy("company_name")
        policy.preview_partner_id = self.guest
        self.assertIn("&lt;b&gt;Bold&lt;/b&gt;", policy.preview)

    def test_guests_that_may_not_be_read_are_not_shown(self):
        self.guest.company_id = self.company_2
        policy = self._policy("birthdate").with_user(self.manager)
        with self.assertRaises(UserError):
            policy._get_preview(self.guest.with_user(self.manager))
