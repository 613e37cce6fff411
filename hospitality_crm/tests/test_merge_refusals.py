from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestMergeRefusals(HospitalityCommon):
    def assertRefused(self, reason, *partners):
        """The group is refused with a sentence, and nothing of it happens."""
        ids = [partner.id for partner in partners]
        self.assertRegex(self.env["hospitality.merge"]._get_refusals([ids]).get(0, ""), reason)
        with self.assertRaisesRegex(UserError, reason):
            partners[0]._merge_guests(self.env["res.partner"].concat(*partners[1:]))
        merges = self.env["hospitality.merge"]._merge_groups([(ids[0], ids[1:], {})], automatic=True)
        self.assertFalse(merges)

    def test_plain_guests_may_merge(self):
        self.assertEqual(self.env["hospitality.merge"]._get_refusals([[self.anna.id, self.ben.id]]), {})

    def test_one_contact_alone(self):
        self.assertRefused("at least two", self.anna, self.anna)

    def test_deleted(self):
        gone = self._create_guest("Gone Guest", "gone@guest.example")
        gone.unlink()
        self.assertRefused("deleted", self.anna, gone)

    def test_merged_already(self):
        self.anna._merge_guests(self.ben)
        self.env.invalidate_all()
        self.assertRefused("merged into Anna", self.carla, self.ben)

    def test_two_logins(self):
        for guest in (self.anna, self.ben):
            new_test_user(self.env, f"t_{guest.id}", groups="base.group_portal", partner_id=guest.id)
        self.assertRefused("can log in", self.anna, self.ben)

    def test_staff(self):
        user = new_test_user(self.env, "t_colleague", groups="base.group_user")
        self.assertRefused("member of staff", self.anna, user.partner_id)

    def test_own_company(self):
        self.assertRefused("own companies", self.anna, self.company_2.partner_id)

    def test_erased(self):
        self.ben.profile_ids.state = "anonymised"
        self.assertRefused("erased", self.anna, self.ben)

    def test_restricted(self):
        self.ben.guest_restricted = True
        self.assertRefused("restricted", self.anna, self.ben)

    def test_company_with_person(self):
        company = self.env["res.partner"].create({"name": "Smith Ltd", "is_company": True, "is_guest": True})
        self.assertRefused("is a company", self.anna, company)

    def test_different_companies_of_the_group(self):
        self.anna.company_id, self.ben.company_id = self.company, self.company_2
        self.assertRefused("different companies", self.anna, self.ben)

    def test_family(self):
        self.ben.parent_id = self.carla
        below = self._create_guest("Below Ben", "below@ben.example", parent_id=self.ben.id)
        self.assertRefused("is the company of", self.carla, below)

    def test_birth_dates(self):
        self.anna.guest_birthdate, self.ben.guest_birthdate = "1980-03-07", "1991-11-20"
        self.assertRefused("was born on", self.anna, self.ben)
        self.ben.guest_birthdate = "1980-07-03"
        self.assertFalse(self.env["hospitality.merge"]._get_refusals([[self.anna.id, self.ben.id]]))

    def test_documents(self):
        for guest, number in ((self.anna, "AB1"), (self.ben, "AB2")):
            self.env["hospitality.profile"].create(
                {"source_id": self.source.id, "partner_id": guest.id, "values": {"name": guest.name}}
            )
            self.env.flush_all()
            self.env.cr.execute(
                """UPDATE hospitality_profile SET values = values || jsonb_build_object('documents', ARRAY[%s])
                    WHERE partner_id = %s AND source_id = %s""",
                [f"passport:{number}", guest.id, self.source.id],
            )
        self.env.invalidate_all()
        self.assertRefused("different documents", self.anna, self.ben)

    def test_contact_in_two_groups(self):
        groups = [(self.anna.id, [self.ben.id], {}), (self.carla.id, [self.ben.id], {})]
        with self.assertRaisesRegex(UserError, "two groups"):
            self.env["hospitality.merge"]._merge_groups(groups)
        merges = self.env["hospitality.merge"]._merge_groups(groups, automatic=True)
        self.assertEqual(merges.winner_id, self.anna)
