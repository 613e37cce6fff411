import csv
import io
import json

from werkzeug.datastructures import FileStorage

from odoo import http

from odoo.addons.web.controllers import export as core
from odoo.addons.web.controllers.pivot import TableExporter

from ..engine.spreadsheet import guard


class _PlainCells:
    """Writes text as text: by default the library makes formulas and links of text that looks like them."""

    def write(self, row, column, cell_value, style=None):
        if isinstance(cell_value, str):
            return self.worksheet.write_string(row, column, cell_value, style)
        return super().write(row, column, cell_value, style)

    def write_cell(self, row, column, cell_value):
        if isinstance(cell_value, str) and len(cell_value) <= self.worksheet.xls_strmax:
            return self.write(row, column, cell_value, self.base_style)
        return super().write_cell(row, column, cell_value)


class PlainXlsxWriter(_PlainCells, core.ExportXlsxWriter):
    """A list without formulas."""


class PlainGroupXlsxWriter(_PlainCells, core.GroupExportXlsxWriter):
    """A grouped list without formulas."""


class _TellsHow:
    def base(self, data):
        """Tell `export_data` how the records were chosen, for the access log."""
        params = json.loads(data)
        chosen = {} if params.get("ids") else {"hospitality_export_domain": params.get("domain")}
        params["context"] = {**(params.get("context") or {}), **chosen}
        return super().base(json.dumps(params))


class GuestCSVExport(_TellsHow, core.CSVExport):
    def from_data(self, fields, columns_headers, rows):
        stream = io.StringIO()
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        for row in [columns_headers, *rows]:
            writer.writerow([self._to_cell(value) for value in row])
        return stream.getvalue()

    def _to_cell(self, value):
        if value is None or value is False:
            return ""
        if isinstance(value, bytes):
            value = value.decode()
        return guard(value) if isinstance(value, str) else value


class GuestExcelExport(_TellsHow, core.ExcelExport):
    def from_data(self, fields, columns_headers, rows):
        with PlainXlsxWriter(fields, columns_headers, len(rows)) as writer:
            for row_index, row in enumerate(rows):
                for cell_index, cell_value in enumerate(row):
                    writer.write_cell(row_index + 1, cell_index, cell_value)
        return writer.value

    def from_group_data(self, fields, columns_headers, groups):
        with PlainGroupXlsxWriter(fields, columns_headers, groups.count) as writer:
            x, y = 1, 0
            for group_name, group in groups.children.items():
                x, y = writer.write_group(x, y, group_name, group)
        return writer.value


class GuestTableExporter(TableExporter):
    @http.route(readonly=True)
    def export_xlsx(self, data, **kw):
        """Guard the titles: the workbook is made by the core, with formulas and links of what looks like them."""
        table = json.load(data) if isinstance(data, FileStorage) else json.loads(data)
        if table:
            cells = [cell for row in table.get("col_group_headers") or () for cell in row]
            for cell in [*cells, *(table.get("measure_headers") or ()), *(table.get("rows") or ())]:
                cell["title"] = _guard_title(cell.get("title"))
            for row in table.get("rows") or ():
                for cell in row.get("values") or ():
                    cell["value"] = _guard_title(cell.get("value"))
        return super().export_xlsx(json.dumps(table), **kw)


def _guard_title(value):
    if not isinstance(value, str):
        return value
    looks_active = value.startswith("{=") or "://" in value or value.startswith(("mailto:", "internal:", "external:"))
    return f"'{value}" if looks_active else guard(value)
