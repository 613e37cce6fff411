from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .review_common import CLEAR, ReviewCommon


@tagged("post_install", "-at_install")
class TestMergeScreens(ReviewCommon):
    def setUp(self):
        super().setUp()
        self.one, self.other = self._create_twins("Nina Petrova", 1)
        self.stay = self._create_stay(self.other, self.palace)
        self.note = self.env["res.partner"].create({"name": "Child", "parent_id": self.other.id})
        self.Compare = self.env["hospitality.guest.compare"].with_user(self.manager)

    def _merge(self, **options):
        ids = (self.one | self.other).ids
        merge_id = self.Compare.merge(ids, self.one.id, **options)
        return self.env["hospitality.merge"].browse(merge_id).with_user(self.manager)

    def test_selected_guests_side_by_side(self):
        action = (self.one | self.other).action_merge_guests()
        self.assertEqual(action["tag"], "hospitality_merge_guests")
        shown = self.Compare.get_merge(action["context"]["partner_ids"])
        self.assertEqual({guest["id"] for guest in shown["guests"]}, set((self.one | self.other).ids))
        self.assertFalse(shown["refusal"])
        self.assertEqual(shown["winner_id"], self.other.id if shown["guests"][1]["visits"]["stays"] else self.one.id)

    def test_whom_the_user_chooses_stays(self):
        merge = self._merge()
        self.assertEqual(merge.winner_id, self.one)
        self.assertFalse(self.other.active)
        self.assertEqual(self.stay.partner_id, self.one)
        self.assertEqual(merge.loser_names, "Nina Petrova")

    def test_why_guests_cannot_be_merged(self):
        self.one.guest_birthdate, self.other.guest_birthdate = "1980-01-01", "1990-06-06"
        self.assertTrue(self.Compare.get_merge((self.one | self.other).ids)["refusal"])
        with self.assertRaises(UserError):
            self._merge()

    def test_one_guest_is_not_enough(self):
        with self.assertRaises(UserError):
            self.one.action_merge_guests()
        with self.assertRaises(UserError):
            self.Compare.get_merge(self.one.ids)

    def test_reception_does_not_merge_by_hand(self):
        with self.assertRaises(AccessError):
            self.Compare.with_user(self.reception).merge((self.one | self.other).ids, self.one.id)

    def test_journal_in_words(self):
        match = self._propose(self.one, self.other, evidence=CLEAR)
        profiles = len(self.other.profile_ids)
        merge = (
            self.env["hospitality.merge"]
            .with_user(self.manager)
            ._merge_groups([(self.one.id, self.other.ids, {"matches": match.ids, "reason": "Test"})])
        )
        journal = merge.journal
        [guest] = journal["guests"]
        self.assertEqual((guest["name"], guest["profiles"]), ("Nina Petrova", profiles))
        moved = {row["label"]: row["count"] for row in guest["rows"] if row["kind"] == "moved"}
        self.assertEqual(moved.get("Contact"), 1, "the contact below the merged guest")
        self.assertIn("The same phone number", str(journal["evidence"]))

    def test_preview_says_what_undo_does_and_changes_nothing(self):
        merge = self._merge()
        self.env["res.partner"].create({"name": "New child", "parent_id": self.one.id})
        preview = merge.get_undo_preview()
        self.assertIn(("Stay", 1), [(row["label"], row["count"]) for row in preview["back"]])
        self.assertNotIn("Stay", [row["label"] for row in preview["kept"]])
        self.assertIn(("Contact", 1), [(row["label"], row["count"]) for row in preview["back"]])
        self.assertFalse(self.other.active)
        self.assertEqual(merge.state, "done")
        self.assertEqual(self.stay.partner_id, self.one)
        report = merge.undo_with_report()
        self.assertEqual({kind: report[kind] for kind in ("kept", "asked")}, {k: preview[k] for k in ("kept", "asked")})
        self.assertTrue(self.other.active)
        self.assertEqual(self.stay.partner_id, self.other)

    def test_preview_of_what_cannot_be_undone(self):
        merge = self._merge()
        merge.undo_with_report()
        with self.assertRaises(UserError):
            merge.get_undo_preview()

    def test_tab_of_the_guest(self):
        merge = self._merge()
        tab = self.env["hospitality.guest.card"].with_user(self.manager).get_tab(self.one.id, "merges")["merges"]
        self.assertEqual([(row["merge_id"], row["partner_id"]) for row in tab], [(merge.id, self.other.id)])
        self.assertTrue(tab[0]["can_undo"])
        seen = self.env["hospitality.guest.card"].with_user(self.reception).get_tab(self.one.id, "merges")["merges"]
        self.assertFalse(seen[0]["can_undo"])
        merge.undo_with_report([self.other.id])
        tab = self.env["hospitality.guest.card"].with_user(self.manager).get_tab(self.one.id, "merges")["merges"]
        self.assertFalse(tab[0]["can_undo"])

    def test_tab_shows_chains(self):
        self._merge()
        third = self._create_known("Nina Petrova", self.source, phones=["+380441110001"])
        third._merge_guests(self.one)
        tab = self.env["hospitality.guest.card"].with_user(self.manager).get_tab(third.id, "merges")["merges"]
        self.assertEqual({row["partner_id"] for row in tab}, set((self.one | self.other).ids))

    def test_duplicates_of_one_guest(self):
        action = self.one.action_review_duplicates()
        self.assertEqual(action["context"]["match_partner_ids"], self.one.ids)
