from odoo import api, models


class HospitalityCached(models.AbstractModel):
    """Configuration that imports keep in the caches of the registry: whoever changes it clears them."""

    _name = "hospitality.cached"
    _description = "Configuration kept in caches"

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
