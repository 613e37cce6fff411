import random

from freezegun import freeze_time

from odoo.tests import tagged

from ..models.guest.guest_metrics_query import COLUMNS
from .metrics_common import MetricsCase


@tagged("post_install", "-at_install")
class TestMetricsUpkeep(MetricsCase):
    def test_row_goes_with_the_last_visit(self):
        stay = self._stay(self.anna)
        self.assertTrue(self._metrics(self.anna))
        stay.unlink()
        self.assertFalse(self._metrics(self.anna))

    def test_moved_visit_leaves_nothing_behind(self):
        check = self._check(self.anna)
        self.assertMetrics(self.anna, check_count=1)
        check.partner_id = self.ben
        self.assertFalse(self._metrics(self.anna))
        self.assertMetrics(self.ben, check_count=1)

    def test_unchanged_rows_are_not_rewritten(self):
        self._stay(self.anna)
        self._stay(self.ben)
        self._refresh()

        def places():
            self.env.cr.execute("SELECT partner_id, ctid::text FROM hospitality_guest_metrics ORDER BY 1")
            return dict(self.env.cr.fetchall())

        before = places()
        self.env["hospitality.guest.dirty"]._mark([self.anna.id, self.ben.id])
        self._refresh()
        self.assertEqual(places(), before)
        self._stay(self.ben, days=-20)
        self._refresh()
        after = places()
        self.assertEqual(after[self.anna.id], before[self.anna.id])
        self.assertNotEqual(after[self.ben.id], before[self.ben.id])

    def test_days_since(self):
        self._stay(self.anna, days=-10, nights=3)
        self._stay(self.ben, days=-3, nights=1)
        self._stay(self.carla, days=3, status="reserved")
        self.assertMetrics(self.anna, days_since=7)
        self.assertMetrics(self.carla, days_since=0)
        for domain, expected in (
            ([("days_since", ">=", 7)], self.anna),
            ([("days_since", "<", 7)], self.ben),
            ([("days_since", "=", 2)], self.ben),
            ([("days_since", ">", 30)], self.env["res.partner"]),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(self.Metrics.search(domain).partner_id, expected)
        with freeze_time("2026-06-16 00:30:00"):  # business day of the property: still the 15th
            self.assertMetrics(self.anna, days_since=7)
        with freeze_time("2026-06-16 01:30:00"):
            self.assertMetrics(self.anna, days_since=8)

    def test_deleted_guest_takes_his_row_along(self):
        stay = self._stay(self.anna)
        self._refresh()
        stay.unlink()
        self.env["hospitality.guest.dirty"].search([]).unlink()
        anna_id = self.anna.id
        self.anna.unlink()
        self.assertFalse(self.Metrics.search([("partner_id", "=", anna_id)]))

    def test_query_count_does_not_grow_with_the_guests(self):
        self._random_world(random.Random(2), 5)
        dirty = self.env["hospitality.guest.dirty"]
        self._refresh()
        counts = []
        for guests in (self.anna, self.anna | self.ben | self.carla):
            dirty._mark(guests.ids)
            before = self.env.cr.sql_log_count
            dirty._take(1000)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[0], 11)

    def _random_world(self, rng, visits):
        guests = [self.anna, self.ben, self.carla]
        stays = []
        for _index in range(visits):
            people = [
                (
                    rng.choice(guests),
                    {"role": role, "pays": rng.random() < 0.6, "sleeps": rng.random() < 0.8},
                )
                for role in rng.sample(["primary", "sharer", "companion", "payer"], rng.randint(0, 3))
            ]
            stays.append(
                self._stay(
                    rng.choice(guests),
                    days=rng.randint(-40, 20),
                    nights=rng.randint(0, 5),
                    status=rng.choice(["checked_out", "checked_out", "in_house", "cancelled", "no_show", "reserved"]),
                    revenue_basis=rng.choice(["lines", "source", "rate", False]),
                    people=people,
                    amount_room=rng.randint(0, 300),
                    amount_fb=rng.choice([0, 25.5]),
                    amount_other=rng.choice([0, 9.99]),
                    currency_rate=rng.choice([1, 1.1, 0.37]),
                    is_pseudo=rng.random() < 0.1,
                    channel_id=rng.choice([self.own_site.id, self.ota.id, False]),
                    room_type_id=rng.choice([self.single.id, self.suite.id]),
                )
            )
        checks = self.env["hospitality.check"]
        for _index in range(visits):
            checks |= self._check(
                rng.choice(guests),
                days=rng.randint(-40, 0),
                total=rng.randint(5, 90) + 0.25,
                outlet=rng.choice([self.restaurant, self.bar, self.spa]),
                daypart=rng.choice(["lunch", "dinner", False]),
                dishes=rng.choices(["Soup", "Fish", "Beer"], k=rng.randint(0, 4)),
                status=rng.choice(["paid", "paid", "open", "voided", "refunded"]),
                stay_id=rng.choice([False, False, *stays]) and rng.choice(stays).id,
                refund_of_id=rng.random() < 0.2 and checks[:1].id,
            )
            self._table(rng.choice(guests), days=rng.randint(-20, 5), status=rng.choice(["finished", "booked"]))
        return stays, checks

    def test_rebuild_and_refresh_agree(self):
        for seed in range(5):
            with self.subTest(seed=seed):
                self._random_world(random.Random(seed), 8)
                self._refresh()
                names = [name for name in COLUMNS if name != "refreshed_at"]
                key = ["partner_id", "company_id", *names]
                refreshed = {
                    (row["partner_id"], row["company_id"]): row for row in self.Metrics.search([]).read(key, load=None)
                }
                self.assertTrue(refreshed)
                self.assertEqual(self._rebuild_all(), 0)
                self.Metrics.search([]).unlink()
                self.assertEqual(self._rebuild_all(), len(refreshed))
                for row in self.Metrics.search([]).read(key, load=None):
                    before = refreshed[row["partner_id"], row["company_id"]]
                    self.assertEqual({**row, "id": 0}, {**before, "id": 0})

    def _rebuild_all(self):
        self.env["hospitality.guest.rebuild"]._queue()
        written = 0
        for shard in self.env["hospitality.guest.rebuild"].search([]):
            written += self.Metrics._rebuild(shard.first_id, shard.last_id)
            shard.unlink()
        return written

    def test_revenues_of_all_guests_add_up_to_that_of_the_house(self):
        stays, checks = self._random_world(random.Random(11), 30)
        self._refresh()
        expected = 0
        for stay in stays:
            if stay.status in ("in_house", "checked_out") or (
                stay.revenue_basis == "lines" and stay.status in ("cancelled", "no_show")
            ):
                expected += (stay.amount_room + stay.amount_fb + stay.amount_other) * stay.currency_rate
        refunded = checks.filtered(lambda c: c.status in ("paid", "open", "refunded")).refund_of_id
        for check in checks:
            if check.status == "voided":
                continue
            stay = check.stay_id
            if stay.revenue_basis == "lines" or stay.revenue_basis == "source" and stay.amount_fb:
                continue
            if check.refund_of_id:
                expected -= check.amount_total
            elif check.status != "refunded" or check in refunded:
                expected += check.amount_total
        total = sum(self.Metrics.search([]).mapped("revenue_total"))
        self.assertAlmostEqual(total, expected, delta=0.05)

    def test_visits_of_others_are_left_alone(self):
        self._stay(self.anna)
        self._stay(self.ben)
        self._refresh()
        self.env.cr.execute("UPDATE hospitality_guest_metrics SET stay_count = 99")
        self.Metrics.invalidate_model()
        self.env["hospitality.guest.dirty"]._mark([self.anna.id])
        self.assertMetrics(self.anna, stay_count=1)
        self.assertMetrics(self.ben, stay_count=99)
