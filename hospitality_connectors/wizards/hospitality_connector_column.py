from odoo import fields, models


class HospitalityConnectorColumn(models.TransientModel):
    _name = "hospitality.connector.column"
    _description = "Column of a List"
    _order = "id"

    wizard_id = fields.Many2one("hospitality.connector.columns", required=True, ondelete="cascade")
    column = fields.Char(readonly=True)
    sample = fields.Char(string="Example", readonly=True)
    target = fields.Selection(
        lambda self: self.env["hospitality.import.mapping"]._selection_target(), string="Means", help="Empty: not used."
    )
