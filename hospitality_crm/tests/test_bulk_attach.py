from odoo.tests import tagged

from odoo.addons.hospitality_crm.models.bulk import hospitality_bulk_profile
from odoo.addons.hospitality_crm.models.bulk.batch import Message

from .bulk_world import OBSERVED
from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestBulkAttach(HospitalityCommon):
    """A mass import attaches what leaves no doubt and leaves the rest to the lanes of matching."""

    def setUp(self):
        super().setUp()
        self.patch(hospitality_bulk_profile, "MATCH_AT_ONCE", 1)

    def _import(self, *guests, place=True):
        messages = [
            Message(
                number,
                [
                    {
                        "entity": "guest",
                        "op": "upsert",
                        "external_id": key,
                        "version": OBSERVED,
                        "payload_hash": f"{hash((key, repr(values))) & (1 << 128) - 1:032x}",
                        "observed": OBSERVED,
                        "values": values,
                    }
                ],
            )
            for number, (key, values) in enumerate(guests)
        ]
        options = {"property_id": self.palace.id} if place else {}
        self.env["hospitality.bulk"]._apply(self.source, messages, options)
        self.env.invalidate_all()
        profiles = self.env["hospitality.profile"].search([("source_id", "=", self.source.id)])
        return {profile.external_id: profile for profile in profiles}

    def _queued(self):
        return {row.profile_id for row in self.env["hospitality.match.queue"].search([])}

    def test_a_shared_address_and_a_compatible_name_are_enough(self):
        profiles = self._import(
            ("1", {"name": "Anna Koval", "emails": ["anna@koval.ua"], "phones": ["+380673918264"]}),
            ("3", {"name": "Ben Smith", "emails": ["anna@koval.ua"]}),
            ("4", {"name": "Anna Koval", "phones": ["+380673918264"]}),
        )
        anna, ben, same = (profiles[key].partner_id for key in "134")
        self.assertEqual(anna, same)
        self.assertNotEqual(anna, ben)
        again = self._import(("5", {"name": "Anna Koval", "emails": ["anna@koval.ua"]}), ("6", {"name": "Carl Weber"}))
        self.assertEqual(again["5"].partner_id, anna)

    def test_what_else_is_in_common_is_found_by_a_lane(self):
        values = {
            "birthdate": "1980-02-29",
            "street": "Khreshchatyk 1",
            "city": "Kyiv",
            "zip": "01001",
            "country": "UA",
        }
        profiles = self._import(
            ("1", {"name": "Oleksandra Petrovska", **values, "emails": ["o.petrovska@mail.ua"]}),
            ("2", {"name": "Олександра Петровська", **values, "phones": ["+380671112233"]}),
        )
        self.assertNotEqual(profiles["1"].partner_id, profiles["2"].partner_id)
        self.assertLessEqual(set(profiles["1"].ids + profiles["2"].ids), self._queued())
        while self.env["hospitality.match.queue"]._take():
            pass
        self.env.invalidate_all()
        found = self.env["hospitality.match"].search(
            [("profile_id", "=", profiles["1"].id), ("other_profile_id", "=", profiles["2"].id)]
        )
        self.assertTrue(found or profiles["1"].partner_id == profiles["2"].partner_id)

    def test_a_changed_profile_is_compared_with_what_it_says_now(self):
        self._import(("1", {"name": "Anna Koval"}), ("2", {"name": "Ben Smith"}))
        while self.env["hospitality.match.queue"]._take():
            pass
        stored = "SELECT count(*) FROM hospitality_match_normal WHERE id = ANY(%s)"
        profiles = self._import(("1", {"name": "Anna Petrenko"}), ("2", {"name": "Ben Weber"}))
        ids = [profiles["1"].id, profiles["2"].id]
        self.env.cr.execute(stored, [ids])
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.assertLessEqual(set(ids), self._queued())
        while self.env["hospitality.match.queue"]._take():
            pass
        self.env.cr.execute(stored, [ids])
        self.assertEqual(self.env.cr.fetchone(), (2,))

    def test_numbers_are_of_the_country_that_the_company_is_in_now(self):
        self.env.company.country_id = self.env.ref("base.ua")
        [one] = self._import(("A", {"name": "Anna Melnyk", "phones": ["0671234509"]}), place=False).values()
        self.env.company.country_id = self.env.ref("base.de")
        found = self._import(("B", {"name": "Bernd Maler", "phones": ["0171 2345098"]}), place=False)
        self.assertEqual(one.values["phones"], ["+380671234509"])
        self.assertEqual(found["B"].values["phones"], ["+491712345098"])
