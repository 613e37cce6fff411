from odoo import fields, models


class HospitalityBrand(models.Model):
    """Who speaks to the guest: consents, notices and senders are kept per brand."""

    _name = "hospitality.brand"
    _description = "Brand"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"

    base_url = fields.Char(help="Address of the brand's website, used in links to guests.")
    mail_server_id = fields.Many2one("ir.mail_server", ondelete="set null")
    email_from = fields.Char(string="Sender Address")
    logo = fields.Binary(attachment=True)
    property_ids = fields.One2many("hospitality.property", "brand_id")

    _code_uniq = models.Constraint("UNIQUE (code)", "A brand with this code exists already.")
