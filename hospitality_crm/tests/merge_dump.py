"""What a database holds, row by row, to compare two courses of events in one transaction."""

import json

from odoo.tools import SQL

# Filled for a lane or by it, derived anew under other ids, or random by nature.
IGNORED_TABLES = {
    "hospitality_access_log",  # tells of both the merge and its end
    "hospitality_guest_dirty",
    "hospitality_golden_queue",
    "hospitality_consent_state",
    "ir_cron_trigger",
    "bus_bus",
    "ir_cron",
}
IGNORED_COLUMNS = {
    # Learned from the frequency of what leads have in common.
    "crm_lead": {"probability", "automated_probability"},
    "mail_message": {"message_id"},
    "mail_tracking_value": {"old_value_char", "new_value_char"},
    "sale_order": {"access_token"},
    "res_partner": {"write_uid"},
}
WINDOW = 10_000


class Dump:
    """Rows of the tables that the transaction has touched, as ``{table: {key: columns}}``."""

    def __init__(self, env):
        self.env = env
        self.tables = {
            name
            for (name,) in env.execute_query(
                SQL("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace")
            )
        } - IGNORED_TABLES
        self._before = {}
        self._start = self._count()

    def _count(self):
        """Writes per table in this transaction so far, those that were rolled back included."""
        return dict(
            self.env.execute_query(
                SQL("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
            )
        )

    def keep_start(self):
        """Remember all tables as they are now."""
        self._before = {table: self.rows(table) for table in self.tables}
        self._start = self._count()

    def take(self):
        now = self._count()
        touched = {table for table, count in now.items() if count != self._start.get(table, 0)} & self.tables
        return {table: self.rows(table) for table in touched}

    def rows(self, table):
        found = {}
        ignored = IGNORED_COLUMNS.get(table, ())
        for (text,) in self.env.execute_query(SQL("SELECT to_jsonb(t)::text FROM %s t", SQL.identifier(table))):
            row = {name: value for name, value in json.loads(text).items() if name not in ignored}
            if table == "mail_message" and not row["body"]:
                continue  # what was tracked while guests were one stays where it was tracked
            key = row["id"] if "id" in row else json.dumps(row, sort_keys=True)
            found[key] = row
        return found

    def differences(self, one, other, added=lambda table, row: False, ignored=lambda table, row: False):
        """Lines that tell how two states differ.

        :param added: tells of a row that only one state has whether it is meant to be there
        :param ignored: tells whether a row does not count at all
        """
        for table in sorted(one.keys() | other.keys()):
            left, right = (state.get(table, self._before.get(table, {})) for state in (one, other))
            for key in sorted(left.keys() | right.keys(), key=str):
                mine, theirs = left.get(key), right.get(key)
                if mine == theirs or ignored(table, mine or theirs):
                    continue
                if mine is None or theirs is None:
                    if added(table, mine or theirs):
                        continue
                    yield f"{table} {'-' if mine is None else '+'} {mine or theirs}"
                    continue
                changed = {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]}
                yield f"{table} {key} {changed}"


class Windows:
    """Give each step its own range of ids, so that a step leaves equal rows whatever went before.

    Sequences do not roll back, and one course of events makes rows that the other has not.
    """

    def __init__(self, env, start=100_000_000):
        self.env = env
        self.start = start

    def open(self, number):
        """Let all ids that are drawn from now on be those of a window."""
        self.env.cr.execute(
            SQL(
                """SELECT setval(c.oid::regclass, %s) FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
                    WHERE c.relnamespace = current_schema::regnamespace AND s.seqmax > %s""",
                self.start + number * WINDOW,
                self.start * 10,
            )
        )

    def number_of(self, row_id):
        """Number of the window that an id comes from; None for older ids."""
        return (row_id - self.start) // WINDOW if row_id > self.start else None
