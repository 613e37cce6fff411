from odoo import fields, models

from ...tools.id_array import IdArray
from ...tools.soft_many2one import SoftMany2one


class HospitalityMergeLoser(models.Model):
    """One contact that was merged away. Each can be taken out of its merge on its own.

    ``profile_ids`` are the source profiles that it brought; ``payload`` holds what was taken off
    its row: VAT, reference, barcode, whether it was active.
    """

    _name = "hospitality.merge.loser"
    _description = "Merged Contact"
    _order = "merge_id desc, sequence, id"
    _rec_name = "partner_id"
    _log_access = False

    merge_id = fields.Many2one("hospitality.merge", required=True, readonly=True, index=True, ondelete="restrict")
    partner_id = fields.Many2one("res.partner", required=True, readonly=True, index=True, ondelete="restrict")
    sequence = fields.Integer(readonly=True)
    state = fields.Selection(
        [("done", "Merged"), ("undone", "Un-merged")], required=True, readonly=True, default="done"
    )
    profile_ids = IdArray(string="Source Profiles", readonly=True)
    payload = fields.Json(readonly=True, groups="hospitality_crm.group_hospitality_manager")
    digest = fields.Char(readonly=True, help="What the profiles of this contact said before the merge.")
    undone_at = fields.Datetime(readonly=True)
    undone_by_id = SoftMany2one("res.users", readonly=True)
    report = fields.Json(readonly=True, groups="hospitality_crm.group_hospitality_manager")
    swept_at = fields.Datetime(readonly=True, help="When late rows of other transactions were last looked for.")
    line_ids = fields.One2many("hospitality.merge.line", "loser_id", string="Journal")

    def action_undo(self):
        """Take this contact out of the merge again; see ``hospitality.merge.action_undo``."""
        return self.merge_id._undo(self.partner_id.ids)
