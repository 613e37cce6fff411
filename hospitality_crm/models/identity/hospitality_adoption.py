from odoo import api, models


class HospitalityAdoption(models.Model):
    _inherit = "hospitality.adoption"

    @api.model
    def _insert_profiles(self, source, profiles, meta):
        ids = super()._insert_profiles(source, profiles, meta)
        matcher = self.env["hospitality.matcher"]
        matcher._remember(
            (),
            [
                matcher._prepare(
                    row["id"],
                    values,
                    "company" if row["is_company"] else "person",
                    source.code,
                    ids[row["id"]],
                    row["id"],
                )
                for row, values, _key in profiles
                if row["id"] in ids
            ],
        )
        return ids
