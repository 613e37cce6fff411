from odoo import fields


class ScreenJson(fields.Json):
    """A computed JSON value that is built for one read and handed to the client as it is.

    `Json` copies its value on the way into the cache and again on every read, in case somebody
    changes it. Nobody does here, and the copies of a whole screen take longer than its queries.
    """

    def convert_to_cache(self, value, record, validate=True):
        return value or None

    def convert_to_record(self, value, record):
        return value or False
