from odoo.exceptions import UserError
from odoo.tests import tagged

from .match_common import MatchCommon

REFUSAL = "not the same person.*Decisions"


@tagged("post_install", "-at_install")
class TestMergeVeto(MatchCommon):
    """Guests of whom somebody has said that they differ stay two, whichever way somebody tries to merge them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_role_user("manager")

    def setUp(self):
        super().setUp()
        phone = ["+380671112299"]
        self.wife = self._guest("A", name="Oksana Vdovychenko", phones=phone)
        self.husband = self._guest("B", name="Petro Vdovychenko", phones=phone)
        self.pair = self._pairs("A", "B").with_user(self.manager)
        self.pair.action_reject("Spouses")

    def assertApart(self):
        self.env.invalidate_all()
        self.assertTrue(self.wife.active and self.husband.active)
        self.assertFalse(self.wife.merged_into_id or self.husband.merged_into_id)

    def test_a_manual_merge_is_refused(self):
        compare = self.env["hospitality.guest.compare"].with_user(self.manager)
        ids = [self.wife.id, self.husband.id]
        refusal = compare.get_merge(ids)["refusal"]
        self.assertRegex(refusal, REFUSAL)
        self.assertIn("Oksana Vdovychenko", refusal)
        self.assertIn("Petro Vdovychenko", refusal)
        with self.assertRaisesRegex(UserError, REFUSAL):
            compare.merge(ids, self.wife.id)
        self.assertApart()

    def test_the_wizard_is_refused(self):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({"dst_partner_id": self.wife.id})
        with self.assertRaisesRegex(UserError, REFUSAL):
            wizard._merge([self.wife.id, self.husband.id], self.wife)
        self.assertApart()

    def test_deciding_otherwise_on_another_pair_is_refused(self):
        """The veto holds for every pair of profiles of the two guests."""
        self._guest("A2", name="Oksana Vdovychenko", birthdate="1984-03-07", phones=["+380671112299"])
        self.assertEqual(self._profile("A2").partner_id, self.wife)
        twin = self._get_or_create_pair("B", "A2")
        twin.state = "open"
        with self.assertRaisesRegex(UserError, REFUSAL):
            twin.with_user(self.manager).action_merge()
        self.assertApart()

    def test_by_itself_nothing_is_merged(self):
        groups = [(self.wife.id, [self.husband.id], {}), (self.anna.id, [self.ben.id], {})]
        merges, refusals = self.env["hospitality.merge"]._merge_or_refuse(groups, automatic=True)
        self.assertEqual(merges.winner_id, self.anna)
        self.assertEqual(list(refusals), [0])
        self.assertRegex(refusals[0], REFUSAL)
        self.assertApart()

    def test_it_holds_between_any_two_of_a_group(self):
        with self.assertRaisesRegex(UserError, REFUSAL):
            self.anna._merge_guests(self.husband | self.wife)
        self.assertApart()

    def test_a_reopened_decision_allows_it(self):
        self.pair.action_reopen()
        self.wife.with_user(self.manager)._merge_guests(self.husband)
        self.env.invalidate_all()
        self.assertEqual(self.husband.merged_into_id, self.wife)

    def test_others_may_be_merged_into_either(self):
        """A veto of one pair says nothing of a third guest, and holds for whoever he became."""
        self.wife._merge_guests(self.anna)
        self.assertEqual(self.anna.merged_into_id, self.wife)
        self.husband._merge_guests(self.ben)
        with self.assertRaisesRegex(UserError, REFUSAL):
            self.wife._merge_guests(self.husband)
