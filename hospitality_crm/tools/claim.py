"""How lanes share a backlog: own cursor, READ COMMITTED, SKIP LOCKED, retry.

Odoo cursors run in REPEATABLE READ, where `FOR UPDATE SKIP LOCKED` fails with a
serialization error as soon as another lane has committed. Every queue of the product
therefore claims its work here and nowhere else sets an isolation level.
"""

import logging
import random
import time
from contextlib import contextmanager

import psycopg2.errors
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api
from odoo.sql_db import Cursor
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

RETRY_ON = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)
MAX_TRIES = 5


@contextmanager
def lane_env(env):
    """Yield an environment on a cursor of its own in READ COMMITTED isolation.

    The cursor commits when the block ends and rolls back on an exception. In tests that
    run in registry test mode the cursor is a savepoint of the test's cursor; its isolation
    level can't be changed there and stays as it is.
    """
    with env.registry.cursor() as cr:
        if isinstance(cr, Cursor):  # not the TestCursor of registry test mode
            # The connection goes back to REPEATABLE READ with its next cursor.
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
        yield api.Environment(cr, env.uid, env.context)


def forbid_jit(env):
    """Keep PostgreSQL from compiling the statements of this transaction.

    Lists of thousands of ids look expensive to the planner; compiling such a statement takes several
    times as long as running it.
    """
    env.cr.execute("SET LOCAL jit = off")


def claim_query(table, where, *, limit, order="id", columns=None):
    """Return the query of :func:`claim`.

    :param SQL columns: what to read of the locked rows, instead of their ids
    """
    return SQL(
        "SELECT %(columns)s FROM %(table)s WHERE %(where)s ORDER BY %(order)s LIMIT %(limit)s"
        " FOR NO KEY UPDATE SKIP LOCKED",
        columns=columns or SQL("id"),
        table=SQL.identifier(table),
        where=where,
        order=SQL.identifier(order),
        limit=limit,
    )


def claim(env, table, where, *, limit, order="id"):
    """Lock up to ``limit`` rows that no other lane holds and return their ids.

    :param env: environment of a :func:`lane_env` block
    :param str table: table name
    :param SQL where: condition on the rows
    :param int limit: most rows to take
    :param str order: column that decides who comes first
    :return: list of row ids, locked until the transaction ends
    """
    rows = env.execute_query(claim_query(table, where, limit=limit, order=order))
    return [row[0] for row in rows]


def with_retry(step):
    """Run ``step()`` again when PostgreSQL asks for it, at most ``MAX_TRIES`` times.

    Core retries requests on serialization failures and deadlocks but not crons, so
    background steps wrap their transaction in this. ``step`` must open its own cursor.

    :return: whatever ``step`` returns
    :raise psycopg2.Error: the last failure
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return step()
        except RETRY_ON as error:
            if attempt == MAX_TRIES:
                raise
            wait = random.uniform(0.0, 0.05 * 2**attempt)
            _logger.info("Try %s of %s failed (%s), again in %.2f s", attempt, MAX_TRIES, type(error).__name__, wait)
            time.sleep(wait)
