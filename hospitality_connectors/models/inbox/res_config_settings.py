from odoo import api, fields, models
from odoo.exceptions import ValidationError

MAX_LANES = 16


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_inbox_lanes = fields.Integer(
        string="Inbox Lanes",
        compute="_compute_hospitality_inbox_lanes",
        inverse="_inverse_hospitality_inbox_lanes",
        help="How many scheduled actions work off the inboxes of connectors at the same time. More than there "
        "are scheduler threads or processor cores bring nothing.",
    )

    def _compute_hospitality_inbox_lanes(self):
        lanes = len(self.env["hospitality.connector"]._get_lane_crons().filtered("active"))
        for settings in self:
            settings.hospitality_inbox_lanes = lanes

    def _inverse_hospitality_inbox_lanes(self):
        for settings in self:
            self.env["hospitality.connector"]._set_lanes(settings.hospitality_inbox_lanes)

    @api.constrains("hospitality_inbox_lanes")
    def _check_hospitality_inbox_lanes(self):
        for settings in self:
            if not 1 <= settings.hospitality_inbox_lanes <= MAX_LANES:
                raise ValidationError(
                    self.env._("Choose between 1 and %s lanes for the inboxes of connectors.", MAX_LANES)
                )
