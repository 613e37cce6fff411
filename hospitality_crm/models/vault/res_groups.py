from odoo import api, models


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.model
    def _get_hospitality_groups(self):
        """Return the external name of each group of the product and of its addons, by id."""
        data = self.env["ir.model.data"].sudo()  # names of groups are no secret
        found = data.search_fetch(
            [("model", "=", "res.groups"), ("module", "=like", "hospitality%")], ["name", "res_id"]
        )
        return {row.res_id: row.name for row in found}

    def write(self, vals):
        if not vals.keys() & {"user_ids", "implied_ids", "implied_by_ids"}:
            return super().write(vals)
        staff = self.env["res.users"].with_context(active_test=False).sudo()  # whose rights change is noted, not shown
        users = staff.search([("share", "=", False)])
        before = users._get_hospitality_rights()
        result = super().write(vals)
        users.invalidate_recordset()
        users._log_hospitality_rights(before)
        return result
