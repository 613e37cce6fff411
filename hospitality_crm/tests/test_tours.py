import datetime

from odoo.tests import HttpCase, new_test_user, tagged


class TourCase(HttpCase):
    """A house with a VIP and a banned guest who arrive today, and the receptionist."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env, "t_reception", groups="hospitality_crm.group_hospitality_reception", password="t_reception"
        )
        today = datetime.date.today()
        cls.house = cls.env["hospitality.property"].create(
            {"name": "Tour House", "code": "T-TOUR", "tz": "UTC", "day_close": 0}
        )
        cls.room = cls.env["hospitality.room"].create({"name": "101", "code": "101", "property_id": cls.house.id})
        cls.user.hospitality_property_ids = cls.house
        cls.olena, cls.banned = cls.env["res.partner"].create(
            [
                {
                    "name": "Olena Shevchenko",
                    "guest_local_name": "Олена Шевченко",
                    "is_guest": True,
                    "phone": "+380441234567",
                },
                {"name": "Bad Guest", "is_guest": True},
            ]
        )
        cls.env["hospitality.alert"].create({"partner_id": cls.olena.id, "kind": "vip", "message": "Flowers"})
        stay = {
            "property_id": cls.house.id,
            "arrival": today,
            "departure": today + datetime.timedelta(days=2),
            "status": "reserved",
        }
        cls.stay, cls.banned_stay = cls.env["hospitality.stay"].create(
            [
                {**stay, "partner_id": cls.olena.id, "room_id": cls.room.id, "eta": "14:00"},
                {**stay, "partner_id": cls.banned.id},
            ]
        )
        cls.env["hospitality.alert"].create(
            {"partner_id": cls.banned.id, "kind": "do_not_rent", "level": "2_block", "message": "Damage"}
        )
        cls.env["hospitality.preference"].create(
            {
                "partner_id": cls.olena.id,
                "type_id": cls.env.ref("hospitality_crm.preference_type_pillow").id,
                "value": "Buckwheat pillow",
            }
        )


@tagged("post_install", "-at_install", "hospitality_browser")
class TestToursAtTheDesk(TourCase):
    def test_a_morning_at_the_desk(self):
        self.start_tour("/odoo/arrivals", "hospitality_desk", login="t_reception")
        self.assertEqual(self.stay.status, "in_house")
        self.assertEqual(self.banned_stay.status, "reserved")
        seen = self.env["hospitality.access.log"].search([("kind", "=", "contact")])
        self.assertEqual([(row.user_id, row.guest_ids) for row in seen], [(self.user, (self.olena.id,))])

    def test_search_in_any_script(self):
        self.start_tour("/odoo/guests", "hospitality_search", login="t_reception")


@tagged("post_install", "-at_install", "hospitality_browser")
class TestToursOnThePhone(TourCase):
    browser_size = "360x740"
    touch_enabled = True

    def test_board_and_card(self):
        self.start_tour("/odoo/arrivals", "hospitality_phone", login="t_reception")
