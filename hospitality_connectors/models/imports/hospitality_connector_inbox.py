from odoo import api, fields, models

from .hospitality_import_runner import body_row


class HospitalityConnectorInbox(models.Model):
    _inherit = "hospitality.connector.inbox"

    import_row = fields.Integer(string="Row of the File", compute="_compute_import_row", compute_sudo=True)

    @api.depends("body")
    def _compute_import_row(self):
        for record in self:
            record.import_row = body_row(record.body)
