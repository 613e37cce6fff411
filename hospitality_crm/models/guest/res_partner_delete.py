from odoo import api, models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _get_history_fields(self):
        """Return the references that make a contact one with a history.

        :return: list of ``(model name, field name)``; source profiles are looked at apart
        """
        return sorted(
            (model_name, field.name)
            for model_name, model in self.env.registry.items()
            if model_name.startswith("hospitality.") and model._auto and not model._abstract and not model._transient
            for field in model._fields.values()
            if field.type == "many2one"
            and field.store
            and field.comodel_name == "res.partner"
            and field.ondelete == "restrict"
            and model_name != "hospitality.profile"
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        foreign = (
            self.env["hospitality.profile"]
            .sudo()  # a history that the user may not see must block the deletion too
            .search([("partner_id", "in", self.ids), ("source_id.kind", "!=", "odoo")], limit=1)
        )
        if foreign:
            self._refuse_deletion(foreign.partner_id, self.env["hospitality.profile"]._description)
        for model_name, field_name in self._get_history_fields():
            found = (
                self.env[model_name]
                .sudo()  # see above
                .with_context(active_test=False)
                .search([(field_name, "in", self.ids)], limit=1)
            )
            if found:
                self._refuse_deletion(found[field_name], self.env[model_name]._description)

    def _refuse_deletion(self, partner, what):
        raise UserError(
            self.env._(
                "%(guest)s has a history (%(what)s) and can't be deleted. Archive the contact, merge it with its"
                " double, or start an erasure request.",
                guest=partner.display_name,
                what=what,
            )
        )

    def unlink(self):
        """Take the contact's own ``odoo`` profile along: it says nothing that the contact doesn't."""
        self.check_access("unlink")
        self._unlink_except_history()
        self.env["hospitality.profile"].sudo().search(  # checked above; profiles are written by the system
            [("partner_id", "in", self.ids)]
        ).unlink()
        self.env["hospitality.guest.metrics"].sudo().search(  # derived data has no key that takes it along
            [("partner_id", "in", self.ids)]
        ).unlink()
        return super().unlink()
