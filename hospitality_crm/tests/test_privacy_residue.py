from odoo.tests import tagged
from odoo.tools import SQL

from . import privacy_world as world
from .privacy_common import PrivacyCommon
from .residue import scan

#: Where a token may stand after an erasure, and why.
ALLOWED = {
    # Until the recipient has been told which record to delete.
    "hospitality_erasure_notice.external_id",
}


@tagged("post_install", "-at_install")
class TestResidue(PrivacyCommon):
    """A guest with rows in every table, of whom nothing is left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest, cls.planted = world.plant(cls.env, cls.source, cls.palace)
        cls.env.flush_all()

    def _scan(self):
        names = [row[0] for row in self.env.execute_query(SQL("SELECT store_fname FROM ir_attachment"))]
        files = [self.env["ir.attachment"]._full_path(name) for name in names if name]
        return scan(self.env.cr, world.TOKENS, files)

    def _balance(self):
        if "account.move.line" not in self.env:
            return None
        return self.env.execute_query(
            SQL("SELECT account_id, sum(debit), sum(credit), count(*) FROM account_move_line GROUP BY 1 ORDER BY 1")
        )

    def test_nothing_is_left(self):
        found, files, _tables, _rows = self._scan()
        before = {place.partition(".")[0] for place in found}
        self.assertGreater(len(before), 40, "the guest is in too few tables to prove anything")
        self.assertTrue(files)
        balance = self._balance()
        stays = self._count("SELECT count(*) FROM hospitality_stay")
        evidence = self.Eraser._erase_all([(self.guest, None)], check=False)[0]
        left, dirty, _tables, _rows = self._scan()
        left = {place: rows for place, rows in left.items() if place not in ALLOWED}
        self.assertFalse(left)
        self.assertFalse(dirty)
        self.assertEqual(self._balance(), balance)
        self.assertEqual(self._count("SELECT count(*) FROM hospitality_stay"), stays)
        self.assertGreater(len(evidence["counts"]), 30)

    def test_nobody_else_loses_anything(self):
        """Rows of other guests are the same before and after, byte for byte."""
        tables = ("res_partner", "hospitality_profile", "hospitality_stay", "hospitality_contact_point")
        query = SQL(" UNION ALL ").join(
            SQL(
                "SELECT %s, md5(string_agg(md5(t::text), '' ORDER BY t.id)) FROM %s t WHERE NOT id = ANY(%s)",
                table,
                SQL.identifier(table),
                self._get_own(table),
            )
            for table in tables
        )
        before = self.env.execute_query(query)
        self.Eraser._erase_all([(self.guest, None)], check=False)
        self.assertEqual(self.env.execute_query(query), before)

    def _get_own(self, table):
        subject = self.env["hospitality.privacy"]._find_subject(self.guest)
        return sorted({*subject.rows.get(table, ()), *subject.mentions.get(table, ()), *self.planted.get(table, ())})

    def test_every_model_has_decided(self):
        """A reference to a contact, or a text of ours, that no handler covers: add one to ``_privacy_handlers``."""
        self.assertFalse(self.env["hospitality.privacy"]._find_undecided())

    def test_the_guard_sees_what_is_missing(self):
        Privacy = type(self.env["hospitality.privacy"])
        handlers = self.env["hospitality.privacy"]._privacy_handlers()
        less = {name: handler for name, handler in handlers.items() if name not in ("hospitality.stay", "mail.message")}
        self.patch(Privacy, "_privacy_handlers", lambda _self: less)
        undecided = self.env["hospitality.privacy"]._find_undecided()
        self.assertIn("hospitality.stay.requests", undecided)
        self.assertIn("hospitality.stay.partner_id", undecided)
        self.assertIn("mail.message.author_id", undecided)
