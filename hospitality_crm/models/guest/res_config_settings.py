from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    hospitality_adoption_status = fields.Char(
        string="Existing Contacts", compute="_compute_hospitality_adoption_status"
    )

    def _compute_hospitality_adoption_status(self):
        adoption = self.env["hospitality.adoption"].sudo().search([], limit=1, order="id desc")  # a line of text
        for settings in self:
            settings.hospitality_adoption_status = adoption.status
