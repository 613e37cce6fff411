from unittest.mock import patch

from odoo.tests import TransactionCase, new_test_user, tagged

from odoo.addons.hospitality_crm.models.guest import hospitality_contact_point


class GoldenCommon(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.country_id = cls.env.ref("base.ua")
        cls.env["res.lang"]._activate_lang("uk_UA")
        Source = cls.env["hospitality.source"]
        cls.pms = Source.create({"name": "Test PMS", "code": "t_pms", "kind": "pms", "trust": 60})
        cls.ota = Source.create({"name": "Test OTA", "code": "t_ota", "kind": "ota", "trust": 30})
        cls.staff = new_test_user(
            cls.env, "golden_staff", groups="hospitality_crm.group_hospitality_manager,base.group_partner_manager"
        )
        cls.portal = new_test_user(cls.env, "golden_portal", groups="base.group_portal")

    @classmethod
    def _profile(cls, source, key, partner=None, at="2026-01-01 00:00:00", kind="person", **values):
        vals = {"source_id": source.id, "external_id": key, "values": values, "seen_at": at, "kind": kind}
        if partner:
            vals["partner_id"] = partner.id
        return cls.env["hospitality.profile"].create(vals)

    def _odoo_profile(self, partner):
        return partner._get_odoo_profile()


@tagged("post_install", "-at_install")
class TestGolden(GoldenCommon):
    def test_a_profile_makes_a_guest(self):
        profile = self._profile(
            self.pms,
            "1",
            given_name=" Anna ",
            family_name="Koval",
            emails=["Anna@Koval.UA"],
            phones=["044 111 22 33"],
            nationality="ua",
            birthdate="1980-02-29",
            gender="female",
            lang="uk",
            street="Shevchenka 1",
            city="Lviv",
            state="Lviv",
            country="UA",
        )
        self.assertEqual(profile.name, "Anna Koval")
        self.assertEqual(profile.values["phones"], ["+380441112233"])
        guest = profile.partner_id
        self.assertRecordValues(
            guest,
            [
                {
                    "name": "Anna Koval",
                    "guest_given_name": "Anna",
                    "guest_family_name": "Koval",
                    "email": "anna@koval.ua",
                    "phone": "+380441112233",
                    "guest_nationality_id": self.env.ref("base.ua").id,
                    "guest_gender": "female",
                    "lang": "uk_UA",
                    "city": "Lviv",
                    "country_id": self.env.ref("base.ua").id,
                    "is_guest": True,
                    "is_company": False,
                }
            ],
        )
        self.assertEqual(str(guest.guest_birthdate), "1980-02-29")
        self.assertEqual(
            profile.link_ids.point_id.mapped(lambda p: (p.channel, p.value, p.kind, p.name_count)),
            [("email", "anna@koval.ua", "real", 1), ("phone", "+380441112233", "real", 1)],
        )

    def test_unknown_values_are_left_out(self):
        guest = self._profile(
            self.pms, "1", name="Anna Koval", birthdate="1980-02-31", gender="x", country="ZZ", lang="tlh"
        ).partner_id
        self.assertFalse(guest.guest_birthdate or guest.guest_gender or guest.country_id)
        self.assertEqual(guest.lang, self.env.lang or "en_US")

    def test_a_second_source_changes_the_golden_record(self):
        guest = self._profile(self.ota, "1", name="A. Koval", lang="en", city="Kyiv").partner_id
        self._profile(self.pms, "1", guest, at="2026-02-01 00:00:00", name="Anna Koval", city="Lviv", street="X 1")
        self.assertEqual((guest.name, guest.city, guest.street), ("Anna Koval", "Lviv", "X 1"))
        profile = guest.profile_ids.filtered(lambda p: p.source_id == self.pms)
        profile.write({"values": {"name": "Hanna Koval"}, "seen_at": "2026-03-01 00:00:00"})
        self.assertEqual(guest.name, "Hanna Koval")
        self.assertEqual((guest.city, guest.street), ("Kyiv", False), "the address comes from one profile")
        profile.state = "gone"
        self.assertEqual(guest.name, "A. Koval")

    def test_profiles_attach_by_contact_point_and_compatible_name(self):
        guest = self._profile(self.pms, "1", name="Тарас Шевченко", emails=["taras@home.ua"]).partner_id
        same = self._profile(self.ota, "1", name="T. Shevchenko", emails=["taras@home.ua"])
        other = self._profile(self.ota, "2", name="Olena Shevchenko", emails=["taras@home.ua"])
        relay = self._profile(self.ota, "3", name="Taras Shevchenko", emails=["1@guest.booking.com"])
        self.assertEqual(same.partner_id, guest)
        self.assertNotEqual(other.partner_id, guest)
        self.assertNotEqual(relay.partner_id, guest)
        self.assertFalse(relay.partner_id.email, "a relay address is nobody's primary one")

    def test_an_ambiguous_name_attaches_to_nobody(self):
        first = self._profile(self.pms, "1", name="Ivan Koval", phones=["+380441112233"]).partner_id
        second = self._profile(self.pms, "2", name="Ihor Koval", phones=["+380441112233"]).partner_id
        third = self._profile(self.ota, "1", name="I. Koval", phones=["+380441112233"]).partner_id
        self.assertEqual(len(first | second | third), 3)

    def test_staff_outranks_systems_and_sees_what_was_typed(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", emails=["old@koval.ua"], phones=["+380441112233"])
        guest = guest.partner_id
        guest.with_user(self.staff).write({"email": "New@Koval.UA", "name": "Hanna Koval"})
        self.assertEqual((guest.email, guest.name), ("New@Koval.UA", "Hanna Koval"))
        profile = self._odoo_profile(guest)
        self.assertEqual(profile.values["emails"], ["new@koval.ua"])
        self.assertEqual(profile.meta["emails"]["by"], "staff")
        self.assertEqual(profile.meta["emails"]["uid"], self.staff.id)
        self.assertNotIn("phones", profile.values, "only what was typed lands in the profile")
        guest.profile_ids.filtered(lambda p: p.source_id == self.pms).write(
            {"values": {"name": "Anna K", "emails": ["third@koval.ua"]}, "seen_at": "2027-01-01 00:00:00"}
        )
        self.assertEqual((guest.email, guest.name), ("New@Koval.UA", "Hanna Koval"))
        self.assertFalse(guest.phone, "the source no longer knows it")

    def test_the_guest_outranks_systems(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", city="Lviv").partner_id
        guest.with_user(self.portal).sudo().write({"city": "Odesa", "street": "Sea 1"})
        profile = self._odoo_profile(guest)
        self.assertEqual(profile.meta["address"]["by"], "guest")
        self._profile(self.ota, "1", guest, at="2030-01-01 00:00:00", city="Kyiv", street="Y 2")
        self.assertEqual((guest.city, guest.street), ("Odesa", "Sea 1"))

    def test_writes_of_the_system_are_no_ones_word(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", lang="en").partner_id
        guest.write({"lang": "uk_UA"})
        self.assertEqual(self._odoo_profile(guest).meta["lang"]["by"], "system")
        self.assertEqual(guest.lang, "uk_UA")
        self._profile(self.ota, "1", guest, at="2030-01-01 00:00:00", lang="en")
        self.assertEqual(guest.lang, "en_US")

    def test_unchanged_values_are_not_captured(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", city="Lviv").partner_id
        guest.with_user(self.staff).write({"name": "Anna Koval", "city": "Lviv", "function": "CEO"})
        self.assertEqual(guest.profile_ids.source_id, self.pms)

    def test_an_emptied_field_stays_empty(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", emails=["wrong@koval.ua"], city="Lviv").partner_id
        guest.with_user(self.staff).write({"email": False, "city": False})
        self.assertEqual((guest.email, guest.city), (False, False))
        pms = guest.profile_ids.filtered(lambda p: p.source_id == self.pms)
        pms.write({"values": pms.values, "seen_at": "2030-01-01 00:00:00"})
        self.assertEqual((guest.email, guest.city), (False, False))
        pms.write({"values": {**pms.values, "emails": ["wrong@koval.ua", "right@koval.ua"]}})
        self.assertEqual(guest.email, "right@koval.ua")

    def test_the_same_number_is_left_as_it_was_typed(self):
        guest = self._profile(self.pms, "1", name="Anna Koval").partner_id
        guest.with_user(self.staff).write({"phone": "(044) 111-22-33"})
        self.assertEqual(guest.phone, "(044) 111-22-33")
        self.assertEqual(self._odoo_profile(guest).values["phones"], ["+380441112233"])

    def test_new_guests_get_an_odoo_profile_with_who_typed_what(self):
        guest = (
            self.env["res.partner"]
            .with_user(self.staff)
            .create({"name": "Anna Koval", "email": "anna@koval.ua", "is_guest": True})
        )
        profile = guest.sudo().profile_ids
        self.assertEqual(len(profile), 1)
        self.assertEqual(profile.source_id, self.env.ref("hospitality_crm.source_odoo"))
        self.assertEqual(
            {key: entry["by"] for key, entry in profile.meta.items()}, {"name": "staff", "emails": "staff"}
        )
        self.assertEqual(profile.link_ids.point_id.value, "anna@koval.ua")

    def test_a_plain_contact_is_no_guest_until_the_first_fact(self):
        contact = self.env["res.partner"].create({"name": "Ben Smith", "email": "info@smith.example.ua"})
        self.assertFalse(contact.is_guest)
        self.env["hospitality.preference"].create(
            {
                "partner_id": contact.id,
                "type_id": self.env.ref("hospitality_crm.preference_type_pillow").id,
                "value": "hard",
            }
        )
        self.assertTrue(contact.is_guest)
        self.assertEqual(contact.email, "info@smith.example.ua")

    def test_companies_become_no_guests(self):
        agency = self._profile(self.pms, "1", kind="agency", name="Sun Travel", emails=["info@sun.ua"]).partner_id
        self.assertRecordValues(agency, [{"is_guest": False, "is_company": True, "email": "info@sun.ua"}])

    def test_contacts_that_are_no_guests_are_left_alone(self):
        contact = self.env["res.partner"].create({"name": "Ben Smith", "email": "test@test.com"})
        contact.with_user(self.staff).write({"phone": "+380441112233"})
        self.assertEqual(contact.email, "test@test.com")
        contact.is_guest = True
        contact._refresh_golden()
        self.assertFalse(contact.email, "a placeholder is no guest's address")

    def test_the_first_source_profile_keeps_what_the_contact_says(self):
        contact = (
            self.env["res.partner"]
            .with_context(hospitality_survivorship=True)
            .create({"name": "Anna Koval", "street": "Old 1", "city": "Kyiv"})
        )
        self._profile(self.pms, "1", contact, name="A. Koval", emails=["anna@koval.ua"])
        self.assertEqual((contact.name, contact.street, contact.email), ("Anna Koval", "Old 1", "anna@koval.ua"))

    def test_email_of_a_user_is_never_changed_by_a_source(self):
        guest = self.portal.partner_id
        guest.write({"email": "portal@koval.ua", "is_guest": True})
        self._profile(self.pms, "1", guest, at="2030-01-01 00:00:00", name="Anna Koval", emails=["thief@evil.ua"])
        self.env["hospitality.contact.point"].search([("value", "=", "portal@koval.ua")]).write({"reachable": False})
        self.assertEqual(guest.email, "portal@koval.ua")

    def test_contacts_of_a_company_keep_the_shared_address(self):
        company = self.env["res.partner"].create(
            {"name": "Koval Ltd", "is_company": True, "city": "Kyiv", "street": "A"}
        )
        guest = self.env["res.partner"].create({"name": "Anna Koval", "parent_id": company.id})
        self._profile(self.pms, "1", guest, at="2030-01-01 00:00:00", name="Anna Koval", city="Lviv", street="B")
        self.assertEqual(guest.city, "Kyiv")

    def test_refresh_takes_few_queries(self):
        guests = self.env["res.partner"]
        for number in range(20):
            guests |= self._profile(
                self.pms, str(number), name=f"Guest Number{number}", emails=[f"g{number}@koval.ua"], country="UA"
            ).partner_id
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(7):
            self.assertFalse(guests._refresh_golden())

    def test_a_mass_edit_is_captured_in_few_queries(self):
        guests = self.env["res.partner"]
        for number in range(20):
            guests |= self._profile(
                self.pms, str(number), name=f"Guest Number{number}", emails=[f"g{number}@koval.ua"], lang="en"
            ).partner_id
        guests._get_odoo_profile()
        self.env.flush_all()
        self.env.invalidate_all()
        guests = guests.with_user(self.staff)
        with self.assertQueryCount(45):
            guests.write({"lang": "uk_UA"})
            self.env.flush_all()
        self.assertEqual(set(guests.mapped("lang")), {"uk_UA"})
        origins = [guest.get_golden_origin(["lang"])["lang"]["by"] for guest in guests]
        self.assertEqual(origins, ["staff"] * 20)

    def test_refresh_leaves_no_message(self):
        guest = self._profile(self.ota, "1", name="A. Koval").partner_id
        self.env.flush_all()
        before = guest.message_ids
        self._profile(self.pms, "1", guest, name="Anna Koval", emails=["anna@koval.ua"])
        self.env.flush_all()
        self.assertEqual(guest.email, "anna@koval.ua")
        self.assertEqual(guest.message_ids, before)

    def test_touched_guests_are_queued_for_derived_data(self):
        guest = self._profile(self.ota, "1", name="A. Koval").partner_id
        self.assertTrue(self.env["hospitality.guest.dirty"].search([("partner_id", "=", guest.id)]))

    def test_facts_follow_their_profile(self):
        profile = self._profile(self.ota, "1", name="A. Koval")
        preference = self.env["hospitality.preference"].create(
            {
                "profile_id": profile.id,
                "type_id": self.env.ref("hospitality_crm.preference_type_pillow").id,
                "value": "hard",
            }
        )
        other = self._profile(self.pms, "1", name="Anna Koval").partner_id
        profile.partner_id = other
        self.assertEqual(preference.partner_id, other)
        self.assertIn(
            ("hospitality.booking", "agency_profile_id", "agency_partner_id"),
            self.env["hospitality.profile"]._get_shortcuts(),
        )


@tagged("post_install", "-at_install")
class TestGoldenInvoiced(GoldenCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "account.move" not in cls.env:
            cls.skipTest(cls, "Needs the invoicing app")
        cls.guest = cls._profile(
            cls.ota, "1", name="A. Koval", city="Kyiv", vat="111", phones=["+380441112233"]
        ).partner_id
        move = cls.env["account.move"].create({"move_type": "out_invoice", "partner_id": cls.guest.id})
        cls.env.flush_all()
        cls.env.cr.execute("UPDATE account_move SET state = 'posted' WHERE id = %s", [move.id])
        cls.env.invalidate_all()

    def test_invoiced_values_are_never_changed_automatically(self):
        self._profile(
            self.pms, "1", self.guest, at="2030-01-01 00:00:00", name="Anna Koval", city="Lviv", vat="222",
            emails=["anna@koval.ua"],
        )  # fmt: skip
        self.assertEqual((self.guest.name, self.guest.city, self.guest.vat), ("A. Koval", "Kyiv", "111"))
        self.assertEqual(self.guest.email, "anna@koval.ua")

    def test_people_may_change_them(self):
        self.guest.with_user(self.staff).write({"name": "Anna Koval"})
        self.assertEqual(self.guest.name, "Anna Koval")

    def test_only_posted_invoices_count(self):
        other = self._profile(self.ota, "2", name="Ben Smith").partner_id
        self.env["account.move"].create({"move_type": "out_invoice", "partner_id": other.id})
        Partner = self.env["res.partner"]
        self.assertEqual(Partner._get_frozen_golden_partners([self.guest.id, other.id]), {self.guest.id})


@tagged("post_install", "-at_install")
class TestContactPoints(GoldenCommon):
    def _point(self, value):
        return self.env["hospitality.contact.point"].search([("value", "=", value)])

    def test_kinds_by_list(self):
        prop = self.env["res.partner"].create({"name": "House", "email": "desk@house.ua", "phone": "+380445556677"})
        self.env["hospitality.property"].create({"name": "House", "code": "T-H", "address_id": prop.id, "tz": "UTC"})
        self._profile(self.pms, "1", name="Anna Koval", emails=["desk@house.ua", "1@guest.booking.com", "test@x.ua"])
        self._profile(self.pms, "2", name="Ben Smith", phones=["+380445556677"])
        kinds = {value: self._point(value).kind for value in ("1@guest.booking.com", "test@x.ua", "+380445556677")}
        self.assertEqual(kinds, {"1@guest.booking.com": "relay", "test@x.ua": "junk", "+380445556677": "reception"})

    def test_address_of_a_new_company_is_ours(self):
        self._profile(self.pms, "1", name="Anna Koval", emails=["office@second.ua"])
        self._point("office@second.ua").write({"kind": "real", "kind_by": "list"})
        self.env["res.company"].create({"name": "Second House", "email": "office@second.ua"})
        self.assertEqual(self._point("office@second.ua").kind, "reception")

    def test_many_names_make_a_point_shared(self):
        guests = [
            self._profile(self.pms, str(number), name=name, emails=["trips@agency.ua"]).partner_id
            for number, name in enumerate(("Anna Koval", "Ben Smith", "Carla Rossi", "Dan Brown"))
        ]
        point = self._point("trips@agency.ua")
        self.assertEqual((point.kind, point.name_count), ("real", 4))
        self.assertEqual(guests[0].email, "trips@agency.ua")
        self._profile(self.ota, "1", name="KOVAL Anna", emails=["trips@agency.ua"])
        self.assertEqual((point.kind, point.name_count), ("real", 4), "the same name counts once")
        guests.append(self._profile(self.pms, "9", name="Eva Weber", emails=["trips@agency.ua"]).partner_id)
        self.assertEqual((point.kind, point.kind_by, point.name_count), ("shared", "degree", 5))
        self.assertEqual([guest.email for guest in guests], [False] * 5)

    def test_a_user_has_the_last_word_on_a_kind(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", emails=["home@koval.ua"]).partner_id
        point = self._point("home@koval.ua")
        point.with_user(self.staff).write({"kind": "shared"})
        self.assertEqual((point.kind_by, guest.email), ("user", False))
        point.with_user(self.staff).write({"kind": "real"})
        self.assertEqual(guest.email, "home@koval.ua")
        for number, name in enumerate(("Ben Smith", "Carla Rossi", "Dan Brown", "Eva Weber", "Fritz Lang")):
            self._profile(self.ota, str(number), name=name, emails=["home@koval.ua"])
        self.assertEqual((point.kind, point.name_count), ("real", 6))

    def test_only_kind_and_reachability_may_be_changed(self):
        self._profile(self.pms, "1", name="Anna Koval", emails=["home@koval.ua"])
        with self.assertRaisesRegex(Exception, "Only|only"):
            self._point("home@koval.ua").with_user(self.staff).write({"value": "other@koval.ua"})

    def test_names_are_counted_up_to_a_cap(self):
        with patch.object(hospitality_contact_point, "NAME_CAP", 3):
            for number, name in enumerate(("Anna Koval", "Ben Smith", "Carla Rossi", "Dan Brown", "Eva Weber")):
                self._profile(self.pms, str(number), name=name, emails=["trips@agency.ua"])
        self.assertEqual(self._point("trips@agency.ua").name_count, 3)

    def test_many_guests_are_resolved_in_the_background(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", emails=["home@koval.ua"]).partner_id
        with patch.object(hospitality_contact_point, "AT_ONCE", 0):
            self._point("home@koval.ua").write({"kind": "shared"})
        self.assertEqual(guest.email, "home@koval.ua")
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_golden_queue").method_direct_trigger()
        guest.invalidate_recordset()
        self.assertFalse(guest.email)
        self.assertFalse(self.env["hospitality.golden.queue"].search_count([]))

    def test_changed_values_move_the_links(self):
        profile = self._profile(self.pms, "1", name="Anna Koval", emails=["a@koval.ua", "b@koval.ua"])
        profile.write({"values": {"name": "Hanna Koval", "emails": ["b@koval.ua", "c@koval.ua"]}})
        links = profile.link_ids.sorted("sequence")
        self.assertEqual(links.mapped("point_id.value"), ["b@koval.ua", "c@koval.ua"])
        self.assertEqual(links.mapped("sequence"), [0, 1])
        self.assertEqual(set(links.mapped("name_key")), {profile.name_key})
        self.assertEqual(self._point("a@koval.ua").name_count, 0)

    def test_a_blacklisted_address_gives_way(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", emails=["a@koval.ua", "b@koval.ua"]).partner_id
        self.assertEqual(guest.email, "a@koval.ua")
        self.env["mail.blacklist"]._add("a@koval.ua")
        self.assertEqual(guest.email, "b@koval.ua")
        self.env["mail.blacklist"]._remove("a@koval.ua")
        self.assertEqual(guest.email, "a@koval.ua")
        self.env["mail.blacklist"]._add("z@koval.ua")
        self._profile(self.pms, "2", name="Ben Smith", emails=["z@koval.ua"])
        self.assertFalse(self._point("z@koval.ua").reachable)

    def test_a_blacklisted_number_gives_way(self):
        guest = self._profile(self.pms, "1", name="Anna Koval", phones=["+380441112233", "+380441112244"]).partner_id
        self.env["phone.blacklist"]._add(["+380441112233"])
        self.assertEqual(guest.phone, "+380441112244")

    def test_numbers_without_country_take_that_of_the_property(self):
        prop = self.env["hospitality.property"].create(
            {"name": "Haus", "code": "T-DE", "country_id": self.env.ref("base.de").id, "tz": "UTC"}
        )
        profile = self.env["hospitality.profile"].create(
            {
                "source_id": self.pms.id,
                "external_id": "1",
                "property_id": prop.id,
                "values": {"name": "Eva Weber", "phones": ["0172 1112233"]},
            }
        )
        self.assertEqual(profile.partner_id.phone, "+491721112233")


@tagged("post_install", "-at_install")
class TestLanguage(GoldenCommon):
    def test_language_need_not_be_installed(self):
        guest = self._profile(self.pms, "pt", name="Inês Carvalho", lang="pt-BR").partner_id
        self.assertEqual(guest.guest_language, "pt-BR")
        self.assertEqual(guest.lang, self.env.user.lang)
        name = self.env["hospitality.guest.facts"].with_context(lang="en_US")._get_language_name
        self.assertEqual(name(guest.guest_language), "Portuguese")
        self.assertEqual((name("tlh-nonsense"), name(False)), ("tlh-nonsense", ""))

    def test_staff_correct_the_language(self):
        guest = self._profile(self.pms, "pt2", name="Rui Carvalho", lang="es").partner_id
        guest.with_user(self.staff).write({"guest_language": "pt"})
        self.assertEqual(guest.guest_language, "pt")
        self.assertEqual(guest.get_golden_origin(["guest_language"])["guest_language"]["by"], "staff")
