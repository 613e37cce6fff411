from odoo import api, models

# What matching compares, and what says whether it does.
_COMPARED = frozenset({"values", "kind", "state", "name"})


class HospitalityProfile(models.Model):
    _inherit = "hospitality.profile"

    @api.model_create_multi
    def create(self, vals_list):
        self.env["hospitality.matcher"]._enter()
        profiles = super().create(vals_list)
        self.env["hospitality.matcher"]._mark(profiles.ids)
        return profiles

    def write(self, vals):
        result = super().write(vals)
        if not _COMPARED.isdisjoint(vals):
            self.env["hospitality.matcher"]._mark(self.ids)
        return result

    def unlink(self):
        ids = self.ids
        for model in ("hospitality.match.veto", "hospitality.match"):
            self.env[model].sudo().search(  # the profile and what was said of it go together
                ["|", ("profile_id", "in", ids), ("other_profile_id", "in", ids)]
            ).unlink()
        result = super().unlink()
        self.env["hospitality.match.normal"]._forget(ids)
        return result
