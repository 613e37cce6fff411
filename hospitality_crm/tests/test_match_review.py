from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine.matching import fit
from ..engine.matching.slots import SLOTS
from .common import ROLE_GROUPS
from .review_common import AGAINST, CLEAR, ReviewCommon


@tagged("post_install", "-at_install")
class TestMatchQueue(ReviewCommon):
    def test_case_shows_both_sides(self):
        one = self._create_known(
            "Nina Petrova", phones=["+380441110001"], birthdate="1980-01-01", city="Lviv", country="UA"
        )
        other = self._create_known(
            "Nina  PETROVA", self.source_pos, phones=["+380441110001", "+380441110002"], birthdate="1990-02-02"
        )
        self._propose(one, other, evidence=AGAINST)
        case = self._case(one, other)
        rows = {row["name"]: row for row in case["rows"]}
        status = {name: row["status"] for name, row in rows.items()}
        self.assertEqual(status["birthdate"], "differ")
        self.assertEqual(status["phones"], "alike")
        self.assertEqual(status["address"], "some")
        self.assertIn(status["name"], ("same", "alike"))
        at = [guest["id"] for guest in case["guests"]].index(other.id)
        shared = {item["text"]: item["shared"] for item in rows["phones"]["cells"][at]}
        self.assertEqual(shared, {"+380441110001": True, "+380441110002": False})
        self.assertTrue(rows["birthdate"]["choose"])
        self.assertFalse(rows["address"]["choose"], "there is nothing to choose between")
        self.assertIn("POS", [source["name"] for source in case["guests"][at]["sources"]])

    def test_evidence_in_words_sums_to_the_score(self):
        one, other = self._create_twins("Nina Petrova", 1)
        self._propose(one, other, score=sum(piece["weight"] for piece in AGAINST), evidence=AGAINST)
        [pair] = self._case(one, other)["pairs"]
        lines = {line["subject"]: line for line in pair["evidence"]}
        self.assertEqual(lines["birth"]["text"], "Different birth dates.")
        self.assertEqual(lines["contact"]["text"], "The same phone number, used by nobody else.")
        self.assertEqual(lines["name"]["weight"], 1.6)
        self.assertAlmostEqual(sum(line["weight"] for line in pair["evidence"]), pair["score"], 1)

    def test_guests_that_pairs_link_are_one_case(self):
        one, other = self._create_twins("Nina Petrova", 1)
        third = self._create_known("N. Petrova", self.source_pos, phones=["+380441110001"])
        self._propose(one, other, score=7)
        self._propose(other, third, score=3)
        case = self._case(one, other, third)
        self.assertEqual([round(pair["score"]) for pair in case["pairs"]], [7, 3])

    def test_household_is_a_case_of_its_own(self):
        one, other = self._create_twins("Nina Petrova", 1)
        husband = self._create_known("Oleh Petrov", phones=["+380441110001"])
        self._propose(one, other, score=7)
        self._propose(one, husband, score=4, band="household")
        self.assertTrue(self._case(one, other))
        cases = self._review().get_queue({"band": "household"})["cases"]
        self.assertEqual([{guest["id"] for guest in case["guests"]} for case in cases], [{one.id, husband.id}])

    def test_filters(self):
        one, other = self._create_twins("Nina Petrova", 1)
        third, fourth = self._create_twins("Ihor Bondar", 2)
        self._propose(one, other, score=7, band="merge")
        self._propose(third, fourth, score=3)
        self._create_stay(third, self.palace)

        def found(**filters):
            cases = self._review().get_queue(filters, limit=20)["cases"]
            return {guest["id"] for case in cases for guest in case["guests"]} & set((one | other | third | fourth).ids)

        self.assertEqual(found(band="merge"), {one.id, other.id})
        self.assertEqual(found(max_score=4), {third.id, fourth.id})
        self.assertEqual(found(min_score=4), {one.id, other.id})
        self.assertEqual(found(property_id=self.palace.id), {third.id, fourth.id})
        self.assertEqual(found(property_id=self.bistro.id), set())
        self.assertEqual(found(source_id=self.source_pos.id), set((one | other | third | fourth).ids))
        self.assertEqual(found(partner_ids=[fourth.id]), {third.id, fourth.id})
        self.assertEqual(found(state="skipped"), set())

    def test_prefetch_brings_only_what_is_new(self):
        pairs = [self._create_twins(f"Person{letter} Alone", number) for number, letter in enumerate("abcd")]
        for one, other in pairs:
            self._propose(one, other)
        first = self._review().get_queue(limit=2)["cases"]
        known = [guest["id"] for case in first for guest in case["guests"]]
        more = self._review().get_queue(skip_ids=known, limit=20)["cases"]
        self.assertFalse({guest["id"] for case in more for guest in case["guests"]} & set(known))

    def test_guests_of_another_company_are_not_shown(self):
        one, other = self._create_twins("Nina Petrova", 1)
        self._propose(one, other)
        other.company_id = self.company_2
        self.assertEqual(self._review(self.reception).get_status()["left"], 0)
        self.assertFalse(self._review(self.reception).get_queue()["cases"])

    def test_status_counts_guests_not_profiles(self):
        one, other = self._create_twins("Nina Petrova", 1)
        self._propose(one, other)
        before = self._review().get_status()["left"]
        self.env["hospitality.profile"].create(
            {"source_id": self.source.id, "partner_id": other.id, "values": {"name": "Nina Petrova"}}
        )
        extra = other.profile_ids.sorted("id")[-1]
        first = one.profile_ids.filtered(lambda found: found.source_id == self.source)
        self.env["hospitality.match"].create(
            {
                "profile_id": first.id,
                "other_profile_id": extra.id,
                "partner_id": one.id,
                "other_partner_id": other.id,
                "score": 2,
                "band": "ask",
            }
        )
        self.assertEqual(self._review().get_status()["left"], before)
        self.assertEqual(len(self._case(one, other)["pairs"][0]["match_ids"]), 2)

    def test_queries_do_not_grow_with_cases(self):
        for number in range(12):
            one, other = self._create_twins(f"Person{number} Counted", number)
            self._propose(one, other)
        self._review().get_queue(limit=20)  # what is kept in memory
        counts = []
        for limit in (1, 12):
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            cases = self._review().get_queue(limit=limit)["cases"]
            counts.append(self.env.cr.sql_log_count - start)
        self.assertEqual(len(cases), 12)
        self.assertLessEqual(counts[1], counts[0] + 2)
        self.assertLessEqual(counts[1], 20)

    def test_a_run_that_has_failed_is_told(self):
        self.env["hospitality.match.run"].create({"state": "failed", "message": "No memory is left"})
        run = self._review().get_status()["run"]
        self.assertEqual((run["state"], run["message"]), ("failed", "No memory is left"))

    def test_managers_start_a_run(self):
        self.env["hospitality.match.run"].search([("state", "=", "running")]).state = "stopped"
        with self.assertRaises(AccessError):
            self._review(self.reception).start_run()
        self.assertEqual(self._review().start_run()["state"], "running")

    def test_who_may_see_the_queue(self):
        for role in ("service", "marketing"):
            with self.subTest(role=role), self.assertRaises(AccessError):
                self._review(self.users[role]).get_queue()


