import datetime

from freezegun import freeze_time

from odoo.tests import tagged

from .common import HospitalityCommon

TODAY = datetime.date(2026, 5, 12)


@tagged("post_install", "-at_install")
class TestGuestFilters(HospitalityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(f"{TODAY} 09:00:00"))
        cls.reception = cls._create_role_user("reception")
        cls.here, cls.coming, cls.sharer, cls.elsewhere = (
            cls._create_guest(name, f"{name.lower()}@filters.test")
            for name in ("Here", "Coming", "Sharer", "Elsewhere")
        )
        cls.everybody = cls.here | cls.coming | cls.sharer | cls.elsewhere
        stay = cls._create_stay(cls.here, cls.palace, arrival=TODAY - datetime.timedelta(1), status="in_house")
        cls.env["hospitality.stay.guest"].create({"stay_id": stay.id, "partner_id": cls.sharer.id, "role": "sharer"})
        cls._create_stay(cls.coming, cls.palace, arrival=TODAY, status="reserved")
        cls._create_stay(cls.elsewhere, cls.harbour, arrival=TODAY, status="in_house")

    def _search(self, *domain):
        return self.env["res.partner"].with_user(self.reception).search([("id", "in", self.everybody.ids), *domain])

    def test_in_house_counts_everybody_in_the_room(self):
        self.assertEqual(self._search(("guest_in_house", "=", True)), self.here | self.sharer)
        self.assertEqual(self._search(("guest_in_house", "=", False)), self.coming | self.elsewhere)

    def test_arriving_today(self):
        self.assertEqual(self._search(("guest_arriving", "=", True)), self.coming)

    def test_presence_of_each_guest(self):
        guests = self.everybody.with_user(self.reception)
        self.assertEqual(guests.filtered("guest_in_house"), self.here | self.sharer)
        self.assertEqual(guests.filtered("guest_arriving"), self.coming)

    def test_birthday_this_month(self):
        self.here.guest_birthdate = "1970-05-30"
        self.coming.guest_birthdate = "1970-06-01"
        self.assertEqual(self._search(("guest_birthday_month", "=", True)), self.here)
        self.assertTrue(self.here.guest_birthday_month)
        self.assertFalse(self.coming.guest_birthday_month)

    def test_visits_and_alerts_of_a_list(self):
        Metrics = self.env["hospitality.guest.metrics"]
        Metrics.search([("partner_id", "in", self.everybody.ids)]).unlink()
        Metrics.create(
            [
                {
                    "partner_id": self.here.id,
                    "company_id": company.id,
                    "stay_count": 2,
                    "night_count": 5,
                    "last_visit": last,
                }
                for company, last in ((self.company, "2026-01-01"), (self.company_2, "2026-03-01"))
            ]
        )
        self.env["hospitality.alert"].create(
            {"partner_id": self.here.id, "kind": "do_not_rent", "level": "2_block", "message": "Damage"}
        )
        guest = self.here.with_user(self.reception)
        # The second company is not his.
        self.assertEqual((guest.guest_stay_count, guest.guest_night_count), (2, 5))
        self.assertEqual(str(guest.guest_last_visit), "2026-01-01")
        self.assertEqual(guest.guest_alert_text, "Do Not Rent: Damage")
        self.assertTrue(guest.guest_is_blocked)
        self.assertFalse(self.coming.guest_is_blocked)

    def test_columns_of_a_list_cost_no_query_per_row(self):
        guests = self.everybody.with_user(self.reception)
        spec = {"guest_stay_count": {}, "guest_last_visit": {}, "guest_alert_text": {}}
        guests.web_read(spec)
        self.env.invalidate_all()
        with self.assertQueryCount(5):
            guests.web_read(spec)
