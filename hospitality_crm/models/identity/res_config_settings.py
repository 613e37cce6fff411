from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .hospitality_match import RESOLVERS
from .hospitality_match_weights import AUTOMATIC

MATCH_LANES = 4


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_match_automatic = fields.Boolean(
        string="Merge Clear Duplicates",
        compute="_compute_hospitality_match",
        inverse="_inverse_hospitality_match_automatic",
        help="Guests whose score reaches the upper threshold are merged without being asked. A merge can be undone.",
    )
    hospitality_match_resolvers = fields.Selection(
        [
            ("manager", "Guest relations managers only"),
            ("clear", "Reception too, where nothing speaks against it"),
            ("all", "Reception too, every pair"),
        ],
        string="Who Decides About Duplicates",
        compute="_compute_hospitality_match",
        inverse="_inverse_hospitality_match_resolvers",
    )
    hospitality_match_threshold_auto = fields.Float(
        string="Merge From Score",
        compute="_compute_hospitality_match",
        inverse="_inverse_hospitality_match_thresholds",
        help="Log-odds: at 3, twenty pairs of twenty-one are the same person as far as their evidence says.",
    )
    hospitality_match_threshold_ask = fields.Float(
        string="Ask From Score",
        compute="_compute_hospitality_match",
        inverse="_inverse_hospitality_match_thresholds",
    )
    hospitality_match_lanes = fields.Integer(
        string="Lanes for Matching",
        compute="_compute_hospitality_match_lanes",
        inverse="_inverse_hospitality_match_lanes",
        help="How many background jobs compare profiles at the same time.",
    )
    hospitality_match_status = fields.Char(string="Last Matching Run", compute="_compute_hospitality_match_lanes")

    @api.depends_context("uid")
    def _compute_hospitality_match(self):
        Weights = self.env["hospitality.match.weights"]
        weights = Weights._get_current()
        for settings in self:
            settings.hospitality_match_automatic = Weights._is_automatic()
            settings.hospitality_match_resolvers = self.env["hospitality.match"]._get_resolvers()
            settings.hospitality_match_threshold_auto = weights.auto
            settings.hospitality_match_threshold_ask = weights.ask

    def _inverse_hospitality_match_automatic(self):
        for settings in self:
            self.env["ir.config_parameter"].set_param(AUTOMATIC, str(settings.hospitality_match_automatic))

    def _inverse_hospitality_match_resolvers(self):
        for settings in self:
            self.env["ir.config_parameter"].set_param(RESOLVERS, settings.hospitality_match_resolvers)

    def _inverse_hospitality_match_thresholds(self):
        Weights = self.env["hospitality.match.weights"]
        for settings in self:
            auto, ask = settings.hospitality_match_threshold_auto, settings.hospitality_match_threshold_ask
            weights = Weights._get_current()
            if (auto, ask) != (weights.auto, weights.ask):
                Weights._set_thresholds(auto, ask)

    def _get_match_lanes(self):
        # The settings form is limited to administrators; scheduled actions are readable by system users alone.
        env = self.env(su=True)
        return [env.ref(f"hospitality_crm.cron_match_lane_{number}") for number in range(1, MATCH_LANES + 1)]

    def _compute_hospitality_match_lanes(self):
        count = sum(lane.active for lane in self._get_match_lanes())
        run = self.env["hospitality.match.run"].sudo().search([], limit=1)  # a line of text
        for settings in self:
            settings.hospitality_match_lanes = count
            settings.hospitality_match_status = run.status

    def _inverse_hospitality_match_lanes(self):
        for settings in self:
            count = settings.hospitality_match_lanes
            if not 1 <= count <= MATCH_LANES:
                raise ValidationError(self.env._("Choose between 1 and %s lanes for matching.", MATCH_LANES))
            for number, lane in enumerate(self._get_match_lanes()):
                if lane.active != (number < count):
                    lane.active = number < count

    def action_match_all(self):
        """Compare all profiles with each other, in the background."""
        self.env["hospitality.match.run"].action_start()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("All guests are being compared in the background."),
            },
        }
