from odoo import api, fields, models


class HospitalityRetentionPreview(models.TransientModel):
    """What a retention rule would do today. Names are computed when they are shown, not stored."""

    _name = "hospitality.retention.preview"
    _description = "Dry Run of a Retention Rule"

    rule_id = fields.Many2one("hospitality.retention.rule", required=True, ondelete="cascade")
    cutoff = fields.Date(string="Older than", compute="_compute_due")
    count = fields.Integer(string="Due", compute="_compute_due")
    sample = fields.Text(string="Some of Them", compute="_compute_due")

    @api.depends("rule_id")
    def _compute_due(self):
        for preview in self:
            rule = preview.rule_id
            if not rule:
                preview.update({"cutoff": False, "count": 0, "sample": ""})
                continue
            rule.check_access("read")
            system = rule.sudo()  # who may read the rule may know what it will do
            # Each document has a day of its own.
            preview.cutoff = rule.data_class != "document" and rule._get_cutoff()
            preview.count = system._count_due()
            preview.sample = "\n".join(system._get_sample())
