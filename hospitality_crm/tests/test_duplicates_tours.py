from odoo.tests import HttpCase, new_test_user, tagged

CODES = (
    ("prior", -2.3),
    ("given.same", 1.0),
    ("family.same", 0.6),
    ("phone.same_1", 5.5),
)


class DuplicatesCase(HttpCase):
    """Ten pairs of guests, the surest first, and nothing else to decide."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role in ("reception", "manager"):
            user = new_test_user(
                cls.env, f"t_dup_{role}", groups=f"hospitality_crm.group_hospitality_{role}", password=f"t_dup_{role}"
            )
            user.action_id = False
        cls.env["hospitality.match"].search([]).unlink()
        cls.env["hospitality.match.run"].create({"state": "done", "phase": "finish"})
        sources = cls.env["hospitality.source"].create(
            [{"name": "Tour PMS", "code": "t_dup_pms"}, {"name": "Tour OTA", "code": "t_dup_ota", "kind": "ota"}]
        )
        cls.pairs = []
        for number in range(10):
            values = {"name": f"Person{number} Tour", "phones": [f"+38044555{number:04}"]}
            extra = ({"nationality": "UA", "birthdate": "1980-01-01"}, {"nationality": "PL"})
            guests = cls.env["res.partner"]
            profiles = cls.env["hospitality.profile"]
            for source, more in zip(sources, extra, strict=True):
                guest = cls.env["res.partner"].create({"name": values["name"], "is_guest": True})
                guests |= guest
                profiles |= profiles.create(
                    {"source_id": source.id, "partner_id": guest.id, "values": {**values, **more}}
                )
            score = 9 - number / 10
            match = cls.env["hospitality.match"].create(
                {
                    "profile_id": profiles[0].id,
                    "other_profile_id": profiles[1].id,
                    "partner_id": guests[0].id,
                    "other_partner_id": guests[1].id,
                    "score": score,
                    "band": "ask",
                    "evidence": [{"code": code, "weight": weight, "left": "", "right": ""} for code, weight in CODES],
                }
            )
            cls.pairs.append((guests, match))

    def _states(self):
        self.env.invalidate_all()
        return [match.state for _guests, match in self.pairs]


@tagged("post_install", "-at_install", "hospitality_browser")
class TestDuplicatesOnThePhone(DuplicatesCase):
    browser_size = "360x740"
    touch_enabled = True

    def test_reception_resolves_ten(self):
        self.start_tour("/odoo/duplicates", "hospitality_duplicates_phone", login="t_dup_reception")
        merged = {0, 1, 2, 4, 6, 8, 9}
        self.assertEqual(
            self._states(),
            ["merged" if number in merged else "household" if number == 5 else "rejected" for number in range(10)],
        )
        for number, (guests, _match) in enumerate(self.pairs):
            self.assertEqual(len(guests.filtered("active")), 1 if number in merged else 2)
        winner = self.pairs[0][0]._get_merged_target()
        self.assertEqual(winner, self.pairs[0][0][1], "the one who was chosen to stay")
        self.assertEqual(winner.guest_nationality_id.code, "PL", "the one that was chosen")
        self.assertEqual(str(winner.guest_birthdate), "1980-01-01")
        relation = self.env["hospitality.relation"].search([("partner_id", "in", self.pairs[5][0].ids)])
        self.assertEqual(relation.partner_id | relation.related_id, self.pairs[5][0])


@tagged("post_install", "-at_install", "hospitality_browser")
class TestDuplicatesAtTheDesk(DuplicatesCase):
    def test_keyboard(self):
        self.start_tour("/odoo/duplicates", "hospitality_duplicates_keyboard", login="t_dup_manager")
        self.assertEqual(self._states()[:5], ["merged", "rejected", "household", "merged", "open"])
        self.assertEqual(self.pairs[0][0].filtered("active"), self.pairs[0][0][1], "the one who was chosen to stay")
        self.assertEqual(self.pairs[3][0].filtered("active"), self.pairs[3][0][0], "the default: known for longest")

    def test_merge_from_the_list_and_back(self):
        self.start_tour("/odoo/guests?view_type=list&debug=0", "hospitality_merge_and_back", login="t_dup_manager")
        self.assertTrue(all(guest.active for guest in self.pairs[0][0]))

    def test_matching_rules(self):
        self.env["hospitality.match.weights"].create({"name": "Tour", "threshold_auto": 12, "threshold_ask": 0})
        self.start_tour("/odoo/matching-rules", "hospitality_matching_rules", login="t_dup_manager")
        self.assertEqual(self.env["hospitality.match.weights"]._get_current().auto, 7)
        self.assertEqual({match.band for _guests, match in self.pairs}, {"merge"})

    def test_data_quality(self):
        self.env["hospitality.data.quality"].search([]).unlink()
        self.start_tour("/odoo/guest-data-quality", "hospitality_data_quality", login="t_dup_manager")
        self.assertTrue(self.env["hospitality.data.quality"].search([("is_latest", "=", True)]))
