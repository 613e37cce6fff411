import datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestTimeline(HospitalityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = datetime.date.today()
        cls.outlet = cls.env["hospitality.outlet"].create(
            {"name": "Terrace", "code": "T-TER", "property_id": cls.bistro.id}
        )
        cls.olga = cls._create_guest("Olga Timeline", "olga@timeline.test")
        cls.manager = cls._create_role_user("manager")
        cls.reception = cls._create_role_user("reception")

    def _timeline(self, user=None):
        return self.env["hospitality.timeline"].with_user(user or self.manager)

    def _create_check(self, date, **values):
        return self.env["hospitality.check"].create(
            {
                "partner_id": self.olga.id,
                "property_id": self.bistro.id,
                "outlet_id": self.outlet.id,
                "currency_id": self.bistro.currency_id.id,
                "business_date": date,
                "number": "7",
                "amount_total": 40,
                **values,
            }
        )

    def _create_table(self, date, **values):
        return self.env["hospitality.reservation"].create(
            {
                "partner_id": self.olga.id,
                "property_id": self.bistro.id,
                "outlet_id": self.outlet.id,
                "business_date": date,
                "starts_at": datetime.datetime.combine(date, datetime.time(17, 30)),
                "covers": 4,
                **values,
            }
        )

    def _days_ago(self, days):
        return self.today - datetime.timedelta(days=days)

    def test_newest_first_over_all_kinds(self):
        stay = self._create_stay(self.olga, self.palace, arrival=self._days_ago(10))
        table = self._create_table(self._days_ago(5))
        check = self._create_check(self._days_ago(20))
        coming = self._create_stay(self.olga, self.palace, arrival=self._days_ago(-30), status="reserved")
        page = self._timeline().get_page(self.olga.ids)
        self.assertEqual(
            [(row["kind"], row["res_id"]) for row in page["rows"]],
            [("stay", coming.id), ("reservation", table.id), ("stay", stay.id), ("check", check.id)],
        )
        self.assertFalse(page["next"])

    def test_row_says_what_happened(self):
        self._create_table(self._days_ago(1), table="12", occasion="Birthday")
        [row] = self._timeline().get_page(self.olga.ids)["rows"]
        self.assertEqual(row["title"], "Terrace")
        self.assertEqual(row["subtitle"], ["4 people", "table 12", "Birthday"])
        self.assertEqual(row["badge"], "Booked")
        offset = row["clock"]
        # 17:30 UTC is the evening in Kyiv.
        self.assertIn(offset, ("19:30", "20:30"))

    def test_pages_hold_every_row_once(self):
        for day in range(6):
            date = self._days_ago(day // 2)
            self._create_check(date)
            self._create_table(date)
            self._create_stay(self.olga, self.palace, arrival=date, nights=1)
        everything = self._timeline().get_page(self.olga.ids)["rows"]
        self.assertEqual(len(everything), 18)
        for limit in (1, 2, 5, 7):
            with self.subTest(limit=limit):
                seen, before = [], None
                while True:
                    page = self._timeline().get_page(self.olga.ids, before, limit)
                    seen += page["rows"]
                    before = page["next"]
                    if not before:
                        break
                    self.assertEqual(len(page["rows"]), limit)
                self.assertEqual([row["id"] for row in seen], [row["id"] for row in everything])

    def test_new_row_does_not_shift_next_page(self):
        for day in range(4):
            self._create_check(self._days_ago(day))
        first = self._timeline().get_page(self.olga.ids, limit=2)
        self._create_check(self.today)
        second = self._timeline().get_page(self.olga.ids, first["next"], 2)
        self.assertFalse({row["id"] for row in first["rows"]} & {row["id"] for row in second["rows"]})
        self.assertEqual(len(second["rows"]), 2)

    def test_companion_sees_the_shared_stay_once(self):
        stay = self._create_stay(self.anna, self.palace)
        self.env["hospitality.stay.guest"].create(
            [
                {"stay_id": stay.id, "partner_id": self.anna.id, "role": "primary"},
                {"stay_id": stay.id, "partner_id": self.olga.id, "role": "sharer"},
                {"stay_id": stay.id, "partner_id": self.olga.id, "role": "payer"},
            ]
        )
        [row] = self._timeline().get_page(self.olga.ids)["rows"]
        self.assertEqual((row["kind"], row["res_id"]), ("stay_with", stay.id))
        self.assertIn("with Anna Kovalenko", row["subtitle"])
        of_anna = [row["kind"] for row in self._timeline().get_page(self.anna.ids)["rows"]]
        self.assertEqual(set(of_anna), {"stay"})

    def test_rows_follow_company_and_property(self):
        here = self._create_stay(self.olga, self.palace)
        self._create_stay(self.olga, self.harbour)
        rows = self._timeline().get_page(self.olga.ids)["rows"]
        self.assertEqual([row["res_id"] for row in rows], here.ids)
        self.manager.hospitality_property_ids = self.bistro
        self.assertFalse(self._timeline().get_page(self.olga.ids)["rows"])
        self.manager.hospitality_property_ids = False
        self.assertEqual(len(self._timeline().get_page(self.olga.ids)["rows"]), 1)

    def test_amounts_need_the_right_to_spend(self):
        self._create_check(self.today)
        [row] = self._timeline().get_page(self.olga.ids)["rows"]
        self.assertEqual(row["amount"], 40)
        [row] = self._timeline(self.reception).get_page(self.olga.ids)["rows"]
        self.assertIsNone(row["amount"])

    def test_kind_without_right_is_left_out(self):
        self._create_check(self.today)
        stay = self._create_stay(self.olga, self.palace)
        access = self.env["ir.model.access"].search([("model_id.model", "=", "hospitality.check")])
        access.perm_read = False
        rows = self._timeline(self.reception).get_page(self.olga.ids)["rows"]
        self.assertEqual([(row["kind"], row["res_id"]) for row in rows], [("stay", stay.id)])

    def test_user_without_role_sees_nothing(self):
        self._create_stay(self.olga, self.palace)
        internal = self._create_role_user("internal")
        self.assertFalse(self._timeline(internal).get_page(self.olga.ids)["rows"])

    def test_guest_of_another_company_is_refused(self):
        self.olga.company_id = self.company_2
        with self.assertRaises(AccessError):
            self._timeline().get_page(self.olga.ids)

    def test_wrong_key_is_refused(self):
        for key in (["yesterday", "stay", 1], ["2026-01-01 00:00:00"], 5):
            with self.subTest(key=key), self.assertRaises(UserError):
                self._timeline().get_page(self.olga.ids, key)

    def test_unwritten_change_is_seen(self):
        stay = self._create_stay(self.olga, self.palace)
        stay.status = "cancelled"
        [row] = self._timeline(self.env.user).get_page(self.olga.ids)["rows"]
        self.assertEqual(row["badge"], "Cancelled")

    def test_page_is_one_statement(self):
        for day in range(30):
            self._create_check(self._days_ago(day))
            self._create_stay(self.olga, self.palace, arrival=self._days_ago(100 + day))
        timeline = self._timeline()
        timeline._get_page(self.olga.ids)
        with self.assertQueryCount(1):
            page = timeline._get_page(self.olga.ids)
        self.assertEqual(len(page["rows"]), 40)
