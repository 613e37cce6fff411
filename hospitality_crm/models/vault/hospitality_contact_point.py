from odoo import api, models

from ...engine.contact import mask_point


class HospitalityContactPoint(models.Model):
    """Addresses and numbers are read masked, by whatever way a client reads them, where they are hidden from a user."""

    _inherit = "hospitality.contact.point"

    @api.depends("value", "channel")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_display_name(self):
        hidden = self.env["res.partner"]._hides_contacts()
        for point in self:
            point.display_name = mask_point(point.channel, point.value) if hidden else point.value

    def _read_format(self, fnames, load="_classic_read"):
        rows = super()._read_format(fnames, load)
        if "value" in fnames and not self.env.su and self.env["res.partner"]._hides_contacts():
            channels = {point.id: point.channel for point in self}
            for row in rows:
                row["value"] = mask_point(channels[row["id"]], row["value"])
        return rows
