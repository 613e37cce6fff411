import csv
import io

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.hospitality_crm.engine.spreadsheet import guard

from ...engine.files.errors import FileError
from ...engine.files.mapping import Mapping

# What is checked or imported while the user waits; more rows are left to the background.
INLINE_ROWS = 1500
_READER_OPTIONS = ("encoding", "delimiter", "sheet", "header_row", "record_path")


class HospitalityImportJob(models.Model):
    """A file on its way into the inbox and the facts.

    Steps: *upload* until a file could be read; *columns* while people say what its columns mean;
    *check* once a dry run told what would happen; *import* while rows are loaded and applied;
    *done* after what landed was compared with the file. ``task`` names the work that waits for or
    runs in the background, ``error`` what stopped the last one.
    """

    _name = "hospitality.import.job"
    _description = "File Import"
    _inherit = ["hospitality.import.columns"]
    _order = "id desc"

    name = fields.Char(required=True, default=lambda self: self.env._("New Import"))
    state = fields.Selection(
        [
            ("upload", "Upload"),
            ("columns", "Columns"),
            ("check", "Check"),
            ("import", "Import"),
            ("done", "Verified"),
        ],
        required=True,
        default="upload",
        readonly=True,
        copy=False,
    )
    connector_id = fields.Many2one(
        "hospitality.connector",
        required=True,
        index=True,
        domain=[("adapter", "=", "file")],
        default=lambda self: self._default_connector_id(),
        ondelete="restrict",
        help="Owner of the guests and visits in the file: one per system that the files come from.",
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True, index=True)
    property_id = fields.Many2one(
        "hospitality.property",
        compute="_compute_property_id",
        store=True,
        readonly=False,
        help="Property of the rows that don't name one.",
    )
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, readonly=True)
    folder_id = fields.Many2one("hospitality.import.folder", readonly=True, index=True, ondelete="set null")
    file = fields.Binary(attachment=True, copy=False)
    filename = fields.Char(copy=False)
    path = fields.Char(readonly=True, copy=False, groups="hospitality_crm.group_hospitality_admin")
    size = fields.Integer(readonly=True, copy=False)
    task = fields.Selection(
        [("read", "Reading"), ("check", "Checking"), ("import", "Importing")],
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    stage = fields.Char(readonly=True, copy=False)
    progress_done = fields.Integer(readonly=True, copy=False)
    progress_total = fields.Integer(readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    error = fields.Text(readonly=True, copy=False)
    attempts = fields.Integer(readonly=True, copy=False)
    event_prefix = fields.Char(readonly=True, copy=False, index="btree_not_null")
    observed_at = fields.Datetime(readonly=True, copy=False)
    loaded_rows = fields.Integer(readonly=True, copy=False)
    stored_rows = fields.Integer(string="New to the Inbox", readonly=True, copy=False)
    quarantined_count = fields.Integer(compute="_compute_quarantined_count", string="In Quarantine")
    started_at = fields.Datetime(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)
    check_report = fields.Json(readonly=True, copy=False)
    check_html = fields.Html(compute="_compute_report_html", sanitize=False)
    verify_report = fields.Json(readonly=True, copy=False)
    verify_html = fields.Html(compute="_compute_report_html", sanitize=False)
    difference_count = fields.Integer(string="Differences", readonly=True, copy=False)

    def _default_connector_id(self):
        return self.env["hospitality.connector"].search([("adapter", "=", "file")], limit=1)

    @api.depends("connector_id")
    def _compute_property_id(self):
        for job in self:
            job.property_id = job.property_id or job.connector_id.property_id

    @api.depends("progress_done", "progress_total")
    def _compute_progress(self):
        for job in self:
            job.progress = min(100.0, 100.0 * job.progress_done / job.progress_total) if job.progress_total else 0.0

    def _compute_quarantined_count(self):
        for job in self:
            job.quarantined_count = (
                self.env["hospitality.connector.inbox"].search_count(job._get_inbox_domain("quarantined"))
                if job.event_prefix
                else 0
            )

    @api.model
    def _get_report_teller(self):
        """Return a function that tells a problem or difference of a report in the language of the user."""
        tell = self.env["hospitality.connector.inbox"]._get_teller()
        return lambda item: tell(item.get("said"), item.get("reason") or item.get("text") or "")

    @api.depends("check_report", "verify_report")
    @api.depends_context("lang")
    def _compute_report_html(self):
        render, tell = self.env["ir.qweb"]._render, self._get_report_teller()
        for job in self:
            for kind in ("check", "verify"):
                report = job[f"{kind}_report"]
                job[f"{kind}_html"] = (
                    render(f"hospitality_connectors.import_{kind}_report", {"job": job, "report": report, "tell": tell})
                    if report
                    else False
                )

    @api.constrains("connector_id")
    def _check_connector(self):
        for job in self:
            if job.connector_id.adapter != "file":
                raise ValidationError(
                    self.env._("Files are imported through a connector of kind “Files”. Choose one or create it.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_path_access(vals)
            if vals.get("filename") and not vals.get("name"):
                vals["name"] = vals["filename"]
        jobs = super().create(vals_list)
        for job in jobs.filtered("file"):
            job._receive()
        return jobs

    @api.model
    def _check_path_access(self, vals):
        """Refuse to read whatever file of the server a caller names: only code may name one."""
        if vals.get("path") and not self.env.su:
            raise AccessError(self.env._("Files of the server are imported from watched folders only."))

    def write(self, vals):
        self._check_path_access(vals)
        result = super().write(vals)
        if vals.get("file"):
            for job in self:
                job._receive()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_running(self):
        for job in self:
            if job.task:
                raise UserError(self.env._("%(name)s is being worked on. Wait until it has ended.", name=job.name))

    # Programmatic use

    @api.model
    def _create_from_file(self, name, connector, content=None, path=None, mapping=None, options=None):
        """Prepare the import of a file from code.

        :param str name: shown to people; plays no part in recognising the file
        :param connector: ``hospitality.connector`` record with adapter ``file``
        :param bytes content: the file, or
        :param str path: where it lies; it must stay there until the import has run
        :param dict mapping: what the columns mean, see ``engine.files.mapping``; None: what is
            remembered for the heading, else what is proposed
        :param dict options: how the file is read where that must not be guessed: ``encoding``,
            ``delimiter``, ``sheet``, ``header_row``, ``record_path``
        :return: the job, ready for :meth:`_run_now`
        :raise UserError: the file can't be read, or the mapping doesn't fit it
        """
        job = self.create({"name": name, "filename": name, "connector_id": connector.id})
        job.sudo().path = path  # named by code, not by a user
        if content is not None:
            self.env["ir.attachment"].create(
                {"name": name, "res_model": self._name, "res_field": "file", "res_id": job.id, "raw": content}
            )
        if mapping is None:
            job.write({key: options[key] for key in ("encoding", "delimiter", "sheet") if (options or {}).get(key)})
            job._read_file(raise_errors=True)
            return job
        base_year = {"base_year": fields.Date.today().year}
        mapping = {**mapping, "options": {**base_year, **(mapping.get("options") or {})}}
        try:
            table = job._open_table(
                {key: (options or {}).get(key) for key in _READER_OPTIONS if (options or {}).get(key)}
            )
            Mapping(mapping, table.header)
        except FileError as error:
            raise UserError(self.env["hospitality.import.mapping"]._explain(error)) from error
        job.write({"facts": table.facts, "header": table.header, "state": "columns", "is_confirmed": True})
        job._set_content(mapping)
        job.content = mapping
        return job

    def _run_now(self, progress=None):
        """Load, apply and verify the file, chunk by chunk, each in a transaction of its own.

        What the current transaction has changed is committed first, because the import runs on
        cursors of its own. It can be called again after a crash and goes on where it stopped.

        :param progress: called as ``progress(stage, done, total)``; stages ``read apply verify``
        :return: the verification report, see ``docs/contracts.md``
        :raise UserError: questions are open, the connector is paused, or the job runs elsewhere
        """
        self.ensure_one()
        self._check_ready()
        self.env.flush_all()
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.env["hospitality.import.runner"]._run(self, "import", progress)
        # In REPEATABLE READ the old snapshot would not show what other cursors have written.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.invalidate_recordset()
        return self.verify_report

    def _check_ready(self):
        """Refuse to go on with an unread file, open questions or a paused connector."""
        for job in self:
            if job.state == "upload":
                raise UserError(job.error or self.env._("Upload a file first."))
            questions = job._get_open_questions()
            if questions:
                raise UserError(
                    self.env._("Answer these questions first:\n%(questions)s", questions="\n".join(questions))
                )
            if job.connector_id.state == "paused":
                raise UserError(
                    self.env._("The connector %(name)s is paused. Resume it first.", name=job.connector_id.name)
                )

    # Buttons

    def action_read(self):
        """Read the file; it has been read already when it came with this save."""
        for job in self:
            if not job.file:
                raise UserError(self.env._("Choose a file first."))
            if job.state == "upload" and not job.task and not job.error:
                job._receive()
        return False

    def action_read_again(self):
        """Read the file again with the options of the form."""
        for job in self:
            job._check_idle()
            job.rows = False
            job._read_file()
        return False

    def action_check(self):
        """Try the import and show what would happen."""
        self.ensure_one()
        return self._start("check")

    def action_import(self):
        """Import the file."""
        self.ensure_one()
        return self._start("import")

    def action_back(self):
        """Go back to the columns."""
        for job in self:
            job._check_idle()
            job.state = "columns"
        return False

    def action_stop(self):
        """Stop what waits for the background; what runs ends with its chunk."""
        self.write({"task": False, "stage": False})
        return False

    def _start(self, task):
        self._check_idle()
        self._check_ready()
        self.env["hospitality.import.mapping"].check_access("write")
        try:
            Mapping(self._get_content(), self.header)
        except FileError as error:
            raise UserError(self.env["hospitality.import.mapping"]._explain(error)) from error
        if self.row_count and self.row_count <= INLINE_ROWS:
            self.env.flush_all()
            self.env["hospitality.import.runner"]._run(self, task)
            self.invalidate_recordset()
        else:
            self._put_off(task)
        return False

    def _put_off(self, task):
        """Leave a task to the background and wake it."""
        self.write(
            {"task": task, "stage": False, "error": False, "progress_done": 0, "progress_total": 0, "attempts": 0}
        )
        cron = self.env.ref("hospitality_connectors.ir_cron_import")
        cron.sudo()._trigger()  # whoever may import may wake the job that does it

    def _check_idle(self):
        for job in self:
            if job.task:
                raise UserError(self.env._("%(name)s is being worked on. Wait until it has ended.", name=job.name))

    def _get_inbox_domain(self, *states):
        """Return the domain of the inbox records of the file."""
        self.ensure_one()
        prefix = self.event_prefix or "-"
        # Keys are hexadecimal: "g" is behind everything that begins with the prefix.
        domain = Domain("connector_id", "=", self.connector_id.id) & Domain("event_key", ">=", prefix)
        domain &= Domain("event_key", "<", f"{prefix}g")
        return domain & Domain("state", "in", states) if states else domain

    def action_open_quarantine(self):
        """Open the rows that wait in quarantine."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("hospitality_connectors.hospitality_import_row_action")
        return {**action, "domain": list(self._get_inbox_domain("quarantined", "waiting"))}

    def action_open_codes(self):
        """Open the words of the source that nobody has explained yet."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("hospitality_connectors.hospitality_import_code_action")
        return {**action, "domain": [("connector_id", "=", self.connector_id.id)]}

    def action_download_report(self):
        """Download problems and differences as a CSV file."""
        self.ensure_one()
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        writer.writerow(["row", "record", "key", "problem"])
        report = self.verify_report or self.check_report or {}
        tell = self._get_report_teller()
        for problem in report.get("problems") or ():
            writer.writerow([problem["row"], "", "", guard(tell(problem))])
        for item in report.get("differences") or ():
            writer.writerow([item.get("row"), item["entity"], guard(item["key"] or ""), guard(tell(item))])
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{self.name}.report.csv",
                "raw": ("\ufeff" + stream.getvalue()).encode(),
                "mimetype": "text/csv",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        return {"type": "ir.actions.act_url", "url": f"/web/content/{attachment.id}?download=true", "target": "self"}

    @api.model
    def _get_entity_names(self):
        """Return the names of records for people."""
        return {
            "guest": self.env._("guests"),
            "booking": self.env._("bookings"),
            "stay": self.env._("stays"),
            "reservation": self.env._("table reservations"),
            "check": self.env._("checks"),
            "charge": self.env._("lines"),
            "payment": self.env._("payments"),
        }

    @api.model
    def _get_amount_names(self):
        """Return the names of amounts for people."""
        return {
            "amount_room": self.env._("Room"),
            "amount_fb": self.env._("Food and beverage"),
            "amount_other": self.env._("Other"),
            "amount_tax": self.env._("Tax"),
            "amount_total": self.env._("Total"),
            "amount_gross": self.env._("Amount"),
            "amount": self.env._("Amount"),
            "deposit": self.env._("Deposit"),
        }

    @api.autovacuum
    def _gc_files(self):
        """Remove uploaded files some weeks after their import: the rows are kept in the inbox."""
        get_param = self.env["ir.config_parameter"].sudo().get_param  # a limit, no secret
        days = int(get_param("hospitality_connectors.import_keep_days", 30))
        limit = fields.Datetime.subtract(fields.Datetime.now(), days=days)
        jobs = self.search([("state", "=", "done"), ("finished_at", "<", limit), ("size", ">", 0)], limit=1000)
        jobs.write({"file": False, "size": 0})
        return len(jobs), 0

    @api.model
    def _cron_run(self):
        """Work on the jobs that wait, one after the other."""
        self.env["hospitality.import.runner"]._run_waiting()
