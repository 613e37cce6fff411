from itertools import permutations

from odoo.tests import tagged

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestSourceWish(ConnectorCommon):
    """Preferences follow the newest snapshot; allergies add up, and only people take one away."""

    def _guest(self, key="G1", version=1, preferences=None, diet=None, **values):
        values = {"name": f"Anna Koval{key}", "preferences": preferences, "diet": diet, **values}
        return super()._guest(key, version, **values)

    def _plain(self, key, version=1, **values):
        return super()._guest(key, version, **values)

    def _preferences(self, key="G1"):
        rows = self.env["hospitality.preference"].search([("profile_id", "=", self._profile(key).id)])
        return {(row.type_id.code, row.value) for row in rows}

    def _allergies(self, key="G1"):
        rows = self.env["hospitality.allergy"].search([("profile_id", "=", self._profile(key).id)])
        return {(row.allergen_id.code or row.detail, row.kind, row.severity, row.is_dropped) for row in rows}

    def test_preferences_are_those_of_the_newest_snapshot(self):
        record = self._send(
            self._guest(preferences=[{"code": "floor", "text": "high"}, {"code": "FTH"}, {"text": "late breakfast"}])
        )
        self.assertEqual(self._preferences(), {("floor", "high"), ("other", "FTH"), ("other", "late breakfast")})
        self.assertEqual((record.state, record.warnings), ("done", ["preference:FTH"]))
        row = self.env["hospitality.preference"].search([("value", "=", "high")])
        self.assertEqual((row.source_id, row.category, row.confidence), (self.source, "room", "stated"))
        self.assertEqual(row.partner_id, self._profile("G1").partner_id)
        self.assertTrue(row.expires_on)
        self.assertFalse({"preferences", "diet"} & self._profile("G1").values.keys())
        self._send(self._guest(version=2, preferences=[{"code": "floor", "text": "high"}]))
        self.assertEqual(self._preferences(), {("floor", "high")})
        self.assertTrue(row.exists())
        self._send(self._guest(version=3))
        self.assertEqual(self._preferences(), set())
        self._send(self._guest(version=2, preferences=[{"text": "late"}]))
        self.assertEqual(self._preferences(), set(), "an older snapshot")

    def test_what_people_typed_stays(self):
        self._send(self._guest(preferences=[{"code": "floor", "text": "high"}]))
        own = self.env["hospitality.preference"].create(
            {
                "partner_id": self._profile("G1").partner_id.id,
                "type_id": self.env.ref("hospitality_crm.preference_type_bed").id,
                "value": "twin",
            }
        )
        self._send(self._guest(version=2))
        self.assertTrue(own.exists())

    def test_a_code_that_is_mapped_later(self):
        self._send(self._guest(preferences=[{"code": "FTH"}], diet=[{"code": "D7"}]))
        self.assertEqual(self._allergies(), {("D7", "allergy", "2", False)})
        for kind, target in (("preference", "pillow"), ("diet", "peanuts")):
            mapping = self.env["hospitality.connector.mapping"].search([("kind", "=", kind)])
            self.assertEqual(mapping.seen_count, 1)
            mapping.target = target
            mapping.action_confirm()
        self.connector._process()
        self.env.invalidate_all()
        self.assertEqual(self._preferences(), {("pillow", "FTH")})
        self.assertEqual(self._allergies(), {("peanuts", "allergy", "2", False)})

    def test_allergens_are_recognised_by_words(self):
        self._send(
            self._guest(
                diet=[
                    {"text": "schwere Erdnussallergie"},
                    {"text": "непереносимость лактозы"},
                    {"code": "VGN", "text": "vegan"},
                    {"text": "No kiwi"},
                ]
            )
        )
        self.assertEqual(
            self._allergies(),
            {
                ("peanuts", "allergy", "3", False),
                ("milk", "intolerance", "2", False),
                ("vegan", "diet", "2", False),
                ("No kiwi", "allergy", "2", False),
            },
        )
        row = self.env["hospitality.allergy"].search([("allergen_id.code", "=", "peanuts")])
        self.assertEqual((row.detail, row.source_id), ("schwere Erdnussallergie", self.source))

    def test_what_a_source_says_no_more_is_to_be_confirmed(self):
        self._send(self._guest(diet=[{"text": "severe nut allergy"}, {"text": "eggs"}]))
        self._send(self._guest(version=2, diet=[{"text": "nuts"}]))
        self.assertEqual(self._allergies(), {("nuts", "allergy", "3", False), ("eggs", "allergy", "2", True)})
        self._send(self._guest(version=3))
        self.assertEqual({row[3] for row in self._allergies()}, {True})
        eggs = self.env["hospitality.allergy"].search([("allergen_id.code", "=", "eggs")])
        eggs.action_confirm()
        self._send(self._guest(version=4, city="Kyiv"))
        self.assertFalse(eggs.is_dropped, "a person has confirmed it")
        self._send(self._guest(version=5, diet=[{"text": "nuts"}]))
        self.assertEqual(self._allergies(), {("nuts", "allergy", "3", False), ("eggs", "allergy", "2", False)})
        eggs._withdraw("Guest said so")
        self._send(self._guest(version=6, diet=[{"text": "eggs"}, {"text": "nuts"}]))
        self.assertFalse(eggs.active, "withdrawn by name")

    def test_any_order_gives_the_same_end(self):
        ends = set()
        for number, order in enumerate(permutations((1, 2, 3))):
            key = f"G{number}"
            snapshots = {
                1: self._guest(key, 1, preferences=[{"text": "late"}], diet=[{"text": "nuts"}]),
                2: self._guest(key, 2, diet=[{"text": "eggs"}]),
                3: self._guest(key, 3, preferences=[{"text": "early"}], diet=[{"text": "nuts"}, {"text": "milk"}]),
            }
            if number % 2:
                self._send(*[snapshots[version] for version in order])
            else:
                for version in order:
                    self._send(snapshots[version])
            self.env.invalidate_all()
            ends.add((frozenset(self._preferences(key)), frozenset(self._allergies(key))))
        self.assertEqual(len(ends), 1, ends)
        [(preferences, allergies)] = ends
        self.assertEqual(preferences, {("other", "early")})
        self.assertEqual({row[0]: row[3] for row in allergies}, {"nuts": False, "milk": False, "eggs": True})

    def test_two_sources_add_up(self):
        self._send(self._guest(diet=[{"text": "nuts"}], emails=["anna@own-mail.com"]))
        source = self.env["hospitality.source"].create({"name": "POS", "code": "c_pos"})
        other = self.env["hospitality.connector"].create(
            {"name": "POS", "source_id": source.id, "property_id": self.hotel.id}
        )
        self._send(self._guest(diet=[{"text": "fish"}], emails=["anna@own-mail.com"]), connector=other)
        guest = self._profile("G1").partner_id
        rows = self.env["hospitality.allergy"].search([("partner_id", "=", guest.id)])
        self.assertEqual(set(rows.mapped("allergen_id.code")), {"nuts", "fish"})

    def test_none_is_no_allergy_and_gives_way(self):
        record = self._send(self._guest(diet=[{"text": "keine Allergien"}]))
        self.assertEqual((record.warnings, self._allergies()), (["diet_none"], set()))
        none = self.env["hospitality.allergy"].create({"partner_id": self._profile("G1").partner_id.id, "kind": "none"})
        self._send(self._guest(version=2, diet=[{"text": "vegan"}]))
        self.assertTrue(none.active)
        self._send(self._guest(version=3, diet=[{"text": "eggs"}]))
        self.env.invalidate_all()
        self.assertFalse(none.active)
        self.assertTrue(none.withdrawn_reason)

    def test_anonymised_guests_have_no_diet(self):
        self._send(self._guest(diet=[{"text": "nuts"}], preferences=[{"text": "late"}]))
        self._send({"entity": "guest", "op": "anonymise", "external_id": "G1", "version": 2})
        self.assertEqual((self._allergies(), self._preferences()), (set(), set()))
        self._send(self._guest(version=3, diet=[{"text": "eggs"}], preferences=[{"text": "late"}]))
        self.assertEqual((self._allergies(), self._preferences()), (set(), set()))

    def test_rows_equal_those_of_the_orm(self):
        self._send(self._guest(preferences=[{"code": "floor", "text": "high"}], diet=[{"text": "eggs"}]))
        guest, profile = self._profile("G1").partner_id, self._profile("G1")
        ignored = {"id", "create_date", "write_date", "version", "payload_hash", "external_id"}
        for model, values in (
            (
                "hospitality.preference",
                {"type_id": self.env.ref("hospitality_crm.preference_type_floor").id, "value": "high"},
            ),
            (
                "hospitality.allergy",
                {"allergen_id": self.env.ref("hospitality_crm.allergen_eggs").id, "detail": "eggs"},
            ),
        ):
            ours = self.env[model].search([("profile_id", "=", profile.id)])
            orm = self.env[model].create(
                {
                    "profile_id": profile.id,
                    "partner_id": guest.id,
                    "source_id": self.source.id,
                    "external_id": "ORM",
                    "confirmed_on": ours.confirmed_on,
                    **values,
                }
            )
            self.env.flush_all()
            table = ours._table
            self.env.cr.execute(f"SELECT * FROM {table} WHERE id IN %s ORDER BY id", [(ours.id, orm.id)])  # noqa: S608
            first, second = self.env.cr.dictfetchall()
            for name in first.keys() - ignored:
                self.assertEqual(first[name] or None, second[name] or None, f"{model} {name}")

    def test_batches_without_wishes_cost_nothing(self):
        def count(*events):
            self._send(*events, process=False)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.connector._process()
            return self.env.cr.sql_log_count - before

        plain = [self._plain(f"P{n}", name=f"Guest P{n}") for n in range(3)]
        count(*plain)
        before = count(*[self._plain(f"P{n}", 2, name=f"Guest P{n}", city="A") for n in range(3)])
        self.assertLess(
            before,
            count(*[self._guest(f"P{n}", 3, diet=[{"text": "eggs"}], city="B") for n in range(3)]),
        )
        many = count(*[self._guest(f"M{n}", diet=[{"text": "eggs"}], preferences=[{"text": "a"}]) for n in range(20)])
        few = count(*[self._guest(f"F{n}", diet=[{"text": "eggs"}], preferences=[{"text": "a"}]) for n in range(3)])
        self.assertLessEqual(many, few + 2)
