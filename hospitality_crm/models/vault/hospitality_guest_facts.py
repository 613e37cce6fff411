from odoo import api, models


class HospitalityGuestFacts(models.AbstractModel):
    """Guest card and board read allergies past the ORM: who has seen them is written down here."""

    _inherit = "hospitality.guest.facts"

    @api.model
    def _load(self, partner_ids, *names):
        facts = super()._load(partner_ids, *names)
        seen = {guest for name in ("allergies", "tab_allergies") for guest, rows in facts.get(name, {}).items() if rows}
        if seen and not self.env.su:
            self.env["hospitality.access.log"]._log(
                "allergy", self.env["hospitality.allergy"], seen, once=True, count=len(seen)
            )
        return facts
