from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.gate import is_service

CHANNELS = [
    ("email", "E-mail"),
    ("sms", "SMS"),
    ("phone", "Phone"),
    ("post", "Post"),
    ("messenger", "Messenger"),
    ("ads", "Advertising Networks"),
]
ANY = "any"
"""The channel of a purpose that is agreed to as a whole."""
ALL_CHANNELS = [*CHANNELS, (ANY, "As a Whole")]

LEGAL_BASES = [
    ("consent", "Consent"),
    ("contract", "Contract"),
    ("legal_obligation", "Legal Obligation"),
    ("vital_interest", "Vital Interest"),
    ("legitimate_interest", "Legitimate Interest"),
]


class HospitalityPurpose(models.Model):
    """What personal data are used for: the unit in which guests agree or refuse.

    A purpose is agreed to per channel, or as a whole where a channel makes no sense (profiling).
    """

    _name = "hospitality.purpose"
    _description = "Purpose"
    _inherit = ["hospitality.code.mixin"]
    _order = "sequence, name, id"

    description = fields.Text(translate=True, help="What guests read about it in the preference centre.")
    per_channel = fields.Boolean(default=True, help="Guests choose for each channel. Off: they agree as a whole.")
    legal_basis = fields.Selection(LEGAL_BASES, required=True, default="consent")
    is_marketing = fields.Boolean(
        string="Marketing",
        default=True,
        help="Minors never get such messages, addresses of agencies and relays neither.",
    )
    double_opt_in = fields.Boolean(
        string="Confirm by E-mail",
        help="Who agrees on a public form gets an e-mail with a link, and counts when he confirms it.",
    )
    has_text = fields.Boolean(compute="_compute_has_text")
    valid_months = fields.Integer(
        string="Consent Valid for (Months)", help="0: until it is withdrawn. Some countries want it asked anew."
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "A purpose with this code exists already.")
    _valid_months_positive = models.Constraint("CHECK (valid_months >= 0)", "Months can't be negative.")

    def _compute_has_text(self):
        Notice = self.env["hospitality.notice"]
        for purpose in self:
            purpose.has_text = is_service(purpose.legal_basis, purpose.is_marketing) or bool(
                Notice._find_version(purpose, self.env["hospitality.brand"], self.env.lang)
            )

    @api.constrains("per_channel")
    def _check_unused(self):
        """A purpose that was answered per channel can't be one that is answered as a whole, nor the reverse."""
        Event = self.env["hospitality.consent.event"].sudo()  # entries that the user may not see count too
        for purpose in self:
            wrong = ("channel", "=" if purpose.per_channel else "!=", ANY)
            if Event.search_count([("purpose_id", "=", purpose.id), wrong], limit=1):
                raise ValidationError(
                    self.env._(
                        "Guests have answered about %(purpose)s already. Archive it and make a new one.",
                        purpose=purpose.name,
                    )
                )

    @api.model
    def _get_asked(self):
        """Return the purposes that guests are asked about: messages about a booking need no agreement."""
        return self.search([("active", "=", True)]).filtered(
            lambda purpose: not is_service(purpose.legal_basis, purpose.is_marketing)
        )

    def _get_channels(self):
        """Return the codes of the channels on which the purpose is agreed to."""
        self.ensure_one()
        return [code for code, _label in CHANNELS] if self.per_channel else [ANY]
