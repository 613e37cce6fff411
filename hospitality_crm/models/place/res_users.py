from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    hospitality_property_ids = fields.Many2many(
        "hospitality.property",
        "hospitality_property_res_users_rel",
        "user_id",
        "property_id",
        string="Works at Properties",
        help="Properties whose visits the user works with. Empty: all properties of his companies.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["hospitality_property_ids"]
