import csv
import datetime
import io
import json
import re
import zipfile

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from . import privacy_world as world
from .privacy_common import PrivacyCommon


@tagged("post_install", "-at_install")
class TestExport(PrivacyCommon):
    def _make(self, guest, kind="access", **values):
        """Answer a request; return ``(request, archive)``."""
        request = self._request(guest, kind, **values)
        request.with_user(self.dpo).action_answer()
        file = request.sudo().file_ids
        content = self.env["hospitality.privacy.export"]._make_archive(request)[0]
        self.assertEqual(file.row_count > 0, True)
        return request, zipfile.ZipFile(io.BytesIO(content))

    def _read(self, archive, model):
        return json.loads(archive.read(f"json/{model}.json"))["rows"]

    def test_request_export_link(self):
        request, archive = self._make(self.anna)
        self.assertEqual(request.state, "done")
        self.assertEqual(request.step_ids.mapped("action"), ["received", "exported", "link_sent", "done"])
        [partner] = self._read(archive, "res.partner")
        self.assertEqual((partner["name"], partner["email"]), ("Anna Kovalenko", "anna@kovalenko.example"))
        self.assertEqual([stay["partner_id"] for stay in self._read(archive, "hospitality.stay")], ["you"])
        page = archive.read("index.html").decode()
        self.assertIn("Anna Kovalenko", page)
        mail = self.env["mail.mail"].search([("email_to", "=", "anna@kovalenko.example")])
        self.assertRegex(mail.body_html, r"/hospitality/privacy/file/[\w-]{43}")

    def test_all_that_is_kept_and_nobody_else(self):
        """Every table with a row about the planted guest is in the archive, and no other person."""
        guest, planted = world.plant(self.env, self.source, self.palace)
        others = "carla@rossi.example"
        user = new_test_user(self.env, login="t_clerk", groups="base.group_user", name="Clara Clerkova")
        guest.with_user(user).sudo().message_post(
            body=f"Shares the room with {others}", author_id=user.partner_id.id, email_from="clara@hotel.example"
        )
        stay = self._create_stay(guest, self.palace)
        self.env["hospitality.stay.guest"].create(
            [{"stay_id": stay.id, "partner_id": partner.id, "role": "sharer"} for partner in (guest, self.carla)]
        )
        _request, archive = self._make(guest)
        names = archive.namelist()
        privacy = self.env["hospitality.privacy"]
        handlers = privacy._privacy_handlers()
        models_of = privacy._get_model_of()
        missing = [
            models_of[table]
            for table, ids in planted.items()
            if ids
            and table in models_of
            and (models_of[table] not in handlers or handlers[models_of[table]].export)
            and f"json/{models_of[table]}.json" not in names
        ]
        self.assertFalse(missing)
        self.assertGreater(len([name for name in names if name.startswith("json/")]), 30)
        everything = "\n".join(
            archive.read(name).decode() for name in names if name.endswith((".json", ".csv", ".html"))
        )
        for canary in (world.EMAIL, world.OLD_EMAIL, world.OLDER_EMAIL, world.SURNAME, world.OLD_SURNAME):
            self.assertIn(canary, everything)
        for stranger in (others, "Carla", "Rossi", "Clerkova", "clara@hotel.example"):
            self.assertNotIn(stranger, everything)
        self.assertTrue([name for name in names if name.startswith("files/")])
        self.assertFalse([name for name in names if ".." in name or name.startswith("/")])

    def test_no_cell_is_a_formula(self):
        payloads = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠x"]
        self.env["hospitality.special.date"].create(
            [
                {"partner_id": self.anna.id, "kind": "other", "name": f"{payload}#{number}", "day": 1, "month": 1}
                for number, payload in enumerate(payloads)
            ]
        )
        _request, archive = self._make(self.anna)
        text = archive.read("csv/hospitality.special.date.csv").decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        cells = [cell for row in rows for cell in row.values() if "#" in cell]
        self.assertEqual(len(cells), len(payloads))
        self.assertFalse([cell for cell in cells if not cell.startswith("'")])

    def test_portability_is_what_the_guest_has_given(self):
        self.env["hospitality.alert"].create({"partner_id": self.anna.id, "kind": "vip", "message": "Treat well"})
        _request, archive = self._make(self.anna, kind="portability")
        self.assertIn("json/hospitality.stay.json", archive.namelist())
        self.assertNotIn("json/hospitality.alert.json", archive.namelist())
        self.assertNotIn("index.html", archive.namelist())

    def test_what_was_written_to_the_guest(self):
        self.ben.message_post(body="Dear Anna, your table is ready", partner_ids=self.anna.ids, message_type="comment")
        _request, archive = self._make(self.anna)
        bodies = [message.get("body") for message in self._read(archive, "mail.message")]
        self.assertIn("Dear Anna, your table is ready", bodies)
        self.assertNotIn("Ben", str(self._read(archive, "mail.message")))

    def test_the_printed_form(self):
        """Servers without the program that prints leave it out; its page is made the same way."""
        request = self._request(self.anna, "access")
        sections = self.env["hospitality.privacy.export"]._get_sections(
            self.env["hospitality.privacy"]._find_subject(self.anna)
        )
        values = {"subject_request": request, "sections": sections, "made_at": "now", "rows": 1, "limit": 1}
        page, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "hospitality_crm.report_privacy_export", request.ids, data=values
        )
        self.assertIn("Anna Kovalenko", page.decode())

    def test_secrets_stay(self):
        user = new_test_user(self.env, login="t_portal_guest", groups="base.group_portal")
        user.group_ids = [Command.link(self.env.ref("base.group_portal").id)]
        _request, archive = self._make(user.partner_id)
        [row] = self._read(archive, "res.users")
        self.assertNotIn("password", row)
        self.assertEqual(row["login"], "t_portal_guest")


