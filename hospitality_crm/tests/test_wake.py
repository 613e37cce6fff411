import contextlib
import select
from unittest.mock import patch

from odoo import sql_db
from odoo.tests import TransactionCase, tagged

from ..tools.wake import notify_crons


@tagged("post_install", "-at_install")
class TestWake(TransactionCase):
    """Whoever leaves work to the lanes tells the processes that run them."""

    def _listen(self):
        listener = sql_db.db_connect("postgres").cursor()
        self.addCleanup(listener.close)
        listener.execute("LISTEN cron_trigger")
        listener.commit()
        return listener.connection

    def _heard(self, connection):
        select.select([connection], [], [], 10)
        connection.poll()
        heard = [notice.payload for notice in connection.notifies]
        connection.notifies.clear()
        return heard.count(self.env.cr.dbname)

    def test_every_notice_is_heard(self):
        connection = self._listen()
        for _nth in range(2):
            notify_crons(self.env.cr.dbname)
            self.assertEqual(self._heard(connection), 1)

    def test_the_connection_is_kept(self):
        """A connection for each notice would cost as much as half of a message."""
        connection = self._listen()
        notify_crons(self.env.cr.dbname)
        self._heard(connection)
        with patch.object(sql_db.psycopg2, "connect", side_effect=AssertionError("a new connection")):
            notify_crons(self.env.cr.dbname)
        self.assertEqual(self._heard(connection), 1)

    def test_the_core_can_use_it_again(self):
        """What a notice has set on its connection doesn't stay for the next who gets it."""
        notify_crons(self.env.cr.dbname)
        with contextlib.closing(sql_db.db_connect("postgres").cursor()) as cr:
            cr.execute("SELECT setting = reset_val FROM pg_settings WHERE name = 'synchronous_commit'")
            self.assertEqual(cr.fetchone(), (True,))
            self.assertFalse(cr.connection.autocommit)
