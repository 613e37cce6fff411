from odoo.tests import HttpCase, new_test_user, tagged

from ..models.imports import hospitality_import_job as job_module
from .file_common import STAY_MAPPING, STAYS


class FileTourCase(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.EUR").active = True
        common = {"tz": "Europe/Kyiv", "currency_id": cls.env.ref("base.EUR").id}
        for code in ("F-CITY", "F-BAY"):
            cls.env["hospitality.property"].create({"name": code, "code": code, **common})
        cls.manager = new_test_user(
            cls.env, "f_manager", groups="hospitality_crm.group_hospitality_manager", password="f_manager"
        )
        cls.env["hospitality.import.job"].search([]).unlink()


@tagged("post_install", "-at_install")
class TestFileTour(FileTourCase):
    def test_a_manager_imports_a_file(self):
        self.start_tour("/odoo/hospitality-imports", "hospitality_import_file", login="f_manager")
        job = self.env["hospitality.import.job"].search([])
        self.assertEqual((job.state, job.user_id, job.quarantined_count), ("done", self.manager, 1))

    def test_progress_in_the_background_is_shown(self):
        self.patch(job_module, "INLINE_ROWS", 0)
        job = self.env["hospitality.import.job"]._create_from_file(
            "stays.csv",
            self.env.ref("hospitality_connectors.connector_files"),
            content=STAYS.encode(),
            mapping=STAY_MAPPING,
        )
        self.start_tour(f"/odoo/hospitality-imports/{job.id}", "hospitality_import_progress", login="admin")
        self.assertEqual(job.state, "done")


@tagged("post_install", "-at_install")
class TestFileTourPhone(FileTourCase):
    browser_size = "375x667"
    touch_enabled = True

    def test_the_form_fits_a_phone(self):
        """The form works without sideways scrolling on a small screen."""
        job = self.env["hospitality.import.job"]._create_from_file(
            "stays.csv", self.env.ref("hospitality_connectors.connector_files"), content=STAYS.encode()
        )
        self.browser_js(
            f"/odoo/hospitality-imports/{job.id}",
            "if (document.documentElement.scrollWidth > window.innerWidth + 1)"
            " throw new Error('too wide: ' + document.documentElement.scrollWidth);"
            " console.log('test successful')",
            "!!document.querySelector('.o_form_view .o_field_widget[name=line_ids]')",
            login="f_manager",
        )
