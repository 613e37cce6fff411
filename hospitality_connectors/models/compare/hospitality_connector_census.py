from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_array
from odoo.addons.hospitality_crm.tools.soft_many2one import SoftMany2one


class HospitalityConnectorCensus(models.Model):
    """What a source has listed in a nightly comparison: one row per stay, kept until it is compared."""

    _name = "hospitality.connector.census"
    _description = "Record Listed by a Source"
    _log_access = False
    _rec_name = "external_id"

    connector_id = SoftMany2one("hospitality.connector", required=True)
    external_id = fields.Char(required=True, readonly=True)
    day = fields.Date(required=True, readonly=True)
    status = fields.Char(readonly=True)
    currency = fields.Char(readonly=True)
    amount = fields.Float(readonly=True, digits=(16, 3))
    version = fields.Float(readonly=True)
    booking = fields.Char(readonly=True)

    _key_uniq = models.UniqueIndex("(connector_id, external_id)", "A record is listed once.")

    @api.model
    def _add(self, connector, rows):
        """List records.

        :param rows: tuples ``(external_id, day, status, currency, amount or None, version or None, booking or None)``
        """
        latest = {row[0]: row for row in rows}
        if not latest:
            return
        columns = zip(*(latest[key] for key in sorted(latest)), strict=True)
        keys, days, statuses, currencies, amounts, versions, bookings = columns
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_connector_census"
                " (connector_id, external_id, day, status, currency, amount, version, booking)"
                " SELECT %s, v.* FROM unnest(%s::varchar[], %s::date[], %s::varchar[], %s::varchar[], %s::numeric[],"
                " %s::float8[], %s::varchar[]) AS v(external_id, day, status, currency, amount, version, booking)"
                " ON CONFLICT (connector_id, external_id) DO UPDATE SET day = excluded.day, status = excluded.status,"
                " currency = excluded.currency, amount = excluded.amount, version = excluded.version,"
                " booking = excluded.booking",
                connector.id,
                pg_array(keys),
                pg_array(days),
                pg_array(statuses),
                pg_array(currencies),
                pg_array(amounts),
                pg_array(versions),
                pg_array(bookings),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _clear(self, connector):
        self.env.cr.execute(SQL("DELETE FROM hospitality_connector_census WHERE connector_id = %s", connector.id))
        self.invalidate_model(flush=False)
