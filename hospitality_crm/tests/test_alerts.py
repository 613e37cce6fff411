from datetime import date, timedelta

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .test_golden import GoldenCommon


@tagged("post_install", "-at_install")
class TestAlerts(GoldenCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reception = new_test_user(cls.env, "alert_rec", groups="hospitality_crm.group_hospitality_reception")
        cls.guest = cls._profile(cls.pms, "1", name="Anna Koval").partner_id
        Property = cls.env["hospitality.property"]
        cls.palace = Property.create({"name": "Palace", "code": "T-PAL", "tz": "UTC"})
        cls.bistro = Property.create({"name": "Bistro", "code": "T-BIS", "tz": "UTC", "kind": "restaurant"})

    def _alert(self, **vals):
        return self.env["hospitality.alert"].create(
            {"partner_id": self.guest.id, "kind": "do_not_rent", "level": "2_block", **vals}
        )

    def _stay(self, **vals):
        return (
            self.env["hospitality.stay"]
            .with_user(self.reception)
            .create(
                {
                    "partner_id": self.guest.id,
                    "property_id": self.palace.id,
                    "arrival": date.today(),
                    "departure": date.today() + timedelta(days=1),
                    **vals,
                }
            )
        )

    def test_alerts_at_their_moment_place_and_time(self):
        today = date.today()
        warn = self._alert(level="1_warn", kind="vip")
        block = self._alert(at_seating=False, property_id=self.palace.id)
        self._alert(date_to=today - timedelta(days=1))
        self._alert(date_from=today + timedelta(days=1))
        check = self.guest._check_guest_alerts
        self.assertEqual(check("booking", self.palace).ids, (block + warn).ids, "the blocking one first")
        self.assertEqual(check("booking", self.bistro), warn)
        self.assertEqual(check("booking"), warn)
        self.assertEqual(check("seating", self.palace), warn)
        self.assertFalse(check("check_out", self.palace))
        with self.assertRaises(ValueError):
            check("breakfast")

    def test_booking_is_refused(self):
        self._alert(message="Damaged the room")
        with self.assertRaisesRegex(UserError, "Anna Koval can't be booked: .*Damaged the room"):
            self._stay()

    def test_check_in_is_refused(self):
        stay = self._stay()
        alert = self._alert(at_booking=False)
        with self.assertRaisesRegex(UserError, "can't be checked in"):
            stay.status = "in_house"
        alert.level = "1_warn"
        stay.status = "in_house"
        self.assertEqual(stay.status, "in_house")

    def test_a_sharer_counts_too(self):
        self._alert(at_booking=False)
        other = self._profile(self.pms, "2", name="Ben Smith").partner_id
        stay = self._stay(partner_id=other.id)
        self.env["hospitality.stay.guest"].create({"stay_id": stay.id, "partner_id": self.guest.id, "role": "sharer"})
        with self.assertRaisesRegex(UserError, "Anna Koval can't be checked in"):
            stay.status = "in_house"

    def test_seating_is_refused(self):
        Reservation = self.env["hospitality.reservation"].with_user(self.reception)
        reservation = Reservation.create(
            {
                "partner_id": self.guest.id,
                "property_id": self.bistro.id,
                "starts_at": "2026-11-21 18:00:00",
                "business_date": "2026-11-21",
            }
        )
        self._alert()
        with self.assertRaisesRegex(UserError, "can't be seated"):
            reservation.status = "seated"

    def test_imports_take_what_happened_as_a_fact(self):
        self._alert()
        stay = (
            self.env["hospitality.stay"]
            .with_context(hospitality_import=True)
            .create(
                {
                    "partner_id": self.guest.id,
                    "property_id": self.palace.id,
                    "arrival": date.today(),
                    "departure": date.today(),
                    "status": "in_house",
                }
            )
        )
        self.assertTrue(stay)

    def test_relations_are_seen_from_both_sides(self):
        child = self._profile(self.pms, "2", name="Ben Koval").partner_id
        relation = self.env["hospitality.relation"].create(
            {"partner_id": self.guest.id, "related_id": child.id, "kind": "child"}
        )
        self.assertEqual(self.guest.all_relation_ids, relation)
        self.assertEqual(child.all_relation_ids, relation)
        self.assertEqual(relation.inverse_kind, "parent")
        with self.assertRaisesRegex(Exception, "recorded already"):
            self.env["hospitality.relation"].create(
                {"partner_id": child.id, "related_id": self.guest.id, "kind": "parent"}
            )
