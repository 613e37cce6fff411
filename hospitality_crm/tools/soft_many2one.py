from odoo import fields
from odoo.tools import SQL


class SoftMany2one(fields.Many2one):
    """A many2one without a foreign key in the database.

    For columns of high-volume tables, where each foreign key costs a trigger per inserted row: a
    quarter of the time of an import, if all had one. What keeps such a reference from dangling:

    * configuration (property, channel, currency, source): `hospitality.code.mixin` refuses the
      deletion of what is referred to;
    * the shortcut to the guest on a fact: it equals ``profile_id.partner_id``, and both the way to
      the profile and from there to the guest are foreign keys;
    * contact links: whoever writes one holds the rows of its profile and its contact point, and
      whoever deletes one of them deletes the links first.

    ``ondelete`` documents what the deletion of the target must see to.
    """

    def update_db_foreign_key(self, model, column):
        """Keep the database free of the constraint that the ORM would add, and drop one that is left over."""
        cr = model.env.cr
        cr.execute(
            SQL(
                """SELECT k.conname FROM pg_constraint k
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                    WHERE k.contype = 'f' AND k.conrelid = %s::regclass AND a.attname = %s""",
                model._table,
                self.name,
            )
        )
        for (name,) in cr.fetchall():
            cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", SQL.identifier(model._table), SQL.identifier(name)))
