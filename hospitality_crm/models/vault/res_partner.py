from odoo import fields, models

#: They tell whether a guest has allergies.
SENSITIVE = frozenset({"allergy_state"})


class ResPartner(models.Model):
    _inherit = "res.partner"

    identity_document_ids = fields.One2many(
        "hospitality.identity.document",
        "partner_id",
        string="Identity Documents",
        groups="hospitality_crm.group_hospitality_document",
    )

    def _read_format(self, fnames, load="_classic_read"):
        if self and not self.env.su and not SENSITIVE.isdisjoint(fnames):
            self.env["hospitality.access.log"]._log("allergy", self, once=True)
        return super()._read_format(fnames, load)

    def action_open_access_log(self):
        """List who has seen, exported or changed sensitive data of the guest."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospitality.access.log",
            "name": self.env._("Access to the data of %(guest)s", guest=self.display_name),
            "view_mode": "list,kanban,form",
            "domain": [("guest_id", "in", self.ids)],
        }
