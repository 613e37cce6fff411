from odoo import models


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        """Write down who takes data of guests out of the house, by the screen or by a remote call."""
        if not self.env.su and self._has_guests():
            self.env["hospitality.access.log"]._log(
                "export",
                self,
                fields=fields_to_export,
                domain=self.env.context.get("hospitality_export_domain"),
            )
        return super().export_data(fields_to_export)

    def _has_guests(self):
        """Whether rows of this model are personal data of guests."""
        if self._name == "res.partner":
            return True
        field = self._fields.get("partner_id")
        return self._name.startswith("hospitality.") and field is not None and field.comodel_name == "res.partner"
