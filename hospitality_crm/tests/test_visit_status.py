import datetime

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .metrics_common import TODAY, MetricsCase

NOW = datetime.datetime(2026, 6, 15, 12)


@tagged("post_install", "-at_install")
class TestStayStatus(MetricsCase):
    def test_from_reservation_to_departure(self):
        stay = self._stay(self.anna, days=0, nights=2, status="reserved")
        stay.action_check_in()
        self.assertEqual((stay.status, stay.checked_in_at), ("in_house", NOW))
        with freeze_time("2026-06-17 09:00:00"):
            stay.action_check_out()
            self.assertEqual(stay.checked_out_at, datetime.datetime(2026, 6, 17, 9))
        self.assertEqual((stay.status, stay.nights), ("checked_out", 2))

    def test_early_departure_shortens_the_stay(self):
        stay = self._stay(
            self.anna, days=-1, nights=4, status="in_house", rate_amount=100, amount_room=400, revenue_basis="rate"
        )
        stay.action_check_out()
        self.assertEqual((stay.departure, stay.nights, stay.amount_total), (TODAY, 1, 100))

    def test_late_check_out_does_not_lengthen_the_stay(self):
        stay = self._stay(self.anna, days=-5, nights=2, status="in_house")
        stay.action_check_out()
        self.assertEqual(stay.nights, 2)

    def test_check_in_outside_the_stay(self):
        for days in (1, -10):
            stay = self._stay(self.anna, days=days, nights=2, status="reserved")
            with self.subTest(days=days), self.assertRaisesRegex(UserError, "Change the dates"):
                stay.action_check_in()

    def test_night_guest_checks_in_on_the_business_day_of_his_stay(self):
        stay = self._stay(self.anna, days=0, nights=1, status="reserved")
        with freeze_time("2026-06-16 00:30:00"):  # 03:30 in the property
            stay.action_check_in()
        self.assertEqual(stay.status, "in_house")

    def test_no_status_is_final(self):
        stay = self._stay(self.anna, days=0, status="reserved")
        for step, status in (
            ("action_no_show", "no_show"),
            ("action_reinstate", "reserved"),
            ("action_no_show", "no_show"),
            ("action_check_in", "in_house"),
            ("action_check_out", "checked_out"),
            ("action_reinstate", "in_house"),
            ("action_reinstate", "reserved"),
            ("action_cancel", "cancelled"),
            ("action_reinstate", "reserved"),
        ):
            with self.subTest(step=step, status=status):
                getattr(stay, step)()
                self.assertEqual(stay.status, status)
        self.assertFalse(stay.checked_in_at or stay.checked_out_at or stay.cancelled_on)

    def test_steps_that_make_no_sense(self):
        for status, step in (
            ("checked_out", "action_check_in"),
            ("reserved", "action_check_out"),
            ("in_house", "action_cancel"),
            ("checked_out", "action_no_show"),
            ("reserved", "action_reinstate"),
        ):
            stay = self._stay(self.anna, days=-1, nights=2, status=status)
            with self.subTest(status=status, step=step), self.assertRaises(UserError):
                getattr(stay, step)()

    def test_no_show_before_the_arrival(self):
        stay = self._stay(self.anna, days=3, status="reserved")
        with self.assertRaisesRegex(UserError, "cancelled"):
            stay.action_no_show()

    def test_cancellation_bears_the_business_date(self):
        stay = self._stay(self.anna, days=3, status="reserved")
        with freeze_time("2026-06-16 00:30:00"):
            stay.action_cancel()
        self.assertEqual(stay.cancelled_on, TODAY)

    def test_booking_follows_its_stays(self):
        booking = self.env["hospitality.booking"].create(
            {"property_id": self.palace.id, "partner_id": self.anna.id, "confirmation": "B1"}
        )
        stays = self._stay(self.anna, days=3, status="reserved", booking_id=booking.id)
        stays |= self._stay(self.anna, days=3, status="reserved", booking_id=booking.id)
        stays[0].action_cancel()
        self.assertEqual(booking.status, "reserved")
        stays[1].action_cancel()
        self.assertEqual((booking.status, booking.cancelled_on), ("cancelled", TODAY))
        stays[0].action_reinstate()
        self.assertEqual((booking.status, booking.cancelled_on), ("reserved", False))
        booking.action_cancel()
        self.assertEqual(set(stays.mapped("status")), {"cancelled"})
        with self.assertRaisesRegex(UserError, "no stay"):
            booking.action_cancel()

    def test_reception_may_press_the_buttons(self):
        stay = self._stay(self.anna, days=0, status="reserved", rate_amount=100)
        stay = stay.with_user(self._create_role_user("reception"))
        stay.action_check_in()
        stay.action_check_out()
        self.assertEqual(stay.status, "checked_out")


@tagged("post_install", "-at_install")
class TestReservationStatus(MetricsCase):
    def test_from_booking_to_farewell(self):
        table = self._table(self.anna, days=0, status="booked")
        for step, status in (
            ("action_seat", "seated"),
            ("action_finish", "finished"),
            ("action_reinstate", "seated"),
            ("action_reinstate", "booked"),
            ("action_cancel", "cancelled"),
            ("action_reinstate", "booked"),
        ):
            with self.subTest(step=step):
                getattr(table, step)()
                self.assertEqual(table.status, status)

    def test_no_show_not_before_the_day(self):
        table = self._table(self.anna, days=1, status="booked")
        with self.assertRaisesRegex(UserError, "still to come"):
            table.action_no_show()
        with freeze_time("2026-06-16 17:30:00"):
            table.action_no_show()
            self.assertEqual(table.status, "no_show")
            table.action_seat()
        self.assertEqual(table.status, "seated")

    def test_steps_that_make_no_sense(self):
        for status, step in (("finished", "action_seat"), ("booked", "action_finish"), ("seated", "action_cancel")):
            table = self._table(self.anna, status=status)
            with self.subTest(status=status), self.assertRaises(UserError):
                getattr(table, step)()
