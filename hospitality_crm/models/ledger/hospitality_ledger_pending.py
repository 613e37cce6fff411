from odoo import fields, models


class HospitalityLedgerPending(models.Model):
    """A row of a ledger that waits for its seal. Written by a trigger of the ledger."""

    _name = "hospitality.ledger.pending"
    _description = "Unsealed Entry"
    _log_access = False

    ledger = fields.Char(required=True, readonly=True)
    row_id = fields.Integer(required=True, readonly=True, aggregator=None)

    _row_uniq = models.Constraint("UNIQUE (ledger, row_id)", "An entry waits for its seal once.")
