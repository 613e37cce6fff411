from dataclasses import replace

from odoo import api, models, tools
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from .merge_source import CHECKS, COLUMNS, FOREIGN_KEYS, PARTNER, UNIQUES, Source, Table, Unique

# Ids of records that stand beside the id of their model.
_BESIDE = {"alias_force_thread_id": "alias_model_id", "alias_parent_thread_id": "alias_parent_model_id"}
# The journal itself, and what is derived from facts and rebuilt.
_OWN = frozenset(
    {
        "hospitality_merge",
        "hospitality_merge_loser",
        "hospitality_merge_line",
        "hospitality_guest_metrics",
        "hospitality_guest_dirty",
        "hospitality_golden_queue",
        "hospitality_profile",
        "hospitality_consent_state",
    }
)

# Stand-ins for the contacts in the parts of a query that are put together once.
_IDS, _TEXTS, _REFERENCES, _PROPERTIES = (object() for _nth in range(4))


class HospitalityMerge(models.Model):
    """What refers to contacts, read from the catalogue of the database and from the registry."""

    _inherit = "hospitality.merge"

    @api.model
    @tools.ormcache(cache="stable")
    def _get_tables(self):
        """Return every table with rows that can refer to a contact.

        Foreign keys come from the catalogue, whoever made them; pairs of model and id, references,
        company-dependent columns and many2one fields without a key come from the registry. Left
        out are transient records, which nobody sees again, and what is derived.

        :return: list of ``Table`` in the order of their names
        """
        transient = {model._table for model in self.env.registry.values() if model._transient}
        relations = {
            field.relation: (field.column1, field.column2)
            for model in self.env.registry.values()
            if model._transient
            for field in model._fields.values()
            if field.type == "many2many" and field.store
        }
        skipped = transient | relations.keys() | _OWN
        sources = {}
        for source in [*self._find_foreign_keys(), *self._find_fields()]:
            if source.table not in skipped and (source.table, source.column) != ("res_partner", "merged_into_id"):
                sources.setdefault((source.table, source.column), source)
        tables = {}
        by_table = {
            model._table: name for name, model in self.env.registry.items() if model._auto and not model._abstract
        }
        for (name, _column), source in sorted(sources.items()):
            tables.setdefault(name, Table(name, by_table.get(name))).sources.append(source)
        self._complete_tables(tables)
        return [table for table in tables.values() if table.sources]

    @api.model
    def _find_foreign_keys(self):
        shortcuts = {
            (self.env[model]._table, partner): profile
            for model, profile, partner in self.env["hospitality.profile"]._get_shortcuts()
        }
        self.env.cr.execute(FOREIGN_KEYS, ("res_partner",))
        return [
            Source(table, column, profile=shortcuts.get((table, column))) for table, column in self.env.cr.fetchall()
        ]

    @api.model
    def _find_fields(self):
        """Return the references that no foreign key tells of."""
        for model in self.env.registry.values():
            if model._abstract or model._transient or not model._auto:
                continue
            for field in model._fields.values():
                if not field.store or not field.column_type or field.inherited:
                    continue
                if field.type == "many2one" and field.comodel_name == PARTNER:
                    yield Source(model._table, field.name, kind="company" if field.company_dependent else "fk")
                elif field.type == "reference":
                    if isinstance(field.selection, list) and PARTNER not in dict(field.selection):
                        continue
                    yield Source(model._table, field.name, kind="reference")
                elif field.type == "properties":
                    yield Source(model._table, field.name, kind="properties")
                elif field.type in ("many2one_reference", "integer"):
                    beside = self._find_model_column(model, field)
                    if beside:
                        by_id = model._fields[beside].type == "many2one"
                        yield Source(model._table, field.name, kind="pair", beside=beside, by_id=by_id)
        yield Source("ir_default", "json_value", kind="default")

    @api.model
    def _find_model_column(self, model, field):
        """Return the stored column with the name or id of the model that an id belongs to, if there is one."""
        if field.name in _BESIDE:
            beside = model._fields.get(_BESIDE[field.name])
            return beside.name if beside is not None and beside.store and beside.comodel_name == "ir.model" else None
        if field.type == "many2one_reference":
            names = [field.model_field]
        elif field.name.endswith("res_id"):
            prefix = field.name.removesuffix("res_id")
            names = [f"{prefix}res_model", f"{prefix}model"]
        else:
            return None
        for name in names:
            beside = model._fields.get(name)
            if beside is not None and beside.store and beside.type in ("char", "selection"):
                return name
        return None

    @api.model
    def _complete_tables(self, tables):
        """Add columns, keys, unique keys, checks and handlers to the tables; drop what isn't in the database."""
        cr = self.env.cr
        names = list(tables)
        cr.execute(COLUMNS, (names,))
        for name, columns, types in cr.fetchall():
            tables[name].columns = dict(zip(columns, types, strict=True))
        for table in tables.values():
            table.sources = [
                source for source in (self._with_key(table, source) for source in table.sources) if source is not None
            ]
        cr.execute(UNIQUES, (names,))
        for name, exprs, where, nulls_equal, plain, needs, inside in cr.fetchall():
            table = tables[name]
            changed = {source.column for source in table.sources}
            if not changed.isdisjoint(needs):
                own = not changed.isdisjoint(plain) and not any(column in inside for column in changed & set(needs))
                # A predicate may ask whether the column is filled: that doesn't change.
                own = own or (not changed.isdisjoint(plain) and len(plain) == len(exprs))
                table.uniques.append(Unique(tuple(exprs), where, nulls_equal, own))
                table.needs.update(needs)
        cr.execute(CHECKS, (names,))
        for name, check, needs in cr.fetchall():
            table = tables[name]
            if not {source.column for source in table.sources}.isdisjoint(needs):
                table.checks.append(check)
                table.needs.update(needs)
        for name, handler in self._merge_handlers().items():
            table = tables.get(self.env[name]._table if name in self.env else name)
            if table is not None:
                handler.apply(table)

    @api.model
    def _with_key(self, table, source):
        """Return the source with the column that names its rows; None when it can't be journalled."""
        if source.column not in table.columns:
            return None
        if "id" in table.columns:
            shown = self._get_shown(table, source)
            return replace(source, shown=shown, computed=self._get_computed(table))
        others = [column for column in table.columns if column != source.column]
        if len(others) != 1 or source.kind != "fk":
            return None
        return Source(source.table, source.column, source.kind, others[0])

    @api.model
    def _get_shown(self, table, source):
        """Return what rows of a table show of the contact in a column; see ``Source.shown``.

        When somebody edits the winner, the moved rows change with him.
        """
        if table.model is None or source.kind != "fk" or source.profile or table.name in ("res_partner", "res_users"):
            return ()
        shown = {}
        for field in self.env[table.model]._fields.values():
            if (
                not (field.store and field.compute and field.column_type)
                or field.related
                or field.name not in table.columns
            ):
                continue
            for path in self.env.registry.field_depends[field]:
                column, _dot, name = path.partition(".")
                if column == source.column and name:
                    name = "complete_name" if name == "display_name" else name
                    shown[field.name] = (field.name, name, not field.readonly)
        more = self._get_followers(table, set(shown))
        return (*shown.values(), *((name, None, False) for name in more))

    @api.model
    def _get_computed(self, table):
        """Return the columns of a table whose values come from elsewhere than from people; see ``Source.computed``."""
        fields = self.env[table.model]._fields if table.model else {}
        return (
            "write_uid",
            "write_date",
            *(source.column for source in table.sources),
            *(name for name in table.columns if name in fields and fields[name].compute),
        )

    @api.model
    def _get_followers(self, table, names):
        """Return the stored fields of a model that are computed from some others of it, directly or not."""
        followers, depends = set(), self.env.registry.field_depends
        while True:
            found = (
                {
                    field.name
                    for field in self.env[table.model]._fields.values()
                    if field.store
                    and field.compute
                    and field.column_type
                    and field.name in table.columns
                    and not (names | followers).isdisjoint(depends[field])
                }
                - followers
                - names
            )
            if not found:
                return sorted(followers) if names else []
            followers |= found

    @api.model
    def _get_source(self, table_name, column_name):
        """Return the source of a line of the journal, None when its addon is gone."""
        for table in self._get_tables():
            if table.name == table_name:
                for source in table.sources:
                    if source.column == column_name:
                        return source
        return None

    @api.model
    @tools.ormcache(cache="stable")
    def _get_relations(self):
        """Return ``(names, numbers in the catalogue)`` of the tables whose size tells whether they have rows.

        A partitioned table has no files of its own.
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT c.relname, c.oid::int8 FROM pg_class c WHERE c.relname = ANY(%s)"
                " AND c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'",
                [table.name for table in self._get_tables()],
            )
        )
        return tuple(zip(*rows, strict=True)) if rows else ((), ())

    @api.model
    def _find_filled(self, settings=None):
        """Return what there is at all to look at.

        :param SQL settings: to be made for the rest of the transaction
        :return: ``(names of the tables with any rows by the size of their files, names of the properties that hold
            contacts)``
        """
        names, numbers = self._get_relations()
        rows = self.env.execute_query(
            SQL(
                "%s; SELECT n.nth, NULL FROM unnest(%s::oid[]) WITH ORDINALITY AS n (number, nth)"
                " WHERE pg_relation_size(n.number) = 0 UNION ALL SELECT NULL, d.* FROM (%s) AS d",
                settings or SQL(),
                pg_int_array(numbers),
                self._get_property_names(),
            )
        )
        filled = {table.name for table in self._get_tables()} - {names[nth - 1] for nth, _property in rows if nth}
        return filled, [name for _nth, name in rows if name]

    @api.model
    def _get_probe(self, partner_ids, filled, properties):
        """Return the query that tells which sources have rows of some contacts.

        Its result are lists of positions in the order of the sources of all tables. Empty tables are left out: most
        are, and planning the question is most of its cost.

        :param filled: names of the tables to ask
        :param properties: names of the properties that hold contacts
        """
        texts = [str(partner_id) for partner_id in partner_ids]
        values = {
            _IDS: pg_int_array(partner_ids),
            _TEXTS: texts,
            _REFERENCES: [f"{PARTNER},{text}" for text in texts],
            _PROPERTIES: pg_array(properties),
        }
        codes, arguments = [], []
        for name, in_properties, code, params in self._get_probe_parts():
            if name in filled and (properties or not in_properties):
                codes.append(code)
                arguments += [values.get(param, param) for param in params]
        return SQL(" UNION ALL ".join(codes), *arguments)  # pylint: disable=sql-injection

    @api.model
    @tools.ormcache(cache="stable")
    def _get_probe_parts(self):
        """Return the parts of the query of :meth:`_get_probe`, as there are hundreds of pieces to put together.

        :return: list of ``(table, whether it is about properties, text, parameters with stand-ins for the contacts)``
        """
        parts = []
        position = -1
        for table in self._get_tables():
            joint = []
            for source in table.sources:
                position += 1
                where = self._get_probe_condition(source)
                if source in table.joint:
                    joint.append((position, where))
                else:
                    parts.append((table, source.kind == "properties", [position], where))
            if joint:
                # Their rows move together: which of them it is, is of no interest.
                positions, conditions = zip(*joint, strict=True)
                where = SQL(" OR ").join(SQL("(%s)", condition) for condition in conditions)
                parts.append((table, False, positions, where))
        found = []
        for table, in_properties, positions, where in parts:
            part = SQL(
                "SELECT %s::int[] WHERE EXISTS (SELECT FROM %s t WHERE %s)",
                pg_int_array(positions),
                SQL.identifier(table.name),
                where,
            )
            found.append((table.name, in_properties, part.code, part.params))
        return found

    @api.model
    def _get_probe_condition(self, source):
        """Return the condition that the row ``t`` refers to one of some contacts in a column."""
        column = source.col("t")
        if source.kind == "reference":
            return SQL("%s = ANY(%s)", column, _REFERENCES)
        if source.kind == "default":
            return SQL("%s = ANY(%s)", column, _TEXTS)
        if source.kind == "company":
            return SQL("EXISTS (SELECT FROM jsonb_each_text(%s) e WHERE e.value = ANY(%s))", column, _TEXTS)
        if source.kind == "properties":
            return SQL(
                "EXISTS (SELECT FROM jsonb_each(%s) e, unnest(%s::int[]) AS p (id)"
                " WHERE e.key = ANY(%s::text[]) AND e.value @> to_jsonb(p.id))",
                column,
                _IDS,
                _PROPERTIES,
            )
        where = SQL("%s = ANY(%s::int[])", column, _IDS)
        if source.table == "res_partner":  # a contact is its own commercial entity
            where = SQL("%s AND t.id <> ALL(%s::int[])", where, _IDS)
        return SQL("%s AND %s", where, source.refers("t")) if source.kind == "pair" else where
