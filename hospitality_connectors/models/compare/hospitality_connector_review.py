from odoo import fields, models
from odoo.tools import SQL

from ...engine import adapter as adapters


class HospitalityConnector(models.Model):
    """Reviews that their authors take back are missing from the vendor's list, and nobody says so."""

    _inherit = "hospitality.connector"

    def _after_page(self, stream, window, page, done, is_first):
        result = super()._after_page(stream, window, page, done, is_first)
        if stream.kind != "sweep" or stream.entity != "review":
            return result
        Census = self.env["hospitality.connector.census"]
        if is_first:
            Census._clear(self)
            self.compare_at = fields.Datetime.now()
        today = fields.Date.to_string(fields.Date.today())
        Census._add(
            self, [(record.external_id, today, None, None, None, record.version, None) for record in page.records]
        )
        if done:
            self._forget_reviews()
            Census._clear(self)
        return result

    def _forget_reviews(self):
        """Store that the reviews are gone which were known before the list began and aren't on it."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT r.external_id FROM hospitality_review r WHERE r.source_id = %s AND r.status = 'published' %s"
                " AND coalesce(r.version, 0) < extract(epoch FROM %s::timestamp)"
                " AND NOT EXISTS (SELECT FROM hospitality_connector_census c"
                " WHERE c.connector_id = %s AND c.external_id = r.external_id)",
                self.source_id.id,
                SQL("AND r.property_id = %s", self.property_id.id) if self.property_id else SQL(),
                self.compare_at,
                self.id,
            )
        )
        now = fields.Datetime.now()
        self._wake(len(self._store([adapters.gone("review", key, now) for (key,) in rows])))
