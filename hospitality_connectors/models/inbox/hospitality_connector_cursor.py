from odoo import fields, models
from odoo.tools import SQL


class HospitalityConnectorCursor(models.Model):
    """How far a stream of a connector has been read. It moves only together with its records."""

    _name = "hospitality.connector.cursor"
    _description = "Connector Cursor"
    _order = "connector_id, stream"
    _rec_name = "stream"
    _log_access = False

    connector_id = fields.Many2one("hospitality.connector", required=True, ondelete="cascade")
    stream = fields.Char(required=True, help="What is read, for example an entity or a file.")
    value = fields.Char()
    moved_at = fields.Datetime(readonly=True)

    _stream_uniq = models.Constraint("UNIQUE (connector_id, stream)", "The stream has a cursor already.")

    def _move(self, connector, stream, value):
        """Set the cursor of a stream, in the current transaction."""
        self.env.execute_query(
            SQL(
                "INSERT INTO hospitality_connector_cursor AS c (connector_id, stream, value, moved_at)"
                " VALUES (%s, %s, %s, now() AT TIME ZONE 'UTC')"
                " ON CONFLICT (connector_id, stream) DO UPDATE"
                " SET value = excluded.value, moved_at = excluded.moved_at"
                " WHERE c.value IS DISTINCT FROM excluded.value RETURNING id",
                connector.id,
                stream,
                value,
            )
        )
        self.invalidate_model(["value", "moved_at"])

    def _get(self, connector, stream):
        """Return the value of a stream's cursor, or None."""
        cursor = self.search([("connector_id", "=", connector.id), ("stream", "=", stream)])
        return cursor.value or None
