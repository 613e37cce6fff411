from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import TransactionCase
from odoo.tools import SQL


class LanesCommon(TransactionCase):
    """Lanes on connections of their own, as several processes have them; what they write is committed.

    A class says in ``queue`` which queue its lanes work off. It is empty before and after each test;
    whatever else a test has committed, :meth:`_delete_all` deletes.
    """

    queue = None

    def setUp(self):
        super().setUp()
        # The test runner holds the registry's lock; lanes in threads need it for their environments.
        self.patch(Registry, "_lock", DummyRLock())
        self.addCleanup(self._clean_up)
        with self._session() as env:
            self._create_all(env)
            self._empty_queue(env)

    @contextmanager
    def _session(self):
        """Yield an environment on a connection of its own, committed at the end."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _clean_up(self):
        with self._session() as env:
            self._delete_all(env)
            self._empty_queue(env)

    def _create_all(self, env):
        """Create what every test of the class needs."""

    def _delete_all(self, env):
        """Delete what the test has committed."""

    def _empty_queue(self, env):
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(env[self.queue]._table)))

    def _count_queue(self):
        with self._session() as env:
            return env[self.queue].search_count([])
