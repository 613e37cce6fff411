"""Read many records as plain dicts in one statement, with the user's rules and field rights.

Screens that show some hundred records with a dozen labels each need no recordsets: this saves
a query per many2one and the cost of the cache. Names of configuration records (properties,
rooms, channels) come from their cached labels, because a statement with a dozen joins takes
longer to plan than to run.
"""

from dataclasses import dataclass

from odoo.tools import SQL

# Stands for the ids of the guests in a statement that is built once and run for any of them.
GUESTS = (-1,)


class Columns:
    """The columns of a statement and how its values become what is shown.

    :param model: model that ``query`` selects from
    :param query: the query; joins are added where a path needs one
    :param dict columns: name of the value -> path (``status``, ``room_id.code``); all parts but
        the last are many2one. A column whose first field the user has no right to is left out.
    """

    def __init__(self, model, query, columns):
        self.expressions = {}
        self._labels = []
        for name, path in columns.items():
            head, *rest = path.split(".")
            field = model._fields[head]
            if not model._has_field_access(field, "read"):
                continue
            if len(rest) == 1 and _has_label(model.env, field, rest[0]):
                self._labels.append((name, field.comodel_name, rest[0]))
                self.expressions[name] = model._field_to_sql(query.table, head, query)
            else:
                self.expressions[name] = _path_to_sql(model, query, head, rest)

    def to_json(self):
        """Return the columns as one JSON array in SQL, for :meth:`to_dict`."""
        return SQL("jsonb_build_array(%s)", SQL(", ").join(self.expressions.values()))

    def to_dict(self, values):
        return dict(zip(self.expressions, values, strict=True))

    def put_labels(self, env, rows):
        """Replace ids of configuration records in dicts of values by their labels, in place."""
        for name, comodel, label in self._labels:
            known = env[comodel]._get_labels(row[name] for row in rows)
            for row in rows:
                row[name] = known.get(row[name], {}).get(label)
        return rows


def _has_label(env, field, label):
    comodel = env[field.comodel_name] if field.comodel_name else None
    return hasattr(comodel, "_get_label_fields") and label in comodel._get_label_fields()


def _path_to_sql(model, query, head, rest):
    alias = query.table
    for name in rest:
        model, alias = model._fields[head].join(model, alias, query)
        model = model.sudo()  # the record itself is readable; only its label comes from there
        head = name
    return model._field_to_sql(alias, head, query)


def select_rows(model, domain, columns, order=None, limit=None):
    """Return the records of ``domain`` that the user may read, as dicts.

    :param model: model to read
    :param dict columns: as in :class:`Columns`
    :param str order: as in ``search``
    :param int limit: most rows
    :return: list of dicts with ``id`` and the columns, dates and datetimes as Python objects
    :raise AccessError: when the user may not read the model at all
    """
    query = model._search(domain, order=order, limit=limit)
    if query.is_empty():
        return []
    shown = Columns(model, query, columns)
    names = ["id", *shown.expressions]
    rows = model.env.execute_query(query.select(SQL.identifier(query.table, "id"), *shown.expressions.values()))
    return shown.put_labels(model.env, [dict(zip(names, row, strict=True)) for row in rows])


@dataclass(frozen=True)
class Statement:
    """A statement over ``GUESTS``, kept between requests: building it takes longer than running it.

    :param sql: selects rows whose last columns are the kind and the JSON array of a row
    :param columns: :class:`Columns` by kind
    """

    sql: SQL
    columns: dict

    def fetch(self, env, partner_ids):
        """Run the statement for some guests.

        :return: list of rows as the statement has them, with a dict of values as the last column
        """
        ids = tuple(partner_ids)
        if env.transaction.field_dirty or env.transaction.tocompute:
            env.flush_query(self.sql)
        env.cr.execute(self.sql.code, [ids if param == GUESTS else param for param in self.sql.params])
        by_kind = {}
        found = []
        for *head, kind, values in env.cr.fetchall():
            row = self.columns[kind].to_dict(values)
            by_kind.setdefault(kind, []).append(row)
            found.append((*head, kind, row))
        for kind, rows in by_kind.items():
            self.columns[kind].put_labels(env, rows)
        return found
