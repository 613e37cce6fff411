from odoo import fields, models
from odoo.exceptions import ValidationError

from .res_partner_tier import PARAMETER

GUEST_LANES = 4


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_adoption_status = fields.Char(
        string="Existing Contacts", compute="_compute_hospitality_adoption_status"
    )

    hospitality_programme = fields.Char(
        string="Code of the Programme",
        config_parameter=PARAMETER,
        help="The house's own loyalty programme, as PMS and POS call it: they are told tiers under this code.",
    )
    hospitality_guest_lanes = fields.Integer(
        string="Lanes for Guest Metrics",
        compute="_compute_hospitality_guest_lanes",
        inverse="_inverse_hospitality_guest_lanes",
        help="How many background jobs refresh guests at the same time: more where files bring millions of visits and "
        "the server has idle cores and as many cron threads.",
    )

    def _compute_hospitality_adoption_status(self):
        adoption = self.env["hospitality.adoption"].sudo().search([], limit=1, order="id desc")  # a line of text
        for settings in self:
            settings.hospitality_adoption_status = adoption.status

    def _get_guest_lanes(self):
        # The settings form is limited to administrators; scheduled actions are readable by system users alone.
        env = self.env(su=True)
        return [env.ref(f"hospitality_crm.cron_guest_lane_{number}") for number in range(1, GUEST_LANES + 1)]

    def _compute_hospitality_guest_lanes(self):
        count = sum(lane.active for lane in self._get_guest_lanes())
        for settings in self:
            settings.hospitality_guest_lanes = count

    def _inverse_hospitality_guest_lanes(self):
        for settings in self:
            count = settings.hospitality_guest_lanes
            if not 1 <= count <= GUEST_LANES:
                raise ValidationError(self.env._("Choose between 1 and %s lanes for guest metrics.", GUEST_LANES))
            for number, lane in enumerate(self._get_guest_lanes()):
                if lane.active != (number < count):
                    lane.active = number < count

    def action_rebuild_guest_metrics(self):
        """Compute the metrics of all guests anew, in the background."""
        self.env["hospitality.guest.rebuild"]._queue(stays=True)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("The metrics of all guests are being computed anew in the background."),
            },
        }
