from odoo import fields, models


class HospitalityDocumentTerm(models.Model):
    """How long a country wants data of identity documents to be kept for its guest registration."""

    _name = "hospitality.document.term"
    _description = "Legal Term of Identity Documents"
    _order = "country_id"
    _rec_name = "country_id"

    country_id = fields.Many2one("res.country", required=True, ondelete="restrict")
    days = fields.Integer(string="Days after Departure", required=True)
    basis = fields.Text(string="Legal Basis", required=True, translate=True)
    active = fields.Boolean(default=True)

    _country_uniq = models.Constraint("UNIQUE (country_id)", "This country has a term already.")
    _days_positive = models.Constraint("CHECK (days >= 0)", "Days can't be negative.")
