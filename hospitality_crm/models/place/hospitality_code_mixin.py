from odoo import api, fields, models
from odoo.exceptions import UserError


class HospitalityCodeMixin(models.AbstractModel):
    """A small configuration record that facts refer to without a foreign key."""

    _name = "hospitality.code.mixin"
    _description = "Configuration record used by facts"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, index=True, help="Short code as the source systems send it.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    @api.model
    def _get_soft_references(self):
        """Return the stored ``SoftMany2one`` fields that point at this model.

        :return: list of ``(model name, field name)``
        """
        return [
            (model_name, field.name)
            for model_name, model in self.env.registry.items()
            if model._auto and not model._abstract and not model._transient
            for field in model._fields.values()
            if field.type == "many2one" and field.store and field.comodel_name == self._name
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_referenced(self):
        for model_name, field_name in self._get_soft_references():
            # A reference from a record the user may not see must block the deletion too.
            used = (
                self.env[model_name]
                .sudo()
                .with_context(active_test=False)
                .search_fetch([(field_name, "in", self.ids)], [field_name], limit=1)
            )
            if used:
                raise UserError(
                    self.env._(
                        "%(name)s is used by %(model)s records. Archive it instead of deleting it.",
                        name=used[field_name].display_name,
                        model=self.env[model_name]._description,
                    )
                )
