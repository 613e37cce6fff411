from odoo import fields, models


class HospitalityConnectorAddress(models.TransientModel):
    """Shows a new address of a connector, once."""

    _name = "hospitality.connector.address"
    _description = "New Address of a Connector"

    # It is shown from the answer of the button and stored nowhere.
    address = fields.Char(store=False)
    is_public = fields.Boolean(store=False)
