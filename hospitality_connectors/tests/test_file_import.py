import datetime
import json
import random

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..engine.files.adapter import FileAdapter
from ..models.imports import hospitality_import_runner as runner
from .file_common import STAY_MAPPING, STAYS, FileCommon


@tagged("post_install", "-at_install")
class TestFileImport(FileCommon):
    def test_a_file_becomes_guests_bookings_and_stays(self):
        report = self._import()
        self.assertEqual(
            {key: report[key] for key in ("rows", "loaded", "unchanged", "quarantined", "waiting", "differences")},
            {"rows": 3, "loaded": 3, "unchanged": 0, "quarantined": 0, "waiting": 0, "differences": []},
        )
        stays = self._stays()
        self.assertEqual(stays.mapped("status"), ["checked_out", "cancelled", "reserved"])
        self.assertEqual(stays.mapped("amount_total"), [200.0, 330.5, 180.0])
        self.assertEqual(stays.property_id.mapped("code"), ["F-CITY", "F-BAY"])
        self.assertEqual(stays[0].arrival, datetime.date(2025, 2, 1))
        self.assertEqual(stays.booking_id.mapped("external_id"), ["R1", "R2", "R3"])
        # One address and one name: two rows, one guest.
        self.assertEqual(stays[0].partner_id, stays[2].partner_id)
        self.assertEqual(stays[0].partner_id.email, "ann@sunmail.co")

    def test_verification_tells_counts_sums_and_statuses(self):
        sides = self._import()["entities"]["stay"]
        self.assertEqual(sides["file"], sides["landed"])
        self.assertEqual(sides["file"]["count"], 3)
        self.assertEqual(sides["file"]["by_status"], {"cancelled": 1, "checked_out": 1, "reserved": 1})
        self.assertEqual(sides["file"]["sums"]["amount_total"], {"EUR": "710.5"})

    def test_verification_finds_what_differs(self):
        job = self._job(mapping=STAY_MAPPING)
        self._run(job)
        stay = self._stays()[1]
        stay.write({"status": "no_show", "amount_total": 1})
        stay.flush_recordset()
        self._stays()[2].unlink()
        rows = self.env["hospitality.import.runner"]._open(job, "import")
        rows.prepare()
        self.env.flush_all()
        self.env["hospitality.import.runner"]._verify(job, rows, lambda *args: None)
        job.invalidate_recordset()
        self.assertEqual(
            [(item["row"], item["entity"], item["key"], item["text"]) for item in job.verify_report["differences"]],
            [
                (3, "stay", "R2", "Status cancelled became no_show."),
                (3, "stay", "R2", "amount_total 330.5 became 1.0."),
                (4, "stay", "R3", "It isn't there."),
            ],
        )
        self.assertEqual(job.difference_count, 3)
        self.assertIn("330.5", job.verify_html)

    def test_a_second_import_writes_nothing(self):
        self._import()
        before = self._dump()
        inbox = self.env["hospitality.connector.inbox"].search_count([])
        report = self._import()
        self.assertEqual((report["loaded"], report["unchanged"]), (0, 3))
        head, *lines = STAYS.splitlines()
        random.Random(2).shuffle(lines)
        report = self._import("\n".join([head, *lines]))
        self.assertEqual((report["loaded"], report["unchanged"], report["difference_count"]), (0, 3, 0))
        self.assertEqual(self._dump(), before)
        self.assertEqual(self.env["hospitality.connector.inbox"].search_count([]), inbox)

    def test_equal_rows_without_a_key_are_several_stays(self):
        mapping = {**STAY_MAPPING, "columns": STAY_MAPPING["columns"][1:]}
        head, first, *_rest = STAYS.splitlines()
        content = "\n".join([head, first, first, first])
        self.assertEqual(self._import(content, mapping)["entities"]["stay"]["landed"]["count"], 3)
        before = self._dump()
        self._import(content, mapping)
        self.assertEqual(self._dump(), before)

    def test_a_later_file_changes_what_it_says(self):
        self._import()
        report = self._import(STAYS.replace("Confirmed;180,00", "Cancelled;90,00"))
        self.assertEqual(report["differences"], [])
        self.assertEqual(self._stays()[2].status, "cancelled")
        self.assertEqual(self._stays()[2].amount_total, 90.0)
        # The first file once more is old news and changes nothing back.
        self._import()
        self.assertEqual(self._stays()[2].status, "cancelled")

    def test_bad_rows_wait_with_their_number_and_reason(self):
        content = (
            STAYS + "R4;F-CITY;Eve;;31.02.2025;01.03.2025;Confirmed;5\nR5;F-NONE;Eve;;1.2.2025;2.2.2025;Confirmed;5\n"
        )
        content += "R6;F-CITY;Eve;;1.2.2025;2.2.2025;Blue;5\nR7;F-CITY;Eve;;1.2.2025;2.2.2025;Confirmed;5;x;y\n"
        job = self._job(content, STAY_MAPPING)
        report = self._run(job)
        self.assertEqual((report["rows"], report["quarantined"]), (7, 4))
        reasons = {problem["row"]: problem["reason"] for problem in report["problems"]}
        self.assertIn("“31.02.2025” in column “From” isn't a date", reasons[5])
        self.assertIn("F-NONE", reasons[6])
        self.assertIn("Blue", reasons[7])
        self.assertIn("10 cells", reasons[8])
        self.assertEqual(len(self._stays()), 3)
        self.assertEqual(job.quarantined_count, 4)
        rows = self.env["hospitality.connector.inbox"].search(job._get_inbox_domain("quarantined"))
        self.assertEqual(sorted(rows.mapped("import_row")), [5, 6, 7, 8])

    def test_explained_words_and_new_properties_free_waiting_rows(self):
        content = STAYS.replace("Confirmed", "Blue").replace("F-BAY", "F-NEW")
        job = self._job(content, STAY_MAPPING)
        self.assertEqual(self._run(job)["quarantined"], 1)
        code = self.env["hospitality.connector.mapping"].search(
            [("connector_id", "=", self.connector.id), ("code", "=", "Blue")]
        )
        self.assertEqual((code.kind, code.state), ("stay_status", "unmapped"))
        code.write({"target": "reserved", "state": "confirmed"})
        self.bay.code = "F-NEW"
        # The same file again takes up what waited.
        report = self._import(content)
        self.assertEqual((report["quarantined"], report["difference_count"]), (0, 0))
        self.assertEqual(self._stays()[2].status, "reserved")

    def test_a_dry_run_tells_everything_and_writes_nothing(self):
        self._import()
        before = self._dump()
        content = STAYS.replace("330,50", "400,00") + "R4;F-BAY;New Guest;new@sunmail.co;01.04.2025;02.04.2025;Blue;5\n"
        content += "R5;F-BAY;Cy;cy@sunmail.co;01.04.2025;02.04.2025;Confirmed;5\n"
        content += "R6;F-BAY;Cy;cy@sunmail.co;03.04.2025;04.04.2025;Confirmed;5\nR7;F-BAY;X;;x;y;Confirmed;5\n"
        content += "R8;F-CITY;Ann Lee;ann@sunmail.co;03.04.2025;04.04.2025;Confirmed;5\n"
        job = self._job(content, STAY_MAPPING)
        report = self._run(job, "check")
        self.assertEqual(self._dump(), before)
        self.assertFalse(self.env["hospitality.connector.inbox"].search(job._get_inbox_domain()))
        stay = next(line for line in report["entities"] if line["entity"] == "stay")
        self.assertEqual(
            {key: stay[key] for key in ("count", "new", "updated", "unchanged")},
            {"count": 6, "new": 3, "updated": 1, "unchanged": 2},
        )
        self.assertEqual(stay["by_status"], {"cancelled": 1, "checked_out": 1, "reserved": 4})
        self.assertEqual((report["new_guests"], report["attached_guests"]), (1, 2))
        self.assertEqual(report["quarantined"], 2)
        self.assertEqual([problem["row"] for problem in report["problems"]], [5, 8])
        self.assertIn({"kind": "stay_status", "code": "Blue", "count": 1}, report["unmapped"])
        self.assertEqual(job.state, "check")
        self.assertIn("Blue", job.check_html)

    def test_a_dry_run_counts_a_guest_of_several_chunks_once(self):
        lines = "".join(f"K{index};F-CITY;Dee;dee@sunmail.co;01.02.2025;02.02.2025;Confirmed;1\n" for index in range(7))
        self.patch(runner, "CHUNK", 2)
        report = self._run(self._job(STAYS.splitlines()[0] + "\n" + lines, STAY_MAPPING), "check")
        self.assertEqual((report["new_guests"], report["attached_guests"]), (1, 6))

    def test_progress_is_told_and_stored(self):
        self.patch(runner, "CHUNK", 1)
        seen = []
        job = self._job(mapping=STAY_MAPPING)
        self._run(job, progress=lambda *step: seen.append(step))
        self.assertEqual(list(dict.fromkeys(stage for stage, _done, _total in seen)), ["read", "apply", "verify"])
        self.assertIn(("read", 2, 3), seen)
        self.assertIn(("verify", 3, 3), seen)
        self.assertEqual(job.progress, 100.0)

    def test_an_import_goes_on_where_it_was_killed(self):
        self.patch(runner, "CHUNK", 1)
        job = self._job(mapping=STAY_MAPPING)
        store = type(self.env["hospitality.import.runner"])._store_chunk
        calls = []

        def kill(self, job, chunk):
            if len(calls) == 2:
                raise MemoryError
            calls.append(chunk)
            return store(self, job, chunk)

        self.patch(type(self.env["hospitality.import.runner"]), "_store_chunk", kill)
        killed = False
        try:  # assertRaises would undo what was committed before
            self._run(job)
        except MemoryError:
            killed = True
            self.env.invalidate_all()
        self.assertTrue(killed)
        self.assertEqual((job.state, job.loaded_rows), ("import", 2))
        loaded = []
        self.patch(
            type(self.env["hospitality.import.runner"]),
            "_store_chunk",
            lambda self, job, chunk: (loaded.append(len(chunk)), store(self, job, chunk)),
        )
        report = self._run(job)
        self.assertEqual(loaded, [1])
        self.assertEqual((report["loaded"], report["difference_count"]), (3, 0))

    def test_the_background_works_on_what_waits(self):
        job = self._job(mapping=STAY_MAPPING)
        job._put_off("import")
        self.env.flush_all()
        self.env.ref("hospitality_connectors.ir_cron_import").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((job.state, job.task), ("done", False))
        self.assertEqual(len(self._stays()), 3)

    def test_a_failure_is_shown_and_the_next_job_runs(self):
        first, second = self._job(mapping=STAY_MAPPING), self._job(name="b.csv", mapping=STAY_MAPPING)
        self.env["ir.attachment"].search(
            [("res_model", "=", first._name), ("res_field", "=", "file"), ("res_id", "=", first.id)]
        ).unlink()
        (first | second)._put_off("import")
        self._work()
        self.assertIn("Upload it again", first.error)
        self.assertFalse(first.task)
        self.assertEqual(second.state, "done")

    def test_code_runs_a_file_in_one_call(self):
        job = self._job(mapping=STAY_MAPPING)
        self.env.flush_all()
        with self.registry.cursor() as cr:
            report = job.with_env(self.env(cr=cr))._run_now()
        self.assertEqual(report["entities"]["stay"]["landed"]["count"], 3)

    def test_a_paused_connector_takes_nothing(self):
        job = self._job(mapping=STAY_MAPPING)
        self.connector.state = "paused"
        with self.assertRaisesRegex(UserError, "paused"):
            job.action_import()

    def test_card_numbers_are_never_stored(self):
        content = "Id;Name;Notes\n1;Ann;card 4111 1111 1111 1111 please\n"
        job = self._job(content)
        self.assertNotIn("4111", " ".join(job.line_ids.filtered("samples").mapped("samples")))
        report = self._run(job)
        self.assertEqual(report["cards"], {"Notes": 1})
        row = self.env["hospitality.connector.inbox"].search(job._get_inbox_domain())
        self.assertIn("************1111", row.body)
        self.assertNotIn("4111 1111", row.body)
        # What holds card numbers isn't kept a day longer than needed.
        self.assertFalse(job.file)

    def test_each_kind_of_file_lands(self):
        rows = [line.split(";") for line in STAYS.splitlines()]
        head, records = rows[0], [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        xml = "".join(
            f"<stay>{''.join(f'<{key}>{value}</{key}>' for key, value in record.items())}</stay>" for record in records
        )
        files = {
            "packed.csv.gz": self._packed(STAYS),
            "stays.xlsx": self._workbook(rows),
            "stays.json": json.dumps({"records": records}).encode(),
            "stays.ndjson": "\n".join(map(json.dumps, records)).encode(),
            "stays.xml": f"<export>{xml}</export>".encode(),
            "stays.txt": "\n".join("\t".join(row) for row in rows).encode("utf-16"),
        }
        first = None
        for name, content in files.items():
            report = self._import(content, name=name)
            self.assertEqual(report["entities"]["stay"]["landed"]["count"], 3, name)
            self.assertEqual(report["difference_count"], 0, name)
            dump = self._dump()
            first = first or dump
            self.assertEqual(dump, first, f"{name} says the same and must write nothing")
        self.assertEqual(head[0], "Res")

    def test_checks_with_lines_and_payments(self):
        check = {
            "check_id": "A1",
            "closed_at": "2025-03-01T19:15:00Z",
            "status": "closed",
            "total": "30.00",
            "guest": {"name": "Ann Lee", "email": "ann@sunmail.co"},
            "lines": [
                {"name": "Soup", "quantity": 2, "amount": "10.00"},
                {"name": "Soup", "quantity": 2, "amount": "10.00"},
                {"name": "Tea", "quantity": 1, "amount": "10.00"},
            ],
            "payments": [{"method": "card", "amount": "30.00"}],
        }
        report = self._import(json.dumps([check]), None, name="checks.json")
        self.assertEqual(report["difference_count"], 0)
        found = self.env["hospitality.check"].search([("source_id", "=", self.source.id)])
        self.assertEqual((len(found), found.amount_total, found.status), (1, 30.0, "paid"))
        self.assertEqual(sorted(found.charge_ids.mapped("name")), ["Soup", "Soup", "Tea"])
        self.assertEqual(found.payment_ids.mapped("method"), ["card"])
        self.assertEqual(found.partner_id.name, "Ann Lee")
        self.assertEqual(str(found.business_date), "2025-03-01")

    def test_table_reservations_and_guests(self):
        text = (
            "Дата,Час,Гість,Телефон,Гостей,Стіл,Статус\n05.03.2025,19:30,Іван Франко,+380671234567,4,12,Підтверджено\n"
        )
        report = self._import(text, None, name="tables.csv")
        self.assertEqual(report["difference_count"], 0)
        table = self.env["hospitality.reservation"].search([("source_id", "=", self.source.id)])
        self.assertEqual((table.covers, table.status, table.table), (4, "booked", "12"))
        self.assertEqual(str(table.starts_at), "2025-03-05 17:30:00")
        self.assertEqual(table.partner_id.name, "Іван Франко")

    def test_the_adapter_is_registered(self):
        self.assertIn(
            ("file", FileAdapter.name),
            self.env["hospitality.connector"]._fields["adapter"]._description_selection(self.env),
        )
