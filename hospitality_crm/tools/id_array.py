from odoo import fields


class IdArray(fields.Field):
    """A list of record ids in one column (``int4[]``), in memory a tuple.

    For journals that name thousands of rows: one row per list instead of one per id. No foreign
    key, no search.
    """

    type = "json"
    _column_type = ("int4[]", "int4[]")

    def convert_to_cache(self, value, record, validate=True):
        return tuple(value) if value else None

    def convert_to_record(self, value, record):
        return tuple(value or ())

    def convert_to_read(self, value, record, use_display_name=True):
        return list(value or ())

    def convert_to_column(self, value, record, values=None, validate=True):
        return list(value) if value else None

    def convert_to_export(self, value, record):
        return ",".join(map(str, value or ()))
