from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.review import bench
from .review_common import ReviewCommon


@tagged("post_install", "-at_install")
class TestMatchBench(ReviewCommon):
    def setUp(self):
        super().setUp()
        self.env["hospitality.match"].search([]).unlink()
        self.Bench = self.env["hospitality.match.bench"].with_user(self.manager)
        self.weights = self.Bench._get_weights()
        self.known = bench.weights_by_code(self.weights)

    def _pair(self, number, codes, **values):
        evidence = [{"code": code, "weight": round(self.known[code], 2), "left": "", "right": ""} for code in codes]
        score = sum(self.known[code] for code in codes)
        band = "merge" if score >= self.weights.auto else "ask"
        guests = self._create_twins(f"Bench{chr(97 + number % 26)}{chr(97 + number // 26)} Person", number)
        return self._propose(*guests, score=score, band=band, evidence=evidence, **values)

    def test_thresholds_move_bands(self):
        match = self._pair(1, ["prior", "given.same", "family.same", "phone.same_1"])
        before = self.Bench.get_bench()
        self.assertEqual(sum(before["bands"].values()), 1)
        self.assertEqual(before["bands"][match.band], 1)
        high = self.Bench.try_out(match.score + 1, match.score - 1)
        self.assertEqual(high["bands"]["ask"], 1)
        low = self.Bench.try_out(match.score - 1, match.score - 2)
        self.assertEqual(low["bands"]["merge"], 1)
        self.assertEqual(high["flips"] + low["flips"], 1)

    def test_a_weight_moves_the_score_and_says_why(self):
        match = self._pair(1, ["prior", "given.same", "family.same", "phone.same_1"])
        auto = match.score - 0.5
        self.env["hospitality.match.weights"].create(
            {"name": "Start", "threshold_auto": auto, "threshold_ask": auto - 3}
        )
        result = self.Bench.try_out(auto, auto - 3, {"phone.same_1": self.known["phone.same_1"] - 1})
        [flip] = result["sample"]
        self.assertEqual((flip["before"], flip["after"]), ("merge", "ask"))
        self.assertEqual([(why["label"], why["weight"]) for why in flip["why"]], [("E-mail and phone", -1.0)])
        self.assertAlmostEqual(flip["score_after"], match.score - 1, 1)

    def test_trying_saves_nothing(self):
        match = self._pair(1, ["prior", "given.same", "family.same"])
        before = (match.score, match.band)
        self.Bench.try_out(20, -20, {"given.same": 9})
        match.invalidate_recordset()
        self.assertEqual((match.score, match.band), before)
        self.assertEqual(self.Bench._get_weights().auto, self.weights.auto)

    def test_saving_counts_from_now_on(self):
        match = self._pair(1, ["prior", "given.same", "family.same", "phone.same_1"])
        decided = self._pair(2, ["prior", "given.same", "family.same", "phone.same_1"], state="rejected")
        score = decided.score
        self.Bench.save(score + 5, score - 5, {"phone.same_1": self.known["phone.same_1"] + 1})
        new = self.Bench._get_weights()
        self.assertEqual((new.auto, new.ask), (score + 5, score - 5))
        self.assertAlmostEqual(match.score, score + 1, 1)
        self.assertEqual(match.band, "ask")
        self.assertAlmostEqual(sum(piece["weight"] for piece in match.evidence), match.score, 1)
        self.assertEqual(decided.score, score, "what was decided keeps what it was decided on")

    def test_earlier_rules_can_be_used_again(self):
        first = self.env["hospitality.match.weights"].create({"name": "First", "threshold_auto": 5, "threshold_ask": 1})
        self.Bench.save(9, 2)
        self.assertEqual(self.Bench._get_weights().auto, 9)
        first.with_user(self.manager).action_restore()
        self.assertEqual((self.Bench._get_weights().auto, self.Bench._get_weights().ask), (5, 1))

    def test_what_a_guard_holds_back_is_asked(self):
        """Whatever the score, as the engine decides."""
        self._pair(1, ["prior", "given.same", "family.same", "phone.same_1", "guard.given"])
        self.assertEqual(self.Bench.try_out(-20, -30)["bands"], {"merge": 0, "ask": 1, "household": 0, "new": 0})

    def test_agreement_with_people(self):
        codes = ["prior", "given.same", "family.same", "phone.same_1"]
        wrong = self._pair(1, codes, state="rejected", decided_by=self.manager.id)
        self._pair(2, codes, state="merged", decided_by=self.manager.id)
        low = self.Bench.try_out(wrong.score - 1, wrong.score - 2)["agreement"]
        self.assertEqual((low["right"], low["wrong"]), (1, 1))
        high = self.Bench.try_out(wrong.score + 9, wrong.score + 5)["agreement"]
        self.assertEqual((high["wrong"], high["missed"]), (0, 1))

    def test_a_fit_follows_the_decisions(self):
        """People have merged whoever shares a number, and kept apart who shares the name alone."""
        for number in range(30):
            self._pair(
                number,
                ["prior", "given.same", "family.same", "phone.same_1"],
                state="merged",
                decided_by=self.manager.id,
            )
            self._pair(
                number + 30,
                ["prior", "given.same", "family.same", "city.same"],
                state="rejected",
                decided_by=self.manager.id,
            )
        result = self.Bench.fit_decisions()
        self.assertEqual(result["decisions"], 60)
        self.assertGreater(result["changes"].get("phone.same_1", 0), self.known["phone.same_1"])
        self.assertLess(result["changes"].get("city.same", 9), self.known["city.same"])
        self.assertFalse(result["agreement"]["wrong"])

    def test_too_few_decisions(self):
        self._pair(1, ["prior", "given.same"], state="merged", decided_by=self.manager.id)
        with self.assertRaisesRegex(UserError, "decide more cases"):
            self.Bench.fit_decisions()

    def test_mistakes_are_explained(self):
        with self.assertRaises(UserError):
            self.Bench.try_out(1, 5)
        for code in ("nothing.known", "given.unheard"):
            with self.subTest(code=code), self.assertRaises(UserError):
                self.Bench.try_out(5, 1, {code: 3})

    def test_only_managers(self):
        Bench = self.Bench.with_user(self.reception)
        for call in (Bench.get_bench, lambda: Bench.try_out(5, 1), Bench.fit_decisions, lambda: Bench.save(5, 1)):
            with self.assertRaises(AccessError):
                call()
