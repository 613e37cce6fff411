from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import keys, sealed_text


class HospitalitySecretMixin(models.AbstractModel):
    """Secrets of some record, encrypted with a key outside the database. Nobody may read them.

    A model of its own keeps them, with no access rights for anybody and ``_log_access = False``. It names the
    many2one to the record in ``_secret_owner`` and what its keys are derived for in ``_secret_purpose``.
    """

    _name = "hospitality.secret.mixin"
    _description = "Encrypted Secrets"

    _secret_owner = ""
    _secret_purpose = ""

    name = fields.Char(required=True)
    key_id = fields.Char(required=True)
    text = fields.Char(required=True)

    @api.model
    def _store(self, owner, name, value):
        """Keep a secret, in place of the one that had its name."""
        values = self._prepare_secret(owner, name, value)
        known = self.search([(self._secret_owner, "=", owner.id), ("name", "=", name)])
        if known:
            known.write(values)
        else:
            self.create({self._secret_owner: owner.id, "name": name, **values})

    @api.model
    def _read(self, owner):
        """Return the secrets of a record in clear, by name.

        :raise UserError: their key is missing
        """
        rows = self.search([(self._secret_owner, "=", owner.id)])
        return dict(zip(rows.mapped("name"), rows._decrypt(owner), strict=True))

    def _prepare_secret(self, owner, name, value):
        key_id, text = sealed_text.encrypt(self._get_ring(), value.strip().encode(), self._get_place(owner, name))
        return {"key_id": key_id, "text": text}

    def _decrypt(self, owner):
        """Return the values of these rows, all of one owner, in clear."""
        return self._open(owner, [(row.name, row.key_id, row.text) for row in self])

    @api.model
    def _open(self, owner, rows):
        """Return values in clear.

        :param rows: tuples ``(name, key id, encrypted text)`` of one owner
        :raise UserError: their key is missing
        """
        if not rows:
            return []
        ring = self._get_ring()
        try:
            return [
                sealed_text.decrypt(ring, key_id, text, self._get_place(owner, name)).decode()
                for name, key_id, text in rows
            ]
        except keys.KeyringError:
            raise UserError(
                self.env._(
                    "The secrets of %(owner)s can't be read: their key is missing from the key file. Put it back, or"
                    " enter them anew.",
                    owner=owner.name,
                )
            ) from None

    @api.model
    def _get_ring(self):
        try:
            return keys.load(self._secret_purpose)
        except keys.KeyringError as error:
            raise UserError(self.env["hospitality.ledger.anchor"]._explain_key(error)) from None

    @api.model
    def _get_place(self, owner, name):
        # What was encrypted for one owner and name can't be decrypted for another one.
        return f"{self._table}:{owner.id}:{name}"
