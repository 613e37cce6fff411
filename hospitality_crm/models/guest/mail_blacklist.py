from odoo import models


class MailBlacklist(models.Model):
    _name = "mail.blacklist"
    _inherit = ["mail.blacklist", "hospitality.blacklist"]
    _contact_channel = "email"
    _contact_field = "email"
