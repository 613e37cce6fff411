from odoo import fields, models

from ...tools.soft_many2one import SoftMany2one


class HospitalityConsentDelivery(models.Model):
    """What a source says about one consent of a guest, its newest word.

    The statements themselves are in `hospitality.consent.event`. This row says which version of the source's record
    they rest on: an older one that is delivered again, or late, is recognised by it and recorded nowhere.
    """

    _name = "hospitality.consent.delivery"
    _description = "Consent as a Source Delivers It"
    _inherit = ["hospitality.sourced"]
    _log_access = False

    profile_id = fields.Many2one("hospitality.profile", required=True, readonly=True, index=True, ondelete="cascade")
    state = fields.Selection(
        [("granted", "Granted"), ("denied", "Refused"), ("unknown", "Never Asked")], required=True, readonly=True
    )
    said_at = fields.Datetime(readonly=True, help="Empty: a flag whose time the source doesn't know.")
    property_id = SoftMany2one("hospitality.property", readonly=True)