@tagged("post_install", "-at_install")
class TestDownload(PrivacyCommon, HttpCase):
    def _get_url(self):
        request = self._request(self.anna, "access")
        return request, self.env["hospitality.privacy.file"]._make(request).split("//")[1].partition("/")[2]

    def _post(self, url):
        csrf = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.url_open("/hospitality/privacy").text)
        return self.url_open(url, data={"csrf_token": csrf and csrf[1]})

    def test_one_download(self):
        request, path = self._get_url()
        url = f"/{path}"
        token = url.rpartition("/")[2]
        self.assertFalse(self._count("SELECT count(*) FROM hospitality_privacy_file WHERE token_hash = %s", token))
        for _look in range(3):
            page = self.url_open(url)
            self.assertEqual((page.status_code, page.headers["Cache-Control"]), (200, "no-store"))
        answer = self._post(url)
        self.assertEqual(answer.headers["Content-Type"], "application/zip")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertIn("json/res.partner.json", zipfile.ZipFile(io.BytesIO(answer.content)).namelist())
        self.assertEqual(self._post(url).status_code, 404)
        self.assertEqual(self.url_open(url).status_code, 404)
        self.env.invalidate_all()
        self.assertEqual(request.step_ids.mapped("action")[-1], "downloaded")
        self.assertFalse(request.sudo().file_ids.content)

    def test_links_expire(self):
        request, path = self._get_url()
        with freeze_time(datetime.datetime.now() + datetime.timedelta(days=8)):
            self.assertEqual(self.url_open(f"/{path}").status_code, 404)
            self.env["hospitality.privacy.file"]._gc_expired()
        self.assertFalse(request.sudo().file_ids.content)

    def test_wrong_tokens(self):
        _request, path = self._get_url()
        for wrong in (path[:-1] + ("A" if path[-1] != "A" else "B"), path.rpartition("/")[0] + "/0"):
            self.assertEqual(self.url_open(f"/{wrong}").status_code, 404)
