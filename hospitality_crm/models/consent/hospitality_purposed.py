from odoo import api, fields, models


class HospitalityPurposed(models.AbstractModel):
    """What is written to guests for a purpose, on behalf of a brand: mailings, templates, single mails and texts."""

    _name = "hospitality.purposed"
    _description = "Message With a Purpose"

    hospitality_purpose_id = fields.Many2one(
        "hospitality.purpose",
        string="Purpose",
        domain=[("per_channel", "=", True)],
        ondelete="restrict",
        help="What guests must have agreed to. Empty: no consent is needed.",
    )
    hospitality_brand_id = fields.Many2one(
        "hospitality.brand", string="Brand", ondelete="restrict", help="Who writes. Empty: the company as a whole."
    )

    def _get_purpose_values(self):
        """Return purpose and brand for what is made of this record."""
        return {
            "hospitality_purpose_id": self.hospitality_purpose_id.id,
            "hospitality_brand_id": self.hospitality_brand_id.id,
        }

    @api.model
    def _get_marketing(self):
        """Return the purpose of what goes to many and doesn't say why; empty when it was deleted."""
        marketing = self.env.ref("hospitality_crm.purpose_marketing", raise_if_not_found=False)
        return marketing or self.env["hospitality.purpose"]
