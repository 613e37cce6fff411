from odoo.tests import tagged

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestTier(HospitalityCommon):
    """Tier and number in the house's programme: what staff enter outranks what sources say."""

    def _tell(self, guest, program, level, number=None, seen_at="2026-01-01 12:00:00"):
        entry = {"program": program, "level": level, "number": number}
        return self.env["hospitality.profile"].create(
            {
                "source_id": self.source.id,
                "external_id": f"{guest.id}-{program}",
                "partner_id": guest.id,
                "seen_at": seen_at,
                "values": {"memberships": [{name: value for name, value in entry.items() if value}]},
            }
        )

    def _get(self, guest):
        guest.invalidate_recordset()
        return guest.guest_tier, guest.guest_membership_number

    def test_source_tells_it(self):
        self.assertEqual(self._get(self.anna), (False, False))
        self._tell(self.anna, "Club", "Silver", "77")
        self.assertEqual(self._get(self.anna), ("Silver", "77"))
        self._tell(self.anna, "Miles", "Blue", seen_at="2026-02-01 12:00:00")
        self.assertEqual(self._get(self.anna), ("Blue", False), "the latest news")
        self.env["res.config.settings"].create({"hospitality_programme": "Club"}).execute()
        self.assertEqual(self._get(self.anna), ("Silver", "77"), "the house's own programme")

    def test_staff_outrank_sources(self):
        self._tell(self.anna, "Club", "Silver", "77")
        self.anna.write({"guest_tier": "Gold", "guest_membership_number": "G-1"})
        self._tell(self.anna, "HOUSE", "Bronze", seen_at="2100-01-01 12:00:00")
        self.assertEqual(self._get(self.anna), ("Gold", "G-1"))
        self.anna.guest_tier = "Platinum"
        self.assertEqual(self._get(self.anna), ("Platinum", "G-1"))
        memberships = self.anna._get_odoo_profile().values["memberships"]
        self.assertEqual(memberships, [{"program": "HOUSE", "level": "Platinum", "number": "G-1"}])

    def test_staff_take_it_away(self):
        self._tell(self.anna, "Club", "Silver", "77")
        self.anna.write({"guest_tier": False, "guest_membership_number": False})
        self.assertEqual(self._get(self.anna), (False, False))

    def test_it_follows_a_merge_and_back(self):
        self.anna.guest_tier = "Gold"
        merge = self.env["hospitality.merge"]._merge_groups([(self.ben.id, [self.anna.id], {})])
        self.assertEqual(self._get(self.ben), ("Gold", False))
        merge._undo()
        self.assertEqual((self._get(self.ben), self._get(self.anna)), ((False, False), ("Gold", False)))

    def test_card_shows_it(self):
        self.anna.write({"guest_tier": "Gold", "guest_membership_number": "G-1"})
        self.assertEqual(self.env["hospitality.guest.card"].get_card(self.anna.id)["person"]["tier"], "Gold · G-1")
        self.assertEqual(self.env["hospitality.guest.card"].get_card(self.ben.id)["person"]["tier"], "")
