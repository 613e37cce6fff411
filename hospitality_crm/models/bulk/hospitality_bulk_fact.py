import json
from itertools import chain

import psycopg2.errors

from odoo import api, models, tools
from odoo.tools import SQL

from ...tools.arrays import is_one_of, pg_array, pg_int_array
from .batch import TABLES, Stored

# Expressions of `Stored` per entity, from state on.
STORED = {
    "guest": ("state", "id", "partner_id", "has_wishes::int", "property_id", "NULL::date"),
    "booking": ("status", "profile_id", "partner_id", "NULL::int", "property_id", "NULL::date"),
    "reservation": ("status", "profile_id", "partner_id", "currency_id", "property_id", "business_date"),
    "stay": ("status", "profile_id", "partner_id", "currency_id", "property_id", "arrival"),
    "check": (
        # Whether evidence is kept of it: the status itself is asked for nowhere.
        "CASE WHEN EXISTS (SELECT FROM hospitality_check_evidence e WHERE e.check_id = hospitality_check.id)"
        " THEN 'kept' END",
        "profile_id",
        "partner_id",
        "currency_id",
        "property_id",
        "business_date",
    ),
    "charge": ("state", "stay_id", "check_id", "currency_id", "property_id", "business_date"),
    "payment": ("state", "stay_id", "check_id", "currency_id", "property_id", "NULL::date"),
    "review": ("status", "profile_id", "partner_id", "NULL::int", "property_id", "NULL::date"),
    "consent": ("state", "profile_id", "NULL::int", "NULL::int", "NULL::int", "NULL::date"),
}


