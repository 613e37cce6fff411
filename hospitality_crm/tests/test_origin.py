from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..engine import survivorship
from .test_golden import GoldenCommon


@tagged("post_install", "-at_install")
class TestOrigin(GoldenCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest = cls._profile(cls.pms, "1", name="Anna Koval", emails=["a@koval.ua"], lang="uk").partner_id
        cls._profile(
            cls.ota, "1", cls.guest, name="A. Koval", emails=["b@koval.ua"], local_name="Ганна",
            memberships=[{"program": "GOLD", "number": "4711"}],
        )  # fmt: skip
        cls.guest.with_user(cls.staff).write({"phone": "+380441112233"})

    def test_origin_of_values(self):
        origin = self.guest.with_user(self.staff).get_golden_origin()
        self.assertEqual(origin["name"]["value"], "Anna Koval")
        self.assertEqual(origin["name"]["source"], "Test PMS")
        self.assertEqual(origin["name"]["at"], "2026-01-01 00:00:00")
        self.assertEqual((origin["name"]["by"], origin["name"]["reason"]), ("system", "most_trusted"))
        self.assertEqual([losing["value"] for losing in origin["name"]["losing"]], ["A. Koval"])
        self.assertEqual(origin["name"]["losing"][0]["source"], "Test OTA")
        self.assertEqual([losing["value"] for losing in origin["email"]["losing"]], ["b@koval.ua"])
        phone = origin["phone"]
        self.assertEqual((phone["by"], phone["user"], phone["source"]), ("staff", self.staff.name, "Odoo"))
        self.assertTrue(phone["reason_text"])
        self.assertIsNone(origin["city"]["value"])
        self.assertFalse(origin["name"]["frozen"])

    def test_only_the_asked_fields(self):
        self.assertEqual(set(self.guest.get_golden_origin(["lang", "function"])), {"lang"})

    def test_needs_a_hospitality_role(self):
        user = new_test_user(self.env, "origin_internal", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.guest.with_user(user).get_golden_origin()
        with self.assertRaises(AccessError):
            self.guest.with_user(self.portal).get_golden_origin()

    def test_every_reason_has_a_sentence(self):
        self.assertEqual(set(self.guest._get_reason_texts()), set(survivorship.REASONS))

    def test_losing_values_are_search_terms(self):
        other = self._profile(self.pms, "2", name="Ben Smith").partner_id
        gone = self._profile(self.ota, "9", self.guest, name="Erased Person")
        gone.state = "anonymised"
        terms = self.env["res.partner"]._guest_search_terms([self.guest.id, other.id])
        for term in ("Anna Koval", "A. Koval", "a@koval.ua", "b@koval.ua", "Ганна", "4711", "+380441112233"):
            self.assertIn(term, terms[self.guest.id])
        self.assertNotIn("Erased Person", terms[self.guest.id])
        self.assertEqual(terms[other.id], ["Ben Smith"])

    def test_search_terms_take_one_query(self):
        ids = (self.guest | self._profile(self.pms, "2", name="Ben Smith").partner_id).ids
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.env["res.partner"]._guest_search_terms(ids)
