import json
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...engine.adapter import Window
from ...engine.files.columns import profile
from ...engine.files.flatten import flatten
from ...engine.files.propose import propose
from ...engine.network.errors import NetworkError
from ..imports.hospitality_import_mapping import ROWS

SAMPLE_DAYS = 60


class HospitalityConnectorList(models.Model):
    """A list that a system without an adapter of its own offers: where it is and how it is read.

    What its columns mean is a column mapping, proposed from the first page and corrected by people.
    """

    _name = "hospitality.connector.list"
    _description = "List of a System"
    _order = "connector_id, sequence, id"

    connector_id = fields.Many2one("hospitality.connector", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="connector_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, help="Short and without blanks, such as bookings.")
    rows = fields.Selection(ROWS, string="A Record Is", required=True, default="stay")
    path = fields.Char(required=True, help="After the address of the system, such as /v1/bookings.")
    items = fields.Char(string="Place of the Records", help="Where the list is in the answer, such as data.items.")
    id_path = fields.Char(string="Key", default="id", required=True)
    version_path = fields.Char(
        string="Version", help="A number that grows with each change, or the time of the last one, such as updatedAt."
    )
    kind = fields.Selection(
        [("changes", "Changes since Last Time"), ("sweep", "Arrivals of Some Weeks, Each Night")],
        required=True,
        default="changes",
    )
    since_param = fields.Char(string="Parameter “from”", help="Without one the whole list is read each time.")
    until_param = fields.Char(string="Parameter “to”")
    time_format = fields.Selection(
        [
            ("iso", "2026-01-31T12:00:00Z"),
            ("local", "2026-01-31T12:00:00, time of the property"),
            ("date", "2026-01-31"),
            ("epoch", "Seconds since 1970"),
            ("epoch_ms", "Milliseconds since 1970"),
        ],
        required=True,
        default="iso",
    )
    paging = fields.Selection(
        [
            ("none", "All at Once"),
            ("page", "Number of the Page"),
            ("offset", "Number of the First Record"),
            ("cursor", "Key of the Next Page"),
            ("link", "Link to the Next Page"),
        ],
        required=True,
        default="page",
    )
    page_param = fields.Char(string="Parameter of the Page", default="page")
    size_param = fields.Char(string="Parameter of the Size")
    size = fields.Integer(string="Records per Page", default=100)
    cursor_path = fields.Char(string="Place of the Next Page", help="Where its key or link is in the answer.")
    detail_path = fields.Char(
        help="Of a single record, such as /v1/bookings/{id}; needed for requests that bring keys."
    )
    every = fields.Integer(string="Every (s)", default=45, help="Lanes look each minute: 45 means each minute.")
    mapping_id = fields.Many2one("hospitality.import.mapping", string="Columns", ondelete="set null", index=True)

    _name_uniq = models.Constraint("UNIQUE (connector_id, name)", "The connector has a list of this name already.")
    _size_positive = models.Constraint("CHECK (size > 0)", "A page has at least one record.")

    @api.constrains("name", "detail_path", "every")
    def _check_form(self):
        for entry in self:
            if not entry.name.isidentifier():
                raise ValidationError(self.env._("The name of a list has letters, digits and _ only: %s", entry.name))
            if entry.detail_path and "{id}" not in entry.detail_path:
                raise ValidationError(self.env._("The path of a single record has {id} in the place of its key."))

    @api.model_create_multi
    def create(self, vals_list):
        entries = super().create(vals_list)
        entries.connector_id._sync_lists()
        return entries

    def write(self, vals):
        result = super().write(vals)
        self.connector_id._sync_lists()
        return result

    def unlink(self):
        connectors = self.connector_id
        result = super().unlink()
        connectors._sync_lists()
        return result

    def _get_entry(self):
        """Return the list as the adapter takes it."""
        self.ensure_one()
        names = ("name", "path", "items", "kind", "since_param", "until_param", "time_format", "paging", "page_param")
        entry = {name: self[name] for name in (*names, "size_param", "size", "cursor_path", "detail_path", "every")}
        entry |= {"rows": self.rows, "id": self.id_path, "version": self.version_path, "mapping": self.mapping_id.id}
        return {name: value for name, value in entry.items() if value}

    def action_read_sample(self):
        """Fetch the first page, and propose what its columns mean."""
        self.ensure_one()
        self.connector_id.check_access("write")
        connector = self.connector_id.sudo()  # rights were checked
        session = connector._get_session()
        stream = connector._get_streams()[self.name]
        end = session.now()
        start = fields.Datetime.subtract(end, days=SAMPLE_DAYS)
        window = Window(start.date(), end.date()) if self.kind == "sweep" else Window(start, end)
        try:
            page = session.adapter.fetch_page(session, stream, window if stream.windowed else None, None)
        except NetworkError as error:
            raise UserError(error.message) from None
        if not page.records:
            raise UserError(
                self.env._("The first page has no record. Look at path and place, or make a record there first.")
            )
        records = [json.loads(session.adapter.redact(raw).body) for raw in page.records]
        self.mapping_id = self._propose(records)
        return self._open_columns(flatten(records[0])[0])

    def _propose(self, records):
        """Return the column mapping for records, remembered or proposed."""
        flats = [flat for record in records for flat in flatten(record)]
        header = list(dict.fromkeys(name for flat in flats for name in flat))
        Mapping = self.env["hospitality.import.mapping"]
        found = Mapping._find(self.connector_id, header)
        if found:
            return found
        rows = [(number, [flat.get(name, "") for name in header], None) for number, flat in enumerate(flats, 1)]
        columns, _count, _bad = profile(_Table(header, rows))
        content, _scores, _questions = propose(columns, self.rows)
        return Mapping._remember(self.connector_id, f"{self.connector_id.name}: {self.name}", header, content)

    def action_open_mapping(self):
        """Show what the columns mean, to be corrected."""
        self.ensure_one()
        return self._open_columns({}) if self.mapping_id else self.action_read_sample()

    def _open_columns(self, shown):
        """Return the action that shows the columns, beside the values of a record."""
        wizard = self.env["hospitality.connector.columns"]._open(self, shown)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What %s Mean", self.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }


class _Table(NamedTuple):
    """What :func:`engine.files.columns.profile` reads."""

    header: list
    rows: list
