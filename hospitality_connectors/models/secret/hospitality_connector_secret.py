import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: How long a value that was replaced still proves requests of the vendor.
OLD_VALUE = datetime.timedelta(days=7)


class HospitalityConnectorSecret(models.Model):
    """A password, token or signing key of a connector.

    A value that is replaced stays for some days, since vendor and hotel never change theirs at the same moment: it
    still proves requests of the vendor, and is never used for requests of ours.
    """

    _name = "hospitality.connector.secret"
    _description = "Secret of a Connector"
    _inherit = ["hospitality.secret.mixin"]
    _log_access = False

    _secret_owner = "connector_id"
    _secret_purpose = "connector"

    connector_id = fields.Many2one("hospitality.connector", required=True, index=True, ondelete="cascade")
    replaced_at = fields.Datetime()

    _current_uniq = models.UniqueIndex("(connector_id, name) WHERE replaced_at IS NULL")

    @api.model
    def _store(self, owner, name, value):
        known = self.search([("connector_id", "=", owner.id), ("name", "=", name)])
        current = known.filtered(lambda row: not row.replaced_at)
        try:
            if current._decrypt(owner) == [value.strip()]:
                return
        except UserError:
            current.unlink()  # nobody can read it any more
        else:
            (known - current).unlink()
            current.replaced_at = fields.Datetime.now()
            current.flush_recordset()
        self.create({"connector_id": owner.id, "name": name, **self._prepare_secret(owner, name, value)})

    @api.model
    def _remove(self, owner, name, old_only=False):
        """Forget the values of a name, or the replaced one alone, at once."""
        rows = self.search([("connector_id", "=", owner.id), ("name", "=", name)])
        (rows.filtered("replaced_at") if old_only else rows).unlink()

    @api.model
    def _read_values(self, owner, rows=None):
        """Return all values in clear by name: the one in use first, then the replaced one while it counts.

        :param rows: what :meth:`_get_rows_sql` yields, where it has been read
        :return: ``{name: [(value, whether it is in use)]}``
        """
        if rows is None:
            self.flush_model()
            [[rows]] = self.env.execute_query(SQL("SELECT %s", self._get_rows_sql(SQL("%s", owner.id))))
        opened = self._open(owner, [row[:3] for row in rows or ()])
        values = {}
        for row, value in zip(rows or (), opened, strict=True):
            values.setdefault(row[0], []).append((value, row[3]))
        return values

    @api.model
    def _get_rows_sql(self, connector_id):
        """Return an expression for the rows of a connector that count, as JSON; the values in use come first."""
        return SQL(
            "(SELECT json_agg(json_build_array(s.name, s.key_id, s.text, s.replaced_at IS NULL)"
            " ORDER BY s.replaced_at NULLS FIRST) FROM hospitality_connector_secret s"
            " WHERE s.connector_id = %s AND (s.replaced_at IS NULL OR s.replaced_at > %s))",
            connector_id,
            fields.Datetime.now() - OLD_VALUE,
        )

    @api.model
    def _get_state(self, owners):
        """Return ``{(connector id, name): until when the replaced value counts, or False}`` of what is stored."""
        now = fields.Datetime.now()
        state = {}
        for row in self.search([("connector_id", "in", owners.ids)]):
            until = row.replaced_at + OLD_VALUE if row.replaced_at else False
            key = (row.connector_id.id, row.name)
            if not until:
                state.setdefault(key, False)
            elif until > now:
                state[key] = until
        return state

    @api.autovacuum
    def _gc_replaced(self):
        self.search([("replaced_at", "<", fields.Datetime.now() - OLD_VALUE)]).unlink()
