from odoo import fields, models


class HospitalityMessageSecret(models.Model):
    """A token or signing key of a message channel."""

    _name = "hospitality.message.secret"
    _description = "Secret of a Message Channel"
    _inherit = ["hospitality.secret.mixin"]
    _log_access = False

    _secret_owner = "provider_id"
    _secret_purpose = "messenger"

    provider_id = fields.Many2one("hospitality.message.provider", required=True, index=True, ondelete="cascade")

    _name_uniq = models.Constraint("UNIQUE (provider_id, name)", "A channel has one secret of each name.")
