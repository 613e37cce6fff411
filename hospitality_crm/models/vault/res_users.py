from odoo import api, models


class ResUsers(models.Model):
    """Who gets or loses a role of the product, from whom and when, is written down."""

    _inherit = "res.users"

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        users._log_hospitality_rights({})
        return users

    def write(self, vals):
        if not any(name == "group_ids" or name.startswith(("sel_groups_", "in_group_")) for name in vals):
            return super().write(vals)
        before = self._get_hospitality_rights()
        result = super().write(vals)
        self._log_hospitality_rights(before)
        return result

    def _get_hospitality_rights(self):
        """Return the ids of the product's groups that each user is in, by the user's id."""
        ours = self.env["res.groups"]._get_hospitality_groups().keys()
        return {user.id: frozenset(user.sudo().all_group_ids.ids) & ours for user in self}  # any admin may ask

    def _log_hospitality_rights(self, before):
        """Write down what has changed since, one row per user."""
        names = self.env["res.groups"]._get_hospitality_groups()
        for user_id, after in self._get_hospitality_rights().items():
            had = before.get(user_id, frozenset())
            changes = [f"+{names[id_]}" for id_ in after - had] + [f"-{names[id_]}" for id_ in had - after]
            if changes:
                self.env["hospitality.access.log"]._log(
                    "rights", self.browse(user_id), [], details=" ".join(sorted(changes))
                )