@tagged("post_install", "-at_install")
class TestMatchDecisions(ReviewCommon):
    def setUp(self):
        super().setUp()
        self.one, self.other = self._create_twins("Nina Petrova", 1)
        self.match = self._propose(self.one, self.other)

    def _decide(self, decision, user=None, **options):
        return self._review(user).decide(decision, self.match.ids, **options)

    def test_merge_and_undo(self):
        self._create_stay(self.other, self.palace)
        answer = self._decide("merge")
        self.assertTrue(answer["done"], answer)
        [gone] = answer["gone"]
        guests = self.one | self.other
        loser = guests.filtered(lambda guest: guest.id == gone)
        self.assertFalse(loser.active)
        self.assertEqual(loser._get_merged_target(), guests - loser)
        self.assertEqual(self.match.state, "merged")
        self.assertEqual(self.match.decided_by, self.manager)
        undone = self._review().undo(answer["undo"])
        self.assertTrue(undone["done"], undone)
        self.assertTrue(loser.active)
        self.assertEqual(len(self.other.stay_ids), 1)
        self.assertEqual(self.match.state, "open")
        self.assertTrue(self._case(self.one, self.other))

    def test_who_stays_is_chosen(self):
        for winner, loser in ((self.other, self.one), (self.one, self.other)):
            with self.subTest(winner=winner.id):
                answer = self._decide("merge", winner_id=winner.id)
                self.assertTrue(answer["done"], answer)
                self.assertEqual(answer["gone"], loser.ids)
                self.assertEqual(loser._get_merged_target(), winner)
                self._review().undo(answer["undo"])

    def test_who_stays_of_more_than_two(self):
        third = self._create_known("Nina Petrova", self.source_pos, phones=["+380441110001"])
        matches = self.match | self._propose(self.other, third)
        self._create_stay(self.other, self.palace)
        self.env["hospitality.guest.metrics"]._refresh(self.other.ids)
        case = self._case(self.one, self.other, third)
        self.assertEqual(case["winners"], [self.other.id, self.one.id, third.id], "most stays, then known for longest")
        answer = self._review().decide("merge", matches.ids, winner_id=third.id)
        self.assertEqual(set(answer["gone"]), {self.one.id, self.other.id})
        self.assertTrue(third.active)

    def test_who_stays_takes_part(self):
        third = self._create_known("Nina Petrova", self.source_pos, phones=["+380441110001"])
        second = self._propose(self.other, third)
        answer = self._review().decide(
            "merge", (self.match | second).ids, guest_ids=[self.one.id, self.other.id], winner_id=third.id
        )
        self.assertFalse(answer["done"])
        self.assertIn("no part of this decision", answer["refusal"])
        self.assertTrue(self.one.active and self.other.active and third.active)

    def test_chosen_values_are_kept(self):
        self.one.write({"name": "Nina Petrova", "city": "Kyiv", "country_id": self.env.ref("base.ua").id})
        self.other.write({"name": "Nina Petrova-Koval", "city": "Tallinn", "country_id": self.env.ref("base.ee").id})
        cases = ((self.one, "Nina Petrova", ("Kyiv", "UA")), (self.other, "Nina Petrova-Koval", ("Tallinn", "EE")))
        for guest, name, place in cases:
            with self.subTest(name=name):
                answer = self._decide("merge", values={"name": guest.id, "address": guest.id})
                self.assertTrue(answer["done"], answer)
                winner = self.one._get_merged_target()
                self.assertEqual(winner.name, name)
                self.assertEqual((winner.city, winner.country_id.code), place)
                self._review().undo(answer["undo"])
                self.assertEqual((self.one.name, self.other.name), ("Nina Petrova", "Nina Petrova-Koval"))
                self.assertEqual((self.one.city, self.other.city), ("Kyiv", "Tallinn"))

    def test_not_the_same_and_undo(self):
        answer = self._decide("different")
        self.assertEqual(self.match.state, "rejected")
        veto = self.env["hospitality.match.veto"].search([("profile_id", "=", self.match.profile_id.id)])
        self.assertEqual(veto.other_profile_id, self.match.other_profile_id)
        self.assertEqual(veto.user_id, self.manager)
        self.assertTrue(self._review().undo(answer["undo"])["done"])
        self.assertEqual(self.match.state, "open")
        self.assertFalse(veto.exists())

    def test_household_and_undo(self):
        before = self.env["hospitality.relation"].search([])
        answer = self._decide("household")
        relation = self.env["hospitality.relation"].search([]) - before
        self.assertEqual(relation.partner_id | relation.related_id, self.one | self.other)
        self.assertEqual(relation.kind, "household")
        self.assertEqual(self.match.state, "household")
        self.assertTrue(self._review().undo(answer["undo"])["done"])
        self.assertFalse(relation.exists())
        self.assertEqual(self.match.state, "open")

    def test_household_may_say_more(self):
        self.assertIn("spouse", [kind["id"] for kind in self._review().get_status()["kinds"]])
        self._decide("household", kind="child")
        relation = self.env["hospitality.relation"].search([("partner_id", "=", self.match.partner_id.id)])
        self.assertEqual((relation.related_id, relation.kind), (self.match.other_partner_id, "child"))

    def test_household_keeps_what_was_known(self):
        spouse = self.env["hospitality.relation"].create(
            {"partner_id": self.other.id, "related_id": self.one.id, "kind": "spouse"}
        )
        answer = self._decide("household")
        self.assertFalse(answer["undo"]["relations"])
        self._review().undo(answer["undo"])
        self.assertTrue(spouse.exists())

    def test_skip_waits_among_the_skipped(self):
        self._decide("skip", self.reception)
        self.assertEqual(self.match.state, "skipped")
        queue = self._review().get_queue({"state": "skipped"}, limit=20)["cases"]
        self.assertIn(self.match.id, [found for case in queue for pair in case["pairs"] for found in pair["match_ids"]])
        self.assertTrue(self._decide("merge")["done"])

    def test_a_guest_can_be_left_out(self):
        third = self._create_known("Nina Petrova", self.source_pos, phones=["+380441110001"])
        second = self._propose(self.other, third)
        answer = self._review().decide("merge", (self.match | second).ids, guest_ids=[self.one.id, self.other.id])
        self.assertTrue(answer["done"])
        self.assertTrue(third.active)
        self.assertEqual(second.state, "open")

    def test_refusals_are_explained(self):
        self.one.guest_birthdate = "1980-01-01"
        self.other.guest_birthdate = "1990-06-06"
        answer = self._decide("merge")
        self.assertFalse(answer["done"])
        self.assertIn("birth", answer["refusal"].lower())
        self.assertTrue(self.one.active and self.other.active)
        self.assertEqual(self.match.state, "open")

    def test_what_somebody_else_has_decided_stays(self):
        self._decide("different")
        answer = self._decide("merge", self.reception)
        self.assertTrue(answer["stale"])
        self.assertEqual(self.match.state, "rejected")
        self.assertTrue(self.one.active and self.other.active)

    def test_unknown_decision(self):
        with self.assertRaises(UserError):
            self._decide("unlink")

    def test_reception_decides_what_is_clear(self):
        self.match.evidence = AGAINST
        self.assertFalse(self._case(self.one, self.other, user=self.reception)["may_decide"])
        answer = self._decide("merge", self.reception)
        self.assertFalse(answer["done"])
        self.assertIn("manager", answer["refusal"])
        self.match.evidence = [*CLEAR, {"code": "guard.given", "weight": 0, "left": "", "right": ""}]
        case = self._case(self.one, self.other, user=self.reception)
        self.assertFalse(case["may_decide"])
        self.assertIn(
            "brother", [line["text"] for line in case["pairs"][0]["evidence"] if line["subject"] == "guard"][0]
        )
        self.match.evidence = CLEAR
        self.assertTrue(self._case(self.one, self.other, user=self.reception)["may_decide"])
        answer = self._decide("merge", self.reception)
        self.assertTrue(answer["done"], answer)
        self.assertTrue(self._review(self.reception).undo(answer["undo"])["done"])

    def test_settings_say_who_decides(self):
        param = self.env["ir.config_parameter"]
        param.set_param("hospitality_crm.match_resolvers", "manager")
        self.assertFalse(self._review(self.reception).get_status()["can"]["decide"])
        self.assertFalse(self._decide("merge", self.reception)["done"])
        param.set_param("hospitality_crm.match_resolvers", "all")
        self.match.evidence = AGAINST
        self.assertTrue(self._decide("merge", self.reception)["done"])

    def test_reception_takes_back_only_his_own(self):
        merged = self._decide("merge")
        self.assertFalse(self._review(self.reception).undo(merged["undo"])["done"])
        self._review().undo(merged["undo"])
        apart = self._decide("different")
        self.assertFalse(self._review(self.reception).undo(apart["undo"])["done"])
        self.assertEqual(self.match.state, "rejected")

    def test_other_roles_decide_nothing(self):
        for role in ("service", "marketing"):
            with self.subTest(role=role):
                for decision in ("merge", "different", "household", "skip"):
                    try:
                        done = self._decide(decision, self.users[role])["done"]
                    except AccessError:
                        done = False
                    self.assertFalse(done)
        self.assertEqual(self.match.state, "open")

    def test_done_today_counts_my_decisions(self):
        before = self._review(self.reception).get_status()["done_today"]
        self._decide("different", self.reception)
        self.assertEqual(self._review(self.reception).get_status()["done_today"], before + 1)
        self.assertEqual(self._review().get_status()["done_today"], 0)

    def test_rights_follow_the_role(self):
        self.users["service"].group_ids = [Command.link(self.env.ref(ROLE_GROUPS["reception"]).id)]
        self.assertTrue(self._decide("different", self.users["service"])["done"])


@tagged("post_install", "-at_install")
class TestEvidenceWords(ReviewCommon):
    def test_every_piece_of_evidence_has_words(self):
        """What the engine learns to say must be told to people, too."""
        Texts = self.env["hospitality.match.texts"]
        mute = [
            f"{slot}.{level}"
            for slot, levels in SLOTS.items()
            if slot not in ("name", "chance") and not slot.startswith("name_")
            for level, silent in zip(levels, fit.silent(levels), strict=True)
            if not silent and not Texts._get_sentence([{"code": f"{slot}.{level}"}])
        ]
        self.assertFalse(mute)

    def test_every_subject_has_a_name(self):
        Texts = self.env["hospitality.match.texts"]
        evidence = [{"code": f"{slot}.x", "weight": 1.0} for slot in SLOTS]
        for line in Texts._show_evidence(evidence):
            self.assertNotEqual(line["label"], line["subject"])
