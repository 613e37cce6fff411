from odoo import api, fields, models


class HospitalitySurvivorshipOrder(models.Model):
    """A source that is trusted before others where one golden field is decided."""

    _name = "hospitality.survivorship.order"
    _description = "Source Trusted First"
    _order = "policy_id, sequence, id"
    _rec_name = "source_id"

    policy_id = fields.Many2one("hospitality.survivorship.policy", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    source_id = fields.Many2one("hospitality.source", required=True, index=True, ondelete="cascade")
    trust = fields.Integer(related="source_id.trust", string="General Trust")

    _source_uniq = models.Constraint(
        "UNIQUE (policy_id, source_id)", "This source stands in the order already. List every source once."
    )

    @api.model_create_multi
    def create(self, vals_list):
        with self.env["hospitality.survivorship.policy"]._follow_rules():
            return super().create(vals_list)

    def write(self, vals):
        with self.env["hospitality.survivorship.policy"]._follow_rules():
            return super().write(vals)

    def unlink(self):
        with self.env["hospitality.survivorship.policy"]._follow_rules():
            return super().unlink()
