"""Indexes on big tables that are older than us, built while people work."""

import logging
import threading

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from odoo.sql_db import connection_info_for
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


def build_later(dbname, indexes):
    """Start building the indexes that are missing or invalid, and return at once.

    ``CREATE INDEX CONCURRENTLY`` waits for every older snapshot of the database, also for that
    of the cron runner that called us, so it can't run inside a job: a thread with a connection of
    its own does it. When the process dies meanwhile, PostgreSQL leaves an invalid index, which
    the next call drops and builds again.

    :param str dbname: database
    :param dict indexes: index name -> ``SQL`` of table, method and columns
    :return: the thread
    """
    thread = threading.Thread(target=build, args=(dbname, indexes), name="hospitality.online_index", daemon=True)
    thread.start()
    return thread


def build(dbname, indexes):
    """Build the missing indexes one after the other; return the names of those it built."""
    _name, info = connection_info_for(dbname)
    built = []
    connection = psycopg2.connect(**info)
    try:
        connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        with connection.cursor() as cursor:
            # Two processes at once would wait for each other: the second one leaves it to the first.
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('hospitality.online_index'))")
            if not cursor.fetchone()[0]:
                return built
            for name, definition in indexes.items():
                if _build_one(cursor, name, definition):
                    built.append(name)
    except psycopg2.Error:
        _logger.warning("An index could not be built now; it is tried again later.", exc_info=True)
    finally:
        connection.close()
    return built


def _build_one(cursor, name, definition):
    state = get_state(cursor, name)
    if state == "valid":
        return False
    if state == "invalid":
        _run(cursor, SQL("DROP INDEX CONCURRENTLY IF EXISTS %s", SQL.identifier(name)))
    _logger.info("Building index %s", name)
    _run(cursor, SQL("CREATE INDEX CONCURRENTLY %s ON %s", SQL.identifier(name), definition))
    return True


def _run(cursor, query):
    cursor.execute(query.code, query.params)


def get_state(cursor, name):
    """Return ``missing``, ``invalid`` or ``valid`` for an index of the current schema."""
    cursor.execute(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace",
        (name,),
    )
    row = cursor.fetchone()
    if row is None:
        return "missing"
    return "valid" if row[0] else "invalid"
