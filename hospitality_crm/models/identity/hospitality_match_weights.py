from odoo import api, fields, models, tools

from ...engine import matching

AUTOMATIC = "hospitality_crm.match_automatic"


class HospitalityMatchWeights(models.Model):
    """What each piece of evidence weighs and from which score on two profiles are one guest.

    The newest active record counts; without one, what the product ships. Older ones stay, so that
    one can go back.
    """

    _name = "hospitality.match.weights"
    _description = "Weights of Matching"
    _order = "id desc"

    name = fields.Char(required=True, default=lambda self: self.env._("Own weights"))
    active = fields.Boolean(default=True)
    values = fields.Json(help="Weight per piece of evidence; what is missing is as shipped.")
    threshold_auto = fields.Float(
        string="Merge From", required=True, help="Score from which two profiles are merged without being asked."
    )
    threshold_ask = fields.Float(string="Ask From", required=True, help="Score from which people are asked.")
    decision_count = fields.Integer(
        string="Decisions", readonly=True, help="How many decisions of people the weights were fitted on."
    )
    note = fields.Text()

    _thresholds_order = models.Constraint(
        "CHECK (threshold_ask <= threshold_auto)",
        "People must be asked from a score that is not above the one for merging: lower the threshold for asking.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache()
    def _get_current(self):
        """Return the engine's weights, with their thresholds, that decide now."""
        current = self.sudo().search([], limit=1)  # everybody's profiles are compared by them
        return current._get_weights()

    def _get_weights(self):
        """Return the engine's weights of this record, of none those that come with the product."""
        weights = matching.Weights.load()
        if self:
            if self.values:
                weights = matching.Weights({**weights.values(), **self.values})
            weights.auto, weights.ask = self.threshold_auto, self.threshold_ask
        return weights

    @api.model
    def _set_thresholds(self, auto, ask):
        """Let other thresholds count from now on, with the weights as they are."""
        current = self.search([], limit=1)
        return self.create(
            {
                "name": self.env._("Thresholds %(auto)s and %(ask)s", auto=auto, ask=ask),
                "values": current.values,
                "threshold_auto": auto,
                "threshold_ask": ask,
                "decision_count": current.decision_count,
            }
        )

    @api.model
    def _is_automatic(self):
        """Whether clear duplicates are merged without asking."""
        param = self.env["ir.config_parameter"].sudo().get_param(AUTOMATIC)  # a switch for the lanes
        return param != "False"
