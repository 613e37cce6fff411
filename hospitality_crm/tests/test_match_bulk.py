from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .review_common import ReviewCommon

LOW, HIGH = 60, 70


@tagged("post_install", "-at_install")
class TestMatchBulk(ReviewCommon):
    """Pairs with scores that nothing else in the database has."""

    def setUp(self):
        super().setUp()
        self.pairs = []
        for number in range(12):
            guests = self._create_twins(f"Person{chr(97 + number)} Many", number)
            self.pairs.append((guests, self._propose(*guests, score=LOW + number / 2, band="merge")))
        self.Bulk = self.env["hospitality.match.bulk"].with_user(self.manager)
        self.filters = {"band": "merge", "min_score": LOW, "max_score": HIGH}

    def _run(self):
        job = self.Bulk.sudo().search([], limit=1)
        while job.state == "running" and job._merge_next():
            pass
        return job

    def test_sample_goes_from_the_best_to_the_worst(self):
        preview = self.Bulk.get_preview(self.filters)
        self.assertEqual(preview["count"], 12)
        scores = [item["score"] for item in preview["sample"]]
        self.assertEqual(len(scores), 10)
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertEqual(scores[-1], LOW, "the worst one must be among them")

    def test_merges_what_was_seen(self):
        self.Bulk.start(self.filters)
        later = self._propose(*self._create_twins("Later Found", 50), score=LOW + 1, band="merge")
        job = self._run()
        self.assertEqual((job.state, job.merged_count, job.refused_count), ("done", 12, 0))
        for (one, other), match in self.pairs:
            self.assertEqual(match.state, "merged")
            self.assertNotEqual(one.active, other.active)
            self.assertEqual(match.decided_by, self.manager)
        self.assertEqual(later.state, "open")
        merges = self.env["hospitality.merge"].search(
            [("winner_id", "in", self.pairs[0][0][0]._get_merged_target().ids)]
        )
        self.assertTrue(merges.can_undo)

    def test_refused_pairs_stay_with_their_reason(self):
        (one, other), match = self.pairs[3]
        one.guest_birthdate, other.guest_birthdate = "1980-01-01", "1990-06-06"
        self.assertTrue(any(item["refusal"] for item in self.Bulk.get_preview(self.filters)["sample"]))
        self.Bulk.start(self.filters)
        job = self._run()
        self.assertEqual((job.merged_count, job.refused_count, job.done_count), (11, 1, 12))
        self.assertEqual(match.state, "open")
        self.assertTrue(match.reason)
        self.assertEqual(self._case(one, other)["pairs"][0]["refused"], match.reason)

    def test_guests_linked_by_pairs_become_one(self):
        (one, other), match = self.pairs[0]
        third = self._create_known("Persona Many", self.source_pos, phones=["+380441110000"])
        second = self._propose(other, third, score=LOW + 3, band="merge")
        self.Bulk.start(self.filters)
        self._run()
        self.assertEqual(len((one | other | third)._get_merged_target()), 1)
        self.assertEqual((match | second).mapped("state"), ["merged", "merged"])

    def test_households_are_never_part_of_it(self):
        match = self._propose(*self._create_twins("Family Apart", 60), score=LOW + 1, band="household")
        self.Bulk.start({"min_score": LOW, "max_score": HIGH})
        self._run()
        self.assertEqual(match.state, "open")

    def test_stop(self):
        self.Bulk.start(self.filters)
        job = self.Bulk.search([], limit=1)
        with self.assertRaises(UserError):
            self.Bulk.start(self.filters)
        job.action_stop()
        self.assertEqual(self.Bulk.get_progress()["state"], "stopped")
        self.assertEqual(self.pairs[0][1].state, "open")

    def test_only_managers(self):
        Bulk = self.Bulk.with_user(self.reception)
        for call in (
            lambda: Bulk.get_preview(self.filters),
            lambda: Bulk.start(self.filters),
            lambda: Bulk.get_progress(),
        ):
            with self.assertRaises(AccessError):
                call()
