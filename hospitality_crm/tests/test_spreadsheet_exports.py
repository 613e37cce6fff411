import csv
import io
import json
import zipfile

import openpyxl
from openpyxl.utils.escape import unescape

from odoo.http import Request
from odoo.tests import HttpCase, tagged

from ..engine.spreadsheet import STARTS

#: Text that a guest may type on a web form: 10 beginnings, 4 continuations.
BEGINNINGS = ["=", "+", "-", "@", "\t=", "\r=", "\n=", "\uff1d", "\uff0b", "{="]
PAYLOADS = [
    f"{beginning}{rest}"
    for beginning in BEGINNINGS
    for rest in ("1+1}", 'HYPERLINK("http://evil.example","x")', "cmd|' /C calc'!A0", 'DDE("a";"b")')
]
ACTIVE = ["http://evil.example/x", "mailto:a@evil.example", "internal:Sheet1!A1", "external:c:\\x.xlsx"]


@tagged("post_install", "-at_install")
class TestSpreadsheetExports(HttpCase):
    """What guests have typed is text in every file that staff download."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.texts = [*PAYLOADS, *ACTIVE]
        # ``ref`` isn't cleaned on its way in, as what a source delivers in a code.
        cls.partners = cls.env["res.partner"].create(
            [{"name": "Formula Guest", "ref": text, "is_guest": True} for text in cls.texts]
        )

    def setUp(self):
        super().setUp()
        self.authenticate("admin", "admin")

    def _export(self, kind, **params):
        data = {
            "model": "res.partner",
            "fields": [
                {"name": "ref", "label": "=HYPERLINK(A1)", "type": "char"},
                {"name": "name", "label": "Name", "type": "char"},
            ],
            "ids": self.partners.ids,
            "domain": [],
            "import_compat": False,
            "context": {},
            **params,
        }
        answer = self.url_open(
            f"/web/export/{kind}", data={"data": json.dumps(data), "csrf_token": Request.csrf_token(self)}
        )
        self.assertEqual(answer.status_code, 200)
        return answer.content

    def _assert_plain(self, content):
        """The workbook has text alone: no formula, no link."""
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                xml = archive.read(name)
                self.assertNotIn(b"<f>", xml, name)
                self.assertNotIn(b"<f ", xml, name)
                self.assertNotIn(b"hyperlink", xml, name)
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        self.assertFalse([cell.coordinate for row in sheet for cell in row if cell.data_type == "f"])
        return [[cell.value for cell in row] for row in sheet.iter_rows()]

    def test_csv(self):
        rows = list(csv.reader(io.StringIO(self._export("csv").decode("utf-8"), newline="")))
        cells = [cell for row in rows for cell in row]
        self.assertFalse([cell for cell in cells if cell.startswith(tuple(STARTS))])
        self.assertEqual(rows[0][0], "'=HYPERLINK(A1)")
        self.assertEqual(len(rows), len(self.texts) + 1)

    def test_xlsx_list(self):
        rows = self._assert_plain(self._export("xlsx"))
        self.assertEqual(rows[0][0], "=HYPERLINK(A1)")
        self.assertEqual(
            sorted(unescape(row[0]) for row in rows[1:]), sorted(self.texts), "the very text, nothing added"
        )

    def test_xlsx_grouped_list(self):
        rows = self._assert_plain(self._export("xlsx", groupby=["ref"]))
        self.assertTrue([row for row in rows if row[0].startswith("=1+1")])

    def test_xlsx_pivot(self):
        title = [{"title": text, "width": 1, "height": 1} for text in self.texts]
        data = {
            "title": "Guests",
            "model": "res.partner",
            "measure_count": 1,
            "origin_count": 1,
            "col_group_headers": [title],
            "measure_headers": [{"title": text, "is_bold": True} for text in self.texts],
            "rows": [
                {"title": text, "indent": indent, "values": [{"value": text}, {"value": 2.5, "is_bold": True}]}
                for text in self.texts
                for indent in (0, 1)
            ],
        }
        answer = self.url_open(
            "/web/pivot/export_xlsx", data={"data": json.dumps(data), "csrf_token": Request.csrf_token(self)}
        )
        self.assertEqual(answer.status_code, 200)
        rows = self._assert_plain(answer.content)
        self.assertIn(2.5, rows[2], "numbers stay numbers")

    def test_the_export_is_logged_with_how_it_was_chosen(self):
        domain = [["name", "=", "Formula Guest"]]
        self._export("csv", ids=False, domain=domain)
        row = self.env["hospitality.access.log"].search([("kind", "=", "export")], limit=1)
        self.assertEqual((row.count, row.condition), (len(self.partners), "name = …"))
        self.assertEqual(row.user_id, self.env.ref("base.user_admin"))
