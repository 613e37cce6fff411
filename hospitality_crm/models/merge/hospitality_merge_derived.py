from odoo import api, models
from odoo.tools import SQL, mute_logger

from ...tools.arrays import pg_int_array


class HospitalityMerge(models.Model):
    """Values of winners that other addons have computed from merged ones after the merge.

    People may type into such columns, so the core computes them once and leaves them alone then: an
    address for electronic invoices made of another guest's VAT number would outlive the un-merge.
    """

    _inherit = "hospitality.merge"

    @api.model
    def _get_editable_computes(self):
        """Return the columns that other addons compute from golden values and people may edit."""
        fields = self.env["res.partner"]._fields
        computes = self.env["hospitality.bulk.partner"]._get_foreign_computes(False)
        return {name: needs for name, needs in computes if not fields[name].readonly}

    @api.model
    def _find_derived(self, partner_ids):
        """Return which of these columns hold what is computed from the other values: ``{id: {column: value}}``."""
        names = list(self._get_editable_computes())
        if not names:
            return {}
        current = self._read_columns(partner_ids)
        cr = self.env.cr
        cr.execute("SAVEPOINT hospitality_merge_derived")
        try:
            with mute_logger("odoo.sql_db"):
                self._compute_again({partner_id: names for partner_id in partner_ids})
            computed = self._read_columns(partner_ids)
        finally:
            self.env.invalidate_all(flush=False)
            cr.execute("ROLLBACK TO SAVEPOINT hospitality_merge_derived")
            cr.execute("RELEASE SAVEPOINT hospitality_merge_derived")
        return {
            partner_id: {name: row[name] for name in names if row[name] and computed[partner_id][name] == row[name]}
            for partner_id, row in current.items()
        }

    @api.model
    def _renew_derived(self, derived, before, after):
        """Compute columns anew that still hold what followed from values which are gone.

        :param dict derived: what :meth:`_find_derived` has returned before the undo
        :param dict before: columns of these contacts before the undo
        :param dict after: the same now
        """
        needs = self._get_editable_computes()
        due = {}
        for partner_id, columns in derived.items():
            old, new = before[partner_id], after[partner_id]
            changed = {name for name in old if old[name] != new[name]}
            names = [
                name
                for name, value in columns.items()
                if new[name] == value and not changed.isdisjoint({*needs[name], *self._get_roots(name)})
            ]
            if names:
                due[partner_id] = names
        self._compute_again(due)

    @api.model
    def _get_roots(self, name):
        """Return the columns of a contact that one of its columns is computed from, directly or not."""
        fields, depends = self.env["res.partner"]._fields, self.env.registry.field_depends
        roots, waiting = set(), [name]
        while waiting:
            found = {path for path in depends[fields[waiting.pop()]] if "." not in path} - roots
            roots |= found
            waiting += [path for path in found if fields[path].compute]
        return roots

    @api.model
    def _compute_again(self, columns):
        """Empty columns of contacts and compute them: ``{id: [columns]}``."""
        Partner = self.env["res.partner"].with_context(active_test=False)
        for partner_id, names in columns.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE res_partner SET %s WHERE id = ANY(%s::int[])",
                    SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in names),
                    pg_int_array([partner_id]),
                )
            )
        self.env.invalidate_all(flush=False)
        for partner_id, names in columns.items():
            for name in names:
                self.env.add_to_compute(Partner._fields[name], Partner.browse(partner_id))
        self.env.flush_all()
