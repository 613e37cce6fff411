import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

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
    def _read_values(self, owner):
        """Return all values in clear by name: the one in use first, then the replaced one while it counts.

        :return: ``{name: [(value, whether it is in use)]}``
        """
        since = fields.Datetime.now() - OLD_VALUE
        rows = self.search([("connector_id", "=", owner.id)]).filtered(
            lambda row: not row.replaced_at or row.replaced_at > since
        )
        values = {}
        for row, value in sorted(
            zip(rows, rows._decrypt(owner), strict=True), key=lambda pair: bool(pair[0].replaced_at)
        ):
            values.setdefault(row.name, []).append((value, not row.replaced_at))
        return values

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
