from odoo.exceptions import AccessError
from odoo.fields import Command, Domain
from odoo.tests import TransactionCase, new_test_user, tagged

from ..models.search.hospitality_guest_search import COMPLETE, MAX_TEXT


@tagged("post_install", "-at_install")
class TestGuestSearch(TransactionCase):
    """Who is found by what.

    ==========  ==========================  =========================  ==================
    partner     name                        e-mail                     phone
    ==========  ==========================  =========================  ==================
    taras       Тарас Шевченко              t.shevchenko@kobzar.test   +380501234567
    oksana      Oksana Shevchenko
    honchar     Олесь Гончаренко
    neil        Conor O'Neil                                           0670001122
    dartanyan   Шарль Д'Артаньян
    mueller     Jürgen Müller-Weiß
    hakob       Հակոբ Հարությունյան
    wang        王小明
    acme        Zzacme Trading (company)    office@zzacme.test
    clerk       Yvonne, contact of acme
    ==========  ==========================  =========================  ==================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.Partner = cls.env["res.partner"]
        cls.Search = cls.env["hospitality.guest.search"]
        cls.taras, cls.oksana, cls.honchar, cls.neil, cls.dartanyan, cls.mueller, cls.hakob, cls.wang, cls.acme = (
            cls.Partner.create(
                [
                    {
                        "name": "Тарас Шевченко",
                        "email": "T.Shevchenko@kobzar.test",
                        "phone": "+380501234567",
                        "ref": "G-17/4",
                        "is_guest": True,
                    },
                    {"name": "Oksana Shevchenko", "is_guest": True},
                    {"name": "Олесь Гончаренко"},
                    {"name": "Conor O'Neil", "phone": "067 000-11-22"},
                    {"name": "Шарль Д'Артаньян"},
                    {"name": "Jürgen Müller-Weiß"},
                    {"name": "Հակոբ Հարությունյան"},
                    {"name": "王小明"},
                    {
                        "name": "Zzacme Trading",
                        "is_company": True,
                        "email": "office@zzacme.test",
                        "vat": "DE 4711 0815",
                    },
                ]
            )
        )
        cls.clerk = cls.Partner.create({"name": "Yvonne", "parent_id": cls.acme.id})

    def _found(self, query, **kwargs):
        """Partners by each of the ways that users search, which must agree."""
        by_picker = {id_ for id_, _name in self.Partner.name_search(query, limit=50, **kwargs)}
        by_view = set(self.Partner.search([("display_name", "ilike", query)], limit=50).ids)
        self.assertEqual(by_picker, by_view, f"picker and list differ for {query}")
        everywhere = Domain("display_name", "ilike", query) & Domain("id", ">", 0)
        self.assertEqual(set(self.Partner.search(everywhere, limit=50).ids), by_view, f"filtered list for {query}")
        self.assertEqual(self.Partner.search_count([("display_name", "ilike", query)]), len(by_view))
        return self.Partner.browse(sorted(by_view))

    def assertFinds(self, partners, *queries):
        for query in queries:
            with self.subTest(query=query):
                self.assertFalse(partners - self._found(query), "not found")

    def assertFindsOnly(self, partners, *queries):
        for query in queries:
            with self.subTest(query=query):
                self.assertEqual(self._found(query), partners.sorted("id"))

    def test_every_script_finds_every_script(self):
        both = self.taras + self.oksana
        self.assertFindsOnly(both, "Шевченко", "shevchenko", "SHEVCH", "шевч")
        self.assertFindsOnly(self.taras, "Taras Shevchenko", "Шевченко Тарас", "shev tar", "тарас shevchenko")
        self.assertFinds(self.honchar, "Гончаренко", "Honcharenko", "Goncharenko", "Гончар")
        self.assertFinds(self.hakob, "Harutyunyan", "Հարություն", "Հարո", "hakob")
        self.assertFindsOnly(self.wang, "王小明", "小明", "Xiaoming Wang", "xiao ming wang")

    def test_ukrainian_letters(self):
        partner = self.Partner.create({"name": "Ґалина Їжакевич-Єсипова"})
        self.assertFinds(partner, "Їжакевич", "Yizhakevich", "Єсип", "ґали", "галина", "Galyna", "їжак")

    def test_apostrophes_and_diacritics(self):
        self.assertFinds(self.neil, "O'Neil", "o’neil", "ONeil", "neil", "o neil")
        self.assertFinds(self.dartanyan, "Д'Артаньян", "дартаньян", "Dartanyan")
        self.assertFinds(self.mueller, "Müller", "muller", "Mueller", "weiss", "Weiß", "jurgen")

    def test_phone_digits(self):
        self.assertFindsOnly(
            self.taras,
            "+380 50 123-45-67",
            "0501234567",
            "050 123 45 67",
            "(050) 1234567",
            "00380501234567",
            "123-45-67",
            "1234567",
            "38050123",
        )
        self.assertFindsOnly(self.neil, "0670001122", "+380 67 000 11 22", "000-11-22")

    def test_email_parts_and_codes(self):
        self.assertFindsOnly(
            self.taras,
            "t.shevchenko@kobzar.test",
            "T.SHEVCHENKO@KOBZAR.TEST",
            "@kobzar",
            "kobzar.test",
            "shevchenko@kob",
        )
        self.assertFindsOnly(self.taras, "G-17/4", "shevchenko g-17", "Шевченко kobzar")
        self.assertFindsOnly(self.acme + self.clerk, "DE47110815", "4711 0815 DE")

    def test_company_and_its_contact(self):
        self.assertFindsOnly(self.clerk, "Zzacme Trading, Yvonne", "yvonne zzacme")
        self.assertFindsOnly(self.acme + self.clerk, "zzacme trad")
        self.acme.name = "Yyother House"
        self.assertFindsOnly(self.clerk, "Yyother House, Yvonne")
        self.assertFalse(self._found("zzacme trad"))

    def test_best_matches_come_first(self):
        partners = self.Partner.create(
            [{"name": name} for name in ("Aaxander Qqrt", "Bert Qqrtson", "Ccqqrt", "Qqrt", "Qqrtman")]
        )
        aaxander, bert, ccqqrt, plain, longer = partners.ids
        expected = [plain, longer, aaxander, bert, ccqqrt]
        self.assertEqual([id_ for id_, _name in self.Partner.name_search("qqrt", limit=8)], expected)
        self.assertEqual([id_ for id_, _name in self.Partner.name_search("qqrt", limit=3)], expected[:3])
        self.assertEqual(
            self.Partner.search([("display_name", "ilike", "qqrt")], limit=8).ids,
            partners.sorted("complete_name").ids,
            "lists keep the order of names",
        )

    def test_pages_and_counts(self):
        partners = self.Partner.create([{"name": f"Pppage {number:02}"} for number in range(12)])
        domain = [("display_name", "ilike", "pppage")]
        self.assertEqual(self.Partner.search(domain, limit=5, offset=5), partners[5:10])
        self.assertEqual(self.Partner.search_count(domain, limit=7), 7)
        result = self.Partner.web_search_read(domain, {"display_name": {}}, limit=5, count_limit=10)
        self.assertEqual((result["length"], len(result["records"])), (10, 5))

    def test_changes_are_found_at_once(self):
        self.oksana.write({"name": "Oksana Petrenko-Qwe", "email": "o.qwe@petrenko.test"})
        self.assertFindsOnly(self.oksana, "qwe", "o.qwe@petrenko.test")
        self.assertFindsOnly(self.taras, "shevchenko")
        self.oksana.unlink()
        self.assertFalse(self._found("qwe"))
        self.Search._refresh_marked()
        self.assertFalse(self.Search.sudo().browse(self.oksana.id).exists())

    def test_core_merge_of_contacts(self):
        twin = self.Partner.create({"name": "Oksana Mmerge", "email": "oksana@mmerge.test"})
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge([self.oksana.id, twin.id], self.oksana)
        self.assertEqual((twin.active, twin.merged_into_id), (False, self.oksana))
        self.assertFindsOnly(self.oksana + self.taras, "shevchenko")
        self.assertLessEqual(self._found("mmerge"), self.oksana)

    def test_strays_are_healed(self):
        self.Search._refresh_marked()
        self.env.cr.execute("DELETE FROM hospitality_guest_search WHERE id = %s", [self.taras.id])
        self.env.cr.execute(
            "INSERT INTO hospitality_guest_search (id, text, active) VALUES (2147483000, ' shevchenko stray ', true)"
        )
        self.Search._gc_strays()
        self.assertFindsOnly(self.taras + self.oksana, "shevchenko")
        self.assertFalse(self.Partner.search_count([("display_name", "ilike", "stray")]))

    def test_values_of_source_profiles_are_found(self):
        source = self.env["hospitality.source"].create({"name": "PMS", "code": "t_search", "kind": "pms"})
        profile = self.env["hospitality.profile"].create(
            {
                "source_id": source.id,
                "external_id": "P-1",
                "partner_id": self.oksana.id,
                "values": {
                    "name": "Oksana Zabuzhko-Qwe",
                    "local_name": "Оксана Забужко",
                    "emails": ["second@qwemail.test"],
                    "phones": ["+442079460958"],
                    "memberships": [{"program": "Club", "number": "QW-778899"}],
                },
            }
        )
        queries = ("zabuzhko", "Забужко", "second@qwemail.test", "020 7946 0958", "QW-778899", "oksana qwe")
        self.assertFindsOnly(self.oksana, *queries)
        self.oksana.name = "Oksana New"
        self.assertFindsOnly(self.oksana, *queries)
        profile.write({"partner_id": self.honchar.id})
        self.assertFindsOnly(self.honchar, "second@qwemail.test", "QW-778899")
        profile.write({"values": {"name": "Nobody Ververy"}})
        self.assertFindsOnly(self.honchar, "ververy")

    def test_anonymised_profiles_are_not_found(self):
        source = self.env["hospitality.source"].create({"name": "PMS", "code": "t_search", "kind": "pms"})
        profile = self.env["hospitality.profile"].create(
            {
                "source_id": source.id,
                "external_id": "P-1",
                "partner_id": self.oksana.id,
                "values": {"name": "Oksana Ververy", "emails": ["ver@ververy.test"]},
            }
        )
        self.assertFindsOnly(self.oksana, "ververy")
        profile.state = "anonymised"
        self.oksana.write({"name": "Oksana Plain", "email": False})
        self.assertFalse(self._found("ververy"))

    def test_lane_refreshes_guests_of_mass_imports(self):
        self.Search._refresh_marked()
        self.env.cr.execute("UPDATE res_partner SET ref = 'LANEREF' WHERE id = %s", [self.taras.id])
        self.assertFalse(self._found("laneref"))
        self.env["hospitality.guest.dirty"]._refresh_guests(self.taras.ids)
        self.assertFindsOnly(self.taras, "laneref")

    def test_archived_partners(self):
        self.taras.active = False
        self.assertFindsOnly(self.oksana, "shevchenko")
        archived = [("display_name", "ilike", "shevchenko"), ("active", "=", False)]
        self.assertEqual(self.Partner.search(archived, limit=8), self.taras)
        self.assertEqual(self.Partner.search_count(archived), 1)
        found = self.Partner.name_search("shevchenko", [("active", "=", False)])
        self.assertEqual(found, [(self.taras.id, self.taras.name)])
        everyone = self.Partner.with_context(active_test=False)
        self.assertEqual(everyone.search(archived[:1], limit=8), self.oksana + self.taras)

    def test_record_rules(self):
        company = self.env["res.company"].create({"name": "Second House"})
        user = new_test_user(self.env, "search_clerk", groups="base.group_user")
        partners = self.Partner.create(
            [{"name": "Rrrule One"}, {"name": "Rrrule Two", "company_id": company.id}, {"name": "Rrrule Three"}]
        )
        Partner = self.Partner.with_user(user)
        domain = [("display_name", "ilike", "rrrule")]
        seen = partners[0] + partners[2]
        self.assertEqual(Partner.search(domain, limit=8), seen)
        self.assertEqual(Partner.search_count(domain), 2)
        self.assertEqual([id_ for id_, _name in Partner.name_search("rrrule")], [seen[0].id, seen[1].id])
        self.env["ir.rule"].create(
            {
                "name": "hide",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": "[('function', '!=', 'hidden')]",
            }
        )
        partners[2].function = "hidden"
        self.assertEqual(Partner.search(domain, limit=8), partners[0])
        self.assertEqual(Partner.search_count(domain), 1)
        self.assertEqual([id_ for id_, _name in Partner.name_search("rrrule")], [partners[0].id])

    def test_outsiders_search_as_before(self):
        portal = new_test_user(self.env, "search_portal", groups="base.group_portal", name="Тарас Портал")
        Partner = self.Partner.with_user(portal)
        found = Partner.search([("display_name", "ilike", "Портал")], limit=8)
        self.assertEqual(found, portal.partner_id.with_user(portal))
        self.assertFalse(Partner.search([("display_name", "ilike", "portal")], limit=8))
        self.assertFalse(Partner.search([("display_name", "ilike", "shevchenko")], limit=8))
        with self.assertRaises(AccessError):
            self.env["hospitality.guest.search"].with_user(portal).search([])

    def test_other_models_and_operators(self):
        user = new_test_user(self.env, "search_taras", groups="base.group_user")
        user.partner_id.name = "Пимен Ххтест"
        domain = [("partner_id", "ilike", "pymen")]
        self.assertEqual(self.env["res.users"].search(domain), user)
        self.assertEqual(self.Partner.search([("child_ids", "ilike", "yvonne zzacme")], limit=5), self.acme)
        self.assertNotIn(self.taras, self.Partner.search([("display_name", "not ilike", "Шевченко")]))
        self.assertEqual(self.Partner.name_search("Тарас Шевченко", operator="="), [(self.taras.id, "Тарас Шевченко")])
        self.assertIn(self.taras.id, dict(self.Partner.name_search("%", limit=10_000)))

    def test_filters_beside_the_search(self):
        self.taras.category_id = [Command.create({"name": "Poet"})]
        domain = [("display_name", "ilike", "shevchenko")]
        self.assertEqual(self.Partner.search([*domain, ("category_id", "ilike", "poet")], limit=8), self.taras)
        self.assertEqual(self.Partner.name_search("shevchenko", [("is_guest", "=", False)]), [])
        self.assertEqual(
            self.Partner.search(["|", ("display_name", "ilike", "honchar"), ("is_guest", "=", True)], limit=500)
            & (self.honchar + self.taras + self.mueller),
            self.honchar + self.taras,
        )
        self.assertNotIn(self.taras, self.Partner.search(["!", *domain], limit=500))

    def test_pages_of_a_filtered_search(self):
        tag = self.env["res.partner.category"].create({"name": "Fffilter"})
        partners = self.Partner.create(
            [
                {"name": f"Fffilter {number:02}", "category_id": [Command.set(tag.ids if number % 3 else [])]}
                for number in range(30)
            ]
        )
        tagged_ = partners.filtered("category_id")
        domain = [("display_name", "ilike", "fffilter"), ("category_id", "in", tag.ids)]
        self.assertEqual(self.Partner.search(domain, limit=5), tagged_[:5])
        self.assertEqual(self.Partner.search(domain, limit=5, offset=5), tagged_[5:10])
        self.assertEqual(self.Partner.search(domain, limit=50), tagged_)
        self.assertEqual(self.Partner.search_count(domain), 20)
        tagged_[0].active = False
        self.assertEqual(self.Partner.search(domain, limit=5), tagged_[1:6])
        self.assertEqual(self.Partner.search([*domain, ("active", "=", False)], limit=1), tagged_[0])
        either = ["|", *domain[:1], ("ref", "=", "G-17/4"), ("is_company", "=", False)]
        self.assertEqual(self.Partner.search(either, limit=1), partners[0])
        self.assertEqual(len(self.Partner.search(either, limit=40)), 30)

    def test_saved_filter_of_the_core_search_view_still_works(self):
        arch = self.Partner.get_view(self.env.ref("base.view_res_partner_filter").id, "search")["arch"]
        self.assertIn("[('display_name', 'ilike', self)]", arch)

    def test_superset_of_the_core_search(self):
        fields_ = ("complete_name", "email", "ref", "vat", "company_registry")
        for query in ("an", "Müller", "e", "17", "trading,", "@z", "рас Ше", "o'n", "ойт", "DE 47", "r-We"):
            core = self.Partner.search(Domain.OR([(name, "ilike", query)] for name in fields_))
            with self.subTest(query=query):
                ours = self.Partner.search([("display_name", "ilike", query)])
                self.assertFalse(core - ours)
                picked = self.Partner.name_search(query, limit=5_000)
                self.assertFalse(core - self.Partner.browse(id_ for id_, _name in picked))

    def test_long_texts_are_found_to_the_end(self):
        emails = ", ".join(f"box{number:03}@long-domain-{number}.test" for number in range(120))
        partner = self.Partner.create({"name": "Lllong Address", "email": emails})
        row = self.Search.sudo().browse(partner.id)
        self.assertFindsOnly(partner, "box119@long-domain-119.test", "lllong box119", "lllong")
        self.assertLessEqual(len(row.text), MAX_TEXT)
        self.Partner.create({"name": "X" * 5000})

    def test_partners_without_a_row_are_found_while_adopting(self):
        self.assertTrue(self.Search._is_complete())
        self.env["ir.config_parameter"].set_param(COMPLETE, False)
        self.Partner.flush_model()
        self.Search._refresh_marked()
        self.env.cr.execute("DELETE FROM hospitality_guest_search WHERE id = %s", [self.taras.id])
        found = self.Partner.search([("display_name", "ilike", "шевченко")], limit=8)
        self.assertEqual(found, self.oksana + self.taras)
        self.assertEqual(self.Partner.search([("display_name", "ilike", "t.shevchenko@kobzar.test")]), self.taras)
        self.assertEqual([id_ for id_, _ in self.Partner.name_search("Олесь")], [self.honchar.id])
        last = self.Search._adopt(limit=1)
        self.assertEqual(last, self.taras.id)
        self.assertFalse(self.Search._is_complete())
        self.assertEqual(self.Search._adopt(last), 0)
        self.assertTrue(self.Search._is_complete())
        self.assertFindsOnly(self.taras + self.oksana, "шевченко")

    def test_background_job_completes_the_texts(self):
        self.env["ir.config_parameter"].set_param(COMPLETE, False)
        self.Search._refresh_marked()
        self.env.cr.execute("DELETE FROM hospitality_guest_search")
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_adoption").method_direct_trigger()
        self.assertTrue(self.Search._is_complete())
        self.env.cr.execute(
            "SELECT count(*) FROM res_partner p LEFT JOIN hospitality_guest_search s USING (id) WHERE s.id IS NULL"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.assertFindsOnly(self.taras + self.oksana, "шевченко")

    def test_refresh_writes_only_what_differs(self):
        self.Search._refresh_marked()
        ids = (self.taras + self.oksana).ids
        self.assertEqual(self.Search._refresh(ids), 0)
        self.env.cr.execute("UPDATE res_partner SET ref = 'SQLREF9' WHERE id = %s", [self.taras.id])
        self.assertEqual(self.Search._refresh(ids), 1)
        self.assertFindsOnly(self.taras, "sqlref9")

    def test_text_does_not_depend_on_where_profiles_lie(self):
        source = self.env["hospitality.source"].create({"name": "PMS", "code": "t_search", "kind": "pms"})
        profiles = self.env["hospitality.profile"].create(
            [
                {
                    "source_id": source.id,
                    "external_id": f"P-{number}",
                    "partner_id": self.neil.id,
                    "values": {"emails": [f"neil{number}@qwemail.test"]},
                }
                for number in (1, 2)
            ]
        )
        self.env.flush_all()
        self.Search._refresh_marked()
        self.assertEqual(self.Search._refresh(self.neil.ids), 0)
        self.env.cr.execute("UPDATE hospitality_profile SET external_id = 'P-3' WHERE id = %s", profiles[0].ids)
        self.assertEqual(self.Search._refresh(self.neil.ids), 0, "the row has moved behind the other one")

    def test_row_that_another_transaction_has_written_is_left_to_it(self):
        self.Search._refresh(self.neil.ids)
        self.env.cr.execute("UPDATE res_partner SET ref = 'neilref' WHERE id = %s", self.neil.ids)
        [row] = self.Search._changed_rows(self.neil.ids)
        for version in ("2", None):
            self.assertEqual(self.Search._write_rows([(*row[:-1], version)]), set())
            self.assertNotIn("neilref", self.Search.browse(self.neil.id).text)
        self.assertEqual(self.Search._write_rows([row]), set(self.neil.ids))
        self.assertEqual(self.Search._refresh(self.neil.ids), 0)

    def test_query_counts(self):
        self.Partner.name_search("shevchenko", limit=8)
        self.env.invalidate_all()
        with self.assertQueryCount(5):
            self.Partner.name_search("shevchenko", limit=8)
        self.env.invalidate_all()
        with self.assertQueryCount(3):
            self.Partner.search_fetch([("display_name", "ilike", "shevchenko")], ["display_name"], limit=8)

    def test_query_counts_of_upkeep(self):
        partners = self.Partner.create([{"name": f"Batch {number}"} for number in range(50)])
        self.env.flush_all()
        self.Search._refresh_marked()
        self.env.cr.execute("DELETE FROM hospitality_guest_search WHERE id = ANY(%s)", [partners.ids])
        with self.assertQueryCount(2):
            self.Search._mark(partners.ids)
            self.Search._refresh_marked()
        self.env.cr.execute("UPDATE res_partner SET ref = 'batchref' WHERE id = ANY(%s)", [partners.ids])
        with self.assertQueryCount(2):
            self.Search._mark(partners.ids)
            self.Search._refresh_marked()
        self.assertEqual(self.Partner.search_count([("display_name", "ilike", "batchref")]), 50)
        with self.assertQueryCount(1):
            self.Search._mark(partners.ids)
            self.Search._refresh_marked()
