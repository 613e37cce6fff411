from odoo import api, fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    hospitality_property_ids = fields.Many2many(
        "hospitality.property",
        "hospitality_property_res_users_rel",
        "user_id",
        "property_id",
        string="Works at Properties",
        groups="hospitality_crm.group_hospitality_base,base.group_erp_manager",
        help="Properties whose visits the user works with. Empty: all properties of his companies.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["hospitality_property_ids"]

    @api.model
    def _get_invalidation_fields(self):
        # Record rules are cached per user and depend on his properties.
        return super()._get_invalidation_fields() | {"hospitality_property_ids"}
