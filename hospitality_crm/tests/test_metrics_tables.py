import datetime

from odoo.tests import tagged

from .metrics_common import TODAY, MetricsCase


@tagged("post_install", "-at_install")
class TestMetricsOfTables(MetricsCase):
    def test_checks_and_covers(self):
        self._check(self.anna, total=100, covers=2)
        self._check(self.anna, total=50, covers=3, outlet=self.spa)
        self._check(self.anna, total=70, status="voided")
        self._check(self.anna, total=70, status="draft")
        self._check(self.anna, total=70, status="unknown")
        self.assertMetrics(
            self.anna,
            check_count=2,
            cover_count=5,
            revenue_fb=100,
            revenue_other=50,
            check_average=75,
            stay_count=0,
        )

    def test_refunds(self):
        paid = self._check(self.anna, total=100, status="refunded")
        self.assertMetrics(self.anna, check_count=1, revenue_fb=0)
        refund = self._check(self.anna, total=100, refund_of_id=paid.id)
        self.assertMetrics(self.anna, check_count=1, cover_count=2, revenue_fb=0)
        refund.amount_total = -30
        self.assertMetrics(self.anna, check_count=1, revenue_fb=70)
        refund.status = "voided"
        self.assertMetrics(self.anna, revenue_fb=0)
        paid.status = "paid"
        self.assertMetrics(self.anna, revenue_fb=100)

    def test_refund_without_reference(self):
        self._check(self.anna, total=100)
        self._check(self.anna, total=-40, status="refunded")
        self.assertMetrics(self.anna, check_count=1, revenue_fb=60)

    def test_check_charged_to_the_room_is_not_counted_twice(self):
        for basis, fb, expected in (
            ("lines", 30, 30),
            ("lines", 0, 0),
            ("source", 30, 30),
            ("source", 0, 30),
            ("rate", 0, 30),
            (False, 0, 30),
        ):
            with self.subTest(basis=basis, fb=fb):
                stay = self._stay(self.anna, revenue_basis=basis, amount_fb=fb)
                check = self._check(self.anna, total=30, stay_id=stay.id, dishes=["Soup"])
                self.assertMetrics(
                    self.anna,
                    revenue_fb=expected,
                    check_count=1,
                    check_average=30,
                    outlet_id=self.restaurant,
                    favourite_dish="Soup",
                )
                check.unlink()
                stay.unlink()

    def test_checks_are_converted(self):
        self._check(self.anna, total=100, currency_rate=0.5)
        self.assertMetrics(self.anna, revenue_fb=50, check_average=50)

    def test_reservations(self):
        self._table(self.anna, status="finished")
        with_check = self._table(self.anna, days=-3, status="finished")
        self._check(self.anna, days=-3, covers=5, reservation_id=with_check.id)
        self._table(self.anna, status="cancelled")
        self._table(self.anna, status="no_show")
        self._table(self.anna, days=2, status="booked")
        self._table(self.anna, days=1, status="requested")
        self._table(self.anna, days=-1, status="booked")
        self.assertMetrics(
            self.anna,
            reservation_count=2,
            cover_count=9,
            check_count=1,
            cancel_count=1,
            no_show_count=1,
            upcoming_count=1,
            next_visit=TODAY + datetime.timedelta(days=2),
            first_visit=TODAY - datetime.timedelta(days=5),
            last_visit=TODAY - datetime.timedelta(days=3),
        )

    def test_favourites_of_the_table(self):
        self._check(self.anna, days=-9, outlet=self.bar, daypart="late", dishes=["Beer", "Beer", "Nuts"])
        self._check(self.anna, days=-8, daypart="lunch", dishes=["Soup"])
        self._check(self.anna, days=-7, daypart="lunch", dishes=["Soup", "Fish"])
        self._check(self.anna, days=-6, status="voided", outlet=self.bar, daypart="late", dishes=["Beer", "Beer"])
        self.assertMetrics(self.anna, outlet_id=self.restaurant, favourite_daypart="lunch", favourite_dish="Soup")
        fish = self.env["hospitality.charge"].search([("name", "=", "Fish")])
        fish.copy({"external_id": "fish-2"})
        self.assertMetrics(self.anna, favourite_dish="Soup")
        fish.copy({"external_id": "fish-3"})
        self.assertMetrics(self.anna, favourite_dish="Fish")
        fish.state = "void"
        self.assertMetrics(self.anna, favourite_dish="Soup")

    def test_folio_lines_and_drinks_of_others_are_no_dishes(self):
        check = self._check(self.anna, dishes=["Soup"])
        charge = check.charge_ids
        for department in ("tip", "fee", "fee"):
            charge.copy({"external_id": f"x{charge.id}{department}", "name": "Service", "department": department})
            charge = charge.search([], order="id desc", limit=1)
        self._check(self.ben, dishes=["Steak"])
        self.assertMetrics(self.anna, favourite_dish="Soup")
