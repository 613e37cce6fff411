from odoo import models


class PhoneBlacklist(models.Model):
    _name = "phone.blacklist"
    _inherit = ["phone.blacklist", "hospitality.blacklist"]
    _contact_channel = "phone"
    _contact_field = "number"
