import time
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.identity import hospitality_match_queue as queues
from ..models.identity import hospitality_match_run as runs
from ..models.identity import hospitality_match_step as steps
from .match_common import MatchCommon

PERSONS = (
    ("Oksana Vdovychenko", "1984-03-07"),
    ("Petro Zabashta", "1971-12-24"),
    ("Iryna Kostiuk", "1990-05-05"),
    ("Marko Shapoval", "1965-08-19"),
    ("Lina Tymchuk", "1988-01-30"),
)


@tagged("post_install", "-at_install")
class TestMatchRun(MatchCommon):
    """A run over all profiles, step by step as lanes do it."""

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.Run = self.env["hospitality.match.run"]

    def _scatter(self, source=None):
        """Store each person twice without matching, as an import of an earlier version left them."""
        rows = []
        for number, (name, birthdate) in enumerate(PERSONS):
            for copy in ("a", "b"):
                rows.append(
                    {
                        "source_id": (source or self.source).id,
                        "external_id": f"P{number}{copy}",
                        "partner_id": self.env["res.partner"].create({"name": name, "is_guest": True}).id,
                        "values": {"name": name, "birthdate": birthdate, "city": "Lviv" if copy == "a" else "Odesa"},
                    }
                )
        profiles = self.env["hospitality.profile"].create(rows)
        self.env.flush_all()
        self.env["hospitality.matcher"]._flush_marked()
        self.Queue.search([]).unlink()
        return profiles

    def _work(self, run=None, steps_left=1000):
        """Do steps as a lane does; return how many."""
        done = 0
        while done < steps_left and self.Run._run_task():
            done += 1
        self.env.invalidate_all()
        return done

    def _guests_of(self, number):
        return self._profile(f"P{number}a").partner_id | self._profile(f"P{number}b").partner_id

    def test_everybody_becomes_one_guest(self):
        self._scatter()
        run = self.Run._start()
        self._work()
        self.assertEqual((run.state, run.progress), ("done", 100))
        self.assertEqual([len(self._guests_of(number)) for number in range(5)], [1] * 5)
        self.assertGreaterEqual(run.profile_count, 10)
        self.assertEqual(run.merged_count, 5)
        merges = self.env["hospitality.merge"].search([("winner_id", "in", self._guests_of(0).ids)])
        self.assertTrue(merges.automatic)
        evidence = self.Match.browse(merges.match_ids)
        self.assertEqual(evidence.state, "merged")
        self.assertIn("birth.same", [piece["code"] for piece in evidence.evidence])
        self.assertAlmostEqual(sum(piece["weight"] for piece in evidence.evidence), evidence.score, delta=0.15)

    def test_a_second_run_has_nothing_to_do(self):
        self._scatter()
        self.Run._start()
        self._work()
        run = self.Run._start()
        self._work()
        self.assertEqual((run.state, run.merged_count), ("done", 0))

    def test_many_small_steps_give_the_same(self):
        self._scatter()
        with patch.object(runs, "RANGE", 3), patch.object(runs, "PER_SHARD", 4), patch.object(steps, "APPLIED", 1):
            run = self.Run._start()
            self.assertGreater(run.shards, 1)
            done = self._work()
        self.assertEqual(run.state, "done", run.message)
        self.assertGreater(done, 30)
        self.assertEqual([len(self._guests_of(number)) for number in range(5)], [1] * 5)

    def test_a_run_goes_on_where_it_was_left(self):
        self._scatter()
        run = self.Run._start()
        with patch.object(runs, "RANGE", 3):
            self._work(steps_left=7)
        self.assertEqual(run.state, "running")
        self.assertLess(run.progress, 100)
        self._work()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.profile_count, self._count_live())

    def _count_live(self):
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM hospitality_profile p JOIN res_partner g ON g.id = p.partner_id"
                " WHERE p.state IN ('live', 'superseded') AND g.active"
            )
        )
        return count

    def test_vetoes_hold(self):
        self._scatter()
        self.env["hospitality.match.veto"]._add([(self._profile("P0a").id, self._profile("P0b").id)])
        self.Run._start()
        self._work()
        self.assertEqual([len(self._guests_of(number)) for number in range(5)], [2, 1, 1, 1, 1])

    def test_questions_that_nobody_would_ask_any_more_are_closed(self):
        profiles = self._scatter()
        stale = self.Match.create(
            {
                "profile_id": min(profiles[0].id, profiles[3].id),
                "other_profile_id": max(profiles[0].id, profiles[3].id),
                "partner_id": profiles[0].partner_id.id,
                "other_partner_id": profiles[3].partner_id.id,
                "score": 1,
                "band": "ask",
                "found_at": "2025-01-01",
            }
        )
        decided = stale.copy({"profile_id": profiles[1].id, "other_profile_id": profiles[5].id, "state": "skipped"})
        self.Run._start()
        self._work()
        self.assertEqual((stale.state, decided.state), ("obsolete", "skipped"))

    def test_what_it_counted_serves_look_ups(self):
        self._scatter()
        self.Run._start()
        self._work()
        counts = self.env["hospitality.match.normal"]._get_counts([0])
        self.assertGreaterEqual(counts[0], 5)
        self.env.cr.execute("SELECT count(*) FROM hospitality_match_delta")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_nothing_is_left_behind(self):
        self._scatter()
        self.Run._start()
        self._work()
        self.assertFalse(self.env["hospitality.match.task"].search([]))
        self.assertFalse(self.env["hospitality.match.part"].search([]))

    def test_changed_profiles_alone(self):
        """Profiles without a normal form of this version are queued, the others left alone."""
        profiles = self._scatter()
        self.env.cr.execute("UPDATE hospitality_match_normal SET version = 0 WHERE id = %s", [profiles[0].id])
        run = self.Run._start("changed")
        self._work()
        self.assertEqual((run.state, run.profile_count), ("done", 1))
        self.assertEqual(self.Queue.search([]).mapped("profile_id"), profiles[0].ids)
        self._compare()
        self.assertEqual([len(self._guests_of(number)) for number in range(5)], [1, 2, 2, 2, 2])

    def test_a_new_version_of_the_engine_starts_a_run(self):
        self._scatter()
        self.Run._start_if_stale()
        self.assertFalse(self.Run.search([("state", "=", "running")]))
        self.env.cr.execute("UPDATE hospitality_match_normal SET version = 0")
        self.Run._start_if_stale()
        self._work()
        self.assertEqual([len(self._guests_of(number)) for number in range(5)], [1] * 5)

    def test_a_failure_is_told(self):
        self._scatter()
        run = self.Run._start()
        step = self.registry["hospitality.match.step"]
        with (
            patch.object(step, "_do_pairs", side_effect=ValueError("no such key")),
            mute_logger("odoo.addons.hospitality_crm.models.identity.hospitality_match_run"),
        ):
            self._work()
        self.assertEqual((run.state, run.message), ("failed", "ValueError: no such key"))
        self.assertFalse(self.env["hospitality.match.task"].search([]))

    def test_one_run_at_a_time(self):
        self.Run.action_start()
        with self.assertRaises(UserError):
            self.Run.action_start()

    def test_a_question_from_before_is_answered(self):
        profiles = self._scatter()
        asked = self.Match.create(
            {
                "profile_id": profiles[0].id,
                "other_profile_id": profiles[1].id,
                "partner_id": profiles[0].partner_id.id,
                "other_partner_id": profiles[1].partner_id.id,
                "score": 1,
                "band": "ask",
                "found_at": "2025-01-01",
            }
        )
        run = self.Run._start()
        self._work()
        self.assertEqual((asked.state, asked.band), ("merged", "merge"))
        merge = self.env["hospitality.merge"].search([("winner_id", "=", self._guests_of(0).id)])
        self.assertEqual(merge.match_ids, (asked.id,))
        self.assertEqual((run.merged_count, run.open_count), (5, 0))

    def test_a_merge_that_is_refused_is_a_question_with_the_reason(self):
        profiles = self._scatter()
        profiles[0].partner_id.guest_restricted = True
        run = self.Run._start()
        self._work()
        self.assertEqual((run.merged_count, run.refused_count, run.open_count), (4, 1, 1))
        pair = self.Match.search([("profile_id", "=", profiles[0].id)])
        self.assertEqual((pair.state, pair.decided_at), ("open", False))
        self.assertIn("restricted", pair.reason)

    def test_a_pair_is_given_back_with_its_merge(self):
        profiles = self._scatter()
        self.Run._start()
        self._work()
        merge = self.env["hospitality.merge"].search([("winner_id", "=", self._guests_of(0).id)])
        merge._undo()
        self.env.invalidate_all()
        pair = self.Match.browse(merge.match_ids)
        self.assertEqual(pair.partner_id | pair.other_partner_id, (profiles[0] | profiles[1]).partner_id)
        self.assertEqual(len(self._guests_of(0)), 2)

    def _run_lane(self, seconds):
        """Run a lane as a scheduled action with so many seconds left; return its progress."""
        lane = self.env.ref("hospitality_crm.cron_match_lane_1")
        context = {"cron_id": lane.id, "cron_end_time": time.monotonic() + seconds}
        cron, progress = lane.with_context(**context)._add_progress()
        with self.registry.cursor() as cr:
            self.Run.with_env(cron.env(cr=cr))._run_lane()
        self.env.invalidate_all()
        return progress

    def test_a_lane_works_until_its_time_is_up(self):
        self._scatter()
        run = self.Run._start()
        triggers = self.env["ir.cron.trigger"].search([])
        progress = self._run_lane(-1)
        self.assertEqual((progress.done, progress.remaining, run.progress), (0, 1, 0))
        self.assertTrue(self.env["ir.cron.trigger"].search([]) - triggers, "the lane goes on at once")
        progress = self._run_lane(1000)
        self.assertEqual((progress.remaining, run.state), (0, "done"))
        self.assertGreater(progress.done, 5)

    def test_a_long_queue_becomes_a_run(self):
        profiles = self._scatter()
        with patch.object(queues, "LEAST", 10), patch.object(queues, "FACTOR", 10**9):
            self.Queue._add([(profile.id, 0) for profile in profiles[:9]])
            self.assertEqual(self.Run._run_queue(), 9, "a short one is worked off")
            self.Queue._add([(profile.id, 0) for profile in profiles])
            self.assertEqual(self.Run._run_queue(), 0)
            self.assertFalse(self.Queue.search([]))
        run = self.Run.search([("state", "=", "running")])
        self.assertEqual(run.kind, "full")
        self._work()
        self.assertEqual(run.state, "done")
        self.assertFalse(self.Queue.search([]))

    def test_a_run_that_is_stopped_gives_the_queue_back(self):
        profiles = self._scatter()
        rows = [(profile.id, profile.id - 1) for profile in profiles[:3]]
        self.Queue._add(rows)
        run = self.Run._start()
        self.assertFalse(self.Queue.search([]))
        run.action_stop()
        self.assertEqual([(row.profile_id, row.after_id) for row in self.Queue.search([], order="id")], rows)

    def test_who_comes_after_the_reading_is_compared_afterwards(self):
        self._scatter()
        run = self.Run._start()
        self._work(steps_left=1)
        self.assertEqual(run.phase, "prepare")
        late = self._guest("late", name="Ruslana Prykhodko")
        self.Queue.search([]).unlink()
        self._work()
        self.assertEqual(self.Queue.search([]).mapped("profile_id"), late.profile_ids.ids)

    def test_a_deleted_run_leaves_its_pairs(self):
        profiles = self._scatter()
        run = self.Run._start()
        self._work()
        pair = self.Match.search([("profile_id", "=", profiles[0].id)])
        self.assertEqual(pair.run_id, run)
        run.unlink()
        self.assertFalse(pair.run_id)

    def test_who_may_start_and_stop(self):
        with self.assertRaises(AccessError):
            self.Run.with_user(self._create_role_user("reception")).action_start()
        run = self.Run.with_user(self._create_role_user("manager")).action_start()
        run.action_stop()
        self.assertEqual(run.state, "stopped")

    def test_a_crowd_of_profiles_of_one_guest_is_no_crowd(self):
        """Blocks are measured in guests: a frequent guest is still found by what all his profiles share."""
        known = self._guest("R0", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        for number in range(1, 6):
            self._guest(f"R{number}", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        self.assertEqual(len(known.profile_ids), 6)
        other = self.env["res.partner"].create({"name": "Oksana Vdovychenko", "is_guest": True})
        self.env["hospitality.profile"].create(
            {
                "source_id": self.ota.id,
                "external_id": "late",
                "partner_id": other.id,
                "values": {"name": "Oksana Vdovychenko", "emails": ["oksana@vdovy-mail.com"]},
            }
        )
        self.env["hospitality.matcher"]._flush_marked()
        with patch.object(steps, "MAX_BLOCK", 6):
            self.Run._start()
            self._work()
        self.assertEqual(self._profile("late", self.ota).partner_id, self._profile("R0").partner_id)
