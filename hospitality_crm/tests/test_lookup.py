from odoo.tests import tagged

from .test_golden import GoldenCommon


@tagged("post_install", "-at_install")
class TestLookup(GoldenCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls.env["res.partner"]
        cls.anna = cls._profile(cls.pms, "1", name="Anna Koval", emails=["anna@koval.ua", "family@koval.ua"]).partner_id
        cls.ben = cls._profile(cls.pms, "2", name="Ben Koval", emails=["ben@koval.ua", "family@koval.ua"]).partner_id

    def _count(self):
        return self.Partner.with_context(active_test=False).search_count([])

    def test_second_address_finds_the_guest(self):
        self._profile(self.ota, "1", self.anna, name="Anna Koval", emails=["holiday@koval.ua"])
        before = self._count()
        self.assertEqual(self.Partner.find_or_create("Holiday@Koval.UA"), self.anna)
        self.assertEqual(self.Partner._find_or_create_from_emails(["holiday@koval.ua"]), [self.anna])
        self.assertEqual(self._count(), before)

    def test_shared_address_prefers_the_name(self):
        find = self.Partner._find_or_create_from_emails
        self.assertEqual(find(['"KOVAL Ben" <family@koval.ua>']), [self.ben])
        self.assertEqual(find(['"Anna Koval" <family@koval.ua>']), [self.anna])
        self.assertEqual(find(["family@koval.ua"]), [self.anna], "the oldest one without a name")
        self.assertEqual(self.Partner.find_or_create('"B. Koval" <family@koval.ua>'), self.ben)

    def test_order_and_new_contacts(self):
        found = self.Partner._find_or_create_from_emails(
            ["new@person.ua", "ben@koval.ua", "not an address", "anna@koval.ua"],
            additional_values={"new@person.ua": {"name": "New Person"}},
        )
        self.assertEqual(
            [partner.name for partner in found], ["New Person", "Ben Koval", "not an address", "Anna Koval"]
        )
        self.assertEqual(found[1] + found[3], self.ben + self.anna)

    def test_filter_ban_and_sort(self):
        find = self.Partner._find_or_create_from_emails
        self.assertEqual(find(["family@koval.ua"], filter_found=lambda partner: partner == self.ben), [self.ben])
        self.assertFalse(find(["ben@koval.ua"], ban_emails=["ben@koval.ua"], no_create=True)[0])
        self.assertEqual(find(["family@koval.ua"], sort_key=lambda partner: partner.id, sort_reverse=True), [self.ben])

    def test_archived_guests_are_not_found(self):
        self.ben.active = False
        self.assertFalse(self.Partner._find_or_create_from_emails(["ben@koval.ua"], no_create=True)[0])

    def test_relay_address_of_one_guest_leads_to_him(self):
        self._profile(self.ota, "1", self.anna, name="Anna Koval", emails=["1@guest.booking.com"])
        self.assertEqual(self.Partner.find_or_create("1@guest.booking.com"), self.anna)
        self._profile(self.ota, "2", self.ben, name="Ben Koval", emails=["1@guest.booking.com"])
        self.assertFalse(self.Partner._find_or_create_from_emails(["1@guest.booking.com"], no_create=True)[0])

    def test_shared_kind_identifies_nobody(self):
        point = self.env["hospitality.contact.point"].search([("value", "=", "family@koval.ua")])
        point.write({"kind": "shared"})
        self.assertFalse(self.Partner._find_or_create_from_emails(["family@koval.ua"], no_create=True)[0])

    def test_contacts_without_profile_are_found_too(self):
        plain = self.Partner.with_context(hospitality_survivorship=True).create(
            {"name": "Plain Contact", "email": "ben@koval.ua"}
        )
        self.assertEqual(self.Partner.find_or_create('"Plain Contact" <ben@koval.ua>'), plain)

    def test_incoming_mail_from_a_second_address(self):
        self._profile(self.ota, "1", self.anna, name="Anna Koval", emails=["holiday@koval.ua"])
        found = self.anna._partner_find_from_emails_single(["Anna Koval <holiday@koval.ua>"])
        self.assertEqual(found, self.anna)

    def test_portal_user_may_look_up(self):
        found = self.Partner.with_user(self.staff)._find_or_create_from_emails(["ben@koval.ua"])
        self.assertEqual(found, [self.ben])
