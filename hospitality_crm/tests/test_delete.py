from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .test_golden import GoldenCommon


@tagged("post_install", "-at_install")
class TestDelete(GoldenCommon):
    def test_contact_without_history_goes_with_his_profile(self):
        contact = self.env["res.partner"].create({"name": "Ben Smith", "email": "ben@smith.ua"})
        profile = contact.profile_ids
        self.assertTrue(profile)
        contact.unlink()
        self.assertFalse(contact.exists() or profile.exists())
        self.assertTrue(self.env["hospitality.contact.point"].search([("value", "=", "ben@smith.ua")]))

    def test_contact_links_go_with_their_profile(self):
        contact = self.env["res.partner"].create({"name": "Ben Smith", "email": "ben@smith.ua"})
        profile_id = contact.profile_ids.id
        point = self.env["hospitality.contact.point"].search([("value", "=", "ben@smith.ua")])
        with self.assertRaisesRegex(UserError, "Source profiles use this contact point"):
            point.unlink()
        contact.unlink()
        self.env.flush_all()
        left = self.env.execute_query(
            SQL("SELECT 1 FROM hospitality_contact_link WHERE profile_id = %s OR point_id = %s", profile_id, point.id)
        )
        self.assertFalse(left)
        point.unlink()
        self.assertFalse(point.exists())

    def test_soft_references_lose_a_left_over_foreign_key(self):
        def count():
            return self.env.execute_query(
                SQL(
                    "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conname = 'left_over'"
                    " AND conrelid = 'hospitality_stay'::regclass"
                )
            )[0][0]

        self.env.cr.execute(
            SQL("ALTER TABLE hospitality_stay ADD CONSTRAINT left_over FOREIGN KEY (partner_id) REFERENCES res_partner")
        )
        self.assertEqual(count(), 1)
        stay = self.env["hospitality.stay"]
        stay._fields["partner_id"].update_db_foreign_key(stay, None)
        self.assertEqual(count(), 0)

    def test_contact_of_a_source_is_kept(self):
        guest = self._profile(self.pms, "1", name="Anna Koval").partner_id
        with self.assertRaisesRegex(UserError, "Anna Koval has a history .*Archive"):
            guest.unlink()

    def test_every_reference_counts_as_history(self):
        guest = self.env["res.partner"].create({"name": "Anna Koval"})
        other = self.env["res.partner"].create({"name": "Ben Smith"})
        relation = self.env["hospitality.relation"].create(
            {"partner_id": guest.id, "related_id": other.id, "kind": "spouse"}
        )
        for partner in (guest, other):
            with self.assertRaisesRegex(UserError, "has a history"):
                partner.unlink()
        relation.unlink()
        guest.unlink()
        self.assertFalse(guest.exists())

    def test_history_covers_all_restricting_references(self):
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT c.conrelid::regclass::text AS name, a.attname FROM pg_constraint c
                     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                    WHERE c.confrelid = 'res_partner'::regclass AND c.contype = 'f' AND c.confdeltype = 'r'
                      AND c.conrelid::regclass::text LIKE 'hospitality_%%'"""
            )
        )
        known = {(self.env[model]._table, field) for model, field in self.env["res.partner"]._get_history_fields()} | {
            ("hospitality_profile", "partner_id")
        }
        self.assertLessEqual(
            {
                (row["name"], row["attname"])
                for row in rows
                if row["attname"] in self.env[row["name"].replace("_", ".")]._fields
            }
            - {("hospitality_property", "address_id")},
            known,
        )

    def test_users_may_be_deleted(self):
        user = new_test_user(self.env, "delete_me", groups="hospitality_crm.group_hospitality_reception")
        guest = self.env["res.partner"].with_user(self.staff).create({"name": "Anna Koval", "is_guest": True})
        guest.with_user(user).sudo().write({"city": "Lviv"})
        user.unlink()
        origin = guest.get_golden_origin(["city"])["city"]
        self.assertEqual((origin["by"], origin["user"]), ("staff", None))

    def test_a_user_who_withdrew_an_allergy_is_kept(self):
        user = new_test_user(self.env, "witness", groups="hospitality_crm.group_hospitality_reception")
        guest = self.env["res.partner"].create({"name": "Anna Koval", "is_guest": True})
        allergy = self.env["hospitality.allergy"].create(
            {"partner_id": guest.id, "allergen_id": self.env.ref("hospitality_crm.allergen_nuts").id}
        )
        allergy.with_user(user)._withdraw("Guest said so")
        with self.assertRaisesRegex(UserError, "Archive the user"):
            user.unlink()

    def test_properties_keep_their_address(self):
        address = self.env["res.partner"].create({"name": "House"})
        self.env["hospitality.property"].create({"name": "House", "code": "T-H", "address_id": address.id, "tz": "UTC"})
        with self.assertRaises(UserError):
            address.unlink()
