from odoo import api, fields, models

from ...tools.soft_many2one import SoftMany2one

ACTIONS = [
    ("received", "Received"),
    ("confirmed", "Address Confirmed"),
    ("identified", "Identity Proven"),
    ("linked", "Guest Found"),
    ("extended", "Deadline Extended"),
    ("warned", "Reminder Sent"),
    ("blocked", "Erasure Blocked"),
    ("exported", "Export Made"),
    ("link_sent", "Link Sent"),
    ("downloaded", "Downloaded"),
    ("corrected", "Corrected"),
    ("objected", "Objection Recorded"),
    ("restricted", "Processing Restricted"),
    ("released", "Restriction Lifted"),
    ("approved", "Erasure Approved"),
    ("erased", "Erased"),
    ("refused", "Refused"),
    ("done", "Answered"),
    ("cancelled", "Withdrawn"),
]


class HospitalityPrivacyStep(models.Model):
    """What was done about a privacy request, by whom and when. It only grows and holds nothing personal."""

    _name = "hospitality.privacy.step"
    _description = "Step of a Privacy Request"
    _inherit = ["hospitality.ledger"]
    _order = "id"
    _rec_name = "action"

    _sealed = True
    _seal_columns = ("request_id", "action", "at", "actor_uid", "note")

    request_id = fields.Many2one(
        "hospitality.privacy.request", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = SoftMany2one("res.company", required=True, readonly=True)
    action = fields.Selection(ACTIONS, required=True, readonly=True)
    at = fields.Datetime(string="On", required=True, readonly=True)
    actor_uid = fields.Integer(string="User", readonly=True, aggregator=None)
    actor_name = fields.Char(string="By", compute="_compute_actor_name")
    note = fields.Char(readonly=True)

    @api.depends("actor_uid")
    def _compute_actor_name(self):
        users = self.env["res.users"].sudo().browse(set(self.mapped("actor_uid"))).exists()  # names of colleagues
        names = {user.id: user.name for user in users}
        for step in self:
            step.actor_name = names.get(step.actor_uid, "")
