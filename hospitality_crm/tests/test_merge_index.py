from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from odoo.addons.hospitality_crm.models.merge.hospitality_merge_index import PREFIX


@tagged("post_install", "-at_install")
class TestMergeIndex(TransactionCase):
    def _missing(self):
        return self.env["hospitality.merge"]._get_missing_indexes(least_bytes=0)

    def test_unindexed_references_are_found_and_indexed(self):
        missing = self._missing()
        name = f"{PREFIX}calendar_attendee_partner_id"
        self.assertIn(name, missing)
        for index, definition in missing.items():
            self.env.cr.execute(SQL("CREATE INDEX %s ON %s", SQL.identifier(index), definition))
        self.assertFalse(self._missing())
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute("EXPLAIN SELECT FROM calendar_attendee WHERE partner_id = ANY('{1,2}'::int[])")
        self.assertIn(name, "".join(row[0] for row in self.env.cr.fetchall()))

    def test_indexed_and_small_ones_are_left_alone(self):
        self.assertNotIn(f"{PREFIX}res_partner_parent_id", self._missing())
        self.assertNotIn(f"{PREFIX}mail_message_res_id", self._missing())
        large = self.env["hospitality.merge"]._get_missing_indexes(least_bytes=10**12)
        self.assertFalse(large)
