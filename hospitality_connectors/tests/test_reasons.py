from unittest.mock import patch

from odoo.tests import Form, tagged
from odoo.tools import SQL
from odoo.tools.translate import code_translations

from ..engine import reasons
from .file_common import STAY_MAPPING, STAYS, FileCommon

LANG = "uk_UA"
WORDS = {
    "hospitality_connectors": {
        "“%(value)s” in column “%(column)s” isn't a date.": "«%(value)s» у стовпці «%(column)s» — не дата.",
        "The row has %(count)s cells, the heading line only %(expected)s.": "Клітинок %(count)s замість %(expected)s.",
        "The row has no value for %(target)s.": "У рядку немає: %(target)s.",
        "Row %(row)s: %(reason)s": "Рядок %(row)s: %(reason)s",
        "“%(path)s” has the wrong type: %(value)s is not %(wanted)s.": "«%(path)s»: %(value)s — не %(wanted)s.",
        "a whole number": "ціле число",
        "Nobody has said what the status “%(value)s” means. Map it: the record is then taken up again.": (
            "Що означає стан «%(value)s», ніхто не сказав."
        ),
        "Status %(ours)s became %(stored)s.": "Стан %(ours)s став %(stored)s.",
        "Stay": "Проживання",
        "Arrival": "Заїзд",
    },
    "hospitality_crm": {
        "There is no property with the code “%(code)s”. Create it or map the code, then replay.": (
            "Немає готелю з кодом «%(code)s»."
        ),
    },
}
BAD = (
    "R4;F-CITY;Eve;;31.02.2025;01.03.2025;Confirmed;5\n"
    "R5;F-NONE;Eve;;1.2.2025;2.2.2025;Confirmed;5\n"
    "R6;F-CITY;Eve;;1.2.2025;2.2.2025;Blue;5\n"
    "R7;F-CITY;Eve;;1.2.2025;2.2.2025;Confirmed;5;x;y\n"
    "R8;F-CITY;Eve;;;2.2.2025;Confirmed;5\n"
)


@tagged("post_install", "-at_install")
class TestReasons(FileCommon):
    """Why a row waits is told in the language of whoever reads it, whoever has imported it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(LANG)
        words = {(module, LANG): texts for module, texts in WORDS.items()}
        patcher = patch.dict(code_translations.python_translations, words)
        patcher.start()
        cls.addClassCleanup(patcher.stop)

    def _rows(self, job, lang=None):
        Inbox = self.env["hospitality.connector.inbox"].with_context(lang=lang)
        rows = Inbox.search(job._get_inbox_domain("quarantined"))
        return {row.import_row: row.reason for row in rows}

    def test_each_reader_has_his_language(self):
        job = self._job(STAYS + BAD, STAY_MAPPING)
        self._run(job)
        self.assertEqual(
            self._rows(job, LANG),
            {
                5: "Рядок 5: «31.02.2025» у стовпці «From» — не дата.",
                6: "Немає готелю з кодом «F-NONE».",
                7: "Що означає стан «Blue», ніхто не сказав.",
                8: "Рядок 8: Клітинок 10 замість 8.",
                9: "Рядок 9: У рядку немає: Проживання: Заїзд.",
            },
        )
        english = self._rows(job, "en_US")
        self.assertEqual(english[5], "Row 5: “31.02.2025” in column “From” isn't a date.")
        self.assertEqual(english[9], "Row 9: The row has no value for Stay: Arrival.")
        stored = self.env["hospitality.connector.inbox"].search(job._get_inbox_domain("quarantined"))
        self.assertEqual({row.error_message for row in stored}, set(english.values()), "stored in English")

    def test_whoever_imports_does_not_decide_the_language(self):
        job = self._job(STAYS + BAD, STAY_MAPPING).with_context(lang=LANG)
        self.env = self.env(context={**self.env.context, "lang": LANG})
        self._run(job)
        self.assertIn("isn't a date", self._rows(job, "en_US")[5])
        self.assertIn("There is no property", self._rows(job, "en_US")[6])

    def test_reports_are_told_as_well(self):
        job = self._job(STAYS + BAD, STAY_MAPPING)
        report = self._run(job, "check")
        self.assertIn("“31.02.2025” in column “From” isn", job.with_context(lang="en_US").check_html)
        shown = job.with_context(lang=LANG).check_html
        self.assertIn("«31.02.2025» у стовпці «From» — не дата.", shown)
        self.assertNotIn("Рядок 5", shown, "the number stands beside it")
        self._run(job)
        self.assertIn("Клітинок 10 замість 8.", job.with_context(lang=LANG).verify_html)
        action = job.with_context(lang=LANG).action_download_report()
        attachment = self.env["ir.attachment"].browse(int(action["url"].split("/")[-1].split("?")[0]))
        self.assertIn("Немає готелю з кодом «F-NONE».", attachment.raw.decode())
        self.assertTrue(all(problem["reason"] for problem in report["problems"]))

    def test_rows_of_before_stay_readable(self):
        job = self._job(STAYS + BAD, STAY_MAPPING)
        self._run(job)
        rows = self.env["hospitality.connector.inbox"].search(job._get_inbox_domain("quarantined"))
        rows.sudo().write({"error_reason": False})
        self.assertIn("isn't a date", self._rows(job, LANG)[5])
        rows[0].sudo().write({"error_reason": {"key": "file.of_a_later_version", "params": {}}})
        self.assertEqual(rows[0].with_context(lang=LANG).reason, rows[0].error_message)
        rows[0].sudo().write({"error_reason": {"key": "file.bad_date", "params": {}}})
        self.assertEqual(rows[0].with_context(lang=LANG).reason, rows[0].error_message)
        report = {**job.verify_report, "problems": [{"row": 5, "reason": "Text of before"}]}
        job.verify_report = report
        self.assertIn("Text of before", job.with_context(lang=LANG).verify_html)

    def test_search_and_screen(self):
        job = self._job(STAYS + BAD, STAY_MAPPING)
        self._run(job)
        Inbox = self.env["hospitality.connector.inbox"]
        found = Inbox.search([*job._get_inbox_domain("quarantined"), ("reason", "ilike", "isn't a date")])
        self.assertEqual(found.mapped("import_row"), [5])
        with Form(found.with_context(lang=LANG)) as form:
            self.assertIn("не дата", form.reason)

    def test_words_of_the_product_are_translated(self):
        reason = {"key": "event.wrong_type", "params": {"path": "adults", "value": "two", "wanted": "a whole number"}}
        tell = self.env["hospitality.connector.inbox"].with_context(lang=LANG)._get_teller()
        self.assertEqual(tell(reason), "«adults»: two — не ціле число.")
        difference = {"key": "status_differs", "params": {"ours": "reserved", "stored": "no_show"}}
        self.assertEqual(tell(difference), "Стан reserved став no_show.")

    def test_choices_of_columns_are_translated(self):
        Line = self.env["hospitality.import.line"].with_context(lang=LANG)
        labels = dict(Line._fields["target"]._description_selection(Line.env))
        self.assertEqual(labels["stay.arrival"], "Проживання: Заїзд")
        self.assertEqual(labels["guest.name"], "Guest: Name")

    def test_what_cannot_be_stored_is_cleaned(self):
        text = reasons.dump({"key": "event.unknown_field", "params": {"path": "a\x00b\ud800"}})
        [[stored]] = self.env.execute_query(SQL("SELECT %s::jsonb", text))
        self.assertEqual(stored["params"]["path"], "a␀b?")
