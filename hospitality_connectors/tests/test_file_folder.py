import os
import tempfile
import time
from pathlib import Path

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from ..models.imports.hospitality_import_folder import VARIABLE
from .file_common import STAY_MAPPING, STAYS, FileCommon


@tagged("post_install", "-at_install")
class TestFileFolder(FileCommon):
    def setUp(self):
        super().setUp()
        root = tempfile.TemporaryDirectory()
        self.addCleanup(root.cleanup)
        self.root = Path(root.name).resolve()
        self.inside = self.root / "hotel"
        self.inside.mkdir()
        os.environ[VARIABLE] = str(self.root)
        self.addCleanup(os.environ.pop, VARIABLE, None)
        self.folder = self.env["hospitality.import.folder"].create(
            {"name": "Night", "path": str(self.inside), "connector_id": self.connector.id, "pattern": "*.csv"}
        )

    def _put(self, name="stays.csv", content=STAYS, age=60):
        path = self.inside / name
        path.write_text(content)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def _look(self, times=2):
        for _time in range(times):
            self.folder._look()
            self.env.flush_all()

    def test_a_known_file_is_imported_and_moved(self):
        self.env["hospitality.import.mapping"]._remember(
            self.connector, "stays", STAYS.splitlines()[0].split(";"), STAY_MAPPING
        )
        path = self._put()
        self._look(1)
        self.assertTrue(path.exists(), "one look doesn't show whether the file still grows")
        self._look(1)
        self.assertFalse(path.exists())
        job = self.folder.job_ids
        self.assertEqual(job.task, "import")
        self._work()
        self.assertEqual(job.state, "done")
        self.assertEqual(len(self._stays()), 3)
        self.assertEqual([item.name for item in (self.inside / "done").iterdir()], ["stays.csv"])
        self._put()
        self._look()
        self._work()
        self.assertEqual(sorted(item.name for item in (self.inside / "done").iterdir()), ["2.stays.csv", "stays.csv"])
        self.assertEqual(self.folder.job_ids[0].verify_report["unchanged"], 3)

    def test_an_unknown_file_waits_for_a_person(self):
        self._put()
        self._look()
        job = self.folder.job_ids
        self.assertEqual((job.state, job.task), ("columns", False))
        self.assertEqual([item.name for item in (self.inside / "processing").iterdir()], ["stays.csv"])
        job.action_import()
        self.assertEqual(job.state, "done")
        self.assertTrue((self.inside / "done" / "stays.csv").exists())

    def test_files_that_still_grow_are_left_alone(self):
        path = self._put(age=0)
        self._look(3)
        self.assertTrue(path.exists(), "it was written a moment ago")
        self._put(age=60)
        self._look(1)
        with path.open("a") as stream:
            stream.write("R9;")
        then = time.time() - 30
        os.utime(path, (then, then))
        self._look(1)
        self.assertTrue(path.exists(), "it has grown since the last look")
        self._look(1)
        self.assertFalse(path.exists())

    def test_other_files_links_and_folders_are_left_alone(self):
        outside = self.root / "secret.csv"
        outside.write_text(STAYS)
        (self.inside / "link.csv").symlink_to(outside)
        (self.inside / "folder.csv").mkdir()
        self._put("notes.txt")
        self._put(".hidden.csv")
        self._look(3)
        self.assertFalse(self.folder.job_ids)
        self.assertTrue(outside.exists())

    def test_a_file_that_can_not_be_read_fails(self):
        self._put(content="%PDF-1.7")
        self._look()
        self.assertTrue((self.inside / "failed" / "stays.csv").exists())
        self.assertIn("PDF", self.folder.job_ids.error)

    def test_folders_must_lie_below_the_allowed_root(self):
        escape = self.root / "escape"
        escape.symlink_to("/")
        for path in ("/etc", str(self.root / ".."), str(escape), str(self.root / "missing")):
            with self.assertRaises(ValidationError):
                self.folder.path = path
        os.environ.pop(VARIABLE)
        with self.assertRaisesRegex(ValidationError, "switched off"):
            self.folder.path = str(self.root)

    def test_a_folder_that_is_gone_says_so(self):
        self.inside.rmdir()
        self._look(1)
        self.assertIn("isn't a folder", self.folder.error)

    def test_only_administrators_watch_folders(self):
        manager = new_test_user(self.env, "f_manager", groups="hospitality_crm.group_hospitality_manager")
        with self.assertRaises(AccessError):
            self.folder.with_user(manager).path = str(self.root)
