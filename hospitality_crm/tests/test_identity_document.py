import base64
import datetime

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from ..tools import keys
from .common import HospitalityCommon
from .key_common import KeyFileMixin

MODEL = "hospitality.identity.document"
SECRET = "FE4711823"


@tagged("post_install", "-at_install")
class TestIdentityDocument(KeyFileMixin, HospitalityCommon):
    """Numbers are encrypted, found by a keyed hash, revealed with a reason and deleted in time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reception = cls._create_role_user("reception")
        cls.manager = cls._create_role_user("manager")
        cls.dpo = cls._create_role_user("dpo")
        cls.Document = cls.env[MODEL]
        cls.document = cls._create_document(cls.anna, SECRET)
        cls.env.flush_all()
        cls.env.invalidate_all()

    @classmethod
    def _create_document(cls, guest, number, **values):
        return cls.Document.create({"partner_id": guest.id, "number": number, "kind": "passport", **values})

    def _logged(self, kind="document"):
        return self.env["hospitality.access.log"].search([("kind", "=", kind)], limit=1)

    def _find_in_database(self, texts):
        """Return the tables that hold one of some texts, as a dump of the database would."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
        )
        pattern = "|".join(texts)
        found = []
        for (table,) in self.env.cr.fetchall():
            name = SQL.identifier(table)
            rows = self.env.execute_query(SQL("SELECT 1 FROM %s t WHERE t::text ~* %s LIMIT 1", name, pattern))
            found += [table] if rows else []
        return found

    # -- the number is nowhere -----------------------------------------------------------------

    def test_no_planted_number_is_in_the_database(self):
        numbers = [f"ZQ{n:03d}74{n * 7919 % 100000:05d}" for n in range(50)]
        documents = self.Document.with_user(self.reception)
        with Form(documents.with_context(default_partner_id=self.ben.id)) as form:
            form.number = numbers[0]
        documents.create([{"partner_id": self.ben.id, "number": number} for number in numbers[1:]])
        call_kw(documents, "search_count", [[("number", "=", numbers[7])]], {})
        found = self.Document.with_user(self.manager).search([("partner_id", "=", self.ben.id)])
        self.assertEqual(len(found), 50)
        for document in found[:5]:
            self._reveal(document, self.manager)
        twin = self._create_guest("Ben Smith", "ben2@smith.example")
        self.ben._merge_guests(twin)
        self.assertEqual(self._find_in_database(numbers), [])
        self.assertEqual(
            self._find_in_database([numbers[0][-3:]])[:1] != [], True, "the search does find what is there"
        )

    def _reveal(self, document, user, reason="Registration form"):
        wizard = self.env["hospitality.identity.document.reveal"].with_user(user)
        wizard = wizard.create({"document_id": document.id, "reason": reason})
        wizard.action_show()
        return call_kw(wizard, "web_read", [wizard.ids, {"number": {}}], {})[0]["number"]

    def test_the_number_is_shown_masked(self):
        document = self.document.with_user(self.reception)
        values = call_kw(document, "read", [document.ids], {})[0]
        self.assertEqual(values["masked_number"], "•••• 823")
        self.assertFalse(values["number"])
        self.assertNotIn(SECRET, str(values))
        self.assertEqual(document.display_name, "Passport •••• 823")
        self.assertEqual(
            self._create_document(self.ben, "12345").masked_number, "•••• ?", "little would be left to guess"
        )

    def test_hidden_columns_can_not_be_reached(self):
        for user in (self.reception, self.manager, self.dpo):
            document = self.document.with_user(user)
            attempts = {
                "read": lambda d=document: d.read(["cipher"]),
                "search": lambda d=document: d.search([("number_hash", "=", "x")]),
                "group": lambda d=document: d.formatted_read_group([], ["number_hash"], ["__count"]),
                "through the guest": lambda d=document: d.env["res.partner"].search(
                    [("identity_document_ids.cipher", "!=", False)]
                ),
                "write": lambda d=document: d.write({"cipher": "x"}),
            }
            for way, attempt in attempts.items():
                with self.subTest(user=user.login, way=way), self.assertRaises(AccessError):
                    attempt()

    def test_an_export_holds_no_number(self):
        self.env.ref("base.group_allow_export").user_ids = [Command.link(self.manager.id)]
        document = self.document.with_user(self.manager)
        rows = call_kw(document, "export_data", [document.ids, ["partner_id/name", "masked_number", "number"]], {})
        self.assertNotIn(SECRET, str(rows))
        self.assertEqual(self._logged("export").record_ids, tuple(document.ids))

    # -- reveal --------------------------------------------------------------------------------

    def test_a_reveal_is_logged_with_its_reason(self):
        before = self._logged().id
        self.assertEqual(self._reveal(self.document, self.manager, "Police asks"), SECRET)
        row = self._logged()
        self.assertGreater(row.id, before or 0)
        self.assertEqual(
            (row.user_id, row.guest_ids, row.record_ids), (self.manager, (self.anna.id,), (self.document.id,))
        )
        self.assertEqual(row.reason, "Police asks")
        found = self.env["hospitality.access.log"].with_user(self.dpo)
        month = fields.Date.today().replace(day=1)
        asked = [("guest_id", "ilike", "Kovalenko"), ("kind", "=", "document"), ("at", ">=", month)]
        self.assertEqual(found.search(asked), row.with_user(self.dpo), "who saw this passport this month")

    def test_nothing_is_revealed_without_right_or_reason(self):
        before = self._logged()
        with self.assertRaises(AccessError):
            self.document.with_user(self.reception)._reveal("I want to")
        with self.assertRaises(AccessError):
            self._reveal(self.document, self.reception)
        for reason in ("", "   ", False):
            with self.assertRaises(UserError):
                self._reveal(self.document, self.manager, reason)
            wizard = self.env["hospitality.identity.document.reveal"].with_user(self.manager)
            wizard = wizard.create({"document_id": self.document.id, "reason": reason})
            with self.assertRaises(UserError):
                call_kw(wizard, "read", [wizard.ids, ["number"]], {})
        self.assertEqual(self._logged(), before)

    def test_documents_of_another_company_stay_hidden(self):
        other = self._create_document(self.carla, "CC9988776", company_id=self.company_2.id)
        with self.assertRaises(AccessError):
            other.with_user(self.manager)._reveal("I want to")
        self.assertFalse(self.Document.with_user(self.manager).search([("id", "=", other.id)]))

    # -- look-up -------------------------------------------------------------------------------

    def test_a_number_is_found_however_it_is_typed(self):
        Document = self.Document.with_user(self.reception)
        for typed in (SECRET, "fe 4711-823", "FE/4711823", "\uff26\uff25\uff14711823"):
            self.assertEqual(Document.search([("number", "=", typed)]).ids, self.document.ids, typed)
        self.assertFalse(Document.search([("number", "=", "FE471182")]), "a part is not enough")

    def test_another_guest_with_the_number_is_shown(self):
        other = self._create_document(self.ben, "fe 4711823")
        self.assertEqual(other.same_number_ids, self.anna)
        self.assertEqual(self.document.same_number_ids, self.ben)

    # -- keys ----------------------------------------------------------------------------------

    def test_a_new_key_takes_over(self):
        second = self._create_document(self.ben, "BB1234567")
        self.write_keys({"k2": "cd", "k1": "ab"})
        self.assertEqual(self._reveal(self.document, self.manager), SECRET, "both keys are valid")
        third = self._create_document(self.carla, "CC1234567")
        self.assertEqual(third.sudo().key_id, "k2")
        ciphers = self.document.sudo().cipher
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_identity_document_upkeep").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(set((self.document | second | third).sudo().mapped("key_id")), {"k2"})
        self.assertNotEqual(self.document.sudo().cipher, ciphers)
        self.assertEqual(self.Document.search([("number", "=", SECRET)]), self.document, "the hash stays valid")
        self.write_keys({"k2": "cd", "k0": "ab"})
        self.assertEqual(self._reveal(self.document, self.manager), SECRET, "the old key is no longer needed")

    def test_without_its_key_a_number_is_lost(self):
        self.write_keys({"k9": "ef"})
        with self.assertRaisesRegex(UserError, "k1"):
            self._reveal(self.document, self.manager)
        self.key_file.unlink()
        with self.assertRaisesRegex(UserError, "key file"):
            self._create_document(self.ben, "BB1234567")

    def test_a_number_moved_to_another_row_is_refused(self):
        other = self._create_document(self.ben, "BB1234567")
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_identity_document SET cipher ="
                " (SELECT cipher FROM hospitality_identity_document WHERE id = %s) WHERE id = %s",
                self.document.id,
                other.id,
            )
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "changed in the database"):
            self._reveal(other, self.manager)
        self.write_keys({"k2": "cd", "k1": "ab"})
        with mute_logger("odoo.addons.hospitality_crm.models.vault.hospitality_identity_document"):
            self.Document._rotate_step(0)
        self.assertEqual(self._reveal(self.document, self.manager), SECRET, "one damaged row stops nobody else")

    # -- copies --------------------------------------------------------------------------------

    def test_copies_are_off_until_allowed_and_then_encrypted(self):
        image = base64.b64encode(b"\x89PNG not an image but secret " * 20)
        with self.assertRaisesRegex(UserError, "aren't kept"):
            self.document.with_user(self.reception).write({"scan": image})
        self.company.hospitality_document_scan = True
        document = self.document.with_user(self.reception)
        document.write({"scan": image})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertTrue(document.has_scan)
        self.assertFalse(document.scan)
        stored = self.env["ir.attachment"].search(
            [("res_model", "=", MODEL), ("res_id", "=", document.id), ("res_field", "=", "scan_cipher")]
        )
        self.assertNotIn(b"secret", stored.raw)
        self.assertEqual(self.document.with_user(self.manager)._reveal("Police asks", "scan"), image)
        self.assertEqual(self._logged().field_names, "scan")
        stored_id = stored.id
        self.document.unlink()
        self.assertFalse(self.env["ir.attachment"].browse(stored_id).exists())

    # -- deletion ------------------------------------------------------------------------------

    def test_deleted_some_days_after_the_departure(self):
        today = fields.Date.today()
        self.document._refresh_due_dates()
        self.assertEqual(self.document.delete_on, today + datetime.timedelta(days=30), "no departure after the record")
        self._create_stay(self.anna, self.palace, arrival=today, nights=9)
        self._create_stay(self.anna, self.palace, arrival=today, nights=90, status="cancelled")
        self._create_stay(self.anna, self.palace, arrival=today + datetime.timedelta(days=300), status="reserved")
        self._create_stay(self.anna, self.harbour, arrival=today, nights=60)
        self.document._refresh_due_dates()
        self.assertEqual(self.document.delete_on, today + datetime.timedelta(days=39))
        self.company.hospitality_document_days = 5
        self.document._refresh_due_dates()
        self.assertEqual(self.document.delete_on, today + datetime.timedelta(days=14))
        self.palace.country_id = self.env.ref("base.es")
        self.document.property_id = self.palace
        self.document._refresh_due_dates()
        self.assertEqual(self.document.delete_on, today + datetime.timedelta(days=9 + 1095), "the law of Spain")

    def test_the_job_deletes_what_is_due_and_nothing_else(self):
        kept = self._create_document(self.ben, "BB1234567")
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_identity_document SET create_date = now() - interval '31 days' WHERE id = %s",
                self.document.id,
            )
        )
        self.env.cr.execute(SQL("UPDATE hospitality_stay SET arrival = arrival - 60, departure = departure - 60"))
        self.env.invalidate_all()
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_identity_document_upkeep").method_direct_trigger()
        self.assertFalse(self.document.exists())
        self.assertTrue(kept.exists())
        row = self._logged("document_change")
        self.assertEqual((row.guest_ids, row.details), ((self.anna.id,), "deleted"))

    # -- guests --------------------------------------------------------------------------------

    def test_documents_follow_a_merge_and_return(self):
        twin = self._create_guest("Anna Kovalenko", "anna2@kovalenko.example")
        document = self._create_document(twin, "AA7654321")
        merge = self.anna._merge_guests(twin)
        self.env.invalidate_all()
        self.assertEqual(document.partner_id, self.anna)
        self.assertEqual(self._reveal(document, self.manager), "AA7654321")
        (merge or self.env["hospitality.merge"].search([], limit=1, order="id desc"))._undo()
        self.env.invalidate_all()
        self.assertEqual(document.partner_id, twin)

    def test_a_document_needs_a_number(self):
        for number in (False, "", " - "):
            with self.assertRaises(UserError):
                self._create_document(self.ben, number)

    def test_the_key_ring_is_its_own(self):
        ring = keys.load("document")
        self.assertNotEqual(ring.keys["k1"], keys.load("seal").keys["k1"])
