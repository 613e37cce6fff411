import datetime
import threading

import psycopg2.errors

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.guest import hospitality_guest_dirty as queue
from ..tools import claim
from .lanes_common import LanesCommon


@tagged("post_install", "-at_install")
class TestMetricsLanes(LanesCommon):
    """Lanes that refresh the figures of guests, several at once."""

    queue = "hospitality.guest.dirty"

    def setUp(self):
        super().setUp()
        self._add_stay(self.guest_id)

    def _create_all(self, env):
        prop = env["hospitality.property"].create({"name": "Lane House", "code": "T-LANE", "tz": "UTC"})
        partners = env["res.partner"].create([{"name": f"Lane Guest {index}", "is_guest": True} for index in range(40)])
        self.property_id, self.partner_ids = prop.id, partners.ids
        self.stay_ids = []
        self.guest_id = partners[0].id

    def _delete_all(self, env):
        env["hospitality.stay"].browse(self.stay_ids).unlink()
        env["res.partner"].browse(self.partner_ids).unlink()
        env["hospitality.property"].browse(self.property_id).unlink()
        env.cr.execute("DELETE FROM hospitality_guest_rebuild")
        env["ir.cron.trigger"].search([("cron_id", "=", env.ref("hospitality_crm.cron_guest_lane_1").id)]).unlink()

    def _add_stay(self, partner_id):
        """Commit a stay of the guest, who is thereby queued."""
        with self._session() as env:
            arrival = datetime.date(2026, 1, 1) + datetime.timedelta(days=len(self.stay_ids))
            stay = env["hospitality.stay"].create(
                {
                    "partner_id": partner_id,
                    "property_id": self.property_id,
                    "arrival": arrival,
                    "departure": arrival + datetime.timedelta(days=1),
                    "status": "checked_out",
                }
            )
            self.stay_ids.append(stay.id)

    def _run_lane(self):
        """Let a lane on its own connection take a batch and commit it."""
        with claim.lane_env(self.env) as env:
            env.cr.execute("SET LOCAL lock_timeout = '10s'")  # a lane that waits for another one is an error
            return env["hospitality.guest.dirty"]._take(1000)

    def _read_counts(self, *partner_ids):
        with self._session() as env:
            rows = env["hospitality.guest.metrics"].search([("partner_id", "in", partner_ids)])
            return {row.partner_id.id: row.stay_count for row in rows}

    def test_visit_that_comes_between_claim_and_reading_is_read(self):
        with claim.lane_env(self.env) as env:
            Dirty = env["hospitality.guest.dirty"]
            refresh = type(Dirty)._refresh_guests

            def refresh_late(records, partner_ids):
                self._add_stay(self.guest_id)
                self.assertEqual(self._run_lane(), 0, "Another lane took a guest that is being refreshed.")
                refresh(records, partner_ids)

            self.patch(type(Dirty), "_refresh_guests", refresh_late)
            self.assertEqual(Dirty._take(1000), 1)
            self.patch(type(Dirty), "_refresh_guests", refresh)
        self.assertEqual(self._read_counts(self.guest_id), {self.guest_id: 2})
        self.assertEqual(self._count_queue(), 1)
        self.assertEqual(self._run_lane(), 1)
        self.assertEqual(self._read_counts(self.guest_id), {self.guest_id: 2})

    def test_visit_that_comes_after_the_reading_is_refreshed_again(self):
        with claim.lane_env(self.env) as env:
            self.assertEqual(env["hospitality.guest.dirty"]._take(1000), 1)
            self._add_stay(self.guest_id)
            self.assertEqual(self._run_lane(), 0, "The later reading must wait for the earlier one to be written.")
        self.assertEqual(self._read_counts(self.guest_id), {self.guest_id: 1})
        self.assertEqual(self._run_lane(), 1)
        self.assertEqual(self._read_counts(self.guest_id), {self.guest_id: 2})

    def test_guest_that_vanishes_while_his_first_row_is_written(self):
        with claim.lane_env(self.env) as env:
            self.assertEqual(env["hospitality.guest.dirty"]._take(1000), 1)
            with self._session() as other:
                other["hospitality.stay"].browse(self.stay_ids.pop()).unlink()
            self.assertEqual(self._run_lane(), 0)
        self.assertEqual(self._run_lane(), 1)
        self.assertEqual(self._read_counts(self.guest_id), {})

    def test_failed_lane_leaves_the_queue_as_it_was(self):
        with self.assertRaises(ZeroDivisionError), claim.lane_env(self.env) as env:
            self.assertEqual(env["hospitality.guest.dirty"]._take(1000), 1)
            raise ZeroDivisionError
        self.assertEqual(self._count_queue(), 1)
        self.assertEqual(self._run_lane(), 1)
        self.assertEqual(self._read_counts(self.guest_id), {self.guest_id: 1})

    def test_a_batch_is_never_empty_while_free_rows_wait(self):
        self._run_lane()
        for _round in range(8):
            with self._session() as env:
                # A long queue of which all rows fall into one bucket.
                env.cr.execute(
                    SQL(
                        "INSERT INTO hospitality_guest_dirty (partner_id) SELECT %s FROM generate_series(1, 3)",
                        self.guest_id,
                    )
                )
            taken = []
            while not taken or taken[-1]:
                with claim.lane_env(self.env) as env:
                    taken.append(env["hospitality.guest.dirty"]._take(2))
            self.assertEqual(taken, [2, 1, 0])

    def _mark(self, count=1):
        """Mark guests as a delivered message does; return the triggers of the lane that are committed then."""
        with claim.lane_env(self.env) as env:
            env["hospitality.guest.dirty"]._mark(self.partner_ids[:count])
        return self._count_triggers()

    def _count_triggers(self):
        with self._session() as env:
            lane = env.ref("hospitality_crm.cron_guest_lane_1")
            return env["ir.cron.trigger"].search_count([("cron_id", "=", lane.id)])

    def _begin_lane(self, env):
        """Do what the scheduler does before it runs a job."""
        env.cr.execute("SET LOCAL lock_timeout = '200ms'")
        lane = env.ref("hospitality_crm.cron_guest_lane_1")
        env.cr.execute(SQL("DELETE FROM ir_cron_trigger WHERE cron_id = %s", lane.id))

    def test_a_lane_that_was_told_is_not_told_again(self):
        with self._session() as env:
            self._begin_lane(env)
        self.assertEqual([self._mark(), self._mark(), self._mark()], [1, 1, 1])
        self.assertEqual(self._mark(queue.FEW + 1), 2, "an import must not keep the lane waiting")

    def test_a_lane_that_has_begun_is_told_again(self):
        with self._session() as env:
            self._begin_lane(env)
        self._mark()
        with self._session() as scheduler:
            self._begin_lane(scheduler)
            self.assertEqual(self._mark(), 2)
        self.assertEqual(self._count_triggers(), 1)

    def test_a_lane_begins_after_the_guest_it_was_not_told_of(self):
        self._mark()
        with claim.lane_env(self.env) as env:
            env["hospitality.guest.dirty"]._mark(self.partner_ids[:1])
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.LockNotAvailable):
                with self._session() as scheduler:
                    self._begin_lane(scheduler)

    def test_long_queue_is_shared(self):
        for partner_id in self.partner_ids:
            self._add_stay(partner_id)
        self.patch(queue, "BATCH", 8)
        taken = []
        with claim.lane_env(self.env) as first, claim.lane_env(self.env) as second:
            for env in (first, second):
                Dirty = env["hospitality.guest.dirty"]
                before = self._list_rows(env)
                self.assertTrue(Dirty._take(8))
                taken.append(before - self._list_rows(env))
        self.assertTrue(taken[0] and taken[1])
        self.assertFalse({partner for _id, partner in taken[0]} & {partner for _id, partner in taken[1]})
        while self._run_lane():
            pass
        expected = dict.fromkeys(self.partner_ids, 1) | {self.guest_id: 2}
        self.assertEqual(self._read_counts(*self.partner_ids), expected)

    def _list_rows(self, env):
        return set(env.execute_query(SQL("SELECT id, partner_id FROM hospitality_guest_dirty")))

    def test_lanes_that_run_at_once_end_in_the_truth(self):
        stop = threading.Event()

        def work():
            while not stop.is_set():
                claim.with_retry(self._run_lane)

        lanes = [threading.Thread(target=work) for _index in range(3)]
        for lane in lanes:
            lane.start()
        try:
            for _round in range(4):
                for partner_id in self.partner_ids[:12]:
                    self._add_stay(partner_id)
        finally:
            stop.set()
            for lane in lanes:
                lane.join()
        while self._run_lane():
            pass
        expected = dict.fromkeys(self.partner_ids[:12], 4) | {self.guest_id: 5}
        self.assertEqual(self._read_counts(*self.partner_ids), expected)

    def test_rebuild_keeps_lanes_out_but_not_other_rebuilds(self):
        first, last = self.partner_ids[0], self.partner_ids[-1]
        middle = self.partner_ids[20]
        with claim.lane_env(self.env) as env, claim.lane_env(self.env) as other:
            env["hospitality.guest.metrics"]._rebuild(first, middle)
            self.assertEqual(self._run_lane(), 0)
            other["hospitality.guest.metrics"]._rebuild(middle + 1, last)
        self.assertEqual(self._read_counts(self.guest_id), {self.guest_id: 1})
        self.assertEqual(self._run_lane(), 1)

    def test_range_queued_twice_is_rebuilt_one_after_the_other(self):
        with self._session() as env:
            Rebuild = env["hospitality.guest.rebuild"]
            Rebuild._queue()
            Rebuild._queue()
        done = threading.Event()

        def rebuild():
            with claim.lane_env(self.env) as env:
                while env["hospitality.guest.rebuild"]._take():
                    pass
            done.set()

        self._run_lane()  # with the rows there, nothing but the lock of the range can hold the second lane
        with claim.lane_env(self.env) as env:
            # Ids of this test's guests may span several ranges: take all that come first.
            ranges = env.execute_query(SQL("SELECT count(DISTINCT first_id) FROM hospitality_guest_rebuild"))[0][0]
            for _index in range(ranges):
                self.assertEqual(env["hospitality.guest.rebuild"]._take(), 1)
            lane = threading.Thread(target=rebuild)
            lane.start()
            self.assertFalse(done.wait(0.5), "The same range was rebuilt by two lanes at once.")
        lane.join()
        self.assertEqual(self._read_counts(self.guest_id), {self.guest_id: 1})