class HospitalityBulkFact(models.AbstractModel):
    """Insert and update rows of source systems set-wise, with what every such table has in common."""

    _name = "hospitality.bulk.fact"
    _description = "Bulk writes of facts"

    @api.model
    def _read_stored(self, batch, keys):
        """Add stored rows to ``batch.stored``; notice whether visits of the source wait for any record.

        :param dict keys: per entity the external ids
        """
        parts = [
            SQL(
                "SELECT %s, external_id, id, version, payload_hash, %s FROM %s WHERE source_id = %s AND %s",
                entity,
                SQL(", ").join(map(SQL, STORED[entity])),
                SQL.identifier(TABLES[entity]),
                batch.source_id,
                is_one_of(SQL("external_id"), sorted(wanted)),
            )
            for entity, wanted in keys.items()
            if wanted
        ]
        if not parts:
            return
        parts.append(
            SQL(
                "SELECT 'awaited', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE EXISTS"
                " (SELECT FROM hospitality_pending_ref WHERE source_id = %s)",
                batch.source_id,
            )
        )
        for entity, key, *row in self.env.execute_query(SQL(" UNION ALL ").join(parts)):
            if key is None:
                batch.awaited = True
            else:
                batch.stored[entity][key] = Stored(*row)

    @api.model
    def _partition(self, batch, entity, items):
        """Split items into new ones, changed ones and those that say nothing new.

        A stored row is changed by an event of its version or a newer one with another hash. Where
        only the version is newer and the source gave it, the version is remembered.

        :return: ``(new, changed, touched)`` lists; ``touched`` need their version only
        """
        new, changed, touched = [], [], []
        stored_rows = batch.stored[entity]
        for item in items:
            stored = stored_rows.get(item.key)
            if stored is None:
                new.append(item)
                continue
            item.id = stored.id
            version = stored.version
            if version is not None and item.version < version:
                continue
            event = item.event
            if stored.payload_hash == event["payload_hash"] and not item.message.force:
                if event["version"] is not None and (version is None or item.version > version):
                    touched.append(item)
                continue
            if version is not None and event["version"] == version and stored.payload_hash and not item.message.force:
                item.message.warnings.append("same_version")
            changed.append(item)
        return new, changed, touched

    @api.model
    def _insert(self, model_name, rows, returning="id", conflict="(source_id, external_id)", defaults=None):
        """Insert rows that have the same columns or fewer; a missing one is its default.

        :param str model_name: model of the table
        :param list rows: dicts of column values
        :param str conflict: unique columns on which a row that another transaction has inserted
            meanwhile is left alone; None where no other transaction can have one
        :param dict defaults: values of missing columns, instead of the model's defaults
        :return: rows of the ``returning`` columns, fewer than given after a conflict
        """
        if not rows:
            return []
        model = self.env[model_name]
        if defaults is None:
            defaults = self._get_defaults(model_name)
        columns = dict.fromkeys(chain.from_iterable(rows))
        names, sources, arrays, aliases = [], [], [], []
        for name, value in defaults.items():
            if name not in columns:
                names.append(SQL.identifier(name))
                sources.append(SQL("%s::%s", value, SQL(_get_cast(model, name))))
        for name in columns:
            default = defaults.get(name)
            self._add_column(model, name, [row.get(name, default) for row in rows], names, sources, arrays, aliases)
        return self.env.execute_query(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s %s RETURNING %s",
                SQL.identifier(model._table),
                SQL(", ").join(names),
                SQL(", ").join(sources),
                self._get_rows_sql(arrays, aliases, len(rows)),
                SQL("ON CONFLICT %s DO NOTHING", SQL(conflict)) if conflict else SQL(),
                SQL(returning),
            )
        )

    @api.model
    def _add_column(self, model, name, values, names, sources, arrays, aliases):
        """Add a column of a statement: one constant where all rows agree, else an array."""
        first = values[0]
        cast = _get_cast(model, name)
        if values.count(first) == len(values):
            if first is not None:
                names.append(SQL.identifier(name))
                sources.append(SQL("%s::%s", first, SQL(cast)))
            return
        names.append(SQL.identifier(name))
        sources.append(_get_source(name, cast))
        arrays.append(_get_set(values, cast))
        aliases.append(SQL.identifier(name))

    @api.model
    def _get_rows_sql(self, arrays, aliases, count):
        if not arrays:
            return SQL("generate_series(1, %s) v", count)
        return SQL("ROWS FROM (%s) AS v(%s)", SQL(", ").join(arrays), SQL(", ").join(aliases))

    @api.model
    def _update(self, model_name, ids, rows, guard=None, expressions=None):
        """Update rows by id; every row gives every column it changes.

        :param list ids: row ids
        :param list rows: dicts with the same keys
        :param SQL guard: condition on ``t`` (stored) and ``v`` (new) that is checked again after
            waiting for another transaction
        :param dict expressions: SQL to use instead of the new value of a column, which need not be in the rows
        :return: ids of the updated rows
        """
        if not ids:
            return []
        model = self.env[model_name]
        expressions = expressions or {}
        assignments = []
        arrays, aliases = [SQL("unnest(%s::int[])", pg_int_array(ids))], [SQL.identifier("id")]
        for name in dict.fromkeys(chain.from_iterable(rows)):
            cast = _get_cast(model, name)
            values = [row.get(name) for row in rows]
            if guard or name in expressions or values.count(values[0]) < len(values):
                arrays.append(_get_set(values, cast))
                aliases.append(SQL.identifier(name))
                value = expressions.get(name) or _get_source(name, cast)
            else:
                value = SQL("%s::%s", values[0], SQL(cast))
            assignments.append(SQL("%s = %s", SQL.identifier(name), value))
        assignments += [
            SQL("%s = %s", SQL.identifier(name), value) for name, value in expressions.items() if name not in rows[0]
        ]
        result = self.env.execute_query(
            SQL(
                "UPDATE %s t SET %s FROM %s WHERE t.id = v.id AND %s RETURNING t.id",
                SQL.identifier(model._table),
                SQL(", ").join(assignments),
                self._get_rows_sql(arrays, aliases, len(ids)),
                guard or SQL("TRUE"),
            )
        )
        return [row[0] for row in result]

    @api.model
    def _upsert(self, batch, entity, model_name, parts, columns, guard=None, expressions=None):
        """Write the rows of items that bring something new.

        Rows are inserted in the order of their keys, so that two lanes with the same keys wait for
        each other instead of dead-locking. A row that another lane has inserted meanwhile is
        read again and updated under the version guard.

        :param parts: the lists that :meth:`_partition` returns
        :param columns: every column that an update sets; one without a value gets its default
        :param SQL guard: further condition of updates on ``t`` and ``v``
        :param dict expressions: see :meth:`_update`
        :return: ``(inserted, updated)`` lists of items; their ``id`` is set
        """
        new, changed, touched = parts
        inserted = []
        if new:
            new.sort(key=lambda item: item.key)
            ids = dict(self._insert(model_name, [item.row for item in new], "external_id, id"))
            late = []
            for item in new:
                item.id = ids.get(item.key)
                (inserted if item.id else late).append(item)
            if late:
                self._read_stored(batch, {entity: [item.key for item in late]})
                self._check_late(batch, entity, late)
                _none, again, touched_again = self._partition(batch, entity, late)
                changed, touched = changed + again, touched + touched_again
        updated = self._update_changed(model_name, changed, columns, guard, expressions)
        self._touch(model_name, touched)
        batch.count(model_name, [item.id for item in inserted], [item.id for item in updated])
        landed, stored = batch.landed[entity], batch.stored[entity]
        for item in (*inserted, *updated):
            if entity == "guest":
                old = stored.get(item.key)
                landed[item.key] = (item.id, item.id, old.partner_id if old else item.row["partner_id"])
            else:
                landed[item.key] = (item.id, item.row.get("profile_id"), item.row.get("partner_id"))
        return inserted, updated

    @api.model
    def _touch(self, model_name, items):
        """Remember the newer version of rows whose content has not changed.

        :raise psycopg2.errors.SerializationFailure: another lane has meanwhile written other, older
            content, over which the content of these items must be written
        """
        if not items:
            return
        ids = [item.id for item in items]
        hashes = [item.event["payload_hash"] for item in items]
        self._update(
            model_name,
            ids,
            [{"version": item.version, "payload_hash": hash_} for item, hash_ in zip(items, hashes, strict=True)],
            guard=SQL("(t.version IS NULL OR t.version < v.version) AND t.payload_hash = v.payload_hash"),
        )
        overtaken = self.env.execute_query(
            SQL(
                "SELECT t.id FROM %s t JOIN unnest(%s::int[], %s::float8[]) AS v (id, version) ON t.id = v.id"
                " WHERE t.version IS NULL OR t.version < v.version",
                SQL.identifier(self.env[model_name]._table),
                pg_int_array(ids),
                pg_array([item.version for item in items], "float8"),
            )
        )
        if overtaken:
            raise psycopg2.errors.SerializationFailure(
                f"Another lane has just written older content of {len(overtaken)} records."
            )

    @api.model
    def _update_changed(self, model_name, items, columns, guard, expressions):
        if not items:
            return []
        items.sort(key=lambda item: item.id)
        if len(items) > 1:
            # An update takes its rows in any order; two lanes with the same ones would dead-lock.
            self.env.cr.execute(
                SQL(
                    "SELECT id FROM %s WHERE id = ANY(%s::int[]) ORDER BY id FOR NO KEY UPDATE",
                    SQL.identifier(self.env[model_name]._table),
                    pg_int_array([item.id for item in items]),
                )
            )
        defaults = self._get_defaults(model_name)
        names = [name for name in columns if name not in ("source_id", "external_id")]
        condition = SQL("(t.version IS NULL OR t.version <= v.version)")
        done = set(
            self._update(
                model_name,
                [item.id for item in items],
                [{name: item.row.get(name, defaults.get(name)) for name in names} for item in items],
                guard=SQL("%s AND %s", condition, guard) if guard else condition,
                expressions=expressions,
            )
        )
        return [item for item in items if item.id in done]

    @api.model
    def _check_late(self, batch, entity, late):
        """Start the batch again when another lane has created the guest of a profile meanwhile."""
        fresh = [item.key for item in late if item.row.get("partner_id") in batch.fresh]
        if entity == "guest" and fresh:
            raise psycopg2.errors.SerializationFailure(
                f"Another lane has just created the guests of {len(fresh)} source profiles."
            )

    @api.model
    @tools.ormcache("model_name")
    def _get_defaults(self, model_name):
        """Return the defaults of columns that only other addons know of, as column values."""
        model = self.env[model_name]
        names = [
            name
            for name, field in model._fields.items()
            if field.store and field.column_type and field.default and name not in ("id", "source_id", "external_id")
        ]
        values = model.default_get(names)
        result = {}
        for name in names:
            value = model._fields[name].convert_to_column_insert(values.get(name), model)
            if value is not None and value is not False:
                result[name] = getattr(value, "adapted", value)
            elif value is False and model._fields[name].type == "boolean":
                result[name] = False
        return {name: json.dumps(v) if isinstance(v, (dict, list)) else v for name, v in result.items()}

    @api.model
    @tools.ormcache("model_name", "filled", cache="stable")
    def _get_foreign_computes(self, model_name, filled):
        """Return the stored computed fields of a model that the bulk writer does not fill itself."""
        model = self.env[model_name]
        return [
            name
            for name, field in model._fields.items()
            if field.store and field.compute and field.column_type and name not in filled
        ]

    @api.model
    def _recompute_foreign(self, model_name, ids, filled):
        """Compute the stored fields that other addons have added, for rows written by SQL."""
        names = self._get_foreign_computes(model_name, filled)
        if names and ids:
            records = self.env[model_name].browse(ids)
            records.invalidate_recordset(flush=False)
            for name in names:
                self.env.add_to_compute(records._fields[name], records)
            records.flush_recordset(names)


def _get_set(values, cast):
    """Return the set-returning function of a column's values.

    JSON goes over as one document: no quote within needs quoting, and it is read once.
    """
    if cast == "jsonb":
        return SQL("jsonb_array_elements(%s::jsonb)", "[" + ",".join([value or "null" for value in values]) + "]")
    return SQL("unnest(%s::%s[])", pg_array(values, cast), SQL(cast))


def _get_source(name, cast):
    source = SQL.identifier("v", name)
    return SQL("NULLIF(%s, 'null')", source) if cast == "jsonb" else source


def _get_cast(model, name):
    return model._fields[name].column_type[1] if name != "id" else "int4"
