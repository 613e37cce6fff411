from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..tools.arrays import is_one_of


@tagged("post_install", "-at_install")
class TestArrays(TransactionCase):
    def test_one_value_is_compared_by_itself(self):
        for values in (["a"], ["a", 'b "x"'], ["\\", "a"]):
            found = self.env.execute_query(
                SQL(
                    "SELECT t.v FROM unnest(ARRAY['a', 'b \"x\"', '\\', 'c']) AS t(v) WHERE %s",
                    is_one_of(SQL("t.v"), values),
                )
            )
            self.assertEqual(sorted(row[0] for row in found), sorted(values))
        self.assertNotIn("ANY", is_one_of(SQL("t.v"), ["a"]).code)
