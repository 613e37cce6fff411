from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .messenger_common import MessengerCommon


@tagged("post_install", "-at_install")
class TestMessengerCompose(MessengerCommon):
    def _compose(self, guests, role="marketing", **values):
        user = self.env["res.users"].search([("login", "=", f"t_{role}")]) or self._create_role_user(role)
        wizard = (
            self.env["hospitality.message.compose"]
            .with_user(user)
            .with_context(active_model="res.partner", active_ids=guests.ids)
            .create({"text": "Come and see us", **values})
        )
        return wizard.action_send()

    def test_marketing_writes_to_who_has_agreed(self):
        willing, unwilling = self._create_chatty("telegram:1"), self._create_chatty("telegram:2", granted=False)
        contact = self.env["res.partner"].create({"name": "Baker"})
        answer = self._compose(willing + unwilling + contact, button_label="Book", button_url="https://hotel.example")
        self.assertIn("1 go out now, 0 later, 1 not at all", answer["params"]["message"])
        self._run()
        self.assertEqual(self.vendors.sent, [("telegram", "1", "Come and see us")])
        self.assertIn(b"https://hotel.example", self.vendors.bodies[0])

    def test_two_forms_are_two_messages(self):
        guest = self._create_chatty("telegram:1")
        self._compose(guest)
        self._compose(guest)
        self._run()
        self.assertEqual(len(self.vendors.sent), 2)

    def test_reception_writes_about_bookings_only(self):
        guest = self._create_chatty("telegram:1", granted=False)
        with self.assertRaises(AccessError):
            self._compose(guest, "reception")
        self._compose(guest, "reception", purpose_id=self.service.id)
        self._run()
        self.assertEqual(len(self.vendors.sent), 1)
        with self.assertRaises(AccessError):
            self._compose(guest, "service", purpose_id=self.service.id)

    def test_what_does_not_fit_is_refused(self):
        guest = self._create_chatty("telegram:1")
        for values in (
            {"button_label": "Book", "button_url": "http://x"},
            {"button_label": "Book"},
            {"template_name": "a b"},
            {"channel": "phone"},
            {"channel": "phone", "provider_id": self.telegram.id},
        ):
            with self.assertRaises(UserError):
                self._compose(guest, **values)
        self.telegram.brand_id = self.brand
        with self.assertRaisesRegex(UserError, "another brand"):
            self._compose(guest, provider_id=self.telegram.id)
        with self.assertRaisesRegex(UserError, "Choose the guests"):
            self._compose(self.env["res.partner"])

    def test_form(self):
        guest = self._create_chatty("telegram:1")
        Wizard = self.env["hospitality.message.compose"].with_context(active_model="res.partner", active_ids=guest.ids)
        with Form(Wizard) as form:
            form.text = "Hello"
            self.assertEqual(form.purpose_id, self.marketing)
        self.assertEqual(form.record.partner_ids, guest)

    def test_links_are_on_the_guests_page(self):
        guest = self._create_chatty("telegram:1")
        page = self.env["hospitality.preference.centre"]._get_page(guest)
        self.assertEqual([provider for provider, _url in page["messengers"]], [self.telegram, self.whatsapp])
