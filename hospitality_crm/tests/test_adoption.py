from contextlib import closing
from unittest.mock import patch

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from odoo.sql_db import connection_info_for
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.hospitality_crm.models.guest import hospitality_adoption
from odoo.addons.hospitality_crm.tools import online_index

COLUMNS = ("source_id", "state", "kind", "name", "name_key", "values", "meta", "property_id", "version", "payload_hash")


@tagged("post_install", "-at_install")
class TestAdoption(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.country_id = cls.env.ref("base.ua")
        Partner = cls.env["res.partner"].with_context(hospitality_survivorship=True)
        cls.company = Partner.create({"name": "Koval Ltd", "is_company": True, "email": "info@koval.ua", "vat": "1"})
        cls.anna = Partner.create(
            {
                "name": "Ганна Коваль",
                "email": "Anna@Koval.UA, second@koval.ua",
                "phone": "044 111 22 33",
                "parent_id": cls.company.id,
                "street": "Shevchenka 1",
                "country_id": cls.env.ref("base.ua").id,
                "state_id": cls.env["res.country.state"].search([("country_id.code", "=", "UA")], limit=1).id,
                "lang": "en_US",
            }
        )
        cls.delivery = Partner.create({"name": "Ramp 3", "type": "delivery", "parent_id": cls.company.id})
        cls.archived = Partner.create({"name": "Old Contact", "active": False})
        cls.user = new_test_user(cls.env, "adopt_internal", groups="base.group_user")
        cls.env["hospitality.profile"].search([("partner_id", "=", cls.user.partner_id.id)]).unlink()
        cls.ben = Partner.create({"name": "Ben Smith", "email": "ben@smith.ua", "is_guest": True})
        cls.all = cls.company | cls.anna | cls.delivery | cls.archived | cls.user.partner_id | cls.ben
        cls.env.flush_all()

    def _run(self, **vals):
        adoption = self.env["hospitality.adoption"].create(
            {"last_id": min(self.all.ids) - 1, "until_id": max(self.all.ids), **vals}
        )
        with self.enter_registry_test_mode(), patch.object(online_index, "build_later"):
            self.env["hospitality.adoption"].search([("id", "!=", adoption.id)]).write({"finished_at": "2026-01-01"})
            self.env.ref("hospitality_crm.cron_adoption").method_direct_trigger()
        self.env.invalidate_all()
        return adoption

    def test_who_is_adopted(self):
        adoption = self._run()
        self.assertEqual(self.all.filtered("profile_ids"), self.company | self.anna | self.ben)
        self.assertEqual(self.anna.profile_ids.kind, "person")
        self.assertEqual(self.company.profile_ids.kind, "company")
        self.assertEqual((adoption.progress, adoption.adopted), (100.0, 3))
        self.assertTrue(adoption.finished_at)
        self.assertIn("3", adoption.status)
        self.assertFalse(self.anna.is_guest, "no guest without a visit")

    def test_values_and_points(self):
        self._run()
        profile = self.anna.profile_ids
        self.assertEqual(profile.external_id, str(self.anna.id))
        self.assertEqual(profile.values["emails"], ["anna@koval.ua", "second@koval.ua"])
        self.assertEqual(profile.values["phones"], ["+380441112233"])
        self.assertEqual(profile.values["country"], "UA")
        self.assertEqual(profile.seen_at, self.anna.write_date.replace(microsecond=0))
        self.assertEqual(
            profile.link_ids.sorted().mapped(lambda link: (link.point_id.value, link.sequence, link.name_key)),
            [
                ("anna@koval.ua", 0, profile.name_key),
                ("+380441112233", 0, profile.name_key),
                ("second@koval.ua", 1, profile.name_key),
            ],
        )
        self.assertEqual(set(profile.link_ids.point_id.mapped("name_count")), {1})

    def test_equals_the_orm(self):
        self._run()
        adopted = self.anna.profile_ids
        expected = self.env["hospitality.profile"].create(
            {"partner_id": self.anna.id, "values": adopted.values, "seen_at": adopted.seen_at}
        )
        self.env.flush_all()
        query = SQL(
            "SELECT %s FROM hospitality_profile WHERE id IN %s ORDER BY id",
            SQL(", ").join(map(SQL.identifier, COLUMNS)),
            (adopted.id, expected.id),
        )
        one, other = self.env.execute_query(query)
        self.assertEqual(one, other)
        self.assertEqual(
            adopted.link_ids.sorted().mapped(lambda link: (link.point_id, link.sequence, link.name_key, link.verified)),
            expected.link_ids.sorted().mapped(
                lambda link: (link.point_id, link.sequence, link.name_key, link.verified)
            ),
        )

    def test_columns_that_exist_stay_as_they_are(self):
        query = SQL(
            "SELECT md5(string_agg(p::text, '|' ORDER BY p.id)) FROM res_partner p WHERE id = ANY(%s)", self.all.ids
        )
        before = self.env.execute_query(query)
        self._run()
        self.assertEqual(self.env.execute_query(query), before)

    def test_goes_on_where_it_was_interrupted(self):
        with patch.object(hospitality_adoption, "BATCH", 1):
            adoption = self.env["hospitality.adoption"].create(
                {"last_id": min(self.all.ids) - 1, "until_id": max(self.all.ids)}
            )
            self.assertTrue(adoption._adopt_batch())
            self.assertEqual((adoption.adopted, adoption.last_id), (1, self.company.id))
            self.assertFalse(adoption.finished_at)
            self.assertGreater(adoption.progress, 0.0)
            while adoption._adopt_batch():
                continue
        self.assertEqual(adoption.adopted, 3)
        self.assertTrue(adoption.finished_at)

    def test_a_second_run_changes_nothing(self):
        self._run()
        profiles = self.all.profile_ids
        adoption = self._run()
        self.assertEqual(adoption.adopted, 0)
        self.assertEqual(self.all.profile_ids, profiles)

    def test_shared_addresses_of_contacts_are_kept(self):
        people = (
            self.env["res.partner"]
            .with_context(hospitality_survivorship=True)
            .create(
                [
                    {"name": f"Person {name}", "email": "team@koval.ua"}
                    for name in ("Adam", "Berta", "Carl", "Dora", "Emil")
                ]
            )
        )
        self.all |= people
        self._run()
        point = self.env["hospitality.contact.point"].search([("value", "=", "team@koval.ua")])
        self.assertEqual((point.kind, point.name_count), ("shared", 5))
        self.assertEqual(set(people.mapped("email")), {"team@koval.ua"})

    def test_installation_computes_nothing_on_contacts(self):
        """A stored compute or a default of ours on res.partner would rewrite the table on installation."""
        ours = [
            field
            for field in self.env["res.partner"]._fields.values()
            if field._modules == ("hospitality_crm",) and field.store and field.column_type
        ]
        self.assertIn("is_guest", [field.name for field in ours])
        self.assertEqual([field.name for field in ours if field.compute or field.default or field.index], [])

    def test_state_of_an_index(self):
        self.assertEqual(online_index.get_state(self.env.cr, "res_partner_no_such_index"), "missing")
        self.assertEqual(online_index.get_state(self.env.cr, "hospitality_profile_pkey"), "valid")
        self.assertEqual(self._leave_an_invalid_index(), "invalid")

    def _leave_an_invalid_index(self):
        """Let a unique index fail half-way, as a crash would, and return its state."""
        _name, info = connection_info_for(self.env.cr.dbname)
        with closing(psycopg2.connect(**info)) as connection:
            connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE hospitality_test_index AS SELECT 1 AS a UNION ALL SELECT 1")
                try:
                    with self.assertRaises(psycopg2.errors.UniqueViolation):
                        cursor.execute(
                            "CREATE UNIQUE INDEX CONCURRENTLY hospitality_test_index_idx ON hospitality_test_index (a)"
                        )
                    return online_index.get_state(cursor, "hospitality_test_index_idx")
                finally:
                    cursor.execute("DROP TABLE hospitality_test_index")
