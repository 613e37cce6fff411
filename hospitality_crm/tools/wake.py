"""Telling the processes that run scheduled actions that there is work."""

from odoo import sql_db
from odoo.tools import SQL

from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION


def notify_crons(dbname):
    """Wake the cron processes of a database: what ``ir.cron._notifydb`` does, for those who do it often.

    The core opens a connection for it each time and waits for the disk. Here the connection stays in the pool as
    those to other databases do; nobody needs a notice to outlive a crash of the server that would hand it over.
    """
    sql_db.db_connect("postgres")  # makes the pool where there is none
    _name, info = sql_db.connection_info_for("postgres")
    connection = sql_db._Pool.borrow(info)
    try:
        connection.autocommit = True
        query = SQL(
            "SET synchronous_commit = off; SELECT %s('cron_trigger', %s)",
            SQL.identifier(ODOO_NOTIFY_FUNCTION),
            dbname,
        )
        with connection.cursor() as cursor:
            cursor.execute(query.code, query.params)
    finally:
        sql_db._Pool.give_back(connection)
