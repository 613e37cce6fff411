import json

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form, tagged

from .common import HospitalityCommon

EMAIL, PHONE = "nora.valk@masked.am", "+37491234512"
MASKED = {"email": "n•••@masked.am", "phone": "+374••••••12"}


@tagged("post_install", "-at_install")
class TestContactMasking(HospitalityCommon):
    """Reception sees e-mails and phones of guests masked, and in full when it asks for them, which is written down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        roles = ("service", "reception", "marketing", "manager", "dpo", "admin")
        cls.users = {role: cls._create_role_user(role) for role in roles}
        cls.Log = cls.env["hospitality.access.log"]
        cls.nora = cls._create_guest("Nora Valk", EMAIL, phone=PHONE)
        cls.env.flush_all()

    def _card(self, role, **context):
        return self.env["hospitality.guest.card"].with_user(self.users[role]).with_context(**context)

    def _logged(self):
        return self.Log.search([("kind", "=", "contact")], order="id")

    def _read_screens(self, role):
        """Return all that our screens of guests ask for, as text."""
        Partner = self.env["res.partner"].with_user(self.users[role])
        answers = []
        for name, kind in (
            ("hospitality_guest_view_form", "form"),
            ("hospitality_guest_details_view_form", "form"),
            ("hospitality_guest_view_list", "list"),
            ("hospitality_guest_view_kanban", "kanban"),
        ):
            view = self.env.ref(f"hospitality_crm.{name}")
            arch = etree.fromstring(Partner.get_view(view.id, kind)["arch"])
            spec = {field.get("name"): {} for field in arch.xpath("//field[not(ancestor::field)]")}
            answers.append(call_kw(Partner, "web_read", [self.nora.ids, spec], {}))
        Card = self._card(role)
        answers.append(call_kw(Card, "get_card", [self.nora.id], {}))
        answers += [call_kw(Card, "get_tab", [self.nora.id, tab], {}) for tab in Card._get_tabs()]
        return json.dumps(answers, default=str, ensure_ascii=False)

    def test_each_role_sees_what_it_needs(self):
        for role, masked in {
            "service": True,
            "reception": True,
            "marketing": False,
            "manager": False,
            "dpo": False,
            "admin": False,
        }.items():
            with self.subTest(role=role):
                person = self._card(role).get_card(self.nora.id)["person"]
                shown = {"email": person["email"], "phone": person["phone"]}
                self.assertEqual(person["contacts_hidden"], masked)
                self.assertEqual(shown, MASKED if masked else {"email": EMAIL, "phone": PHONE})
                screens = self._read_screens(role)
                for text in (EMAIL, PHONE):
                    self.assertEqual(text in screens, not masked)
                self.assertIn(MASKED["email"] if masked else EMAIL, screens)
        self.assertFalse(self._logged(), "Nobody has seen what is hidden from him.")

    def test_a_group_of_its_own_lifts_the_mask(self):
        self.users["reception"].group_ids = [Command.link(self.env.ref("hospitality_crm.group_hospitality_contact").id)]
        self.assertEqual(self._card("reception").get_card(self.nora.id)["person"]["email"], EMAIL)

    def test_a_company_may_switch_it_off(self):
        self.assertTrue(self.company.hospitality_mask_contacts)
        self.assertEqual(self._card("reception").get_card(self.nora.id)["person"]["email"], MASKED["email"])
        self.company.hospitality_mask_contacts = False
        self.env.invalidate_all()
        self.assertEqual(self._card("reception").get_card(self.nora.id)["person"]["email"], EMAIL)
        self.assertEqual(self.nora.with_user(self.users["reception"]).guest_phone_shown, PHONE)

    def test_show_writes_one_row_for_each_opening(self):
        shown = call_kw(self._card("reception"), "reveal_contacts", [self.nora.id], {})
        self.assertEqual((shown["email"], shown["phone"]), (EMAIL, PHONE))
        self.assertEqual(sorted(shown["points"].values()), sorted([EMAIL, PHONE]))
        [row] = self._logged()
        self.assertEqual((row.user_id, row.guest_ids), (self.users["reception"], (self.nora.id,)))
        self.assertNotIn(EMAIL, str(row.read()))
        call_kw(self._card("reception"), "reveal_contacts", [self.nora.id], {"again": True})
        self.assertEqual(len(self._logged()), 1, "Read again after a change: the same view.")
        call_kw(self._card("reception"), "reveal_contacts", [self.nora.id], {})
        self.assertEqual(len(self._logged()), 2)

    def test_nothing_to_write_down_for_who_sees_all(self):
        self.assertEqual(self._card("manager").reveal_contacts(self.nora.id)["email"], EMAIL)
        self.assertFalse(self._logged())

    def test_reveal_needs_the_right_to_read_the_guest(self):
        internal = self.env["res.users"].create(
            {
                "name": "Nobody",
                "login": "t_masked_nobody",
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )
        with self.assertRaises(AccessError):
            self.env["hospitality.guest.card"].with_user(internal).reveal_contacts(self.nora.id)
        self.assertFalse(self._logged())

    def test_a_reveal_by_context_is_written_down_too(self):
        nora = self.nora.with_user(self.users["reception"]).with_context(hospitality_reveal=True)
        self.assertEqual(nora.guest_email_shown, EMAIL)
        self.assertEqual(self._logged().mapped("guest_ids"), [(self.nora.id,)])

    def test_masked_values_are_edited_without_being_seen(self):
        nora = self.nora.with_user(self.users["reception"])
        view = "hospitality_crm.hospitality_guest_details_view_form"
        with Form(nora, view=view) as form:
            self.assertEqual(form.guest_email_shown, MASKED["email"])
            form.guest_salutation = "Ms"
        self.assertEqual((self.nora.email, self.nora.phone), (EMAIL, PHONE))
        with Form(nora, view=view) as form:
            form.guest_email_shown = "nora@new.am"
        self.assertEqual((self.nora.email, self.nora.phone), ("nora@new.am", PHONE))
        with self.assertRaisesRegex(UserError, "Type the whole"):
            nora.guest_phone_shown = "+374••••••99"
        self.assertFalse(self._logged())

    def test_a_new_guest_gets_what_is_typed(self):
        Partner = self.env["res.partner"].with_user(self.users["reception"]).with_context(default_is_guest=True)
        with Form(Partner, view="hospitality_crm.hospitality_guest_view_form") as form:
            form.name = "Walk In"
            form.guest_email_shown = "walk@in.am"
            form.guest_phone_shown = "+374 91 765432"
        self.assertEqual(form.record.email, "walk@in.am")
        self.assertEqual(form.record.phone_sanitized, "+37491765432")
        self.assertEqual(form.record.guest_email_shown, "w•••@in.am")

    def test_the_stock_form_is_a_view(self):
        self.nora.with_user(self.users["manager"]).action_open_contact()
        self.assertFalse(self._logged())
        action = self.nora.with_user(self.users["reception"]).action_open_contact()
        self.assertEqual(action["res_model"], "res.partner")
        self.assertEqual(self._logged().user_id, self.users["reception"])

    def test_sources_and_contact_points_are_masked_whoever_reads_them(self):
        points = self.nora.profile_ids.link_ids.point_id
        self.assertEqual(set(points.mapped("value")), {EMAIL, PHONE})
        for role, masked in (("reception", True), ("manager", False)):
            user = self.users[role]
            answers = [
                call_kw(points.with_user(user), "read", [points.ids, ["value", "display_name"]], {}),
                call_kw(self.nora.profile_ids.with_user(user), "read", [self.nora.profile_ids.ids], {}),
                call_kw(
                    self.nora.profile_ids.with_user(user),
                    "web_read",
                    [
                        self.nora.profile_ids.ids,
                        {
                            "values": {},
                            "link_ids": {"fields": {"point_id": {"fields": {"display_name": {}, "value": {}}}}},
                        },
                    ],
                    {},
                ),
            ]
            answers.append([profile.values_shown for profile in self.nora.profile_ids.with_user(user)])
            for answer in answers:
                text = json.dumps(answer, default=str, ensure_ascii=False)
                with self.subTest(role=role, text=text):
                    self.assertEqual(EMAIL in text, not masked)
                    self.assertEqual(PHONE in text, not masked)

    def test_side_by_side_tells_what_is_equal_without_showing_it(self):
        twin = self._create_guest("Nora Valck", EMAIL, phone="+37491234599")
        compare = self.env["hospitality.guest.compare"].with_user(self.users["reception"])
        shown = compare.get_merge([self.nora.id, twin.id])
        rows = {row["name"]: row for row in shown["rows"]}
        self.assertEqual(rows["emails"]["status"], "same")
        self.assertEqual(rows["phones"]["status"], "differ")
        self.assertEqual(rows["emails"]["cells"][0][0]["text"], MASKED["email"])
        self.assertNotIn(PHONE, json.dumps(shown, default=str))
        whole = self.env["hospitality.guest.compare"].with_user(self.users["manager"])
        self.assertIn(PHONE, json.dumps(whole.get_merge([self.nora.id, twin.id]), default=str))

    def test_who_is_to_call_sees_the_number(self):
        other = self.users["service"]
        calls = self.env["mail.activity"].create(
            [
                {
                    "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "res_id": self.nora.id,
                    "activity_type_id": self.env.ref("mail.mail_activity_data_call").id,
                    "user_id": user.id,
                }
                for user in (self.users["reception"], other)
            ]
        )
        mine, others = (call.with_user(self.users["reception"]).with_prefetch() for call in calls)
        self.assertEqual(others.hospitality_phone, MASKED["phone"])
        self.assertFalse(self._logged())
        self.assertEqual(mine.hospitality_phone, PHONE)
        self.assertEqual(self._logged().mapped("guest_ids"), [(self.nora.id,)])
        self.assertEqual(others.with_user(self.users["manager"]).hospitality_phone, PHONE)
