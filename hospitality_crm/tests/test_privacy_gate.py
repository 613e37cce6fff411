from odoo import Command, fields
from odoo.tests import tagged

from ..engine.gate import Spec
from .privacy_common import PrivacyCommon


@tagged("post_install", "-at_install")
class TestPrivacyGate(PrivacyCommon):
    """The gate knows suppressed addresses and restricted guests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.purpose = cls.env.ref("hospitality_crm.purpose_marketing")
        cls.guest = cls._create_guest("Gala Gate", "gala@gate.kyiv.ua")
        cls._agree(cls.guest)

    @classmethod
    def _agree(cls, guest):
        Event = cls.env["hospitality.consent.event"]
        Event._record(guest, cls.purpose, "email", "granted", method="desk", reason="said so")

    def _decide(self, guest, purpose=None):
        spec = Spec(
            company_id=self.company.id,
            brand_id=None,
            purpose=purpose or self.purpose,
            channel="email",
            origin_model="mailing.mailing",
            origin_id=1,
        )
        self.env.flush_all()
        query = self.env["res.partner"]._search([("id", "in", guest.ids)])
        rows = self.env.execute_query_dict(
            self.env["hospitality.gate"]._decide(query.select(), spec, fields.Datetime.now())
        )
        return rows[0]["verdict"], rows[0]["reason"]

    def test_a_suppressed_address_gets_nothing(self):
        self.assertNotEqual(self._decide(self.guest)[0], "refused")
        self.env["hospitality.suppression"]._suppress([("email", "gala@gate.kyiv.ua")], "complaint")
        self.assertEqual(self._decide(self.guest), ("refused", "suppressed"))

    def test_the_address_of_an_erased_guest_gets_nothing_under_another_name(self):
        self.Eraser._erase(self.guest)
        other = self._create_guest("Other Person", "gala@gate.kyiv.ua")
        self._agree(other)
        self.assertEqual(self._decide(other), ("refused", "suppressed"))

    def test_the_owner_of_an_address_may_come_back(self):
        """He agrees again on a page that his mailbox has led him to; what staff or a system says doesn't count."""
        self.Eraser._erase(self.guest)
        other = self._create_guest("Gala Again", "gala@gate.kyiv.ua")
        self._agree(other)
        self.assertEqual(self._decide(other), ("refused", "suppressed"))
        Centre = self.env["hospitality.preference.centre"]
        page = Centre._get_page(other)
        [name] = [
            answer["name"]
            for section in page["sections"][:1]
            for item in section["purposes"]
            if item["purpose"] == self.purpose
            for answer in item["answers"]
            if answer["channel"] == "email"
        ]
        Centre._apply(other, {name: "no"}, "preference_centre")
        self.assertEqual(self._decide(other)[0], "refused")
        Centre._apply(other, {name: "yes"}, "preference_centre")
        self.assertNotEqual(self._decide(other)[0], "refused")

    def test_mailing_lists_leave_suppressed_addresses_out(self):
        self.env["hospitality.suppression"]._suppress(
            [("email", "old@list.example"), ("phone", "+380441112233")], "erasure"
        )
        contacts = self.env["mailing.contact"].create(
            [
                {"email": "Old@list.example", "list_ids": [Command.create({"name": "Imported"})]},
                {"email": "new@list.example"},
            ]
        )
        contacts[1].list_ids = contacts[0].list_ids
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "Spring",
                "mailing_model_id": self.env["ir.model"]._get_id("mailing.list"),
                "contact_list_ids": [Command.set(contacts.list_ids.ids)],
            }
        )
        self.assertEqual(mailing._get_opt_out_list(), {"old@list.example"})
        self.env["hospitality.suppression"]._lift([("email", "old@list.example")])
        self.assertEqual(set(mailing._get_opt_out_list()), set())

    def test_suppression_for_one_purpose(self):
        other = self.env.ref("hospitality_crm.purpose_profiling")
        self.env["hospitality.suppression"]._suppress([("email", "gala@gate.kyiv.ua")], "objection", other)
        self.assertNotEqual(self._decide(self.guest)[0], "refused")

    def test_a_restricted_guest_hears_about_his_booking_only(self):
        self._request(self.guest, "restriction").with_user(self.dpo).action_answer()
        self.assertEqual(self._decide(self.guest), ("refused", "restricted"))
        service = self.env.ref("hospitality_crm.purpose_service")
        self.assertNotEqual(self._decide(self.guest, service)[0], "refused")
        self.assertIn("restricted", self.env["hospitality.message.texts"]._get_texts()["restricted"])
