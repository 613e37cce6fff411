import json
from hashlib import blake2b

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.files import catalogue
from ...engine.files.errors import FileError
from ...engine.files.mapping import Mapping
from ...engine.files.propose import signature

ROWS = [
    ("guest", "Guests"),
    ("stay", "Bookings and Stays"),
    ("booking", "Bookings without Stays"),
    ("reservation", "Table Reservations"),
    ("check", "Checks"),
    ("charge", "Lines of Checks or Folios"),
    ("payment", "Payments"),
]


class HospitalityImportMapping(models.Model):
    """What the columns of one kind of file mean, remembered per connector and heading.

    ``content`` is a mapping as in ``engine.files.mapping``. Rows in the inbox refer to this record,
    so a correction here counts for rows that are replayed, too.
    """

    _name = "hospitality.import.mapping"
    _description = "Column Mapping"
    _order = "connector_id, name, id"

    name = fields.Char(required=True)
    connector_id = fields.Many2one("hospitality.connector", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="connector_id.company_id", store=True, index=True)
    rows = fields.Selection(ROWS, string="A Row Is", required=True, default="stay")
    signature = fields.Char(required=True, readonly=True, help="Names of the columns, in any order.")
    header = fields.Json(required=True, readonly=True)
    content = fields.Json(required=True, default=dict)
    column_count = fields.Integer(compute="_compute_column_count", string="Mapped Columns")
    job_ids = fields.One2many("hospitality.import.job", "mapping_id", string="Imports")

    _signature_uniq = models.Constraint(
        "UNIQUE (connector_id, signature)", "The columns of such files are mapped already for this connector."
    )

    @api.depends("content")
    def _compute_column_count(self):
        for mapping in self:
            columns = (mapping.content or {}).get("columns") or []
            mapping.column_count = len({use.get("column") for use in columns if use.get("column")})

    @api.constrains("content", "header", "rows")
    def _check_content(self):
        for mapping in self:
            try:
                Mapping(mapping._get_content(), mapping.header)
            except FileError as error:
                raise ValidationError(mapping._explain(error)) from error

    @api.model
    def _explain(self, error):
        """Return the message of a :class:`FileError` in the language of the user."""
        reason = {"key": f"file.{error.code}", "params": error.params}
        return self.env["hospitality.connector.inbox"]._get_teller()(reason, str(error))

    def _get_content(self, words=None):
        """Return the mapping as the engine takes it.

        :param dict words: ``{target: {text: value}}`` of the connector; those of the mapping go first
        """
        self.ensure_one()
        content = {**(self.content or {}), "rows": self.rows}
        if words:
            maps = content.get("maps") or {}
            content["maps"] = {name: {**words.get(name, {}), **maps.get(name, {})} for name in sorted({*words, *maps})}
        return content

    def _get_revision(self):
        """Return a text that changes with the meaning of a column."""
        content = self._get_content()
        # Only the order within a target means something.
        content["columns"] = sorted(content.get("columns") or (), key=lambda use: use.get("target") or "")
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return blake2b(text.encode(), digest_size=8).hexdigest()

    @api.model
    def _find(self, connector, header):
        """Return the mapping that is remembered for a heading."""
        return self.search([("connector_id", "=", connector.id), ("signature", "=", signature(header))], limit=1)

    @api.model
    def _remember(self, connector, name, header, content):
        """Store what the columns of a heading mean and return the record.

        :raise ValidationError: the mapping doesn't fit the heading
        """
        content = {key: content[key] for key in ("rows", "columns", "maps", "options") if content.get(key)}
        rows = content.pop("rows", "stay")
        mapping = self._find(connector, header)
        if not mapping:
            return self.create(
                {
                    "name": name,
                    "connector_id": connector.id,
                    "rows": rows,
                    "signature": signature(header),
                    "header": list(header),
                    "content": content,
                }
            )
        if mapping.content != content or mapping.rows != rows:
            mapping.write({"content": content, "rows": rows})
        return mapping

    @api.model
    def _selection_target(self):
        names = [
            *catalogue.TARGETS,
            *(
                f"companion{number}.{field}"
                for number in (2, 3)
                for field in ("external_id", "name", "given_name", "family_name", "email", "phone", "birthdate")
            ),
        ]
        translate = self.env["hospitality.connector.inbox"]._get_translator()
        return [(name, catalogue.translate_label(catalogue.find(name).label, translate)) for name in names]
