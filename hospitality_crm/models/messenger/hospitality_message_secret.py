from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import keys, sealed_text


class HospitalityMessageSecret(models.Model):
    """A token or signing key of a message channel, encrypted with a key outside the database. Nobody may read it."""

    _name = "hospitality.message.secret"
    _description = "Secret of a Message Channel"
    _log_access = False

    provider_id = fields.Many2one("hospitality.message.provider", required=True, index=True, ondelete="cascade")
    name = fields.Char(required=True)
    key_id = fields.Char(required=True)
    text = fields.Char(required=True)

    _name_uniq = models.Constraint("UNIQUE (provider_id, name)", "A channel has one secret of each name.")

    @api.model
    def _store(self, provider, name, value):
        key_id, text = sealed_text.encrypt(self._get_ring(), value.strip().encode(), self._get_place(provider, name))
        known = self.search([("provider_id", "=", provider.id), ("name", "=", name)])
        if known:
            known.write({"key_id": key_id, "text": text})
        else:
            self.create({"provider_id": provider.id, "name": name, "key_id": key_id, "text": text})

    @api.model
    def _read(self, provider):
        """Return the secrets of a channel in clear, by name."""
        rows = self.search([("provider_id", "=", provider.id)])
        if not rows:
            return {}
        ring = self._get_ring()
        try:
            return {
                row.name: sealed_text.decrypt(ring, row.key_id, row.text, self._get_place(provider, row.name)).decode()
                for row in rows
            }
        except keys.KeyringError:
            raise UserError(
                self.env._(
                    "The secrets of %(channel)s can't be read: their key is missing from the key file. Put it back, or"
                    " enter them anew.",
                    channel=provider.name,
                )
            ) from None

    @api.model
    def _get_ring(self):
        try:
            return keys.load("messenger")
        except keys.KeyringError as error:
            raise UserError(self.env["hospitality.ledger.anchor"]._explain_key(error)) from None

    @api.model
    def _get_place(self, provider, name):
        return f"{self._table}:{provider.id}:{name}"
