import os

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.files import columns as file_columns
from ...engine.files import propose
from ...engine.files.container import MEGABYTE, recognise
from ...engine.files.errors import FileError
from ...engine.files.reader import open_table
from .hospitality_import_mapping import ROWS

# A file that is read while the user waits; a larger one is left to the background.
INLINE_BYTES = 12 * MEGABYTE
_EDITED = frozenset(("line_ids", "rows", "date_order", "decimal", "currency_id", "property_id", "blank_texts"))


class HospitalityImportColumns(models.AbstractModel):
    """The first steps of an import: reading the file, and what its columns mean.

    Lines and options on the form and the mapping of the engine say the same: :meth:`_set_content`
    and :meth:`_get_content` turn one into the other. A mapping that code gave stays as it is until
    somebody changes a line.
    """

    _name = "hospitality.import.columns"
    _description = "Columns of an imported file"

    facts = fields.Json(readonly=True, copy=False, help="How the file is read.")
    header = fields.Json(readonly=True, copy=False)
    questions = fields.Json(readonly=True, copy=False)
    question_text = fields.Text(compute="_compute_question_text")
    row_count = fields.Integer(string="Rows", readonly=True, copy=False)
    bad_count = fields.Integer(string="Unreadable Rows", readonly=True, copy=False)
    mapping_id = fields.Many2one("hospitality.import.mapping", readonly=True, index=True, copy=False)
    is_remembered = fields.Boolean(readonly=True, copy=False)
    content = fields.Json(readonly=True, copy=False, help="The mapping as code gave it, until people change it.")
    rows = fields.Selection(ROWS, string="A Row Is")
    line_ids = fields.One2many("hospitality.import.line", "job_id", string="Columns")
    date_order = fields.Selection(
        [("dmy", "Day first (31/12/2025)"), ("mdy", "Month first (12/31/2025)")], string="Dates"
    )
    decimal = fields.Selection([(".", "Point (1234.50)"), (",", "Comma (1234,50)")], string="Decimals")
    currency_id = fields.Many2one("res.currency", help="Currency of amounts that don't name one.")
    encoding = fields.Char(help="Character set of the file, for example utf-8 or cp1251.")
    delimiter = fields.Char(size=1)
    sheet = fields.Char()
    blank_texts = fields.Char(help="Texts that stand for an empty cell, separated by commas.")
    is_confirmed = fields.Boolean(string="Samples Are Read Correctly", copy=False)

    @api.depends("questions", "date_order", "decimal", "currency_id", "is_confirmed")
    def _compute_question_text(self):
        for job in self:
            job.question_text = "\n".join(job._get_open_questions()) or False

    def write(self, vals):
        if _EDITED & vals.keys() and "content" not in vals:
            vals = {**vals, "content": False}
        return super().write(vals)

    # Reading a file

    def _receive(self):
        """Read a file that was just uploaded, in the background when it is large."""
        self.ensure_one()
        self.write(
            {
                "name": self.filename or self.name,
                "size": len(self.with_context(bin_size=False).file) * 3 // 4,
                "state": "upload",
                "facts": False,
            }
        )
        self.flush_recordset()
        if self.size > INLINE_BYTES:
            self._put_off("read")
        else:
            self._read_file()

    def _get_source(self):
        """Return the path or the bytes of the file.

        :raise UserError: the file is gone
        """
        self.ensure_one()
        path = self.sudo().path  # for administrators to see; the file is read for everybody who may import it
        if path:
            if not os.path.isfile(path):
                raise UserError(self.env._("The file isn't there any more. Upload it again."))
            return path
        Attachment = self.env["ir.attachment"].sudo()  # who may read the job may read its file
        attachment = Attachment.search(
            [("res_model", "=", self._name), ("res_field", "=", "file"), ("res_id", "=", self.id)], limit=1
        )
        if not attachment:
            raise UserError(self.env._("The file was removed after its import. Upload it again."))
        if attachment.store_fname:
            return attachment._full_path(attachment.store_fname)
        return attachment.raw

    def _get_limits(self):
        """Return the size limits of files, in bytes."""
        get_param = self.env["ir.config_parameter"].sudo().get_param  # a limit isn't a secret
        megabytes = int(get_param("hospitality_connectors.import_max_mb", 512))
        return {"max_file": megabytes * MEGABYTE, "max_unpacked": megabytes * 4 * MEGABYTE}

    def _read_file(self, raise_errors=False):
        """Read the whole file, propose what its columns mean and go to the step *columns*.

        What can't be read is said in ``error``.

        :raise UserError: with ``raise_errors``
        """
        self.ensure_one()
        try:
            options = {name: self[name] for name in ("encoding", "delimiter", "sheet") if self[name]}
            table = self._open_table(options)
            found, rows, bad = file_columns.profile(table)
            if not rows:
                raise FileError("header_only")
        except FileError as error:
            message = self.env["hospitality.import.mapping"]._explain(error)
            if raise_errors:
                raise UserError(message) from error
            self.write({"error": message, "state": "upload", "task": False})
            return
        self.write(
            {
                "row_count": rows,
                "bad_count": bad,
                "facts": table.facts,
                "header": table.header,
                "error": False,
                "task": False,
                "state": "columns",
                "is_confirmed": not table.questions,
                **{name: table.facts.get(name) for name in ("encoding", "delimiter", "sheet")},
            }
        )
        self._propose(found, table.questions)

    def _open_table(self, options=None):
        source = self._get_source()
        container = recognise(source, **self._get_limits())
        return open_table(container, options)

    def _propose(self, found, questions):
        """Fill the columns with the remembered mapping, or with a proposed one."""
        remembered = self.env["hospitality.import.mapping"]._find(self.connector_id, self.header)
        if remembered:
            content, scores, more = remembered._get_content(), {}, []
        else:
            content, scores, more = propose.propose(found, self.rows or None)
        summaries = {column.name: column.summary() for column in found}
        self.write({"questions": [*questions, *more], "is_remembered": bool(remembered)})
        self._set_content(content, summaries, scores)

    def _set_content(self, content, summaries=None, scores=None):
        """Show a mapping as lines and options."""
        summaries, scores = summaries or {}, scores or {}
        options = content.get("options") or {}
        uses = {}
        for use in content.get("columns") or ():
            uses.setdefault(use.get("column"), []).append(use)
        lines = []
        for index, name in enumerate(self.header):
            samples = ", ".join(summaries.get(name, {}).get("samples") or ())[:120]
            for use in uses.get(name) or [{}]:
                lines.append(
                    {
                        "sequence": index + 1,
                        "column": name,
                        "samples": samples,
                        "score": int(scores.get(name, 0)),
                        **{key: use.get(key) for key in ("target", "part", "prefix")},
                    }
                )
        for use in uses.get(None) or ():
            if use["target"].endswith(".currency") and len(use["value"]) == 3:
                self.currency_id = self.env["res.currency"].search([("name", "=", use["value"])], limit=1)
                if self.currency_id:
                    continue
            lines.append({"sequence": 2000, "value": use["value"], "target": use["target"]})
        self.line_ids.unlink()
        self.write(
            {
                "rows": content.get("rows") or "stay",
                "date_order": options.get("date_order") or False,
                "decimal": options.get("decimal") or False,
                "blank_texts": ", ".join(options.get("blank") or ()) or False,
                "line_ids": [fields.Command.create(line) for line in lines],
                "content": False,
            }
        )

    def _get_content(self):
        """Return the mapping that the lines and options show."""
        self.ensure_one()
        if self.content:
            return self.content
        uses = [use for line in self.line_ids if (use := line._get_use())]
        targets = {use["target"] for use in uses}
        slots = {target.partition(".")[0] for target in targets}
        for slot in ("stay", "reservation", "check", "charge", "payment"):
            name = f"{slot}.currency"
            if self.currency_id and slot in slots and name not in targets:
                uses.append({"value": self.currency_id.name, "target": name})
            name = f"{slot}.property"
            given = self.property_id and self.property_id != self.connector_id.property_id
            if given and slot in slots and name not in targets and slot in ("stay", "reservation", "check"):
                uses.append({"value": self.property_id.code, "target": name})
        remembered = self.env["hospitality.import.mapping"]._find(self.connector_id, self.header)
        options = {
            "date_order": self.date_order,
            "decimal": self.decimal,
            "blank": [text.strip() for text in (self.blank_texts or "").split(",") if text.strip()],
            # Years of two digits must not change their century when a row is replayed later.
            "base_year": ((remembered.content or {}).get("options") or {}).get("base_year") or fields.Date.today().year,
        }
        return {
            "rows": self.rows,
            "columns": uses,
            "maps": (remembered.content or {}).get("maps") or {},
            "options": {key: value for key, value in options.items() if value},
        }

    def _get_open_questions(self):
        """Return what people must decide before the file can be imported, as sentences."""
        self.ensure_one()
        result = []
        for question in self.questions or ():
            option, sample = question["option"], question.get("sample", "")
            if option == "date_order" and not self.date_order:
                text = self.env._("Is “%(sample)s” in column “%(column)s” day first or month first?")
            elif option == "decimal" and not self.decimal:
                text = self.env._("Is the sign in “%(sample)s” (column “%(column)s”) a decimal sign?")
            elif option == "currency" and not self.currency_id:
                text = self.env._("Which currency is “%(sample)s” in column “%(column)s”?")
            elif option in ("encoding", "sheet") and not self.is_confirmed:
                text = self.env._("The file was read as %(chosen)s. Are the samples below right?")
            else:
                continue
            values = {"sample": sample, "column": question.get("column", ""), "chosen": question.get("chosen", "")}
            result.append(text % values)
        return result
