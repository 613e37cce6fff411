from odoo import api, models


class HospitalityMerge(models.Model):
    _inherit = "hospitality.merge"

    @api.model
    def _merge_or_refuse(self, groups, automatic=False):
        groups = list(groups)
        merges, refused = super()._merge_or_refuse(groups, automatic)
        if merges:
            merged = (group for index, group in enumerate(groups) if index not in refused)
            guests = {guest for winner, losers, *_options in merged for guest in (winner, *losers)}
            self.env["hospitality.access.log"]._log("merge", merges, guests)
        return merges, refused

    def _undo(self, partner_ids=None):
        report = super()._undo(partner_ids)
        journal = self.sudo()  # whoever un-merges may not read the journal; it names whom the act was about
        guests = journal.winner_id | journal.loser_ids
        self.env["hospitality.access.log"]._log("unmerge", self, guests)
        return report
