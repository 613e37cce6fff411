from odoo import api, fields, models


class HospitalityConnector(models.Model):
    """Systems without an adapter of their own."""

    _inherit = "hospitality.connector"

    list_ids = fields.One2many(
        "hospitality.connector.list",
        "connector_id",
        string="Lists to Read",
        groups="hospitality_crm.group_hospitality_admin",
    )

    def _get_settings(self):
        settings = super()._get_settings()
        if self.adapter == "rest":
            settings["lists"] = [entry._get_entry() for entry in self.sudo().list_ids]  # they belong to the connector
        return settings

    def _get_adapter_env(self, records=None):
        env = super()._get_adapter_env(records)
        if self.adapter != "rest":
            return env
        mappings = self.sudo().list_ids.mapping_id  # see above
        return env._replace(settings={**env.settings, "plans": self._get_import_plans(mappings)})

    @api.depends("adapter", "settings", "list_ids")
    def _compute_has_streams(self):
        return super()._compute_has_streams()

    def _sync_lists(self):
        """Lists have changed: have a cursor for each."""
        self.filtered(lambda connector: connector.adapter == "rest")._sync_streams()
