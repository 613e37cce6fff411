import datetime

from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .metrics_common import TODAY, MetricsCase


@tagged("post_install", "-at_install")
class TestVisitValues(MetricsCase):
    """What a visit fills in itself when a person or another addon writes it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env["res.currency"].create({"name": "EEE", "symbol": "e"})
        cls.env["res.currency.rate"].create(
            [
                {"currency_id": cls.euro.id, "name": day, "rate": rate, "company_id": cls.company.id}
                for day, rate in (("2026-01-01", 0.5), ("2026-06-10", 0.8))
            ]
        )

    def test_business_date_of_a_table(self):
        for starts_at, expected in (
            ("2026-06-15 17:00:00", "2026-06-15"),
            ("2026-06-15 23:30:00", "2026-06-15"),  # 02:30 of the 16th in Kyiv
            ("2026-06-16 01:00:00", "2026-06-16"),  # 04:00, the day has begun
        ):
            table = self.env["hospitality.reservation"].create(
                {"partner_id": self.anna.id, "property_id": self.palace.id, "starts_at": starts_at}
            )
            with self.subTest(starts_at=starts_at):
                self.assertEqual(str(table.business_date), expected)
        table.starts_at = "2026-06-20 10:00:00"
        self.assertEqual(str(table.business_date), "2026-06-20")

    def test_business_date_that_is_given(self):
        table = self._table(self.anna, business_date="2026-01-01", starts_at="2026-06-15 17:00:00")
        self.assertEqual(str(table.business_date), "2026-01-01")

    def test_business_date_and_daypart_of_a_check(self):
        Check = self.env["hospitality.check"]
        common = {"partner_id": self.anna.id, "property_id": self.palace.id}
        check = Check.create({**common, "opened_at": "2026-06-15 19:00:00", "closed_at": "2026-06-15 23:30:00"})
        self.assertEqual((str(check.business_date), check.daypart), ("2026-06-15", "dinner"))
        check = Check.create({**common, "closed_at": "2026-06-15 22:30:00"})
        self.assertEqual((str(check.business_date), check.daypart), ("2026-06-15", "late"))
        check = Check.create({**common, "closed_at": "2026-06-15 05:00:00", "daypart": "lunch"})
        self.assertEqual((str(check.business_date), check.daypart), ("2026-06-15", "lunch"))
        check = Check.create(common)
        self.assertEqual((check.business_date, check.daypart), (TODAY, False))

    def test_currency_and_rate_of_the_day(self):
        self.assertEqual(self._stay(self.anna).currency_rate, 1)
        stay = self.env["hospitality.stay"].create(
            {
                "partner_id": self.anna.id,
                "property_id": self.palace.id,
                "arrival": "2026-06-09",
                "departure": "2026-06-12",
            }
        )
        self.assertEqual((stay.currency_id, stay.currency_rate), (self.palace.currency_id, 1))
        stay.currency_id = self.euro
        self.assertEqual(stay.currency_rate, 2)
        stay.arrival = "2026-06-10"
        self.assertEqual(stay.currency_rate, 1.25)
        stay.currency_rate = 1.5
        stay.status = "checked_out"
        self.assertEqual(stay.currency_rate, 1.5)
        check = self._check(self.anna, currency_id=self.euro.id, business_date="2026-06-09")
        self.assertEqual(check.currency_rate, 2)

    def test_form_fills_in_what_follows(self):
        form = Form(self.env["hospitality.reservation"])
        form.partner_id = self.anna
        form.property_id = self.palace
        form.starts_at = datetime.datetime(2026, 6, 15, 23, 30)
        self.assertEqual(form.business_date, TODAY)

    def test_rate_must_be_positive(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._stay(self.anna, currency_rate=0)
            self.env.flush_all()

    def test_lead_time(self):
        stay = self._stay(self.anna, booked_on=TODAY - datetime.timedelta(days=30))
        self.assertEqual(stay.lead_time, 20)
        stay.arrival = TODAY - datetime.timedelta(days=11)
        self.assertEqual(stay.lead_time, 19)
        self.assertEqual(self._stay(self.anna, booked_on=TODAY, lead_time=7).lead_time, 7)

    def test_where_amounts_come_from(self):
        for values, basis, room, total in (
            ({"amount_total": 150, "amount_fb": 30, "amount_other": 20}, "source", 100, 150),
            ({"amount_room": 100, "amount_fb": 30}, "source", 100, 130),
            ({"rate_amount": 70.5}, "rate", 141, 141),
            ({}, False, 0, 0),
        ):
            stay = self._stay(self.anna, nights=2, **values)
            with self.subTest(values=values):
                self.assertEqual((stay.revenue_basis, stay.amount_room, stay.amount_total), (basis, room, total))

    def test_rate_times_nights_follows_the_dates(self):
        stay = self._stay(self.anna, nights=2, rate_amount=70)
        stay.with_user(self._create_role_user("reception")).departure = stay.departure + datetime.timedelta(days=1)
        self.assertEqual((stay.amount_room, stay.amount_total), (210, 210))
        stay.rate_amount = 80
        self.assertEqual(stay.amount_total, 240)
        of_source = self._stay(self.anna, nights=2, amount_total=500)
        of_source.departure += datetime.timedelta(days=1)
        self.assertEqual(of_source.amount_total, 500)

    def test_parts_of_another_property(self):
        bistro_table = self.env["hospitality.outlet"].create(
            {"name": "Terrace", "code": "TER", "property_id": self.bistro.id}
        )
        room = self.env["hospitality.room"].create({"name": "1", "code": "1", "property_id": self.harbour.id})
        for write in (
            lambda: self._stay(self.anna, room_id=room.id),
            lambda: self._check(self.anna, outlet=self.restaurant, property_id=self.bistro.id),
            lambda: self._table(self.anna, outlet_id=bistro_table.id),
        ):
            with self.assertRaisesRegex(ValidationError, "Choose one of the same property"):
                write()

    def test_check_out_before_check_in(self):
        with self.assertRaisesRegex(ValidationError, "before the check-in"):
            self._stay(self.anna, checked_in_at="2026-06-02 10:00:00", checked_out_at="2026-06-01 10:00:00")

    def test_refund_of_itself(self):
        check = self._check(self.anna)
        with self.assertRaisesRegex(ValidationError, "refund of itself"):
            check.refund_of_id = check


@tagged("post_install", "-at_install")
class TestStayRevenue(MetricsCase):
    """Amounts of a stay are the sum of its live folio lines as soon as it has any."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stay = cls._stay(cls.anna, amount_total=999)

    def _line(self, department, amount, **values):
        return self.env["hospitality.charge"].create(
            {
                "stay_id": self.stay.id,
                "name": department,
                "department": department,
                "amount_gross": amount,
                "business_date": self.stay.arrival,
                "currency_id": self.stay.currency_id.id,
                **values,
            }
        )

    def assertAmounts(self, room, fb, other, tax, total):
        stay = self.stay
        self.assertEqual(
            (stay.amount_room, stay.amount_fb, stay.amount_other, stay.amount_tax, stay.amount_total),
            (room, fb, other, tax, total),
        )
        self.assertEqual(stay.revenue_basis, "lines")

    def test_lines_outrank_totals(self):
        room = self._line("room", 100, amount_tax=9)
        self.assertAmounts(100, 0, 0, 9, 100)
        self._line("fb", 30, window=2)
        self._line("package", 10)
        self._line("fee", 5)
        self._line("tax", 3)
        self._line("tip", 7)
        self.assertAmounts(100, 30, 15, 12, 148)
        self._line("room", -20, state="allowance")
        self._line("fb", 50, state="moved")
        self._line("fb", 50, state="void")
        self.assertAmounts(80, 30, 15, 12, 128)
        room.state = "void"
        self.assertAmounts(-20, 30, 15, 3, 28)
        self.stay.charge_ids.unlink()
        self.assertAmounts(0, 0, 0, 0, 0)
        self.assertMetrics(self.anna, revenue_total=0, stay_count=1)

    def test_line_that_moves_to_another_stay(self):
        other = self._stay(self.ben)
        line = self._line("room", 100)
        line.stay_id = other
        self.assertAmounts(0, 0, 0, 0, 0)
        self.assertEqual((other.amount_room, other.revenue_basis), (100, "lines"))
        self.assertMetrics(self.ben, revenue_room=100)
        self.assertMetrics(self.anna, revenue_room=0)

    def test_stays_without_lines_keep_the_amounts_of_the_source(self):
        self.env["hospitality.stay"]._refresh_revenue(self.stay.ids)
        self.assertEqual((self.stay.amount_total, self.stay.revenue_basis), (999, "source"))

    def test_only_what_differs_is_written(self):
        self._line("room", 100)
        self.assertEqual(self.env["hospitality.stay"]._refresh_revenue(self.stay.ids), [])

    def test_line_in_another_currency(self):
        euro = self.env["res.currency"].create({"name": "EEE", "symbol": "e"})
        with self.assertRaisesRegex(ValidationError, "convert the line"):
            self._line("room", 100, currency_id=euro.id)
