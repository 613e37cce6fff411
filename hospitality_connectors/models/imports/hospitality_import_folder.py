import fnmatch
import logging
import os
import stat
import time
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import config

_logger = logging.getLogger(__name__)

OPTION = "hospitality_import_root"
VARIABLE = "HOSPITALITY_IMPORT_ROOT"
WORK, DONE, FAILED = "processing", "done", "failed"
# A file counts as complete when it did not change between two looks and for this long.
QUIET_SECONDS = 10


class HospitalityImportFolder(models.Model):
    """A folder of the server whose files are imported as they arrive.

    It must lie below the root that the operator of the server allows (option
    ``hospitality_import_root`` of the configuration file, or the environment variable
    ``HOSPITALITY_IMPORT_ROOT``). A file moves to ``processing`` before it is read, then to ``done``
    or ``failed``; nothing is deleted.
    """

    _name = "hospitality.import.folder"
    _description = "Watched Folder"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    path = fields.Char(required=True, help="Folder on the server, below the root that its operator allows.")
    pattern = fields.Char(default="*", required=True, help="Names of the files to take, for example *.csv")
    connector_id = fields.Many2one(
        "hospitality.connector",
        required=True,
        index=True,
        domain=[("adapter", "=", "file")],
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True, index=True)
    is_automatic = fields.Boolean(
        string="Import at Once",
        default=True,
        help="Files whose columns are mapped already are imported without asking. Others wait for a person.",
    )
    seen = fields.Json(default=dict, readonly=True, help="Size and time of files that are still being written.")
    error = fields.Char(readonly=True)
    last_look = fields.Datetime(readonly=True)
    job_ids = fields.One2many("hospitality.import.job", "folder_id", string="Imports")
    job_count = fields.Integer(string="Number of Imports", compute="_compute_job_count")

    _path_pattern_uniq = models.Constraint("UNIQUE (path, pattern)", "This folder is watched already.")

    @api.depends("job_ids")
    def _compute_job_count(self):
        counts = dict(
            self.env["hospitality.import.job"]._read_group([("folder_id", "in", self.ids)], ["folder_id"], ["__count"])
        )
        for folder in self:
            folder.job_count = counts.get(folder, 0)

    @api.model
    def _get_root(self):
        """Return the folder below which watched folders may lie, None when imports of this kind are off."""
        root = os.environ.get(VARIABLE) or config.get(OPTION)
        return Path(root).resolve() if root else None

    def _get_folder(self):
        """Return the real path of the folder.

        :raise UserError: not allowed, or no folder
        """
        self.ensure_one()
        root = self._get_root()
        if not root:
            raise UserError(
                self.env._(
                    "Watched folders are switched off. The operator of the server can allow them with the option "
                    "%(option)s in the configuration file.",
                    option=OPTION,
                )
            )
        path = Path(self.path).resolve()
        if path != root and root not in path.parents:
            raise UserError(self.env._("The folder must lie below %(root)s.", root=root))
        if not path.is_dir():
            raise UserError(self.env._("%(path)s isn't a folder of the server.", path=self.path))
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise UserError(self.env._("The server may not move files in %(path)s.", path=self.path))
        return path

    @api.constrains("path")
    def _check_path(self):
        for folder in self:
            try:
                folder._get_folder()
            except UserError as error:
                raise ValidationError(str(error)) from error

    def action_look(self):
        """Look for new files now."""
        for folder in self:
            folder._look()
        return False

    @api.model
    def _cron_look(self):
        """Look for new files in all folders."""
        for folder in self.search([("active", "=", True)]):
            folder._look()
            self.env["ir.cron"]._commit_progress(1)

    def _look(self):
        """Take the complete files of the folder; remember the others until the next look."""
        self.ensure_one()
        self.last_look = fields.Datetime.now()
        try:
            path = self._get_folder()
        except UserError as error:
            self.error = str(error)
            return
        self.error = False
        growing = {}
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            if entry.name.startswith(".") or not fnmatch.fnmatch(entry.name, self.pattern):
                continue
            state = entry.stat(follow_symlinks=False)
            if not stat.S_ISREG(state.st_mode):
                continue
            mark = [state.st_size, state.st_mtime_ns]
            quiet = time.time() - state.st_mtime > QUIET_SECONDS
            if state.st_size and quiet and (self.seen or {}).get(entry.name) == mark:
                self._take(path, entry.name)
            else:
                growing[entry.name] = mark
        self.seen = growing

    def _take(self, path, name):
        """Move a file out of the way of its sender and make an import of it."""
        work = path / WORK
        work.mkdir(exist_ok=True)
        target = _free_name(work, name)
        os.replace(path / name, target)
        job = self.env["hospitality.import.job"].create(
            {
                "name": name,
                "filename": name,
                "connector_id": self.connector_id.id,
                "folder_id": self.id,
                "size": target.stat().st_size,
            }
        )
        job.sudo().path = str(target)  # below the folder that an administrator chose
        job._read_file()
        if job.state == "upload":
            self._file_finished(job, failed=True)
        elif self.is_automatic and job.is_remembered and not job._get_open_questions():
            job._put_off("import")

    def _file_finished(self, job, failed=False):
        """Move the file of a job to the folder for its outcome."""
        self.ensure_one()
        path = Path(job.sudo().path or "")  # the path is for administrators to see, not for the worker to miss
        if not path.is_file() or path.parent.name != WORK:
            return
        folder = path.parent.parent / (FAILED if failed else DONE)
        folder.mkdir(exist_ok=True)
        target = _free_name(folder, path.name)
        os.replace(path, target)
        job.sudo().path = str(target)  # see above

    def action_open_jobs(self):
        """Open the imports of the folder."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("hospitality_connectors.hospitality_import_job_action")
        return {**action, "domain": [("folder_id", "=", self.id)]}


def _free_name(folder, name):
    """Return a path in a folder that no file has yet."""
    target = folder / name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{number}.{name}"
    return target
