from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..engine.adapter import Page, Raw, Stream
from .test_reader import ReaderCommon
from .vendor import TrialAdapter


@tagged("post_install", "-at_install")
class TestComparison(ReaderCommon):
    def _compare(self):
        self._read("arrivals")
        self.connector._cron_watch()
        self.env.invalidate_all()
        return self.env["hospitality.connector.difference"].search([("connector_id", "=", self.connector.id)])

    def test_equal_books_have_no_difference(self):
        for number in range(5):
            self.vendor.add(f"s{number}")
        self._read()
        self.assertFalse(self._compare())
        day = self.env["hospitality.connector.comparison"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((day.their_count, day.our_count, day.their_amount, day.our_amount), (5, 5, 1000.0, 1000.0))
        self.assertEqual(day.day, fields.Date.today())

    def test_sweep_brings_what_was_never_told(self):
        self.vendor.add("s1")
        self.vendor.stays["s1"]["modified"] = "2020-01-01T00:00:00+00:00"
        self._read()
        self.assertFalse(self._stays())
        self.assertFalse(self._compare())
        self.assertEqual(len(self._stays()), 1)

    def test_stay_that_vanished_without_a_word_is_fetched_and_cancelled(self):
        self.vendor.add("s1")
        self.vendor.add("s2")
        self._read()
        del self.vendor.stays["s1"]
        found = self._compare()
        self.assertEqual(found.mapped("kind"), ["extra"])
        self.assertEqual(found.external_id, "s1")
        self.Reader._step_hints()
        self.connector._process()
        self.assertEqual(self._stays().filtered(lambda stay: stay.external_id == "s1").status, "cancelled")
        self.assertFalse(self._compare())

    def test_sums_that_differ_are_listed_with_both(self):
        self.vendor.add("s1")
        self.vendor.add("s2", total="300.00")
        self._read()
        self._read("arrivals")
        self.env.cr.execute("UPDATE hospitality_stay SET amount_total = 1 WHERE external_id = 's2'")
        self.connector._cron_watch()
        self.env.invalidate_all()
        found = self.env["hospitality.connector.difference"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((found.kind, found.theirs, found.stay_id.external_id), ("amount", "300 EUR", "s2"))
        self.assertIn("1", found.ours)
        day = self.env["hospitality.connector.comparison"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((day.difference_count, day.their_amount, day.our_amount), (1, 500.0, 201.0))

    def test_what_came_after_the_list_is_no_difference(self):
        self.vendor.add("s1")
        self._read()
        self._read("arrivals")
        self.vendor.add("s2", ago=0)
        self.vendor.add("s1", ago=0, status="in_house", total="250.00")
        self._read()
        self.assertEqual(len(self._stays()), 2)
        self.connector._cron_watch()
        self.env.invalidate_all()
        self.assertFalse(
            self.env["hospitality.connector.difference"].search([("connector_id", "=", self.connector.id)])
        )
        day = self.env["hospitality.connector.comparison"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((day.their_count, day.our_count, day.difference_count), (1, 1, 0))

    def test_differences_of_a_source_without_single_stays_are_fetched_with_their_booking(self):
        adapter = type(self.connector._get_adapter())
        self.vendor.add("s1")
        self._read()
        hints = self.env["hospitality.connector.hint"]
        for booking in (None, "B1"):
            if booking:
                self._stays().booking_id = self.env["hospitality.booking"].create(
                    {"source_id": self.source.id, "external_id": booking, "property_id": self.hotel.id}
                )
            self._read("arrivals")
            self.env.flush_all()
            self.env.cr.execute("UPDATE hospitality_stay SET amount_total = 1, revenue_basis = 'source'")
            with patch.object(adapter, "fetchable", lambda adapter, settings: {"booking": "reservation"}):
                self.connector._cron_watch()
            hint = hints.search([])
            self.assertEqual((hint.entity, hint.external_id), ("reservation", booking) if booking else (False, False))

    def test_record_on_which_the_adapter_fails_keeps_no_other_one_from_being_compared(self):
        for key in ("s1", "s2"):
            self.vendor.add(key)
        self._read()
        parse = TrialAdapter.parse

        def failing(adapter, raw, env):
            return 1 / 0 if raw.external_id == "s1" else parse(adapter, raw, env)

        with patch.object(TrialAdapter, "parse", failing):
            self._read("arrivals")
        self.assertFalse(self._cursor("arrivals").error_code)
        census = self.env["hospitality.connector.census"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual(census.external_id, "s2")

    def test_review_that_is_not_on_the_list_any_more_is_gone(self):
        key = {"entity": "review", "at": "2026-01-01T10:00:00Z", "rating": 5, "scale": 5, "version": 1.0}
        canonical = self.connector.copy({"name": "Reviews", "adapter": "canonical"})
        elsewhere = self.env["hospitality.property"].create({"name": "Annex", "code": "ANNEX", "kind": "hotel"})
        for name in ("kept", "taken back"):
            self._send({**key, "external_id": name}, connector=canonical)
        self._send({**key, "external_id": "of another place", "property": elsewhere.code}, connector=canonical)
        stream = Stream("all", "sweep", entity="review", days=(0, 0))
        self.connector._after_page(stream, None, Page([Raw("review", "kept", "{}")]), True, True)
        self.connector._process()
        self.env.invalidate_all()
        reviews = self.env["hospitality.review"].search([("source_id", "=", self.source.id)])
        self.assertEqual(
            {review.external_id: review.status for review in reviews},
            {"kept": "published", "taken back": "removed", "of another place": "published"},
        )

    def test_nothing_is_compared_before_the_inbox_is_empty(self):
        self.vendor.add("s1")
        (self.connector.stream_ids - self._cursor("arrivals")).next_at = "2100-01-01"
        self.env.flush_all()
        for _step in range(4):
            self.Reader._step_stream()
        self.connector._cron_watch()
        self.env.invalidate_all()
        self.assertTrue(self.connector.compare_to)
        self.connector._process()
        self.connector._cron_watch()
        self.env.invalidate_all()
        self.assertFalse(self.connector.compare_to)


@tagged("post_install", "-at_install")
class TestSample(ReaderCommon):
    """Records that are fetched at random, to find changes that nobody has told."""

    def _sample(self):
        self.connector.action_sample()
        self.env.flush_all()
        while self.Reader._step_hints():
            pass
        self.connector._process()
        self.env.invalidate_all()
        return self.env["hospitality.connector.difference"].search([("connector_id", "=", self.connector.id)])

    def _fill(self):
        for number in range(3):
            self.vendor.add(f"s{number}", ago=7200)
        self._read()
        self.assertEqual(len(self._stays()), 3)

    def test_records_that_are_the_same(self):
        self._fill()
        self.assertFalse(self._sample())
        self.assertEqual(self.connector.sampled_count, 3)

    def test_change_that_nobody_has_told_is_listed_and_corrected(self):
        self._fill()
        self.vendor.stays["s1"]["total"] = "250.00"
        found = self._sample()
        self.assertRecordValues(
            found, [{"entity": "stay", "external_id": "s1", "kind": "content", "is_sampled": True, "fetch_key": "s1"}]
        )
        stay = self._stays().filtered(lambda stay: stay.external_id == "s1")
        self.assertEqual(stay.amount_total, 250)
        self.assertEqual(found.stay_id, stay)
        self.assertFalse(self._sample(), "it was corrected")

    def test_record_that_is_gone(self):
        self._fill()
        del self.vendor.stays["s2"]
        found = self._sample()
        self.assertEqual((found.external_id, found.kind), ("s2", "extra"))
        self.assertEqual(self._stays().filtered(lambda stay: stay.external_id == "s2").status, "cancelled")

    def test_record_on_which_the_adapter_fails_is_left_to_the_inbox(self):
        self._fill()
        self.vendor.stays["s2"]["total"] = "250.00"
        parse = TrialAdapter.parse

        def failing(adapter, raw, env):
            return 1 / 0 if raw.external_id == "s1" else parse(adapter, raw, env)

        with patch.object(TrialAdapter, "parse", failing):
            self.connector.action_sample()
            self.env.flush_all()
            while self.Reader._step_hints():
                pass
        self.env.invalidate_all()
        self.assertEqual(self.connector.sampled_count, 3)
        found = self.env["hospitality.connector.difference"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual(found.external_id, "s2")

    def test_first_day_is_set_without_a_lock_that_other_steps_would_wait_for(self):
        self.env.flush_all()
        self.connector._cron_watch()
        self.assertFalse(self.env.cache.has_dirty_fields(self.connector))
        self.assertTrue(self.connector.sample_at)

    def test_news_that_are_under_way_are_no_difference(self):
        self._fill()
        self.vendor.add("s1", ago=5, total="250.00")
        self.assertFalse(self._sample())

    def test_differences_of_the_night_stay(self):
        self._fill()
        self._read("arrivals")
        self.env.cr.execute("UPDATE hospitality_stay SET amount_total = 1 WHERE external_id = 's2'")
        self.connector._cron_watch()
        self.assertEqual(self._sample().kind, "amount")
        self._read("arrivals")
        self.connector._cron_watch()
        self.assertEqual(self.connector.sampled_count, 3)

    def test_once_a_week(self):
        self._fill()
        hints = self.env["hospitality.connector.hint"]
        self.connector._cron_watch()
        self.assertFalse(hints.search([]))
        self.assertGreater(self.connector.sample_at, fields.Datetime.now())
        self.connector.sample_at = fields.Datetime.now()
        self.env.flush_all()
        self.connector._cron_watch()
        self.env.invalidate_all()
        self.assertEqual(len(hints.search([("reason", "=", "sample")])), 3)
        self.assertGreater(self.connector.sample_at, fields.Datetime.now())
