from odoo import api, models


class HospitalityMerge(models.Model):
    _inherit = "hospitality.merge"

    @api.model
    def _merge_or_refuse(self, groups, automatic=False):
        merges, refused = super()._merge_or_refuse(groups, automatic)
        if merges:
            journal = merges.sudo()  # whoever has merged may not read the journal; it names whom the act was about
            self.env["hospitality.access.log"]._log("merge", merges, journal.winner_id | journal.loser_ids)
        return merges, refused

    def _undo(self, partner_ids=None):
        report = super()._undo(partner_ids)
        journal = self.sudo()  # see above
        guests = journal.winner_id | journal.loser_ids
        self.env["hospitality.access.log"]._log("unmerge", self, guests)
        return report
