from odoo.exceptions import AccessError
from odoo.tests import tagged

from .match_common import MatchCommon


@tagged("post_install", "-at_install")
class TestMatchVeto(MatchCommon):
    """What people decide about a pair holds, and who may decide."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reception = cls._create_role_user("reception")
        cls.manager = cls._create_role_user("manager")
        cls.marketing = cls._create_role_user("marketing")

    def setUp(self):
        super().setUp()
        phone = ["+380671112299"]
        self.wife = self._guest("A", name="Oksana Vdovychenko", phones=phone)
        self.husband = self._guest("B", name="Petro Vdovychenko", phones=phone)
        self.pair = self._pairs("A", "B").with_user(self.manager)

    def _become_alike(self, version):
        """The source calls both by one name with one address from now on."""
        values = {"name": "Oksana Vdovychenko", "emails": ["oksana@vdovy-mail.com"], "phones": ["+380671112299"]}
        self._arrive(self._event("A", version=version, **values), self._event("B", version=version, **values))
        self._compare()

    def test_without_a_veto_they_would_be_merged(self):
        self._become_alike(2)
        self.assertEqual(self._profile("A").partner_id, self._profile("B").partner_id)

    def test_not_the_same_survives_every_import(self):
        self.pair.action_reject("Twins")
        self.assertEqual((self.pair.state, self.pair.decided_by, self.pair.reason), ("rejected", self.manager, "Twins"))
        self._become_alike(2)
        self._become_alike(3)
        self.assertNotEqual(self._profile("A").partner_id, self._profile("B").partner_id)
        self.assertEqual(self.pair.state, "rejected")
        self.assertFalse(self.Match.search([("state", "=", "open"), ("partner_id", "=", self.wife.id)]))

    def test_not_the_same_holds_for_the_guests_of_both(self):
        """A third profile that fits both guests does not connect them."""
        self.pair.action_reject()
        self._become_alike(2)
        self._guest("C", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        self._compare()
        self.assertTrue(self.wife.active and self.husband.active)
        self.assertNotEqual(self._profile("A").partner_id, self._profile("B").partner_id)
        self.assertTrue(self._pairs("A", "C") | self._pairs("B", "C"), "people are asked where it belongs")

    def test_household_makes_a_relation(self):
        self.pair.action_household("spouse")
        self.assertEqual(self.pair.state, "household")
        relation = self.env["hospitality.relation"].search([("partner_id", "in", (self.wife | self.husband).ids)])
        self.assertEqual(len(relation), 1)
        self.assertEqual(relation.kind, "spouse")
        self.assertEqual(relation.partner_id | relation.related_id, self.wife | self.husband)
        self._become_alike(2)
        self.assertTrue(self.wife.active and self.husband.active)

    def test_household_keeps_a_relation_that_is_known(self):
        self.env["hospitality.relation"].create(
            {"partner_id": self.husband.id, "related_id": self.wife.id, "kind": "spouse"}
        )
        self.pair.action_household()
        relations = self.env["hospitality.relation"].search([("partner_id", "in", (self.wife | self.husband).ids)])
        self.assertEqual(relations.mapped("kind"), ["spouse"])

    def test_a_person_merges_whom_the_evidence_does_not(self):
        merge = self.pair.action_merge(reason="She told us")
        self.assertEqual(self._profile("A").partner_id, self._profile("B").partner_id)
        self.assertEqual((self.pair.state, self.pair.decided_by), ("merged", self.manager))
        self.assertEqual(merge.reason, "She told us")

    def test_reopening_takes_the_veto_back(self):
        self.pair.action_reject()
        self.pair.action_reopen()
        self.assertEqual((self.pair.state, self.pair.decided_by.ids), ("open", []))
        self.assertFalse(self.env["hospitality.match.veto"].search([]))
        self._become_alike(2)
        self.assertEqual(self._profile("A").partner_id, self._profile("B").partner_id)

    def test_skipping_needs_no_more_than_reading(self):
        self.pair.with_user(self.reception).action_skip()
        self.assertEqual(self.pair.state, "skipped")
        self.assertTrue(self.wife.active and self.husband.active)

    def test_reception_decides_about_clear_pairs_only(self):
        pair = self.pair.with_user(self.reception)
        with self.assertRaises(AccessError):
            pair.action_reject()
        self.env["ir.config_parameter"].set_param("hospitality_crm.match_resolvers", "all")
        pair.action_reject()
        self.assertEqual(pair.state, "rejected")

    def test_where_managers_decide_reception_does_not(self):
        self.pair.sudo().write({"band": "merge", "evidence": [{"code": "email.same_1", "weight": 5.0}]})
        self.env["ir.config_parameter"].set_param("hospitality_crm.match_resolvers", "manager")
        with self.assertRaises(AccessError):
            self.pair.with_user(self.reception).action_merge()
        self.env["ir.config_parameter"].set_param("hospitality_crm.match_resolvers", "clear")
        self.pair.with_user(self.reception).action_merge()
        self.assertEqual(self.pair.state, "merged")

    def test_marketing_sees_no_pairs(self):
        with self.assertRaises(AccessError):
            self.pair.with_user(self.marketing).action_reject()

    def test_a_decision_closes_the_other_pairs_of_the_guests(self):
        self._guest("A2", name="Oksana Vdovychenko", birthdate="1984-03-07", phones=["+380671112299"])
        self.assertEqual(self._profile("A2").partner_id, self.wife)
        twin = self._get_or_create_pair("B", "A2")
        self.assertEqual(twin.state, "open")
        self.pair.action_reject()
        self.assertEqual(twin.state, "obsolete")
