from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .hospitality_connector_hook import DEFAULT_KB


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_hook_max_kb = fields.Integer(
        string="Largest Request (kB)",
        default=DEFAULT_KB,
        config_parameter="hospitality_connectors.hook_max_kb",
        help="Larger requests of vendors are refused before they are read.",
    )

    @api.constrains("hospitality_hook_max_kb")
    def _check_hospitality_hook_max_kb(self):
        for settings in self:
            if not 1 <= settings.hospitality_hook_max_kb <= 65_536:
                raise ValidationError(self.env._("Requests of vendors may have between 1 and 65,536 kB."))
