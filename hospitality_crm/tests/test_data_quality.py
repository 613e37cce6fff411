from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .review_common import ReviewCommon


@tagged("post_install", "-at_install")
class TestDataQuality(ReviewCommon):
    """The records of one source of their own, so that nothing else counts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ota = cls.env["hospitality.source"].create(
            {"name": "OTA", "code": "t_ota_quality", "kind": "ota", "property_id": cls.palace.id}
        )
        cls.today = fields.Date.today()
        cls.Quality = cls.env["hospitality.data.quality"]

    def _row(self, source=None, date=None):
        self.Quality._take_snapshot(date or self.today)
        return self.Quality.search([("source_id", "=", (source or self.ota).id), ("date", "=", date or self.today)])

    def test_completeness(self):
        self._create_known(
            "Full Record",
            self.ota,
            emails=["full.record@ukr.net"],
            phones=["+380441112233"],
            birthdate="1980-01-01",
            lang="uk",
            nationality="UA",
        )
        self._create_known("Bare Record", self.ota)
        row = self._row()
        self.assertEqual((row.profile_count, row.email_count, row.phone_count), (2, 1, 1))
        self.assertEqual((row.birthdate_count, row.language_count, row.country_count), (1, 1, 1))
        self.assertEqual(row.completeness, 0.5)
        self.assertEqual(row.property_id, self.palace)
        self.assertEqual(row.company_id, self.company)

    def test_relay_is_no_address(self):
        self._create_known("Relay Guest", self.ota, emails=["anna.123@guest.booking.com"])
        self._create_known("Both Guest", self.ota, emails=["b.1@guest.booking.com", "both.guest@ukr.net"])
        row = self._row()
        self.assertEqual((row.email_count, row.relay_count), (1, 1))
        self.assertEqual(row.relay_rate, 0.5)

    def test_duplicates_of_one_source(self):
        guest = self._create_known("Twice Here", self.ota)
        self.env["hospitality.profile"].create(
            {"source_id": self.ota.id, "partner_id": guest.id, "values": {"name": "Twice Here"}}
        )
        self.env["hospitality.profile"].create(
            {"source_id": self.source_pos.id, "partner_id": guest.id, "values": {"name": "Twice Here"}}
        )
        row = self._row()
        self.assertEqual((row.profile_count, row.duplicate_count), (2, 1))
        self.assertEqual(self._row(self.source_pos).duplicate_count, 0)

    def test_open_proposals(self):
        one, other = self._create_known("Maybe One", self.ota), self._create_known("Maybe Two", self.ota)
        self._create_known("Sure", self.ota)
        match = self._propose(one, other)
        self.assertEqual(self._row().suspect_count, 2)
        match.state = "rejected"
        self.assertEqual(self._row().suspect_count, 0)

    def test_who_typed(self):
        self.env["res.partner"].with_user(self.reception).create({"name": "Typed Guest", "is_guest": True})
        self.Quality._take_snapshot(self.today)
        row = self.Quality.search([("user_id", "=", self.reception.id), ("date", "=", self.today)])
        self.assertEqual((row.source_id.kind, row.profile_count), ("odoo", 1))

    def test_rates_of_several_rows_are_weighted(self):
        for number in range(3):
            self._create_known(f"OTA {number}", self.ota, birthdate="1980-01-01")
        self._create_known("Other", self.source)
        self.Quality._take_snapshot(self.today)
        domain = [("source_id", "in", (self.ota | self.source).ids), ("date", "=", self.today)]
        [(records, rate, complete)] = self.Quality._read_group(
            domain, [], ["profile_count:sum", "birthdate_rate:avg", "completeness:avg"]
        )
        births = sum(self.Quality.search(domain).mapped("birthdate_count"))
        self.assertEqual(rate, births / records)
        self.assertLess(complete, rate)

    def test_one_row_per_day_and_the_latest_is_marked(self):
        self._create_known("Same Day", self.ota)
        self._row(date=self.today - timedelta(days=1))
        self._row()
        row = self._row()
        self.assertEqual(len(row), 1)
        self.assertTrue(row.is_latest)
        self.assertEqual(set(self.Quality.search([("is_latest", "=", True)]).mapped("date")), {self.today})

    def test_old_days_thin_out(self):
        self.Quality.search([]).unlink()
        self._create_known("Old Day", self.ota)
        for day in ("2020-03-01", "2020-03-15", "2020-04-02"):
            self.Quality._take_snapshot(fields.Date.to_date(day))
        self.Quality._take_snapshot(self.today)
        self.Quality._gc_old_days()
        left = {str(date) for date in self.Quality.search([]).mapped("date")}
        self.assertEqual(left, {"2020-03-01", "2020-04-02", str(self.today)})

    def test_overview(self):
        self._create_known("Overview Guest", self.ota)
        self.Quality._take_snapshot(self.today - timedelta(days=10))
        self.Quality._take_snapshot(self.today)
        page = self.Quality.with_user(self.manager).get_overview()
        self.assertEqual(page["date"], str(self.today))
        self.assertEqual(page["trend"][-1]["date"], str(self.today))
        row = next(row for row in page["source"] if row["id"] == self.ota.id)
        self.assertEqual(row["records"], 1)
        self.assertEqual(page["total"]["records"], sum(row["records"] for row in page["source"]))
        self.assertTrue(all(measure["help"] for measure in page["measures"]))

    def test_overview_has_a_fixed_number_of_queries(self):
        for number in range(6):
            source = self.env["hospitality.source"].create({"name": f"S{number}", "code": f"t_s{number}"})
            self._create_known(f"Guest {number}", source)
        self.Quality._take_snapshot(self.today)
        Page = self.Quality.with_user(self.manager)
        Page.get_overview()
        self.env.invalidate_all()
        with self.assertQueryCount(14):
            Page.get_overview()

    def test_rights(self):
        with self.assertRaises(AccessError):
            self.Quality.with_user(self.reception).get_overview()
        with self.assertRaises(AccessError):
            self.Quality.with_user(self.reception).action_refresh()
        self.assertTrue(self.Quality.with_user(self.manager).action_refresh())
