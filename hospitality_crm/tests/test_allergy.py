from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .test_golden import GoldenCommon


@tagged("post_install", "-at_install")
class TestAllergy(GoldenCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reception = new_test_user(cls.env, "allergy_rec", groups="hospitality_crm.group_hospitality_reception")
        cls.marketing = new_test_user(cls.env, "allergy_mkt", groups="hospitality_crm.group_hospitality_marketing")
        cls.guest = cls._profile(cls.pms, "1", name="Anna Koval").partner_id
        cls.nuts = cls.env.ref("hospitality_crm.allergen_nuts")

    def _allergy(self, **vals):
        return (
            self.env["hospitality.allergy"]
            .with_user(self.reception)
            .create({"partner_id": self.guest.id, "allergen_id": self.nuts.id, **vals})
        )

    def test_unknown_is_not_none(self):
        guest = self.guest.with_user(self.reception)
        self.assertEqual(guest.allergy_state, "unknown")
        none = self._allergy(kind="none", allergen_id=False)
        self.assertEqual(guest.allergy_state, "none")
        none._withdraw("Was the wrong guest")
        self.assertEqual(guest.allergy_state, "unknown")
        self._allergy(kind="diet", allergen_id=self.env.ref("hospitality_crm.allergen_vegan").id)
        self.assertEqual(guest.allergy_state, "unknown")
        self._allergy()
        self.assertEqual(guest.allergy_state, "has")

    def test_state_is_hidden_without_the_group(self):
        with self.assertRaises(AccessError):
            self.guest.with_user(self.marketing).read(["allergy_state"])

    def test_withdrawal_needs_name_and_reason(self):
        allergy = self._allergy()
        for vals in ({"active": False}, {"active": False, "withdrawn_reason": "  "}, {"withdrawn_reason": "x"}):
            with self.assertRaises(UserError):
                allergy.write(vals)
        with self.assertRaises(UserError):
            allergy.unlink()
        allergy.write({"active": False, "withdrawn_reason": "Tested", "withdrawn_by_id": self.staff.id})
        self.assertEqual(allergy.withdrawn_by_id, self.reception, "nobody withdraws in the name of another")
        self.assertTrue(allergy.withdrawn_on)
        allergy.write({"active": True})
        self.assertFalse(allergy.withdrawn_by_id or allergy.withdrawn_reason)

    def test_wizard(self):
        allergy = self._allergy()
        action = allergy.action_withdraw()
        Wizard = self.env["hospitality.allergy.withdraw"].with_user(self.reception).with_context(**action["context"])
        wizard = Wizard.create({"reason": "Guest said so"})
        self.assertEqual(wizard.allergy_ids, allergy)
        with self.assertRaises(UserError):
            wizard.action_withdraw()
        wizard.confirmed = True
        wizard.action_withdraw()
        self.assertEqual((allergy.active, allergy.withdrawn_reason), (False, "Guest said so"))
        self.assertEqual(allergy.withdrawn_by_id, self.reception)

    def test_none_beside_an_allergy_is_refused(self):
        self._allergy()
        with self.assertRaises(ValidationError):
            self._allergy(kind="none", allergen_id=False)

    def test_the_14_allergens_of_the_law(self):
        allergens = self.env["hospitality.allergen"].search([("is_eu14", "=", True)])
        self.assertEqual(len(allergens), 14)
        self.assertEqual(allergens[0].code, "gluten")
