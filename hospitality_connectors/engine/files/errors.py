"""What can be wrong with a file or a row, in words for the person who imports it."""


def _(text):
    """Mark a text for the translation export; it is translated where it is shown."""
    return text


MESSAGES = {
    "empty": _("The file is empty. Export it again and upload it."),
    "header_only": _("The file has a heading line but no rows below it."),
    "no_header": _("No heading line was found. The first line must name the columns."),
    "duplicate_header": _("The heading line names %(names)s more than once. Give each column a name of its own."),
    "password": _("The workbook is protected by a password. Save it without a password and upload it again."),
    "old_excel": _("This is an old Excel file (.xls). Save it as .xlsx or .csv and upload it again."),
    "wrong_type": _("The file is %(what)s. Files of type CSV, XLSX, JSON and XML can be imported."),
    "too_large": _("The file is larger than %(limit)s MB. Split it and import the parts."),
    "bomb": _(
        "The file unpacks to much more than a table of its size can hold. Save it again with the program that made it."
    ),
    "damaged": _("The file is damaged (%(detail)s). Export it again and upload it."),
    "no_sheet": _("The workbook has no sheet named %(sheet)s. It has: %(sheets)s."),
    "dtd": _("The file has a document type definition, which isn't accepted. Export it without one."),
    "no_records": _("The file has no list of records."),
    "too_many_columns": _("The file has %(count)s columns; %(limit)s are the most that can be imported."),
    "nothing_mapped": _("No column is mapped. Say what at least one column means."),
    "unknown_target": _("“%(target)s” isn't something that a column can be mapped to."),
    "unknown_column": _("The file has no column “%(column)s”, but the mapping uses it."),
    "missing_target": _("Nothing is mapped to %(target)s. Every %(slot)s needs it."),
    "too_many_cells": _("The row has %(count)s cells, the heading line only %(expected)s."),
    "too_long": _("The row is larger than %(limit)s kB."),
    "open_quote": _("A quotation mark opens in this row and isn't closed."),
    "undecodable": _("The row has characters that aren't valid in the encoding of the file."),
    "nul": _("The row has a NUL character in column “%(column)s”."),
    "broken_record": _("The record can't be read: %(detail)s"),
    "broken_rest": _("The file can't be read from here on: %(detail)s"),
    "blank_row": _("None of the mapped columns has a value in this row."),
    "unknown_word": _("“%(value)s” isn't known."),
    "bad_date": _("“%(value)s” in column “%(column)s” isn't a date."),
    "bad_time": _("“%(value)s” in column “%(column)s” isn't a time of day."),
    "bad_number": _("“%(value)s” in column “%(column)s” isn't a number."),
    "bad_integer": _("“%(value)s” in column “%(column)s” isn't a whole number."),
    "bad_boolean": _("“%(value)s” in column “%(column)s” is neither yes nor no."),
    "bad_choice": _("“%(value)s” in column “%(column)s” is none of: %(choices)s."),
    "bad_country": _("“%(value)s” in column “%(column)s” isn't a country."),
    "bad_currency": _("“%(value)s” in column “%(column)s” isn't a currency code."),
    "two_currencies": _("The row has amounts in %(first)s and in %(second)s."),
    "missing_value": _("The row has no value for %(target)s."),
    "before_arrival": _("The departure %(departure)s lies before the arrival %(arrival)s."),
    "too_many_nights": _("“%(value)s” isn't a possible number of nights."),
    "key_conflict": _(
        "The key %(key)s stands in several rows with different values (rows %(rows)s). Add a column to the "
        "key, or map the date of the last change."
    ),
}


class FileError(Exception):
    """A file can't be imported.

    :param str code: key of :data:`MESSAGES`
    :param params: values of its placeholders
    """

    def __init__(self, code, **params):
        self.code = code
        self.params = params
        super().__init__(code)

    @property
    def template(self):
        """The untranslated message with its placeholders."""
        return MESSAGES[self.code]

    def __str__(self):
        return self.template % self.params

    def as_dict(self):
        """Return code, parameters and English text, ready for JSON."""
        return {"code": self.code, "params": self.params, "text": str(self)}


class RowError(FileError):
    """A single row can't be imported; the rest of the file can."""
