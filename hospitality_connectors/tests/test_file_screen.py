import base64

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..models.imports import hospitality_import_columns as columns_module
from ..models.imports import hospitality_import_job as job_module
from .file_common import STAY_MAPPING, STAYS, FileCommon


@tagged("post_install", "-at_install")
class TestFileScreen(FileCommon, CronMixinCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "f_manager", groups="hospitality_crm.group_hospitality_manager")
        cls.reception = new_test_user(cls.env, "f_reception", groups="hospitality_crm.group_hospitality_reception")

    def _upload(self, content=STAYS, name="stays.csv", user=None):
        content = content.encode() if isinstance(content, str) else content
        return self.Job.with_user(user or self.manager).create(
            {"connector_id": self.connector.id, "filename": name, "file": base64.b64encode(content)}
        )

    def test_a_manager_goes_from_upload_to_verification(self):
        job = self._upload()
        self.assertEqual((job.name, job.state, job.rows, job.row_count), ("stays.csv", "columns", "stay", 3))
        found = {line.column: line.target for line in job.line_ids}
        self.assertEqual(
            found,
            {
                "Res": "stay.external_id",
                "Hotel": "stay.property",
                "Guest": "guest.name",
                "Mail": "guest.email",
                "From": "stay.arrival",
                "To": "stay.departure",
                "State": "stay.status",
                "Total": "stay.amount_total",
            },
        )
        self.assertEqual((job.date_order, job.decimal, job.question_text), ("dmy", ",", False))
        self.assertIn("ann@sunmail.co", job.line_ids.filtered(lambda line: line.column == "Mail").samples)
        job.action_check()
        self.assertEqual(job.state, "check")
        job.action_import()
        self.assertEqual((job.state, job.difference_count), ("done", 0))
        self.assertIn("What landed equals the file", job.verify_html)
        self.assertEqual(len(self._stays()), 3)

    def test_large_files_are_left_to_the_background(self):
        self.patch(job_module, "INLINE_ROWS", 2)
        job = self._upload()
        with self.capture_triggers("hospitality_connectors.ir_cron_import") as capture:
            job.action_import()
        self.assertEqual((job.task, len(capture.records)), ("import", 1))
        with self.assertRaisesRegex(UserError, "being worked on"):
            job.action_import()
        with self.assertRaisesRegex(UserError, "being worked on"):
            job.unlink()

    def test_large_uploads_are_read_in_the_background(self):
        self.patch(columns_module, "INLINE_BYTES", 10)
        job = self._upload()
        self.assertEqual((job.state, job.task), ("upload", "read"))
        self._work()
        self.assertEqual((job.state, job.task, job.row_count), ("columns", False, 3))

    def test_what_people_correct_is_used_and_remembered(self):
        job = self._upload("Nr;Wer;Von;Bis;Geld\n7;Ann;01.02.2025;03.02.2025;100\n")
        with Form(job.with_user(self.manager)) as form:
            form.rows = "stay"
            for index, target in enumerate(
                ["stay.external_id", "guest.name", "stay.arrival", "stay.departure", "stay.amount_room"]
            ):
                with form.line_ids.edit(index) as line:
                    line.target = target
        job.action_import()
        stay = self._stays()
        self.assertEqual((stay.external_id, stay.partner_id.name, stay.amount_room), ("7", "Ann", 100.0))
        again = self._upload("Nr;Wer;Von;Bis;Geld\n8;Bob;01.02.2025;03.02.2025;100\n")
        self.assertTrue(again.is_remembered)
        self.assertEqual(again.line_ids.mapped("target")[-1], "stay.amount_room")
        again.action_import()
        self.assertEqual(self._stays().mapped("external_id"), ["7", "8"])

    def test_the_same_upload_again_writes_nothing(self):
        job = self._upload()
        job.property_id = self.bay
        job.action_import()
        before = self._dump()
        again = self._upload()
        again.property_id = self.bay
        again.action_import()
        self.assertEqual((again.stored_rows, again.verify_report["unchanged"]), (0, 3))
        self.assertEqual(self._dump(), before)

    def test_a_fixed_value_and_a_column_used_twice(self):
        job = self._upload("Nr,Guest,Arrival,Departure\n7,Ann,2025-02-01,2025-02-03\n")
        line = job.line_ids.filtered(lambda line: line.column == "Nr")
        line.target = "stay.external_id"
        line.action_use_again()
        twin = job.line_ids.filtered(lambda one: one.column == "Nr") - line
        twin.write({"target": "booking.confirmation", "prefix": "C-"})
        job.write({"line_ids": [(0, 0, {"value": "Walk-in", "target": "stay.market"})]})
        job.action_import()
        stay = self._stays()
        self.assertEqual((stay.external_id, stay.booking_id.confirmation, stay.market), ("7", "C-7", "Walk-in"))

    def test_questions_must_be_answered_first(self):
        job = self._upload('Guest,Arrival,Departure,Total\nAnn,01/02/2025,03/02/2025,"1,234"\n')
        self.assertIn("01/02/2025", job.question_text)
        self.assertIn("1,234", job.question_text)
        with self.assertRaisesRegex(UserError, "Answer these questions first"):
            job.action_import()
        job.write({"date_order": "mdy", "decimal": "."})
        self.assertFalse(job.question_text)
        job.action_import()
        stay = self._stays()
        self.assertEqual(
            (str(stay.arrival), str(stay.departure), stay.amount_total), ("2025-01-02", "2025-03-02", 1234.0)
        )

    def test_code_is_asked_too_instead_of_guessing(self):
        job = self._job("Guest,Arrival,Departure\nAnn,01/02/2025,03/02/2025\n")
        with self.assertRaisesRegex(UserError, "day first or month first"):
            job._check_ready()

    def test_files_that_can_not_be_read_are_explained_on_the_form(self):
        for content, words in (
            (b"a,b\n", "no rows below"),
            (b"%PDF-1.7 xx", "PDF"),
            (b"a,a\n1,2\n", "more than once"),
        ):
            job = self._upload(content)
            self.assertEqual(job.state, "upload")
            self.assertIn(words, job.error)
        job.write({"file": base64.b64encode(STAYS.encode()), "filename": "good.csv"})
        self.assertEqual((job.state, job.error), ("columns", False))

    def test_columns_without_a_meaning_are_refused(self):
        job = self._upload("x,y\n1,2\n")
        job.line_ids.target = False
        with self.assertRaisesRegex(UserError, "No column is mapped"):
            job.action_import()

    def test_another_encoding_can_be_chosen(self):
        job = self._upload("Guest,Phone\nЁжик,+380671234567\n".encode("cp866"))
        job.write({"encoding": "cp866"})
        job.action_read_again()
        self.assertIn("Ёжик", job.line_ids.filtered(lambda line: line.column == "Guest").samples)

    def test_the_report_can_be_downloaded(self):
        job = self._upload(STAYS + "R9;F-CITY;Eve;;x;y;Confirmed;1\n")
        job.action_import()
        action = job.action_download_report()
        attachment = self.env["ir.attachment"].browse(int(action["url"].split("/")[3].split("?")[0]))
        self.assertIn("isn't a date", attachment.raw.decode())

    def test_downloaded_report_holds_no_formulas(self):
        job = self._upload(STAYS)
        job.verify_report = {
            "differences": [{"row": 2, "entity": "stay", "key": "=HYPERLINK(A1)", "text": "@SUM(A1) is missing"}]
        }
        action = job.action_download_report()
        attachment = self.env["ir.attachment"].browse(int(action["url"].split("/")[3].split("?")[0]))
        self.assertIn("2,stay,'=HYPERLINK(A1),'@SUM(A1) is missing", attachment.raw.decode())

    def test_rows_not_imported_can_be_opened(self):
        job = self._upload(STAYS + "R9;F-CITY;Eve;;x;y;Confirmed;1\n")
        job.action_import()
        domain = job.action_open_quarantine()["domain"]
        rows = self.env["hospitality.connector.inbox"].with_user(self.manager).search(domain)
        self.assertEqual(rows.mapped("import_row"), [5])

    def test_reception_may_not_import(self):
        with self.assertRaises(AccessError):
            self._upload(user=self.reception)
        job = self._job(mapping=STAY_MAPPING)
        for call in (job.action_check, job.action_import, job.action_read_again):
            with self.assertRaises(AccessError):
                call.__func__(job.with_user(self.reception))
        with self.assertRaises(AccessError):
            self.env["hospitality.import.mapping"].with_user(self.reception).search([])

    def test_managers_see_connectors_and_rows_of_files_only(self):
        other = self.env["hospitality.connector"].create(
            {"name": "Other", "source_id": self.source.id, "adapter": "canonical"}
        )
        found = self.env["hospitality.connector"].with_user(self.manager).search([])
        self.assertIn(self.connector, found)
        self.assertNotIn(other, found)
        job = self._upload()
        with self.assertRaises(AccessError):
            job.with_user(self.manager).read(["path"])

    def test_nobody_can_make_the_server_read_its_own_files(self):
        admin = new_test_user(self.env, "f_admin", groups="hospitality_crm.group_hospitality_admin")
        Job = self.Job.with_user(admin)
        with self.assertRaises(AccessError):
            Job.create({"connector_id": self.connector.id, "path": "/etc/passwd"})
        with self.assertRaises(AccessError):
            self._upload(user=admin).path = "/etc/passwd"

    def test_only_connectors_for_files_take_files(self):
        other = self.env["hospitality.connector"].create(
            {"name": "Other", "source_id": self.source.id, "adapter": "canonical"}
        )
        with self.assertRaises(ValidationError):
            self.Job.create({"connector_id": other.id})

    def test_files_are_removed_some_weeks_after_their_import(self):
        job = self._upload()
        job.action_import()
        self.Job._gc_files()
        self.assertTrue(job.file)
        job.sudo().finished_at = "2020-01-01 00:00:00"
        self.Job._gc_files()
        self.assertFalse(job.file)
