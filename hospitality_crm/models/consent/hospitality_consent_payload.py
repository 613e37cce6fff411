from odoo import fields, models


class HospitalityConsentPayload(models.Model):
    """What is personal about a statement: network address, reason in words, proof.

    It may be emptied; the ledger keeps a hash with a salt that goes with it, so that nothing of it can be guessed then.
    """

    _name = "hospitality.consent.payload"
    _description = "Details of a Statement"
    _log_access = False
    _rec_name = "event_id"

    event_id = fields.Many2one("hospitality.consent.event", required=True, readonly=True, ondelete="restrict")
    salt = fields.Char(readonly=True)
    ip = fields.Char(string="Network Address", readonly=True)
    reason = fields.Text(readonly=True)
    evidence = fields.Text(readonly=True)
    guardian_name = fields.Char(readonly=True)

    _event_uniq = models.Constraint("UNIQUE (event_id)", "A statement has one set of details.")
