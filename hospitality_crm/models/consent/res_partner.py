from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    consent_state_ids = fields.One2many(
        "hospitality.consent.state", "partner_id", string="Consents", groups="hospitality_crm.group_hospitality_base"
    )

    def action_record_consent(self):
        """Open the form in which staff write down what a guest has said."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospitality.consent.record",
            "name": self.env._("Record a Consent"),
            "view_mode": "form",
            "target": "new",
            "context": {"default_partner_id": self.id},
        }

    def action_open_consent_events(self):
        """List everything the guest has said about the use of his data."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospitality.consent.event",
            "name": self.env._("Statements of %(guest)s", guest=self.display_name),
            "view_mode": "list,form",
            "domain": [("profile_id.partner_id", "=", self.id)],
        }
