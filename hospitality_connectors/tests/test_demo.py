import csv
import gzip
import io
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from ..demo import bookings, hotels
from ..demo.generate import generate
from ..demo.load import TRUTH, load

TODAY = date(2026, 3, 11)
FACTS = (
    "res.partner hospitality.profile hospitality.contact.point hospitality.contact.link hospitality.booking"
    " hospitality.stay hospitality.stay.guest hospitality.reservation hospitality.check hospitality.charge"
    " hospitality.payment hospitality.preference hospitality.allergy hospitality.alert hospitality.relation"
    " hospitality.special.date hospitality.import.job ir.attachment res.users"
).split()


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    """The small demo group, loaded once for all tests as of 11 March 2026."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry_enter_test_mode_cls()
        cls.lines = []
        cls.logins = cls.run_load()
        cls.env.invalidate_all()

    @classmethod
    def run_load(cls, **arguments):
        # The other cursors of the test mode share this one's transaction: there is nothing to commit.
        with patch.object(cls.cr, "commit", cls.cr.flush):
            arguments = {"size": "small", "today": TODAY, "progress": cls.lines.append, **arguments}
            return load(cls.env, **arguments)

    def source(self, code):
        return self.env["hospitality.source"].search([("code", "=", code)])

    def of_source(self, model, code, domain=()):
        return self.env[model].search([("source_id", "=", self.source(code).id), *domain])

    def test_history_lands_as_it_is_in_the_file(self):
        rows = hotels.latest(bookings.read(), hotels.SMALL)
        wanted, revenue = Counter((row.hotel, row.status) for row in rows), Counter()
        for row in rows:
            revenue[row.hotel] += row.revenue
        for hotel, code in (("CITY", "pms_city"), ("RESORT", "pms_resort")):
            stays = self.of_source("hospitality.stay", code)
            found = Counter((stay.property_id.code, stay.status) for stay in stays)
            self.assertEqual(found, Counter({key: count for key, count in wanted.items() if key[0] == hotel}))
            self.assertEqual(len(self.of_source("hospitality.booking", code)), len(stays))
            total = sum(Decimal(f"{stay.amount_room:.2f}") for stay in stays)
            self.assertEqual(total, revenue[hotel])

    def test_a_stay_says_what_its_row_says(self):
        moved = {row.key: row.moved(bookings.shift_to(TODAY)) for row in bookings.read()[-40:]}
        for stay in self.of_source("hospitality.stay", "pms_city", [("external_id", "in", list(moved))]):
            row = moved.pop(stay.external_id)
            self.assertEqual((stay.arrival, stay.departure), (row.arrival, row.departure))
            self.assertEqual((stay.nights, stay.booked_on), (row.nights, row.booked_on))
            self.assertEqual(Decimal(f"{stay.rate_amount:.2f}"), row.rate.quantize(Decimal("0.01")))
            self.assertEqual(stay.room_type_id.code, row.room_type)
            self.assertEqual(stay.room_type_charged_id.code, row.room_type_charged)
            self.assertEqual(stay.channel_id.code, hotels.channel(row))
            self.assertEqual(stay.request_count, row.requests)
            if row.agent:
                self.assertTrue(stay.booking_id.agency_partner_id)
                self.assertEqual(stay.booking_id.agency_profile_id.kind, "agency")
        self.assertFalse(moved)

    def test_every_file_is_verified(self):
        jobs = self.env["hospitality.import.job"].search([("connector_id.source_id.code", "!=", "odoo")])
        names = {file.name for file in generate(TODAY, "small").files}
        self.assertEqual(set(jobs.mapped("filename")), names)
        for job in jobs:
            self.assertEqual((job.state, job.difference_count, job.quarantined_count), ("done", 0, 0))

    def test_no_code_is_left_unknown(self):
        for model in ("hospitality.stay", "hospitality.check", "hospitality.reservation"):
            self.assertFalse(self.env[model].search([("warnings", "!=", False)], limit=1).warnings)

    def test_todays_arrivals_have_their_stories(self):
        stays = self.of_source("hospitality.stay", "pms_live", [("arrival", "=", TODAY)])
        self.assertGreater(len(stays.filtered(lambda stay: stay.status == "reserved")), 40)
        guests = stays.partner_id
        blocking = guests.alert_ids.filtered(lambda alert: alert.level == "2_block")
        self.assertEqual(blocking.mapped("kind"), ["do_not_rent"])
        deadly = guests.allergy_ids.filtered(lambda allergy: allergy.severity == "3")
        self.assertIn("nuts", deadly.allergen_id.mapped("code"))
        born_today = guests.filtered(
            lambda guest: (
                guest.guest_birthdate
                and (guest.guest_birthdate.month, guest.guest_birthdate.day) == (TODAY.month, TODAY.day)
            )
        )
        self.assertGreaterEqual(len(born_today), 2)
        self.assertTrue(any(guest.guest_local_name and "ко" in guest.guest_local_name for guest in guests))

    def test_guests_of_the_hotel_are_recognised_when_they_come_back(self):
        arrivals = self.of_source("hospitality.stay", "pms_live", [("arrival", "=", TODAY)])
        earlier = self.of_source("hospitality.stay", "pms_city") | self.of_source("hospitality.stay", "pms_resort")
        self.assertGreaterEqual(len(arrivals.partner_id & earlier.partner_id), 10)

    def test_families_are_related(self):
        relations = self.env["hospitality.relation"].search([("profile_id.source_id.code", "=", "pms_live")])
        self.assertGreater(len(relations.filtered(lambda relation: relation.kind == "spouse")), 50)
        self.assertGreater(len(relations.filtered(lambda relation: relation.kind == "child")), 5)

    def test_restaurants_have_bills_and_tables_of_tonight(self):
        tables = self.env["hospitality.reservation"].search([("business_date", "=", TODAY)])
        self.assertEqual(set(tables.property_id.mapped("code")), {"BICA", "MARE"})
        charged = self.env["hospitality.check"].search([("stay_id", "!=", False)])
        self.assertGreater(len(charged), 50)
        for check in charged:
            self.assertEqual(check.partner_id, check.stay_id.partner_id)
        for check in self.env["hospitality.check"].search([("status", "=", "paid")], limit=100):
            lines = check.charge_ids.filtered(lambda line: line.state in ("live", "allowance"))
            self.assertAlmostEqual(sum(lines.mapped("amount_gross")), check.amount_total, 2)
            self.assertAlmostEqual(sum(check.payment_ids.mapped("amount")), check.amount_total, 2)

    def test_figures_and_search_texts_are_there_at_once(self):
        stays = self.of_source("hospitality.stay", "pms_city", [("status", "=", "checked_out")])
        guests = stays[:5].partner_id
        for guest in guests:
            wanted = len(guest.stay_ids.filtered(lambda stay: stay.status in ("checked_out", "in_house")))
            self.assertEqual(sum(guest.metrics_ids.mapped("stay_count")), wanted)
        self.assertEqual(len(self.env["hospitality.guest.search"].browse(guests.ids).exists()), len(guests))
        self.assertFalse(self.env["hospitality.guest.dirty"].search([], limit=1))

    def test_duplicates_are_ready_for_review_at_once(self):
        run = self.env["hospitality.match.run"].search([], limit=1)
        self.assertEqual((run.state, run.kind), ("done", "full"))
        self.assertTrue(self.env["hospitality.match"].search_count([("state", "=", "open"), ("run_id", "=", run.id)]))
        self.assertFalse(self.env["hospitality.match.queue"].search([], limit=1))

    def test_truth_is_kept_with_the_data(self):
        attachment = self.env["ir.attachment"].search([("name", "=", TRUTH), ("res_field", "=", False)])
        rows = list(csv.DictReader(io.StringIO(gzip.decompress(attachment.raw).decode())))
        keys = {(row["source"], row["profile"]) for row in rows}
        profiles = self.env["hospitality.profile"].search([("kind", "=", "person"), ("source_id.kind", "!=", "odoo")])
        self.assertEqual(keys, {(profile.source_id.code, profile.external_id) for profile in profiles})

    def test_one_login_per_role(self):
        self.assertEqual(len(self.logins), 6)
        for row in self.logins:
            self.assertEqual(set(row), {"role", "login", "password", "hint"})
            user = self.env["res.users"].search([("login", "=", row["login"])])
            self.assertIn(row["role"], user.group_ids.mapped("name"))
            credential = {"login": row["login"], "password": row["password"], "type": "password"}
            self.assertEqual(
                user.with_user(user)._check_credentials(credential, {"interactive": False})["uid"], user.id
            )

    def test_loading_again_adds_and_changes_nothing(self):
        def snapshot():
            self.env.flush_all()
            counts = {model: self.env[model].with_context(active_test=False).search_count([]) for model in FACTS}
            self.env.cr.execute(
                "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)",
                [
                    [
                        self.env[model]._table
                        for model in FACTS
                        if model.startswith("hospitality.") and "import" not in model
                    ]
                ],
            )
            return counts, self.env.cr.fetchall()

        before = snapshot()
        self.run_load(today=None)  # which stands for the day of the first load
        self.env.invalidate_all()
        self.assertEqual(snapshot(), before)

    def test_loading_with_a_later_day_moves_the_group_to_it(self):
        later = TODAY + timedelta(2)
        stays = self.of_source("hospitality.stay", "pms_live")
        self.run_load(today=later)
        self.env.invalidate_all()
        self.assertLessEqual(stays, self.of_source("hospitality.stay", "pms_live"))
        stale = [("status", "in", ["in_house", "reserved"]), ("departure", "<", later)]
        self.assertFalse(self.of_source("hospitality.stay", "pms_live", stale))
        due = [("status", "=", "reserved"), ("arrival", "=", later)]
        self.assertGreater(len(self.of_source("hospitality.stay", "pms_live", due)), 20)
        tables = self.env["hospitality.reservation"].search([("business_date", "<", later), ("status", "=", "booked")])
        self.assertFalse(tables)

    def test_an_unknown_size_is_refused(self):
        with self.assertRaisesRegex(UserError, "huge"):
            self.run_load(size="huge")
