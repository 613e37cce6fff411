import csv
import gzip
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from odoo.addons.hospitality_connectors.demo import bookings
from odoo.addons.hospitality_connectors.demo.load import load

TODAY = date(2026, 11, 21)
HOTELS = {"City Hotel": "pms_city", "Resort Hotel": "pms_resort"}
STATUS = {"Check-Out": "checked_out", "Canceled": "cancelled", "No-Show": "no_show"}
FACT_TABLES = (
    "hospitality_profile hospitality_contact_point hospitality_contact_link hospitality_booking hospitality_stay"
    " hospitality_stay_guest hospitality_reservation hospitality_check hospitality_charge hospitality_payment"
    " res_partner"
).split()


@tagged("post_install", "-at_install", "hospitality_long")
class TestDemoFull(TransactionCase):
    """The whole demo group equals the bookings file, and a second import writes nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry_enter_test_mode_cls()
        cls.run_load()

    @classmethod
    def run_load(cls):
        # The other cursors of the test mode share this one's transaction: there is nothing to commit.
        with patch.object(cls.cr, "commit", cls.cr.flush):
            load(cls.env, "full", TODAY, progress=lambda line: None)

    def setUp(self):
        super().setUp()
        self.env.invalidate_all()

    def query(self, query, *parameters):
        self.env.cr.execute(query, parameters)
        return self.env.cr.fetchall()

    @staticmethod
    def read_file():
        with gzip.open(bookings.PATH, "rt", newline="") as file:
            yield from csv.DictReader(file)

    def test_import_equals_the_file(self):
        count, revenue, nights, arrivals = Counter(), Counter(), Counter(), Counter()
        shift = timedelta(bookings.shift_to(TODAY))
        months = dict(bookings.MONTHS)
        for row in self.read_file():
            key = (HOTELS[row["hotel"]], STATUS[row["reservation_status"]])
            stayed = int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"])
            count[key] += 1
            nights[key] += stayed
            revenue[key] += Decimal(row["adr"]) * stayed if key[1] == "checked_out" else 0
            day = int(row["arrival_date_day_of_month"])
            arrival = date(int(row["arrival_date_year"]), months[row["arrival_date_month"]], day) + shift
            arrivals[key[0], arrival] += 1
        self.assertEqual(sum(count.values()), 119_390)
        found = self.query(
            """
            SELECT s.code, t.status, count(*), sum(t.amount_room), sum(t.nights)
              FROM hospitality_stay t JOIN hospitality_source s ON s.id = t.source_id
             WHERE s.code IN ('pms_city', 'pms_resort') GROUP BY 1, 2
            """
        )
        self.assertEqual({row[:2]: row[2] for row in found}, count)
        self.assertEqual({row[:2]: Decimal(str(row[3])) for row in found}, revenue)
        self.assertEqual({row[:2]: row[4] for row in found}, nights)
        found = self.query(
            """
            SELECT s.code, t.arrival, count(*) FROM hospitality_stay t JOIN hospitality_source s ON s.id = t.source_id
             WHERE s.code IN ('pms_city', 'pms_resort') GROUP BY 1, 2
            """
        )
        self.assertEqual({row[:2]: row[2] for row in found}, arrivals)
        self.assertEqual(sum(row[2] for row in found if row[0] == "pms_city"), 79_330)
        self.assertEqual(sum(row[2] for row in found if row[0] == "pms_resort"), 40_060)

    def test_every_booking_is_there_once(self):
        [(stays, bookings_, pairs)] = self.query(
            """
            SELECT count(*), count(DISTINCT t.booking_id), count(DISTINCT (t.source_id, t.external_id))
              FROM hospitality_stay t JOIN hospitality_source s ON s.id = t.source_id
             WHERE s.code IN ('pms_city', 'pms_resort')
            """
        )
        self.assertEqual((stays, bookings_, pairs), (119_390, 119_390, 119_390))

    def test_no_stay_of_the_file_lies_in_the_future(self):
        [(late,)] = self.query(
            """
            SELECT count(*) FROM hospitality_stay t JOIN hospitality_source s ON s.id = t.source_id
             WHERE s.code IN ('pms_city', 'pms_resort') AND t.departure > %s
            """,
            TODAY,
        )
        self.assertEqual(late, 0)

    def test_nothing_waits_or_lies_in_quarantine(self):
        self.assertEqual(self.query("SELECT DISTINCT state FROM hospitality_connector_inbox"), [("done",)])

    def test_second_import_writes_nothing(self):
        def written():
            self.env.flush_all()
            return self.query(
                "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables"
                " WHERE relname = ANY(%s) ORDER BY relname",
                FACT_TABLES,
            )

        before = written()
        self.assertEqual(len(before), len(FACT_TABLES))
        self.assertTrue(all(inserted for _table, inserted, _updated, _deleted in before))
        self.run_load()
        self.assertEqual(written(), before)
