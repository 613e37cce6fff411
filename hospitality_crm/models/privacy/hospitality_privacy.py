from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import keys
from .privacy_core_handlers import get_core_handlers
from .privacy_handler import PrivacyHandler
from .privacy_own_handlers import get_own_handlers

#: Rows of guests in tables that merges don't move, as they are derived or the journal of merges itself.
UNMOVED = (
    ("hospitality_consent_state", "partner_id"),
    ("hospitality_guest_metrics", "partner_id"),
    ("hospitality_merge", "winner_id"),
    ("hospitality_merge_loser", "partner_id"),
    ("hospitality_profile", "partner_id"),
)
TEXT_TYPES = frozenset({"char", "text", "html", "json", "binary", "properties"})


class HospitalityPrivacy(models.AbstractModel):
    """Where a person is in the database, and what each model says about exporting and erasing him.

    An addon with personal data of its own extends :meth:`_privacy_handlers`. References to contacts are found by the
    catalogue that merges use, whoever made them; rows of a model without a handler stay with the erased contact and
    lose the person's names and addresses, and the evidence names their table.
    """

    _name = "hospitality.privacy"
    _description = "Privacy Procedures"

    @api.model
    def _privacy_handlers(self):
        """Return ``{model name: PrivacyHandler}``. Other addons extend this; names of absent models are allowed."""
        return get_core_handlers() | get_own_handlers()

    @api.model
    def _get_handlers(self):
        """Return ``{table: PrivacyHandler}`` of what is installed."""
        return {
            self.env[name]._table: handler
            for name, handler in self._privacy_handlers().items()
            if name in self.env and not self.env[name]._abstract
        }

    @api.model
    def _get_secret(self, purpose):
        """Return the key of what must be recognised for ever.

        :raise UserError: there is no usable key file
        """
        try:
            ring = keys.load(purpose)
        except keys.KeyringError as error:
            raise UserError(self.env["hospitality.ledger.anchor"]._explain_key(error)) from error
        return ring.keys[ring.lasting]

    @api.model
    def _get_model_of(self):
        """Return ``{table: model name}`` of stored models."""
        return {
            model._table: name
            for name, model in self.env.registry.items()
            if model._auto and not model._abstract and not model._transient
        }

    @api.model
    def _find_undecided(self):
        """Return what nobody has decided about: the automatic guard that a test asks.

        :return: sorted list of ``model.field``: references to contacts and pairs of model and id in models without a
            handler, and texts of our models that no handler covers
        """
        handlers = self._get_handlers()
        undecided = set()
        for table in self.env["hospitality.merge"]._get_tables():
            if table.model and table.name not in handlers and table.name != "ir_default":
                undecided |= {
                    f"{table.model}.{source.column}" for source in table.sources if source.kind != "properties"
                }
        for name, model in self.env.registry.items():
            if not name.startswith("hospitality.") or not model._auto or model._abstract or model._transient:
                continue
            handler = handlers.get(model._table, PrivacyHandler())
            undecided |= {
                f"{name}.{field.name}"
                for field in model._fields.values()
                if field.store
                and field.type in TEXT_TYPES
                and (field.column_type or field.type == "binary")
                and not handler.covers(field.name)
            }
        return sorted(undecided)

    @api.model
    def _get_sources(self):
        """Return how rows refer to contacts: list of ``(table, key column, column, condition, handler)``.

        The condition is None for a plain reference, else ``beside``: the column with the name of the model.
        """
        handlers = self._get_handlers()
        sources = [
            (source.table, source.key, source.column, source.beside if source.kind == "pair" else None)
            for table in self.env["hospitality.merge"]._get_tables()
            for source in table.sources
            if source.kind == "fk" or (source.kind == "pair" and not source.by_id)
        ]
        sources += [(table, "id", column, None) for table, column in UNMOVED]
        return [(*source, handlers.get(source[0])) for source in sources]

    @api.model
    def _get_text_columns(self, tables):
        """Return the columns of tables that may hold free text: ``{table: [(column, type, may be empty)]}``.

        Codes, names of models and tables and keys of the machinery are left out, so that a guest whose name is also a
        word of the machinery breaks nothing.
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT c.relname, a.attname, format_type(a.atttypid, NULL), NOT a.attnotnull
                     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
                      AND c.relname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                      AND format_type(a.atttypid, NULL) = ANY(%s)
                    ORDER BY 1, a.attnum""",
                list(tables),
                ["character varying", "text", "json", "jsonb"],
            )
        )
        models_of, handlers = self._get_model_of(), self._get_handlers()
        found = {}
        for table, column, kind, nullable in rows:
            model = models_of.get(table)
            known = self.env[model]._fields.get(column) if model else None
            handler = handlers.get(table)
            if (
                column in MACHINERY
                or (known is not None and known.type not in TEXT_TYPES)
                or (handler is not None and (handler.plain == "*" or column in handler.plain))
            ):
                continue
            found.setdefault(table, []).append((column, kind, nullable))
        return found


MACHINERY = frozenset(
    {
        *("model", "res_model", "res_field", "origin_model", "res_model_name", "table_name", "column_name"),
        *("mimetype", "store_fname", "checksum", "state", "type", "uuid", "xml_id", "channel_type", "message_id"),
        *("access_token", "acc_type", "payload_hash", "external_id", "key", "method", "code"),
    }
)
