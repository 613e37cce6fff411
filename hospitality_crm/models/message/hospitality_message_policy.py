from odoo import api, fields, models, tools
from odoo.tools import SQL

from ...engine import gate as engine


class HospitalityMessagePolicy(models.Model):
    """How often and when guests may be written to.

    The policy of a brand comes before that of its company, and that before the one without either.
    """

    _name = "hospitality.message.policy"
    _description = "Message Policy"
    _inherit = ["hospitality.cached"]
    _order = "company_id, brand_id, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: every company without a policy of its own.")
    brand_id = fields.Many2one("hospitality.brand", help="Empty: every brand without a policy of its own.")
    cap_ids = fields.One2many("hospitality.message.cap", "policy_id", string="Frequency Caps", copy=True)
    quiet_ids = fields.One2many("hospitality.message.quiet", "policy_id", string="Quiet Hours", copy=True)
    give_up_days = fields.Integer(
        default=7, required=True, help="A postponed message that can't go within so many days is not sent at all."
    )

    _give_up_positive = models.Constraint("CHECK (give_up_days > 0)", "Give a message one day at least.")
    _sender_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), COALESCE(brand_id, 0)) WHERE active", "This sender has a policy already."
    )

    @api.model
    @tools.ormcache("company_id", "brand_id")
    def _get(self, company_id, brand_id):
        """Return what holds for a sender.

        :return: `engine.gate.Policy`; without a record nothing is limited
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM hospitality_message_policy
                    WHERE active AND (company_id IS NULL OR company_id = %s) AND (brand_id IS NULL OR brand_id = %s)
                    ORDER BY brand_id NULLS LAST, company_id NULLS LAST LIMIT 1""",
                company_id,
                brand_id or None,
            )
        )
        if not rows:
            return engine.Policy()
        policy = self.sudo().browse(rows[0][0])  # limits hold whoever sends
        return engine.Policy(
            caps=tuple(
                engine.Cap(cap.number, cap.days * 24, cap.channel or None, cap.per_sender) for cap in policy.cap_ids
            ),
            quiets=tuple(
                engine.Quiet(
                    quiet.hour_from, quiet.hour_to, quiet.channel or None, frozenset(map(int, quiet._get_weekdays()))
                )
                for quiet in policy.quiet_ids
            ),
            give_up_hours=policy.give_up_days * 24,
        )
