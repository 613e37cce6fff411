import csv
import datetime
import io
import json
import re
import zipfile

from odoo import api, models
from odoo.tools import SQL, html2plaintext

from ...engine.privacy import MASK, mask_others
from .privacy_handler import ALL, PrivacyHandler

#: A cell that begins so may be taken for a formula by a spreadsheet.
_FORMULA = re.compile(r"^\s*[=+\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]")
_UNSAFE = re.compile(r"[^\w.-]+")
#: Columns of every table that say nothing about the person.
_COMMON = frozenset({"create_uid", "write_uid", "write_date", "res_model_id"})
#: More rows of a kind are in the other files, not in the one for printing.
PRINTED = 200


class HospitalityPrivacyExport(models.AbstractModel):
    """Everything that is kept about one person, for himself.

    Records of every model with a handler that exports, in JSON (one file per model), CSV and a page to read. Staff are
    named by their role, other guests not at all. System code: callers check rights.
    """

    _name = "hospitality.privacy.export"
    _description = "Export of a Person's Data"

    @api.model
    def _make_archive(self, request):
        """Return the archive as bytes, and facts about it: ``{"row_count", "model_count"}``."""
        subject = self.env["hospitality.privacy"]._find_subject(request.partner_id)
        sections = self._get_sections(subject, portable=request.kind == "portability")
        sections.sort(key=lambda section: section["model"] != "res.partner")
        facts = {"row_count": sum(len(one["rows"]) for one in sections), "model_count": len(sections)}
        values = {
            "subject_request": request,
            "sections": sections,
            "made_at": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "rows": facts["row_count"],
            "lang": (self.env.lang or "en").replace("_", "-"),
            "direction": self.env["res.lang"]._get_data(code=self.env.lang or "en_US").direction or None,
        }
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for section in sections:
                name = _UNSAFE.sub("_", section["model"])
                archive.writestr(f"json/{name}.json", self._to_json(section))
                archive.writestr(f"csv/{name}.csv", self._to_csv(section))
            if request.kind == "access":
                page = self.env["ir.qweb"]._render("hospitality_crm.privacy_export_page", {**values, "limit": None})
                archive.writestr("index.html", str(page))
                printed = self._to_pdf(request, values)
                if printed:
                    archive.writestr("data.pdf", printed)
            self._add_files(archive, subject)
        return buffer.getvalue(), facts

    @api.model
    def _to_pdf(self, request, values):
        """Return the printed form; None where the server has no program that prints."""
        Report = self.env["ir.actions.report"]
        if Report.get_wkhtmltopdf_state() not in ("ok", "upgrade", "workers"):
            return None
        data = {**values, "limit": PRINTED}
        return Report._render_qweb_pdf("hospitality_crm.report_privacy_export", request.ids, data=data)[0]

    # -- records -------------------------------------------------------------------------------

    @api.model
    def _get_sections(self, subject, portable=False):
        """Return what is kept, by model.

        :param portable: only what the person has given himself
        :return: list of ``{"model", "label", "columns": [(name, label)], "rows": [{name: value}]}``, in the order of
            labels
        """
        Privacy = self.env["hospitality.privacy"]
        handlers, models_of = Privacy._get_handlers(), Privacy._get_model_of()
        sections = []
        for table in {*subject.rows, *subject.mentions}:
            handler = handlers.get(table, PrivacyHandler())
            keys = set(subject.rows.get(table, ()))
            if handler.received:
                keys |= subject.mentions.get(table, set())
            if not keys or table not in models_of or not handler.export or (portable and not handler.portable):
                continue
            section = self._get_section(self.env[models_of[table]], handler, sorted(keys), subject)
            if section["rows"]:
                sections.append(section)
        return sorted(sections, key=lambda section: (section["label"], section["model"]))

    @api.model
    def _get_section(self, model, handler, ids, subject):
        columns = [
            field
            for field in model._fields.values()
            if field.store
            and field.column_type
            and not field.inherited
            and field.type != "binary"
            and field.name not in _COMMON
            and field.name not in handler.hide
        ]
        rows = self.env.execute_query(
            SQL(
                "SELECT %s FROM %s WHERE id = ANY(%s) ORDER BY id",
                SQL(", ").join(SQL.identifier(field.name) for field in columns),
                SQL.identifier(model._table),
                ids,
            )
        )
        names = self._get_names(columns, rows, subject)
        shown, labels = [], []
        for position, field in enumerate(columns):
            convert = self._get_converter(field, names, subject)
            cells = [None if row[position] is None else convert(row[position]) for row in rows]
            if any(cell not in (None, "", [], {}, False) for cell in cells):
                labels.append((field.name, field._description_string(self.env)))
                shown.append(cells)
        found = [dict(zip((name for name, _label in labels), row, strict=True)) for row in zip(*shown, strict=True)]
        if model._name == "mail.message":
            found = self._mask_messages(found, names, subject)
        label = self.env["ir.model"]._get(model._name).sudo().name  # the name of a model is no secret
        return {"model": model._name, "label": label, "columns": labels, "rows": found}

    @api.model
    def _mask_messages(self, rows, names, subject):
        """Return messages without who of the house has sent them, and without the name of another guest they are about.

        Messages of a request hold links that open the data.
        """
        kept = [row for row in rows if row.get("model") != "hospitality.privacy.request"]
        for row in kept:
            if row.get("author_id") != names["you"]:
                if row.get("email_from"):
                    row["email_from"] = MASK
                if row.get("model") == "res.partner" and row.get("res_id") not in subject.partner_ids:
                    row["subject"] = MASK
        return kept

    @api.model
    def _get_names(self, columns, rows, subject):
        """Return what references are called: ``{(model, id): name}``, and ``you``."""
        Privacy = self.env["hospitality.privacy"]
        handlers = Privacy._get_handlers()
        names = {"you": self.env._("you")}
        wanted = {}
        for position, field in enumerate(columns):
            if field.type == "many2one" and not field.company_dependent:
                wanted.setdefault(field.comodel_name, set()).update(row[position] for row in rows if row[position])
        for model_name, ids in wanted.items():
            model = self.env[model_name]
            if model_name == "res.partner":
                names |= self._get_partner_names(ids, subject)
                continue
            if model_name == "res.users":
                users = model.with_context(active_test=False).browse(ids).exists()
                own = {user.id for user in users if user.partner_id.id in subject.partner_ids}
                names |= {(model_name, id_): names["you"] if id_ in own else self.env._("staff") for id_ in ids}
                continue
            handler = handlers.get(model._table)
            if handler is not None and handler.plain != ALL:
                # A record of a person: of this one it is a section of its own, of others it isn't told.
                names |= {(model_name, id_): f"{model._description} {id_}" for id_ in ids}
            else:
                found = model.with_context(active_test=False).browse(sorted(ids)).exists()
                names |= {(model_name, record.id): record.display_name for record in found}
        return names

    @api.model
    def _get_partner_names(self, ids, subject):
        you, other = self.env._("you"), self.env._("another person")
        partners = self.env["res.partner"].with_context(active_test=False).browse(sorted(ids)).exists()
        return {
            ("res.partner", partner.id): you
            if partner.id in subject.partner_ids
            else (partner.name if partner.is_company else other)
            for partner in partners
        }

    @api.model
    def _get_converter(self, field, names, subject):
        """Return the function that turns a value of the database into one for people and machines."""
        own = subject.emails | subject.shared
        if field.company_dependent or (field.translate and field.type in ("char", "text", "html")):
            return lambda value: self._convert_json(self._pick(field, value), own)
        if field.type == "many2one":
            return lambda value: names.get((field.comodel_name, value), str(value))
        if field.type == "selection":
            labels = dict(field._description_selection(self.env))
            return lambda value: labels.get(value, value)
        if field.type == "html":
            return lambda value: mask_others(html2plaintext(value), own)
        if field.type in ("char", "text"):
            return lambda value: mask_others(value, own)
        if field.type in ("date", "datetime"):
            return str
        if field.type in ("integer", "many2one_reference", "boolean"):
            return lambda value: value
        if field.type in ("float", "monetary"):
            return float
        return lambda value: self._convert_json(value, own)

    @api.model
    def _pick(self, field, value):
        """Return the value in the reader's language, or of the user's company."""
        if not isinstance(value, dict):
            return value
        if field.translate:
            return value.get(self.env.lang) or value.get("en_US")
        return value.get(str(self.env.company.id))

    @api.model
    def _convert_json(self, value, own):
        if isinstance(value, str):
            return mask_others(value, own)
        if isinstance(value, dict):
            return {key: self._convert_json(item, own) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._convert_json(item, own) for item in value]
        return value

    # -- files ---------------------------------------------------------------------------------

    @api.model
    def _to_json(self, section):
        return json.dumps(
            {"model": section["model"], "label": section["label"], "rows": section["rows"]},
            ensure_ascii=False,
            indent=1,
            default=str,
        )

    @api.model
    def _to_csv(self, section):
        """Return a table for a spreadsheet: no cell is a formula."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
        names = [name for name, _label in section["columns"]]
        writer.writerow([_to_cell(label) for _name, label in section["columns"]])
        for row in section["rows"]:
            writer.writerow([_to_cell(row[name]) for name in names])
        return "\ufeff" + buffer.getvalue()

    @api.model
    def _add_files(self, archive, subject):
        """Add the person's files under names that are safe on every system."""
        handlers = self.env["hospitality.privacy"]._privacy_handlers()
        ids = sorted(subject.rows.get("ir_attachment", ()))
        for attachment in self.env["ir.attachment"].browse(ids).exists():
            handler = handlers.get(attachment.res_model, PrivacyHandler())
            hidden = attachment.res_field and attachment.res_field in handler.hide
            if attachment.type == "binary" and handler.export and not hidden and attachment.raw:
                name = _UNSAFE.sub("_", attachment.name or "file").strip("._") or "file"
                archive.writestr(f"files/{attachment.id}-{name[-80:]}", attachment.raw)


def _to_cell(value):
    """Return a cell that no spreadsheet takes for a formula.

    >>> _to_cell("=1+1"), _to_cell(-5), _to_cell({"a": 1})
    ("'=1+1", -5, '{"a": 1}')
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "'" + text if _FORMULA.match(text) else text
