from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .hospitality_merge import MIN_UNDO_DAYS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_undo_days = fields.Integer(
        string="Days to Take Back a Merge",
        config_parameter="hospitality_crm.undo_days",
        default=MIN_UNDO_DAYS,
        help="For so long guests that were merged can be un-merged; for merges from now on.",
    )

    @api.constrains("hospitality_undo_days")
    def _check_hospitality_undo_days(self):
        for settings in self:
            if settings.hospitality_undo_days < MIN_UNDO_DAYS:
                raise ValidationError(
                    self.env._("A merge can be taken back for at least %s days. Choose a longer time.", MIN_UNDO_DAYS)
                )
