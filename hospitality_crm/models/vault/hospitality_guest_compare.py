from odoo import api, models

from ...engine.contact import mask_email, mask_phone

MASKS = {"emails": mask_email, "phones": mask_phone}


class HospitalityGuestCompare(models.AbstractModel):
    """Side by side, what is equal and what differs is told about whole values, which are shown masked."""

    _inherit = "hospitality.guest.compare"

    @api.model
    def _get_rows(self, values, kinds):
        rows = super()._get_rows(values, kinds)
        if self.env["res.partner"]._hides_contacts():
            for row in rows:
                mask = MASKS.get(row["name"])
                for item in (item for cell in row["cells"] if mask for item in cell):
                    item["text"] = mask(item["text"])
        return rows
