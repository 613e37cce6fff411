import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, MissingError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import survivorship
from .common import ROLE_GROUPS, HospitalityCommon


@tagged("post_install", "-at_install")
class TestGuestCard(HospitalityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {role: cls._create_role_user(role) for role in ("reception", "manager", "service", "marketing")}
        cls.peanuts = cls.env.ref("hospitality_crm.allergen_peanuts")
        cls.pillow = cls.env.ref("hospitality_crm.preference_type_pillow")
        cls.nora = cls._create_guest("Nora Card", "nora@card.test", guest_local_name="Нора")

    def _card(self, role="reception", guest=None):
        return self.env["hospitality.guest.card"].with_user(self.users[role]).get_card((guest or self.nora).id)

    def _allergy(self, **values):
        return self.env["hospitality.allergy"].create({"partner_id": self.nora.id, **values})

    def test_unknown_allergies_are_not_none(self):
        self.assertEqual(self._card()["allergies"], {"state": "unknown", "items": []})
        self._allergy(kind="diet", detail="Vegan")
        self.assertEqual(self._card()["allergies"]["state"], "unknown")
        self._allergy(kind="none")
        self.assertEqual(self._card()["allergies"]["state"], "none")

    def test_known_allergies_with_the_worst_first(self):
        self._allergy(allergen_id=self.env.ref("hospitality_crm.allergen_milk").id, severity="1")
        self._allergy(allergen_id=self.peanuts.id, severity="3", detail="also traces")
        allergies = self._card()["allergies"]
        self.assertEqual(allergies["state"], "known")
        self.assertEqual([item["name"] for item in allergies["items"]], ["Peanuts, also traces", "Milk"])
        self.assertEqual([item["severe"] for item in allergies["items"]], [True, False])

    def test_allergies_need_their_group(self):
        self._allergy(allergen_id=self.peanuts.id)
        self.assertIsNone(self._card("service")["allergies"])
        self.assertIsNone(self._card("marketing")["allergies"])
        # The statement is kept between requests: it must follow the user's groups.
        self.users["service"].group_ids = [Command.link(self.env.ref(ROLE_GROUPS["reception"]).id)]
        self.assertEqual(self._card("service")["allergies"]["state"], "known")
        self.users["service"].group_ids = [Command.unlink(self.env.ref(ROLE_GROUPS["reception"]).id)]
        self.assertIsNone(self._card("service")["allergies"])

    def test_spend_needs_its_group(self):
        self.env["hospitality.guest.metrics"].search([("partner_id", "=", self.nora.id)]).unlink()
        self.env["hospitality.guest.metrics"].create(
            {
                "partner_id": self.nora.id,
                "company_id": self.company.id,
                "stay_count": 3,
                "night_count": 7,
                "last_visit": "2024-05-02",
                "revenue_total": 900,
            }
        )
        metrics = self._card("reception")["metrics"]
        self.assertEqual((metrics["stays"], metrics["nights"], metrics["last_visit"]), (3, 7, "2024-05-02"))
        self.assertEqual(metrics["spend"], [])
        for role in ("manager", "marketing"):
            self.assertEqual([item["total"] for item in self._card(role)["metrics"]["spend"]], [900])

    def test_alerts_that_hold_now_blocking_first(self):
        today = datetime.date.today()
        yesterday = today - datetime.timedelta(days=1)
        Alert = self.env["hospitality.alert"]
        vip, ban, _over, _later, _off = Alert.create(
            [
                {"partner_id": self.nora.id, "kind": "vip"},
                {"partner_id": self.nora.id, "kind": "do_not_rent", "level": "2_block"},
                {"partner_id": self.nora.id, "kind": "info", "date_to": yesterday},
                {"partner_id": self.nora.id, "kind": "info", "date_from": today + datetime.timedelta(days=1)},
                {"partner_id": self.nora.id, "kind": "info", "active": False},
            ]
        )
        alerts = self._card()["alerts"]
        self.assertEqual([alert["id"] for alert in alerts], [ban.id, vip.id])
        self.assertEqual([alert["blocks"] for alert in alerts], [True, False])

    def test_outdated_preferences_are_only_in_their_tab(self):
        today = datetime.date.today()
        Preference = self.env["hospitality.preference"]
        values = {"partner_id": self.nora.id, "type_id": self.pillow.id}
        fresh = Preference.create({**values, "value": "feather"})
        old = Preference.create({**values, "value": "foam", "confirmed_on": "2015-01-01", "expires_on": "2018-01-01"})
        self.assertEqual([row["id"] for row in self._card()["preferences"]], fresh.ids)
        tab = self.env["hospitality.guest.card"].with_user(self.users["reception"])
        rows = tab.get_tab(self.nora.id, "wishes")["preferences"]
        self.assertEqual([(row["id"], row["outdated"]) for row in rows], [(fresh.id, False), (old.id, True)])
        self.assertEqual(rows[0]["confirmed_on"], str(today))

    @freeze_time("2026-02-27")
    def test_birthday_counts_days_and_years(self):
        cases = {
            "1990-02-27": {"age": 36, "days": 0},
            "1990-02-28": {"age": 35, "days": 1},
            "1990-02-26": {"age": 36, "days": 364},
            # 2026 has no 29 February: the day after the 28th counts.
            "1992-02-29": {"age": 33, "days": 2},
            False: False,
        }
        for birthdate, expected in cases.items():
            with self.subTest(birthdate=birthdate):
                self.nora.guest_birthdate = birthdate
                self.assertEqual(self._card()["person"]["birthday"], expected)

    def test_language_is_the_one_spoken(self):
        self.nora.write({"guest_language": "uk", "lang": "en_US"})
        self.assertEqual(self._card()["person"]["language"], "Ukrainian")
        self.assertEqual(self.nora.with_user(self.users["service"]).guest_language_name, "Ukrainian")

    def test_reception_writes_guests_alone(self):
        reception, service = self.users["reception"], self.users["service"]
        contact = self.env["res.partner"].create({"name": "Supplier"})
        self.nora.with_user(reception).guest_salutation = "Dr."
        Partner = self.env["res.partner"].with_user(reception)
        self.assertTrue(Partner.create({"name": "Walk-in", "is_guest": True}))
        self.assertTrue(self._card("reception")["can"]["edit"])
        self.assertFalse(self._card("service")["can"]["edit"])
        refused = (
            lambda: contact.with_user(reception).write({"name": "Changed"}),
            lambda: contact.with_user(reception).write({"is_guest": True}),
            lambda: Partner.create({"name": "No guest"}),
            lambda: self.nora.with_user(service).write({"guest_salutation": "Mr"}),
            lambda: self.nora.with_user(reception).unlink(),
        )
        for number, action in enumerate(refused):
            with self.subTest(number=number), self.assertRaises(AccessError):
                action()
        reception.group_ids = [Command.link(self.env.ref("base.group_partner_manager").id)]
        contact.with_user(reception).name = "Changed"

    def test_stays_now_and_next_in_order(self):
        today = datetime.date.today()
        self._create_stay(self.nora, self.palace)
        later = self._create_stay(
            self.nora, self.palace, arrival=today + datetime.timedelta(days=50), status="reserved"
        )
        now = self._create_stay(self.nora, self.palace, arrival=today - datetime.timedelta(days=1), status="in_house")
        self.assertEqual([row["id"] for row in self._card()["stays"]], [now.id, later.id])

    def test_sources_of_trust_first(self):
        Profile = self.env["hospitality.profile"]
        Profile.create(
            [
                {"source_id": self.source_pos.id, "external_id": "n1", "partner_id": self.nora.id},
                {"source_id": self.source.id, "external_id": "n2", "partner_id": self.nora.id},
                {
                    "source_id": self.source.id,
                    "external_id": "n3",
                    "partner_id": self.nora.id,
                    "state": "gone",
                },
            ]
        )
        self.assertEqual(self._card()["sources"], ["Odoo", "PMS", "POS"])

    def test_other_companys_visits_stay_hidden(self):
        self.assertEqual(len(self._card(guest=self.anna)["timeline"]["rows"]), 1)
        self.assertEqual(self._card(guest=self.carla)["timeline"]["rows"], [])
        tab = self.env["hospitality.guest.card"].with_user(self.users["reception"])
        self.assertEqual(tab.get_tab(self.carla.id, "stays")["stays"], [])

    def test_check_says_how_its_guest_was_found(self):
        self.env["hospitality.check"].create(
            {
                "partner_id": self.nora.id,
                "property_id": self.palace.id,
                "currency_id": self.palace.currency_id.id,
                "business_date": "2026-03-01",
                "guest_evidence": "phone",
                "guest_confidence": 0.9,
            }
        )
        tab = self.env["hospitality.guest.card"].with_user(self.users["reception"])
        [check] = tab.get_tab(self.nora.id, "tables")["checks"]
        self.assertEqual((check["evidence"], check["confidence"]), ("Phone", 0.9))

    def test_source_profile_is_read_in_words(self):
        profile = self.env["hospitality.profile"].create(
            {
                "partner_id": self.nora.id,
                "values": {"name": "Nora Berg", "family_name": "Berg", "vip": "V1"},
            }
        )
        shown = profile.with_user(self.users["manager"]).values_shown
        names = self.env["res.partner"].fields_get(["name", "guest_family_name"], ["string"])
        self.assertEqual(
            shown,
            {
                names["name"]["string"]: "Nora Berg",
                names["guest_family_name"]["string"]: "Berg",
                "VIP": "V1",
            },
        )
        self.assertLessEqual(set(survivorship.FIELDS), set(profile._get_value_labels()), "all have words")

    def test_guest_that_may_not_be_read(self):
        self.nora.company_id = self.company_2
        with self.assertRaises(AccessError):
            self._card()
        for tab in self.env["hospitality.guest.card"]._get_tabs():
            with self.subTest(tab=tab), self.assertRaises(AccessError):
                self.env["hospitality.guest.card"].with_user(self.users["reception"]).get_tab(self.nora.id, tab)

    def test_guest_that_is_gone(self):
        gone = self.env["res.partner"].create({"name": "Gone"})
        gone_id = gone.id
        gone.with_context(active_test=False).profile_ids.sudo().unlink()
        gone.unlink()
        with self.assertRaises(MissingError):
            self.env["hospitality.guest.card"].with_user(self.users["reception"]).get_card(gone_id)

    def test_archived_guest_has_a_card(self):
        self.nora.active = False
        self.assertFalse(self._card()["person"]["active"])

    def test_user_without_role_has_no_card(self):
        internal = self._create_role_user("internal")
        self.assertNotIn("guest_card", self.nora.with_user(internal).fields_get())
        with self.assertRaises(AccessError):
            self.nora.with_user(internal).web_read({"guest_card": {}})

    def test_tab_of_relations_reads_both_directions(self):
        self.env["hospitality.relation"].create(
            [
                {"partner_id": self.nora.id, "related_id": self.anna.id, "kind": "parent"},
                {"partner_id": self.ben.id, "related_id": self.nora.id, "kind": "employer"},
            ]
        )
        tab = self.env["hospitality.guest.card"].with_user(self.users["reception"])
        rows = tab.get_tab(self.nora.id, "relations")["relations"]
        self.assertEqual(
            {(row["other"], row["kind"]) for row in rows},
            {("Anna Kovalenko", "Parent"), ("Ben Smith", "Employee")},
        )

    def test_tab_of_contacts_names_source_and_kind(self):
        tab = self.env["hospitality.guest.card"].with_user(self.users["manager"])
        guest = self._create_guest("Nora Mail", "nora@kovalenko.test")
        profile = guest._get_odoo_profile()
        point = self.env["hospitality.contact.point"].create({"channel": "messenger", "value": "@nora", "kind": "real"})
        self.env["hospitality.contact.link"].create({"profile_id": profile.id, "point_id": point.id})
        rows = {row["value"]: row for row in tab.get_tab(guest.id, "contacts")["points"]}
        self.assertEqual(rows["@nora"]["source"], "Odoo")
        self.assertEqual(rows["@nora"]["channel"], "messenger")

    def test_tab_cut_off_says_so(self):
        for day in range(62):
            self._create_stay(
                self.nora, self.palace, arrival=datetime.date(2020, 1, 1) + datetime.timedelta(days=2 * day)
            )
        tab = self.env["hospitality.guest.card"].with_user(self.users["reception"])
        content = tab.get_tab(self.nora.id, "stays")
        self.assertEqual(content["more"], ["stays"])
        self.assertEqual(len(content["stays"]), 60)
        self.assertEqual(content["stays"][0]["arrival"], "2020-05-02")

    def test_first_screen_in_a_handful_of_queries(self):
        arch = self.env.ref("hospitality_crm.hospitality_guest_view_form")
        fields = self.env["res.partner"].with_user(self.users["reception"]).get_view(arch.id, "form")
        spec = {name: {} for name in fields["models"]["res.partner"]}
        self.assertIn("guest_card", spec)
        for day in range(30):
            self._create_stay(self.nora, self.palace, arrival=datetime.date(2021, 1, 1 + day % 28))
        self.env.flush_all()
        guest = self.nora.with_user(self.users["reception"])
        guest.web_read(spec)
        self.env.invalidate_all()
        with self.assertQueryCount(5):
            [values] = guest.web_read(spec)
        self.assertEqual(len(values["guest_card"]["timeline"]["rows"]), 30)

    def test_every_further_tab_in_one_query(self):
        card = self.env["hospitality.guest.card"].with_user(self.users["manager"])
        for tab in card._get_tabs():
            card.get_tab(self.nora.id, tab)
            with self.subTest(tab=tab), self.assertQueryCount(1):
                card.get_tab(self.nora.id, tab)

    def test_many_cards_at_once_are_not_built(self):
        guests = (self.anna | self.nora).with_user(self.users["reception"])
        self.assertEqual([row["guest_card"] for row in guests.read(["guest_card"])], [False, False])

    def test_name_of_a_room_follows_its_change(self):
        room = self.env["hospitality.room"].create({"name": "1", "code": "1", "property_id": self.palace.id})
        self._create_stay(self.nora, self.palace, status="in_house", arrival=datetime.date.today(), room_id=room.id)
        self.assertEqual(self._card()["stays"][0]["room"], "1")
        room.code = "Royal"
        self.assertEqual(self._card()["stays"][0]["room"], "Royal")

    def test_stock_views_stay_stock(self):
        Partner = self.env["res.partner"]
        for kind, stock in (
            ("form", "base.view_partner_form"),
            ("list", "base.view_partner_tree"),
            ("kanban", "base.res_partner_kanban_view"),
            ("search", "base.view_res_partner_filter"),
        ):
            with self.subTest(kind=kind):
                self.assertEqual(Partner.get_view(view_type=kind)["id"], self.env.ref(stock).id)
        action = self.env.ref("hospitality_crm.hospitality_guest_action")
        self.assertEqual(
            [view_id for view_id, _kind in action.views],
            [self.env.ref(f"hospitality_crm.hospitality_guest_view_{kind}").id for kind in ("kanban", "list", "form")],
        )

    def test_card_and_contact_form_lead_to_each_other(self):
        guest = self.nora.with_user(self.users["reception"])
        card = guest.action_open_guest_card()
        self.assertEqual(card["res_id"], guest.id)
        self.assertEqual(card["views"], [(self.env.ref("hospitality_crm.hospitality_guest_view_form").id, "form")])
        self.assertEqual(guest.action_open_contact()["views"], [(self.env.ref("base.view_partner_form").id, "form")])

    def test_chips_count_stays(self):
        self.env["hospitality.guest.metrics"].search([("partner_id", "=", self.nora.id)]).unlink()
        self.env["hospitality.guest.metrics"].create(
            {"partner_id": self.nora.id, "company_id": self.company.id, "stay_count": 4}
        )
        chips = self.nora.with_user(self.users["reception"]).application_statistics
        self.assertIn(("Stays", 4), [(chip["label"], chip["value"]) for chip in chips])
        internal = self._create_role_user("internal")
        chips = self.nora.with_user(internal).application_statistics or []
        self.assertNotIn("Stays", [chip["label"] for chip in chips])

    def test_tab_of_messages_shows_what_is_held_back(self):
        Hold = self.env["hospitality.message.hold"]
        now = datetime.datetime.now()
        values = {"partner_id": self.nora.id, "kind": "complaint"}
        held, over, released = Hold.create(
            [
                {**values, "reason": "Cold soup", "until": now + datetime.timedelta(days=2)},
                {**values, "reason": "Long ago", "until": now + datetime.timedelta(hours=1)},
                {**values, "reason": "Settled"},
            ]
        )
        released.action_release()
        card = self.env["hospitality.guest.card"].with_user(self.users["reception"])
        self.assertEqual({row["id"] for row in card.get_tab(self.nora.id, "messages")["holds"]}, {held.id, over.id})
        with freeze_time(now + datetime.timedelta(hours=2)):
            [row] = card.get_tab(self.nora.id, "messages")["holds"]
        self.assertEqual((row["reason"], row["kind"]), ("Cold soup", "Open Complaint"))
        self.assertTrue(self._card("reception")["can"]["hold"])
        self.assertFalse(self._card("marketing")["can"]["hold"])
