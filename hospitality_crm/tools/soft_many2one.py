from odoo import fields


class SoftMany2one(fields.Many2one):
    """A many2one without a foreign key in the database.

    For columns of high-volume tables that point at small configuration tables
    (property, channel, currency, source). Each foreign key costs one trigger per inserted
    row; five of them slow a bulk insert four times. The configuration models refuse
    deletion while they are referenced (`hospitality.code.mixin`), so a reference can't dangle.
    """

    def update_db_foreign_key(self, model, column):
        """Keep the database free of the constraint that the ORM would add."""
