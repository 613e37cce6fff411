from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class HospitalityCodeMixin(models.AbstractModel):
    """A small configuration record that facts refer to without a foreign key."""

    _name = "hospitality.code.mixin"
    _description = "Configuration record used by facts"
    _inherit = ["hospitality.cached"]

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, index=True, help="Short code as the source systems send it.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    @api.model
    def _get_label_fields(self):
        """Return the names of the stored fields that screens show of these records."""
        return ["name", "code"]

    @api.model
    def _get_labels(self, ids):
        """Return what screens show of some records, without rights and mostly without a query.

        Whoever may read a visit may see the name of its property, room or channel, as in
        ``display_name`` of a many2one.

        :param ids: iterable of ids; falsy ones are left out
        :return: dict of id -> dict of the label fields; archived records are included
        """
        known = self._get_all_labels(self.env.lang)
        ids = {record_id for record_id in ids if record_id}
        missing = ids - known.keys()
        if missing:
            # Written by SQL since the cache was filled.
            known = {**known, **self._read_labels(Domain("id", "in", list(missing)))}
        return {record_id: known[record_id] for record_id in ids if record_id in known}

    @api.model
    @tools.ormcache("lang")
    def _get_all_labels(self, lang):
        return self._read_labels(Domain.TRUE)

    @api.model
    def _read_labels(self, domain):
        names = self._get_label_fields()
        records = self.sudo().with_context(active_test=False)  # shown with what the user may read: see _get_labels
        query = records._search(domain)
        rows = self.env.execute_query(
            query.select(
                SQL.identifier(query.table, "id"),
                *(records._field_to_sql(query.table, name, query) for name in names),
            )
        )
        return {record_id: dict(zip(names, values, strict=True)) for record_id, *values in rows}

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
            Model = self.env[model_name].sudo()  # what the user may not see blocks the deletion too
            Model = Model.with_context(active_test=False)
            used = Model.search_fetch([(field_name, "in", self.ids)], [field_name], limit=1)
            if used:
                raise UserError(
                    self.env._(
                        "%(name)s is used by %(model)s records. Archive it instead of deleting it.",
                        name=used[field_name].display_name,
                        model=self.env[model_name]._description,
                    )
                )
