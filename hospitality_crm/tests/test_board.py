import datetime
import json

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HospitalityCommon

TODAY = datetime.date(2026, 5, 12)


def day(offset):
    return TODAY + datetime.timedelta(days=offset)


@tagged("post_install", "-at_install")
class TestBoard(HospitalityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reception = cls._create_role_user("reception")
        cls.guests = [cls._create_guest(f"Guest {index}", f"g{index}@board.test") for index in range(8)]
        cls.rooms = cls.env["hospitality.room"].create(
            [{"name": str(number), "code": str(number), "property_id": cls.palace.id} for number in range(101, 109)]
        )
        cls.startClassPatcher(freeze_time(f"{TODAY} 09:00:00"))

    def _board(self, prop=None, date=False, user=None):
        Board = self.env["hospitality.board"].with_user(user or self.reception)
        return Board.get_board((prop or self.palace).id, date and str(date))

    def _stay(self, guest, arrival, departure, status, **values):
        return self._create_stay(
            guest, self.palace, arrival=day(arrival), nights=departure - arrival, status=status, **values
        )

    def _table(self, guest, hour, status="booked", **values):
        return self.env["hospitality.reservation"].create(
            {
                "partner_id": guest.id,
                "property_id": self.palace.id,
                "business_date": TODAY,
                "starts_at": datetime.datetime.combine(TODAY, datetime.time(hour)),
                "covers": 2,
                "status": status,
                **values,
            }
        )

    def _ids(self, board, name):
        return [row["id"] for row in board[name]]

    def test_every_stay_stands_where_it_belongs(self):
        g = self.guests
        expected = self._stay(g[0], 0, 2, "reserved")
        arrived = self._stay(g[1], 0, 2, "in_house")
        staying = self._stay(g[2], -2, 3, "in_house")
        leaving = self._stay(g[3], -2, 0, "in_house")
        left = self._stay(g[4], -3, 0, "checked_out")
        overdue = self._stay(g[5], -5, -1, "in_house")
        no_show = self._stay(g[6], 0, 1, "no_show")
        self._stay(g[7], 0, 1, "cancelled")
        self._stay(g[7], -9, -4, "checked_out")
        self._stay(g[7], 4, 6, "reserved")
        self._stay(g[7], 0, 1, "reserved", is_pseudo=True)
        board = self._board()
        self.assertEqual(self._ids(board, "arrivals"), [expected.id, arrived.id, no_show.id])
        self.assertEqual([row["done"] for row in board["arrivals"]], [False, True, True])
        self.assertEqual(set(self._ids(board, "in_house")), {arrived.id, staying.id})
        self.assertEqual(self._ids(board, "departures"), [overdue.id, leaving.id, left.id])
        self.assertEqual([row["overdue"] for row in board["departures"]], [True, False, False])

    def test_day_use_arrives_and_leaves(self):
        stay = self._stay(self.guests[0], 0, 0, "in_house")
        board = self._board()
        self.assertEqual(self._ids(board, "arrivals"), stay.ids)
        self.assertEqual(self._ids(board, "departures"), stay.ids)
        self.assertEqual(self._ids(board, "in_house"), [])

    def test_another_day(self):
        coming = self._stay(self.guests[0], 1, 4, "reserved")
        staying = self._stay(self.guests[1], -1, 4, "in_house")
        self.assertEqual(self._ids(self._board(date=day(1)), "arrivals"), coming.ids)
        board = self._board(date=day(2))
        self.assertEqual(set(self._ids(board, "in_house")), {coming.id, staying.id})
        self.assertEqual(board["date"], str(day(2)))
        self.assertEqual(board["today"], str(TODAY))

    def test_today_is_the_propertys_business_day(self):
        cases = [
            ("Europe/Kyiv", "2026-05-12 20:30:00", "2026-05-12"),
            # 00:30 in Kyiv: the night still belongs to the day before ...
            ("Europe/Kyiv", "2026-05-12 21:30:00", "2026-05-12"),
            # ... until 4:00 local time.
            ("Europe/Kyiv", "2026-05-13 01:30:00", "2026-05-13"),
            ("America/New_York", "2026-05-12 07:00:00", "2026-05-11"),
            ("Asia/Tokyo", "2026-05-12 20:00:00", "2026-05-13"),
        ]
        for tz, now, expected in cases:
            with self.subTest(tz=tz, now=now), freeze_time(now):
                self.palace.tz = tz
                self.assertEqual(self._board()["today"], expected)

    def test_vip_and_bans_first_then_time(self):
        g = self.guests
        late = self._stay(g[0], 0, 1, "reserved", eta="22:00")
        early = self._stay(g[1], 0, 1, "reserved", eta="11:00")
        vip = self._stay(g[2], 0, 1, "reserved", eta="18:00")
        unknown_time = self._stay(g[3], 0, 1, "reserved")
        done = self._stay(g[4], 0, 1, "in_house", eta="08:00")
        self.env["hospitality.alert"].create({"partner_id": g[2].id, "kind": "vip"})
        self.assertEqual(self._ids(self._board(), "arrivals"), [vip.id, early.id, late.id, unknown_time.id, done.id])

    def test_tables_by_time_in_local_time(self):
        late = self._table(self.guests[0], 18)
        early = self._table(self.guests[1], 16)
        seated = self._table(self.guests[2], 9, status="seated")
        self._table(self.guests[3], 17, status="cancelled")
        board = self._board()
        self.assertEqual(self._ids(board, "tables"), [early.id, late.id, seated.id])
        self.assertEqual(board["tables"][0]["eta"], "19:00")

    def test_card_of_a_guest(self):
        guest = self.guests[0]
        guest.write({"guest_local_name": "Гість", "guest_salutation": "Ms", "guest_birthdate": "1980-05-12"})
        self._stay(guest, 0, 1, "reserved", room_id=self.rooms[0].id)
        self.env["hospitality.special.date"].create({"partner_id": guest.id, "kind": "wedding", "day": 12, "month": 5})
        self.env["hospitality.special.date"].create({"partner_id": guest.id, "kind": "name_day", "day": 13, "month": 5})
        Alert = self.env["hospitality.alert"]
        here = Alert.create({"partner_id": guest.id, "kind": "info", "property_id": self.palace.id})
        Alert.create({"partner_id": guest.id, "kind": "info", "property_id": self.bistro.id})
        board = self._board()
        self.assertEqual(board["arrivals"][0]["room"], "101")
        card = board["guests"][guest.id]
        self.assertEqual((card["local_name"], card["salutation"]), ("Гість", "Ms"))
        self.assertTrue(card["birthday"])
        self.assertEqual(card["occasions"], ["Wedding Anniversary"])
        self.assertEqual([alert["id"] for alert in card["alerts"]], here.ids)
        self.assertEqual(card["allergies"]["state"], "unknown")

    def test_returning_or_first(self):
        first, returning = self.guests[:2]
        Metrics = self.env["hospitality.guest.metrics"]
        Metrics.search([("partner_id", "in", (first | returning).ids)]).unlink()
        Metrics.create(
            [
                {"partner_id": first.id, "company_id": self.company.id, "first_visit": TODAY},
                {
                    "partner_id": returning.id,
                    "company_id": self.company.id,
                    "stay_count": 2,
                    "first_visit": day(-400),
                },
            ]
        )
        self._stay(first, 0, 1, "in_house")
        self._stay(returning, 0, 1, "reserved")
        guests = self._board()["guests"]
        self.assertFalse(guests[first.id]["returning"])
        self.assertTrue(guests[returning.id]["returning"])
        self.assertEqual(guests[returning.id]["stays"], 2)

    def test_who_shares_the_room(self):
        stay = self._stay(self.guests[0], 0, 1, "reserved")
        self.env["hospitality.stay.guest"].create(
            [
                {"stay_id": stay.id, "partner_id": self.guests[0].id, "role": "primary"},
                {"stay_id": stay.id, "partner_id": self.guests[1].id, "role": "sharer"},
                {"stay_id": stay.id, "partner_id": self.guests[2].id, "role": "payer", "sleeps": False},
            ]
        )
        [row] = self._board()["arrivals"]
        self.assertEqual([person["name"] for person in row["people"]], ["Guest 1"])

    def test_allergies_need_their_group(self):
        self._stay(self.guests[0], 0, 1, "reserved")
        service = self._create_role_user("service")
        board = self._board(user=service)
        self.assertIsNone(board["guests"][self.guests[0].id]["allergies"])
        self.assertFalse(board["can_act"])

    def test_properties_of_the_user(self):
        board = self._board()
        names = [place["name"] for place in board["properties"]]
        self.assertIn("Bistro", names)
        self.assertNotIn("Harbour", names)
        self.reception.hospitality_property_ids = self.bistro
        board = self._board()
        self.assertEqual([place["id"] for place in board["properties"]], self.bistro.ids)
        self.assertEqual(board["property_id"], self.bistro.id)

    def test_property_of_another_company_is_not_shown(self):
        self._create_stay(self.guests[0], self.harbour, arrival=TODAY, status="reserved")
        board = self._board(self.harbour)
        self.assertNotEqual(board["property_id"], self.harbour.id)
        self.assertFalse(board["arrivals"])

    def test_user_without_role_is_refused(self):
        with self.assertRaises(AccessError):
            self._board(user=self._create_role_user("internal"))

    def test_no_property_at_all(self):
        user = self._create_role_user("manager")
        company = self.env["res.company"].create({"name": "Empty House"})
        user.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        board = self.env["hospitality.board"].with_user(user).get_board()
        self.assertEqual(board["properties"], [])
        self.assertNotIn("arrivals", board)

    def test_day_of_two_hundred_arrivals_in_few_queries(self):
        self.reception.hospitality_property_ids = self.palace
        guests = self.env["res.partner"].create([{"name": f"Crowd {index}", "is_guest": True} for index in range(200)])
        stays = self.env["hospitality.stay"].create(
            [
                {
                    "partner_id": guest.id,
                    "property_id": self.palace.id,
                    "arrival": TODAY,
                    "departure": day(1),
                    "status": "reserved",
                    "room_id": self.rooms[index % 8].id,
                }
                for index, guest in enumerate(guests)
            ]
        )
        self.env["hospitality.stay.guest"].create(
            [{"stay_id": stay.id, "partner_id": stay.partner_id.id, "role": "sharer"} for stay in stays]
        )
        self.env["hospitality.preference"].create(
            [
                {
                    "partner_id": guest.id,
                    "type_id": self.env.ref("hospitality_crm.preference_type_pillow").id,
                    "value": "feather",
                }
                for guest in guests
            ]
        )
        self._table(guests[0], 18)
        self._board()
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(10):
            board = self._board()
        self.assertEqual(len(board["arrivals"]), 200)
        self.assertEqual(len(board["guests"]), 200)

    def test_check_in_and_out(self):
        stay = self._stay(self.guests[0], 0, 2, "reserved")
        Board = self.env["hospitality.board"].with_user(self.reception)
        self.assertEqual(Board.act("check_in", stay.id), {"done": True, "alerts": []})
        self.assertEqual(stay.status, "in_house")
        self.assertTrue(stay.checked_in_at)
        with self.assertRaisesRegex(UserError, "In House"):
            Board.act("check_in", stay.id)
        Board.act("check_out", stay.id)
        self.assertEqual(stay.status, "checked_out")
        self.assertTrue(stay.checked_out_at)

    def test_no_show_of_stay_and_table(self):
        stay = self._stay(self.guests[0], 0, 2, "reserved")
        table = self._table(self.guests[0], 18)
        Board = self.env["hospitality.board"].with_user(self.reception)
        Board.act("stay_no_show", stay.id)
        Board.act("no_show", table.id)
        self.assertEqual((stay.status, table.status), ("no_show", "no_show"))

    def test_warning_asks_once(self):
        self.env["hospitality.alert"].create(
            {"partner_id": self.guests[0].id, "kind": "payment", "message": "Ask for the card"}
        )
        stay = self._stay(self.guests[0], 0, 2, "reserved")
        Board = self.env["hospitality.board"].with_user(self.reception)
        answer = Board.act("check_in", stay.id)
        self.assertFalse(answer["done"])
        self.assertEqual([alert["message"] for alert in answer["alerts"]], ["Ask for the card"])
        self.assertEqual(stay.status, "reserved")
        self.assertTrue(Board.act("check_in", stay.id, acknowledged=True)["done"])
        self.assertEqual(stay.status, "in_house")

    def test_ban_stops_even_if_acknowledged(self):
        table = self._table(self.guests[0], 18)
        self.env["hospitality.alert"].create(
            {"partner_id": self.guests[0].id, "kind": "do_not_rent", "level": "2_block"}
        )
        Board = self.env["hospitality.board"].with_user(self.reception)
        answer = Board.act("seat", table.id, acknowledged=True)
        self.assertFalse(answer["done"])
        self.assertTrue(answer["alerts"][0]["blocks"])
        self.assertEqual(table.status, "booked")

    def test_alert_of_the_companion_counts(self):
        stay = self._stay(self.guests[0], 0, 2, "reserved")
        self.env["hospitality.stay.guest"].create(
            {"stay_id": stay.id, "partner_id": self.guests[1].id, "role": "sharer"}
        )
        self.env["hospitality.alert"].create({"partner_id": self.guests[1].id, "kind": "safety"})
        answer = self.env["hospitality.board"].with_user(self.reception).act("check_in", stay.id)
        self.assertEqual([alert["guest"] for alert in answer["alerts"]], ["Guest 1"])

    def test_alert_of_another_moment_is_silent(self):
        self.env["hospitality.alert"].create({"partner_id": self.guests[0].id, "kind": "info", "at_check_in": False})
        stay = self._stay(self.guests[0], 0, 2, "reserved")
        self.assertTrue(self.env["hospitality.board"].with_user(self.reception).act("check_in", stay.id)["done"])

    def test_acting_needs_the_right_to_write(self):
        stay = self._stay(self.guests[0], 0, 2, "reserved")
        Board = self.env["hospitality.board"].with_user(self._create_role_user("marketing"))
        with self.assertRaises(AccessError):
            Board.act("check_in", stay.id)
        with self.assertRaises(UserError):
            self.env["hospitality.board"].with_user(self.reception).act("unlink", stay.id)

    def _notices(self, write):
        """Return the property ids that boards are told about by ``write()``."""
        self.env.cr.precommit.data.pop("hospitality.board.notice", None)
        self.env.cr.precommit.data.pop("bus.bus.values", None)
        write()
        values = self.env.cr.precommit.data.get("bus.bus.values", [])
        messages = [json.loads(value["message"]) for value in values]
        return [
            message["payload"]["property_id"] for message in messages if message["type"] == "hospitality.board/changed"
        ]

    def test_boards_are_told_of_changes_near_today(self):
        stay = self._stay(self.guests[0], 0, 2, "reserved")
        old = self._stay(self.guests[0], -90, -88, "checked_out")
        self.assertEqual(self._notices(lambda: stay.write({"eta": "10:00"})), self.palace.ids)
        self.assertEqual(self._notices(lambda: old.write({"eta": "10:00"})), [])
        self.assertEqual(self._notices(lambda: stay.write({"arrival": day(9), "departure": day(12)})), self.palace.ids)
        table = self._table(self.guests[0], 18)
        self.assertEqual(self._notices(lambda: table.write({"table": "5"})), self.palace.ids)

    def test_many_changes_are_one_notice(self):
        def write():
            for guest in self.guests[:4]:
                self._stay(guest, 0, 1, "reserved")

        self.assertEqual(self._notices(write), self.palace.ids)

    def test_rows_written_by_sql_are_told_too(self):
        stay = self._stay(self.guests[0], 0, 1, "reserved")
        old = self._stay(self.guests[0], -90, -88, "checked_out")
        self.env.flush_all()
        Stay = self.env["hospitality.stay"]
        self.assertEqual(self._notices(lambda: Stay._after_bulk_upsert((stay | old).ids)), self.palace.ids)
        self.assertEqual(self._notices(lambda: Stay._after_bulk_upsert(old.ids)), [])

    def test_what_a_batch_has_written_is_not_read_again(self):
        stay = self._stay(self.guests[0], -90, -88, "checked_out")
        self.env.flush_all()
        today = str(fields.Date.today())
        rows = {stay.id: {"arrival": today, "departure": today, "property_id": self.palace.id}}
        Stay = self.env["hospitality.stay"].with_context(bulk_rows=rows)
        self.assertEqual(self._notices(lambda: Stay._after_bulk_upsert(stay.ids)), self.palace.ids)
