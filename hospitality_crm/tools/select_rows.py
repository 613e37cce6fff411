"""Read many records as plain dicts in one statement, with the user's rules and field rights.

Screens that show some hundred records with a dozen labels each need no recordsets: this saves
a query per many2one and the cost of the cache.
"""

from odoo.tools import SQL


def path_to_sql(model, query, path):
    """Return the SQL of ``path`` (``status``, ``room_id.code``), joining what it needs.

    Labels along a many2one are shown with the record that the user may read, as its
    ``display_name`` would be.

    :param model: model that ``query`` selects from
    :param str path: field names joined by dots; all but the last are many2one
    :return: SQL, or None when the user has no right to the first field of the path
    """
    head, *rest = path.split(".")
    if not model._has_field_access(model._fields[head], "read"):
        return None
    alias = query.table
    for name in rest:
        model, alias = model._fields[head].join(model, alias, query)
        model = model.sudo()  # the record itself is readable; only its label comes from there
        head = name
    return model._field_to_sql(alias, head, query)


def select_rows(model, domain, columns, order=None, limit=None):
    """Return the records of ``domain`` that the user may read, as dicts.

    :param model: model to read
    :param dict columns: name of the value -> path; a column without right to it is left out
    :param str order: as in ``search``
    :param int limit: most rows
    :return: list of dicts with ``id`` and the columns, dates and datetimes as Python objects
    :raise AccessError: when the user may not read the model at all
    """
    query = model._search(domain, order=order, limit=limit)
    if query.is_empty():
        return []
    expressions = {"id": SQL.identifier(query.table, "id")}
    for name, path in columns.items():
        expression = path_to_sql(model, query, path)
        if expression is not None:
            expressions[name] = expression
    rows = model.env.execute_query(query.select(*expressions.values()))
    return [dict(zip(expressions, row, strict=True)) for row in rows]
