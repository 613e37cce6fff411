"""Looking for what is left of a person: every text column of every table, and every file."""

import os
import re

from psycopg2 import sql

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
   AND a.attnum > 0 AND NOT a.attisdropped
   AND format_type(a.atttypid, NULL) IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea')
 ORDER BY 1, 2
"""


def scan(cr, tokens, files=()):
    """Return where any of some texts stands, whatever its case.

    :param cr: cursor
    :param tokens: names, addresses, numbers
    :param files: paths of files to look through, raw
    :return: ``({"table.column": rows}, [path], number of tables, number of rows)``
    """
    pattern = "|".join(re.escape(token) for token in tokens)
    cr.execute(COLUMNS)
    tables = {}
    for table, column, kind in cr.fetchall():
        tables.setdefault(table, []).append((column, kind))
    found, total = {}, 0
    for table, columns in tables.items():
        counts = [
            sql.SQL("count(*) FILTER (WHERE {} ~* {})").format(
                sql.SQL("encode({}, 'escape')" if kind == "bytea" else "{}::text").format(sql.Identifier(column)),
                sql.Literal(pattern),
            )
            for column, kind in columns
        ]
        query = sql.SQL("SELECT count(*), {} FROM {}").format(sql.SQL(", ").join(counts), sql.Identifier(table))
        cr.execute(query.as_string(getattr(cr, "_obj", cr)))
        [rows, *hits] = cr.fetchone()
        total += rows
        found |= {f"{table}.{column}": hit for (column, _kind), hit in zip(columns, hits, strict=True) if hit}
    raw = re.compile(pattern.encode(), re.IGNORECASE)
    dirty = [path for path in files if os.path.isfile(path) and raw.search(_read(path))]
    return found, dirty, len(tables), total


def _read(path):
    with open(path, "rb") as stream:
        return stream.read()
