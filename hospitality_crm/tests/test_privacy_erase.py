import base64
import datetime
import hashlib
import json
import pathlib
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..engine.privacy import Subject
from .privacy_common import PrivacyCommon


@tagged("post_install", "-at_install")
class TestErase(PrivacyCommon):
    def test_request_erase_evidence(self):
        request = self._request(self.anna, "erasure")
        with self.assertRaises(AccessError):
            request.with_user(self._create_role_user("reception")).action_answer()
        request.with_user(self.dpo).action_answer()
        self.assertEqual(request.state, "approved")
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.assertEqual(request._erase_step(), 1)
        self.env.invalidate_all()
        self.assertEqual(request.state, "done")
        self.assertRegex(self.anna.name, r"^Erased guest #\d+$")
        self.assertFalse(self.anna.active)
        self.assertFalse(self.anna.email)
        self.assertTrue(self.anna.guest_erased_at)
        self.assertEqual(self.stay_anna.partner_id, self.anna)
        self.assertEqual(request.step_ids.mapped("action"), ["received", "approved", "erased", "done"])
        for word in ("Anna", "Kovalenko", "anna@"):
            self.assertNotIn(word, request.evidence_text)
            self.assertNotIn(word, str(request.evidence))
        self.assertIn("res_partner", request.evidence["counts"])
        self.assertEqual(len(request.evidence_hash), 64)
        file = json.loads(base64.b64decode(request.evidence_file))
        self.assertEqual((file["sha256"], len(file["log"])), (request.evidence_hash, 4))
        payload = json.dumps([file["evidence"], file["text"]], sort_keys=True, default=str, ensure_ascii=False)
        self.assertEqual(hashlib.sha256(payload.encode()).hexdigest(), request.evidence_hash)

    def test_nobody_edits_an_erased_guest(self):
        self._erase(self.anna)
        with self.assertRaises(UserError):
            self.anna.name = "Anna again"

    def test_open_matters_block(self):
        today = datetime.date.today()
        cases = {
            "in_house": {"status": "in_house", "arrival": today},
            "planned": {"status": "reserved", "arrival": today + datetime.timedelta(days=20)},
            "balance": {"status": "checked_out", "balance": 12.5},
        }
        for code, values in cases.items():
            guest = self._create_guest(f"Guest {code}", f"{code}@block.example")
            self._create_stay(guest, self.palace, **values)
            with self.subTest(code=code):
                request = self._request(guest, "erasure")
                request.with_user(self.dpo).action_answer()
                self.assertEqual(request.state, "blocked")
                self.assertEqual([blocker["code"] for blocker in request.blockers], [code])
                self.assertRegex(request.blocker_text, r"\d")
                with self.assertRaises(UserError):
                    self.Eraser._erase(guest)
        self.assertEqual(self.Eraser._get_blockers(self.anna), [])

    def test_a_reservation_ahead_blocks(self):
        self.env["hospitality.reservation"].create(
            {
                "partner_id": self.ben.id,
                "property_id": self.bistro.id,
                "starts_at": datetime.datetime.now() + datetime.timedelta(days=3),
                "covers": 2,
            }
        )
        self.assertEqual([blocker["code"] for blocker in self.Eraser._get_blockers(self.ben)], ["reservation"])

    def test_a_legal_hold_blocks_until_its_day(self):
        hold = self.env["hospitality.legal.hold"].create(
            {"partner_id": self.ben.id, "reason": "Claim 17", "date_to": datetime.date.today()}
        )
        [blocker] = self.Eraser._get_blockers(self.ben)
        self.assertEqual((blocker["code"], blocker["until"]), ("hold", datetime.date.today()))
        self.assertIn("Claim 17", blocker["message"])
        hold.write({"date_from": "2020-01-01", "date_to": "2020-02-01"})
        self.assertFalse(self.Eraser._get_blockers(self.ben))

    def test_staff_are_not_erased(self):
        self.assertEqual([b["code"] for b in self.Eraser._get_blockers(self.dpo.partner_id)], ["staff"])
        self.assertEqual([b["code"] for b in self.Eraser._get_blockers(self.company.partner_id)], ["staff"])

    def test_a_blocked_request_opens_again(self):
        stay = self._create_stay(self.ben, self.palace, status="in_house")
        request = self._request(self.ben, "erasure")
        request.with_user(self.dpo).action_answer()
        self.assertEqual(request.state, "blocked")
        stay.status = "checked_out"
        self.Request._recheck_blocked()
        self.assertEqual(request.state, "open")
        self.assertEqual(request.activity_ids.user_id, self.dpo)

    def test_others_keep_what_is_theirs(self):
        """A spouse at the same address and a namesake lose nothing."""
        spouse = self._create_guest("Oleh Kovalenko", "anna@kovalenko.example")
        namesake = self._create_guest(
            "Anna Kovalenko", "other.anna@example.com", comment="<p>Anna Kovalenko likes tea</p>"
        )
        self._erase(self.anna)
        self.env.invalidate_all()
        self.assertEqual(spouse.email, "anna@kovalenko.example")
        self.assertEqual(namesake.name, "Anna Kovalenko")
        self.assertIn("Anna Kovalenko", namesake.comment)
        points = self.env["hospitality.contact.point"].search([("value", "=", "anna@kovalenko.example")])
        self.assertEqual(points.link_ids.profile_id.partner_id, spouse)
        self.assertFalse(points.suppression)

    def test_suppression_outlives_the_address(self):
        purpose = self.env.ref("hospitality_crm.purpose_marketing")
        Suppression = self.env["hospitality.suppression"]
        point = self.env["hospitality.contact.point"].search([("value", "=", "anna@kovalenko.example")])
        self._erase(self.anna)
        self.assertFalse(point.exists())
        self.assertFalse(self._count("SELECT count(*) FROM hospitality_suppression WHERE digest LIKE %s", "%anna%"))
        again = self._create_guest("Somebody New", "Anna@Kovalenko.example")
        point = self.env["hospitality.contact.point"].search([("value", "=", "anna@kovalenko.example")])
        self.assertEqual(again._get_odoo_profile().link_ids.point_id, point)
        found = {row[0] for row in self.env.execute_query(Suppression._get_suppressed_points(purpose.id))}
        self.assertIn(point.id, found)
        Suppression._lift([("email", "anna@kovalenko.example")])
        found = {row[0] for row in self.env.execute_query(Suppression._get_suppressed_points(purpose.id))}
        self.assertNotIn(point.id, found)

    def test_a_key_of_an_erased_guest_is_refused(self):
        profile = self.env["hospitality.profile"].create(
            {
                "source_id": self.source.id,
                "external_id": "G-77",
                "values": {"name": "Dora Dead", "emails": ["dora@dead.example"]},
            }
        )
        request = self._erase(profile.partner_id)
        self.assertNotIn("G-77", profile.external_id)
        self.assertEqual(request.notice_ids.mapped("external_id"), ["G-77"])
        request.notice_ids._mark_failed("no line")
        self.assertEqual((request.notice_ids.state, request.notice_ids.attempts), ("pending", 1))
        notice = request.notice_ids
        for _try in range(5):
            notice._mark_failed("no line")
        self.assertEqual(notice.state, "failed")
        with self.assertRaises(AccessError):
            notice.with_user(self._create_role_user("reception")).action_retry()
        notice.with_user(self.dpo).action_retry()
        self.assertEqual((notice.state, notice.attempts), ("pending", 0))
        notice.with_user(self.dpo).action_mark_told()
        self.assertEqual((notice.state, notice.external_id), ("sent", False))
        with self.assertRaisesRegex(UserError, "erased here"):
            self.env["hospitality.profile"].create(
                {"source_id": self.source.id, "external_id": "G-77", "values": {"name": "Dora Dead"}}
            )
        other = self.env["hospitality.profile"].create(
            {"source_id": self.source_pos.id, "external_id": "G-77", "values": {"name": "Edna Else"}}
        )
        self.assertEqual(other.state, "live")

    def test_a_merged_guest_is_erased_with_all_he_was(self):
        old = self._create_guest("Anna Kovalenkova", "anna.old@kovalenko.example")
        self.anna._merge_guests(old)
        self._erase(old)
        self.env.invalidate_all()
        self.assertTrue(self.anna.guest_erased_at)
        self.assertTrue(old.guest_erased_at)
        self.assertEqual(old.name, self.anna.name)
        lines = self.env["hospitality.merge.line"].search([("merge_id.winner_id", "=", self.anna.id)])
        self.assertFalse(any(lines.mapped("payload")))

    def test_replay_after_a_restore(self):
        """Who comes back with an older backup is erased again."""
        subject = self.env["hospitality.privacy"]._find_subject(self.anna)
        line = {"at": "2026-01-01", "sha256": "x", "digests": self.Eraser._get_digests(subject)}
        self.Eraser._put_on_list(subject, line)
        self.env.cr.postcommit.run()
        self.assertNotIn("anna", self.Eraser._get_list_file().read_text().lower())
        self.assertEqual(self.Eraser._find_listed(), self.anna)
        self.assertFalse(self.Eraser._find_listed("another database"))
        self.assertEqual(self.Eraser._replay(commit=False), 1)
        self.env.invalidate_all()
        self.assertTrue(self.anna.guest_erased_at)
        self.assertFalse(self.ben.guest_erased_at)
        self.assertEqual(self.Eraser._replay(commit=False), 0)

    def test_the_list_is_completed(self):
        """A process that ends between the commit and the line leaves nobody off the list."""
        self._erase(self.anna)
        self.env.invalidate_all()
        self.Eraser._get_list_file().unlink(missing_ok=True)
        erased = (
            self.env["res.partner"].with_context(active_test=False).search_count([("guest_erased_at", "!=", False)])
        )
        self.assertEqual(self.Eraser._complete_list(), erased)
        self.assertEqual(self.Eraser._complete_list(), 0)
        self.anna.sudo().with_context(hospitality_privacy=True).guest_erased_at = False
        self.assertEqual(self.Eraser._find_listed(), self.anna)

    def test_files_go_unless_somebody_else_has_them(self):
        Attachment = self.env["ir.attachment"]
        own, shared, other = Attachment.create(
            [
                {"name": "own.txt", "raw": b"privacy-own-file", "res_model": "res.partner", "res_id": self.anna.id},
                {"name": "both.txt", "raw": b"privacy-shared-file", "res_model": "res.partner", "res_id": self.anna.id},
                {"name": "both.txt", "raw": b"privacy-shared-file", "res_model": "res.partner", "res_id": self.ben.id},
            ]
        )
        names = [own.store_fname, shared.store_fname]
        paths = [pathlib.Path(Attachment._full_path(name)) for name in names]
        self._erase(self.anna)
        self.env.invalidate_all()
        self.assertFalse((own | shared).exists())
        self.assertTrue(all(path.is_file() for path in paths), "a rolled back erasure must not have deleted files")
        self.Eraser._collect_files(names)
        self.assertEqual([path.is_file() for path in paths], [False, True])
        self.assertEqual(other.raw, b"privacy-shared-file")

    def test_numbers_and_keys_are_struck_out_without_breaking_anything(self):
        """A number in JSON, and texts that must stay different."""
        pattern = "4711"
        request = self._request(self.ben, "access", details="call 4711")
        request.blockers = [{"code": "x", "message": "m", "phone": 4711}]
        self.env.flush_all()
        columns = [("blockers", "jsonb", True), ("details", "text", True)]
        self.assertEqual(self.Eraser._redact(request._table, columns, pattern, request.ids), 2)
        self.env.invalidate_all()
        self.assertEqual((request.blockers, request.details), (False, "call ***"))
        sources = self.env["hospitality.source"].create(
            [{"name": "A", "code": "4711"}, {"name": "B", "code": "x 4711"}, {"name": "C", "code": "47112"}]
        )
        self.env.flush_all()
        self.Eraser._redact("hospitality_source", [("code", "character varying", False)], ".*4711.*", sources.ids)
        self.env.invalidate_all()
        self.assertEqual(sources.mapped("code"), [f"***-{id_}" for id_ in sources.ids])

    def test_tables_of_other_apps(self):
        """A table that nobody has declared: the row stays with the stub, without the guest's names, and is named."""
        self.env.cr.execute(
            "CREATE TABLE t_other_app (id serial PRIMARY KEY, partner_id int REFERENCES res_partner, note text,"
            " doc jsonb)"
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO t_other_app (partner_id, note, doc) VALUES (%s, %s, %s), (%s, %s, %s)",
                self.anna.id,
                "Anna wants tea, anna@kovalenko.example",
                '{"who": "Anna Kovalenko"}',
                self.ben.id,
                "Anna wants tea",
                "{}",
            )
        )
        self.env.registry.clear_cache("stable")
        self.addCleanup(self.env.registry.clear_cache, "stable")
        evidence = self.Eraser._erase(self.anna)
        self.assertEqual(evidence["unknown"], {"t_other_app": 1})
        rows = self.env.execute_query(SQL("SELECT partner_id, note, doc FROM t_other_app ORDER BY id"))
        self.assertEqual(rows[0], (self.anna.id, "*** wants tea, ***", {"who": "***"}))
        self.assertEqual(rows[1], (self.ben.id, "Anna wants tea", {}))
        self.assertIn("t_other_app", self.Eraser._explain(evidence))

    def test_numbers_as_people_write_them(self):
        """All spellings of a number are found, and no other number."""
        subject = Subject(0, [], emails={"anna@kovalenko.example"}, phones={"+380671234567"})
        pattern = subject.get_address_pattern()
        found = (
            *("+380671234567", "00380671234567", "+380 67 123-45-67", "380 (67) 1234567", "067 123 45 67"),
            *("0671234567", "call 67-123-45-67 now", "<ANNA@kovalenko.example>"),
        )
        others = (
            "+380671234568",
            "1380671234567",
            "06712345678",
            "joanna@kovalenko.example",
            "anna@kovalenko.example2",
        )
        for text in found + others:
            with self.subTest(text=text):
                [(hit,)] = self.env.execute_query(SQL("SELECT %s ~* %s", text, pattern))
                self.assertEqual(hit, text in found)

    def test_without_a_key_nothing_is_erased(self):
        with (
            patch.dict("os.environ", {"HOSPITALITY_KEY_FILE": "/nowhere"}),
            self.assertRaisesRegex(UserError, "key file"),
        ):
            self.Eraser._erase(self.anna)
