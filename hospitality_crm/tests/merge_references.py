"""Everything in a database that may point at a contact, found in the registry and in PostgreSQL's catalogue."""

from dataclasses import dataclass

from odoo.tools import SQL

PARTNER = "res.partner"
# Pairs of model and id that are plain numbers in the registry; the model stands there by name or by id.
PLAIN_PAIRS = {
    ("ir_act_window", "res_id"): "res_model",
    ("ir_embedded_actions", "parent_res_id"): "parent_res_model",
    ("mail_alias", "alias_force_thread_id"): "alias_model_id",
    ("mail_alias", "alias_parent_thread_id"): "alias_parent_model_id",
    ("rating_rating", "parent_res_id"): "parent_res_model",
    ("res_users_settings_embedded_action", "res_id"): "res_model",
    ("snailmail_letter", "res_id"): "model",
}
# Names of properties that hold one contact and several.
PROPERTIES = ("proofpartnerone1", "proofpartnerall1")


@dataclass(frozen=True, order=True)
class Reference:
    """A column that can hold a contact.

    :ivar kind: *column* an id, *pair* an id beside the name or id of a model (``model_column``), *text*
        ``res.partner,7``, *json* an id per company, *properties* ids in what users have defined
    :ivar transient: the table belongs to a wizard
    """

    table: str
    column: str
    kind: str
    model_column: str = ""
    transient: bool = False

    def condition(self, ids):
        """SQL condition: the row points at one of these contacts."""
        column = SQL.identifier(self.column)
        if self.kind == "properties":
            return SQL(
                "EXISTS (SELECT FROM jsonb_each(%s) AS e, unnest(%s) AS p (id) WHERE e.value @> to_jsonb(p.id))",
                column,
                list(ids),
            )
        if self.model_column.endswith("_id"):
            model = SQL("(SELECT id FROM ir_model WHERE model = %s)", PARTNER)
            return SQL("%s = ANY(%s) AND %s = %s", column, list(ids), SQL.identifier(self.model_column), model)
        if self.kind == "pair":
            return SQL("%s = ANY(%s) AND %s = %s", column, list(ids), SQL.identifier(self.model_column), PARTNER)
        if self.kind == "text":
            return SQL("%s = ANY(%s)", column, [f"{PARTNER},{partner_id}" for partner_id in ids])
        if self.kind == "json":
            return SQL(
                "EXISTS (SELECT FROM jsonb_each_text(%s) AS e WHERE e.value = ANY(%s))",
                column,
                [str(partner_id) for partner_id in ids],
            )
        return SQL("%s = ANY(%s)", column, list(ids))


@dataclass(frozen=True)
class Unique:
    """A unique index: its columns (empty for an expression) and its predicate, if it is a partial one."""

    name: str
    columns: tuple[str, ...]
    predicate: str


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool
    has_default: bool
    length: int = 0


class Catalogue:
    """Tables, columns, keys and unique indexes of the schema, and the references to contacts."""

    def __init__(self, env):
        self.env = env
        self.columns = self._load_columns()
        self.foreign = self._load_foreign()
        self.uniques = self._load_uniques()
        self.models = {
            model._table: model
            for model in (env[name] for name in env.registry)
            if model._auto and not model._abstract and model._table in self.columns
        }
        self.references = sorted(self._find_references())

    def _load_columns(self):
        columns = {}
        for table, name, kind, required, has_default, length in self.env.execute_query(
            SQL(
                """SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull, a.atthasdef,
                          CASE WHEN a.atttypid = 'varchar'::regtype THEN greatest(a.atttypmod - 4, 0) ELSE 0 END
                     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                    WHERE c.relkind = 'r' AND c.relnamespace = current_schema::regnamespace
                      AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"""
            )
        ):
            columns.setdefault(table, {})[name] = Column(name, kind, required, has_default, length)
        return columns

    def _load_foreign(self):
        foreign = {}
        for table, column, target in self.env.execute_query(
            SQL(
                """SELECT r.relname, a.attname, t.relname
                     FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
                     JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.conkey[1]
                    WHERE k.contype = 'f' AND r.relnamespace = current_schema::regnamespace"""
            )
        ):
            foreign.setdefault(table, {})[column] = target
        return foreign

    def _load_uniques(self):
        uniques = {}
        for table, name, columns, predicate in self.env.execute_query(
            SQL(
                """SELECT c.relname, i.indexrelid::regclass::text,
                          ARRAY(SELECT a.attname::text
                                  FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (num, nth)
                                  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num
                                 WHERE k.nth <= i.indnkeyatts ORDER BY k.nth),
                          coalesce(pg_get_expr(i.indpred, i.indrelid), '')
                     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
                    WHERE i.indisunique AND c.relnamespace = current_schema::regnamespace AND c.relkind = 'r'"""
            )
        ):
            if columns != ["id"]:
                uniques.setdefault(table, []).append(Unique(name, tuple(columns), predicate))
        return uniques

    def _find_references(self):
        found = set()
        for table, model in self.models.items():
            for field in model._fields.values():
                found |= set(self._of_field(table, model._transient, field))
        known = {(reference.table, reference.column) for reference in found}
        for table, keys in self.foreign.items():
            found |= {
                Reference(table, column, "column", transient=self._is_transient(table))
                for column, target in keys.items()
                if target == "res_partner" and (table, column) not in known
            }
        for (table, column), model_column in PLAIN_PAIRS.items():
            if column in self.columns.get(table, ()):
                found.add(Reference(table, column, "pair", model_column))
        return found

    def _is_transient(self, table):
        targets = {self.models.get(target) for target in self.foreign.get(table, {}).values()}
        return table not in self.models and any(model is not None and model._transient for model in targets)

    def _of_field(self, table, transient, field):
        columns = self.columns[table]
        if not field.store:
            return
        if field.type == "many2many" and field.relation in self.columns:
            # PostgreSQL's catalogue knows these tables, unless a relation has no keys.
            for name, comodel in ((field.column1, field.model_name), (field.column2, field.comodel_name)):
                if comodel == PARTNER:
                    wizard = transient or self.env[field.comodel_name]._transient
                    yield Reference(field.relation, name, "column", transient=wizard)
        elif field.name not in columns:
            return
        elif field.type == "many2one" and field.comodel_name == PARTNER:
            yield Reference(table, field.name, "json" if field.company_dependent else "column", transient=transient)
        elif field.type == "many2one_reference" and field.model_field in columns:
            yield Reference(table, field.name, "pair", field.model_field, transient)
        elif field.type == "properties":
            yield Reference(table, field.name, "properties", transient=transient)
        elif field.type == "reference":
            yield Reference(table, field.name, "text", transient=transient)

    def of_table(self, table):
        return [reference for reference in self.references if reference.table == table]
