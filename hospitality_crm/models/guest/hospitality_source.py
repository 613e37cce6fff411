from odoo import api, fields, models


class HospitalitySource(models.Model):
    """A system that knows guests: one PMS of one property, one POS, one OTA account, Odoo itself."""

    _name = "hospitality.source"
    _description = "Source System"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"

    kind = fields.Selection(
        [
            ("odoo", "Odoo"),
            ("pms", "Property Management System"),
            ("pos", "Point of Sale"),
            ("ota", "Online Travel Agency"),
            ("web", "Website or Form"),
            ("event", "Event or Wi-Fi"),
            ("file", "File Import"),
        ],
        required=True,
        default="pms",
    )
    trust = fields.Integer(
        default=50,
        help="How much its values are trusted, 0 to 100. The higher one wins where the policy of a "
        "field is 'most trusted'.",
    )
    property_id = fields.Many2one("hospitality.property", index=True, ondelete="restrict")
    company_id = fields.Many2one(related="property_id.company_id", store=True, index=True)

    _code_uniq = models.Constraint("UNIQUE (code)", "A source with this code exists already.")
    _trust_range = models.Constraint("CHECK (trust BETWEEN 0 AND 100)", "Trust must lie between 0 and 100.")

    @api.model
    def _get_label_fields(self):
        return [*super()._get_label_fields(), "trust"]
