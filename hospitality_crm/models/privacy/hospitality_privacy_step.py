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
    note_text = fields.Char(string="Remark", compute="_compute_note_text")

    @api.depends("actor_uid")
    def _compute_actor_name(self):
        users = self.env["res.users"].sudo().browse(set(self.mapped("actor_uid"))).exists()  # names of colleagues
        names = {user.id: user.name for user in users}
        for step in self:
            step.actor_name = names.get(step.actor_uid, "")

    @api.depends("action", "note")
    @api.depends_context("lang")
    def _compute_note_text(self):
        blockers = self._get_blocker_names()
        texts = {
            "warned": self.env._("%s days left"),
            "erased": self.env._("%s records"),
            "objected": self.env._("%s statements"),
        }
        for step in self:
            note = step.note or ""
            if step.action == "blocked":
                step.note_text = ", ".join(blockers.get(code, code) for code in note.split(", "))
            elif step.action in texts and note.isdigit():
                step.note_text = texts[step.action] % note
            else:
                step.note_text = note

    @api.model
    def _get_blocker_names(self):
        """Return what may stand in the way of an erasure, by its code."""
        return {
            "staff": self.env._("a login of the staff"),
            "in_house": self.env._("in house"),
            "planned": self.env._("a stay to come"),
            "reservation": self.env._("a table reservation to come"),
            "balance": self.env._("an open balance"),
            "invoice": self.env._("an open invoice"),
            "hold": self.env._("a legal hold"),
            "error": self.env._("an error of the eraser, see the server's log"),
        }
