from odoo.tests import tagged

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestMergeFollow(HospitalityCommon):
    """What rows, properties and companies of merged guests become, and that all of it goes back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Merge = cls.env["hospitality.merge"]
        cls.dana = cls._create_guest("Dana Weiss", "dana@weiss.example")

    def _settled(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def _merge(self, winner, *losers):
        merge = self.Merge._merge_groups([(winner.id, [loser.id for loser in losers], {})])
        self._settled()
        return merge

    def _undo(self, merge):
        report = merge._undo()
        self._settled()
        return report

    def _bank(self, guest, number):
        return self.env["res.partner.bank"].create({"partner_id": guest.id, "acc_number": number})

    # -- what rows show ------------------------------------------------------------------------

    def test_account_holder_follows_his_own_contact_through_a_chain(self):
        """The middle of a chain gets its name back while it is merged away: its account shows it ever after."""
        profiles = self.env["hospitality.profile"].create(
            [
                {
                    "source_id": self.source.id,
                    "external_id": name,
                    "seen_at": f"2026-01-0{number} 12:00:00",
                    "values": {"name": f"Maria {name}", "emails": [f"{name}@chain.example"]},
                }
                for number, name in enumerate(("Third", "First", "Second"), 1)
            ]
        )
        top, middle, end = profiles.partner_id
        first = self._merge(middle, end)
        account = self._bank(middle, "UA100")
        self.assertEqual((middle.name, account.acc_holder_name), ("Maria Second", "Maria Second"))
        second = self._merge(top, middle)
        self._undo(first)
        self.assertEqual(account.acc_holder_name, "Maria First")
        self._undo(second)
        self.assertEqual((account.partner_id, account.acc_holder_name), (middle, "Maria First"))

    def test_numbers_of_who_left_do_not_come_back_with_who_was_merged_on(self):
        numbers = {"ref": "R-7", "barcode": "B-7", "vat": "UA123456"}
        self.ben.write(numbers)
        first = self._merge(self.anna, self.ben)
        second = self._merge(self.dana, self.anna)
        self.assertRecordValues(self.dana, [numbers])
        self._undo(first)
        self.assertRecordValues(self.ben, [numbers])
        self.assertRecordValues(self.dana, [dict.fromkeys(numbers, False)])
        self._undo(second)
        self.assertRecordValues(self.anna | self.dana, [dict.fromkeys(numbers, False)] * 2)

    def test_own_tag_in_the_way_of_another_goes_back_to_its_own_guest(self):
        """Whoever is further on the way has the same tag in his own right: it stays in the journal of his merge."""
        tag = self.env["res.partner.category"].create({"name": "Wine"})
        eve, fay = (self._create_guest(f"{name} Weiss", f"{name}@weiss.example") for name in ("Eve", "Fay"))
        (self.ben | self.dana).category_id = tag
        first = self._merge(self.anna, self.ben)
        second = self._merge(self.dana, self.anna)
        third = self._merge(eve, self.dana)
        self._undo(first)
        self.assertEqual((self.ben.category_id, eve.category_id), (tag, tag))
        fourth = self._merge(fay, eve)
        for merge in (fourth, third, second):
            self._undo(merge)
        self.assertFalse((self.anna | eve | fay).category_id)
        self.assertEqual((self.ben.category_id, self.dana.category_id), (tag, tag))

    def test_account_holder_typed_by_a_person_stays(self):
        account = self._bank(self.ben, "UA101")
        merge = self._merge(self.anna, self.ben)
        account.acc_holder_name = "B. Smith & Sons"
        self._settled()
        report = self._undo(merge)
        self.assertEqual(account.acc_holder_name, "B. Smith & Sons")
        self.assertIn("acc_holder_name", [row["field"] for row in report["kept"]])

    def test_what_a_repointed_row_shows_of_the_winner_goes(self):
        """An account that somebody gave to a third contact doesn't keep the name of the wrong winner."""
        account = self._bank(self.ben, "UA102")
        merge = self._merge(self.anna, self.ben)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner_bank SET partner_id = %s, acc_holder_name = %s WHERE id = %s",
            [self.carla.id, self.anna.name, account.id],
        )
        self._settled()
        self._undo(merge)
        self.assertEqual((account.partner_id, account.acc_holder_name), (self.carla, "Ben Smith"))

    def test_a_row_that_names_two_losers_follows_both(self):
        """Each of its columns has a line of its own in the journal, and goes back with its own merge."""
        relation = self.env["hospitality.relation"].create(
            {"partner_id": self.ben.id, "related_id": self.dana.id, "kind": "spouse"}
        )
        merges = self.Merge._merge_groups([(self.anna.id, [self.ben.id], {}), (self.carla.id, [self.dana.id], {})])
        self._settled()
        self.assertEqual((relation.partner_id, relation.related_id), (self.anna, self.carla))
        lines = merges.line_ids.filtered(lambda line: line.table_name == "hospitality_relation")
        self.assertEqual(
            sorted((line.merge_id.winner_id.id, line.column_name, list(line.row_ids)) for line in lines),
            sorted([(self.anna.id, "partner_id", [relation.id]), (self.carla.id, "related_id", [relation.id])]),
        )
        self._undo(merges[0])
        self.assertEqual((relation.partner_id, relation.related_id), (self.ben, self.carla))
        self._undo(merges[1])
        self.assertEqual((relation.partner_id, relation.related_id), (self.ben, self.dana))

    def test_a_tag_of_two_goes_back_to_both(self):
        """Rows of a relation have no id: one that leaves a chain takes nobody else's of the same tag with it."""
        tag = self.env["res.partner.category"].create({"name": "Regular"})
        (self.ben | self.dana).category_id = tag
        first = self._merge(self.carla, self.ben)
        second = self._merge(self.anna, self.dana, self.carla)
        self._undo(first)
        self._undo(second)
        self.assertEqual((self.anna | self.ben | self.carla | self.dana).filtered("category_id"), self.ben | self.dana)

    def test_followers_of_two_chains_give_way_to_each_other(self):
        """A row that names two guests is blocked by one that a later merge of the other guest has moved."""
        Followers = self.env["mail.followers"]

        def follow(record, follower):
            return Followers.create({"res_model": "res.partner", "res_id": record.id, "partner_id": follower.id})

        one = follow(self.carla, self.ben)
        other = follow(self.dana, self.ben)
        first = self._merge(self.anna, self.ben)
        self.assertEqual(one.partner_id, self.anna)
        other.partner_id = self.ben
        second = self._merge(self.carla, self.dana)
        self._settled()
        self._undo(first)
        self._undo(second)
        self.assertEqual((one.res_id, one.partner_id), (self.carla.id, self.ben))
        self.assertEqual((other.res_id, other.partner_id), (self.dana.id, self.ben))

    # -- references without keys -----------------------------------------------------------------

    def _define(self):
        definition = self.env["properties.base.definition"]._get_definition_for_property_field(
            "res.partner", "properties"
        )
        definition.properties_definition = [
            {"name": "tfriend00000001", "string": "Friend", "type": "many2one", "comodel": "res.partner"},
            {"name": "tfriends0000001", "string": "Friends", "type": "many2many", "comodel": "res.partner"},
            {"name": "tnumber00000001", "string": "Number", "type": "integer"},
        ]
        self.env.flush_all()

    def _values(self, partner):
        self.env.flush_all()
        self.env.cr.execute("SELECT properties FROM res_partner WHERE id = %s", [partner.id])
        return self.env.cr.fetchone()[0]

    def test_properties_follow_and_go_back(self):
        self._define()
        holder = self.env["res.partner"].create({"name": "Holder"})
        before = {
            "tfriend00000001": self.ben.id,
            "tfriends0000001": [self.ben.id, self.dana.id, self.carla.id],
            "tnumber00000001": self.ben.id,
        }
        holder.properties = before
        self.assertEqual(self._values(holder), before)
        merge = self._merge(self.anna, self.ben, self.carla)
        self.assertEqual(
            self._values(holder),
            {
                "tfriend00000001": self.anna.id,
                "tfriends0000001": [self.anna.id, self.dana.id],
                "tnumber00000001": self.ben.id,
            },
        )
        self.assertIn("properties", merge.line_ids.mapped("column_name"))
        merge._undo(self.carla.ids)
        self._settled()
        self.assertEqual(set(self._values(holder)["tfriends0000001"]), {self.anna.id, self.dana.id, self.carla.id})
        self._undo(merge)
        self.assertEqual(self._values(holder), before)

    def test_property_changed_since_stays(self):
        self._define()
        holder = self.env["res.partner"].create({"name": "Holder"})
        holder.properties = {"tfriend00000001": self.ben.id}
        merge = self._merge(self.anna, self.ben)
        holder.properties = {"tfriend00000001": self.dana.id}
        self._settled()
        self._undo(merge)
        self.assertEqual(self._values(holder)["tfriend00000001"], self.dana.id)

    def test_properties_of_a_loser_fill_the_winner_and_go_back(self):
        self._define()
        self.ben.properties = {"tfriend00000001": self.dana.id, "tnumber00000001": 7}
        self.anna.properties = {"tnumber00000001": 3}
        merge = self._merge(self.anna, self.ben)
        self.assertEqual(self._values(self.anna), {"tfriend00000001": self.dana.id, "tnumber00000001": 3})
        self.anna.properties = {"tfriend00000001": self.dana.id, "tnumber00000001": 5}
        self._undo(merge)
        self.assertEqual(
            {key: value for key, value in self._values(self.anna).items() if value}, {"tnumber00000001": 5}
        )

    def test_company_dependent_contacts_of_two_losers_each_go_back(self):
        model = self.env["ir.model"]._get("res.partner.category")
        self.env["ir.model.fields"].create(
            {
                "model_id": model.id,
                "name": "x_t_contact",
                "ttype": "many2one",
                "relation": "res.partner",
                "state": "manual",
                "company_dependent": True,
            }
        )
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        companies = (self.company, self.company_2)
        for company, guest in zip(companies, (self.ben, self.carla), strict=True):
            tag.with_company(company).x_t_contact = guest
        merge = self._merge(self.anna, self.ben, self.carla)
        self.assertEqual([tag.with_company(company).x_t_contact for company in companies], [self.anna, self.anna])
        self._undo(merge)
        self.assertEqual([tag.with_company(company).x_t_contact for company in companies], [self.ben, self.carla])

    def test_an_alias_leads_to_the_winner(self):
        """The model stands beside such an id by its own id."""
        alias = self.env["mail.alias"].create(
            {
                "alias_name": "t-merge-ben",
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
                "alias_force_thread_id": self.ben.id,
            }
        )
        other = self.env["mail.alias"].create(
            {
                "alias_name": "t-merge-other",
                "alias_model_id": self.env["ir.model"]._get_id("res.partner.category"),
                "alias_force_thread_id": self.ben.id,
            }
        )
        merge = self._merge(self.anna, self.ben)
        self.assertEqual((alias.alias_force_thread_id, other.alias_force_thread_id), (self.anna.id, self.ben.id))
        self._undo(merge)
        self.assertEqual(alias.alias_force_thread_id, self.ben.id)

    # -- companies -------------------------------------------------------------------------------

    def _company(self):
        return self.env["res.partner"].create(
            {"name": "Acme Ltd", "is_company": True, "city": "Lviv", "vat": "ACME-1", "street": "Main 1"}
        )

    def test_a_winner_without_company_gets_the_losers(self):
        company = self._company()
        self.ben.parent_id = company
        self._settled()
        merge = self._merge(self.anna, self.ben)
        self.assertEqual((self.anna.parent_id, self.anna.commercial_partner_id), (company, company))
        self.assertEqual((self.anna.complete_name, self.anna.city), ("Acme Ltd, Anna Kovalenko", "Lviv"))
        self._undo(merge)
        self.assertFalse(self.anna.parent_id or self.anna.city or self.anna.vat)
        self.assertEqual((self.anna.commercial_partner_id, self.anna.complete_name), (self.anna, "Anna Kovalenko"))
        self.assertEqual((self.ben.parent_id, company.city), (company, "Lviv"))

    def test_a_winner_with_an_address_of_his_own_gets_no_company(self):
        """What is typed into the contact of a company is written into the company."""
        company = self._company()
        self.ben.parent_id = company
        self.anna.write({"street": "At home 5", "city": "Rome"})
        self._settled()
        self._merge(self.anna, self.ben)
        self.assertFalse(self.anna.parent_id)
        self.assertEqual((self.anna.street, company.street), ("At home 5", "Main 1"))

    def test_a_winner_with_a_company_keeps_it(self):
        companies = self._company(), self.env["res.partner"].create({"name": "Other Ltd", "is_company": True})
        self.ben.parent_id, self.anna.parent_id = companies
        self._settled()
        self._merge(self.anna, self.ben)
        self.assertEqual(self.anna.parent_id, companies[1])

    def test_a_company_that_is_merged_away_is_not_the_winners_own(self):
        """The winner's own company stays, though it becomes another contact in the same breath."""
        one, two = self._company(), self.env["res.partner"].create({"name": "Acme", "is_company": True})
        (self.ben | self.anna).parent_id = two
        self._settled()
        merge = self._merge(one, two)
        self.assertEqual((self.ben | self.anna).parent_id, one)
        self._undo(merge)
        self.assertEqual((self.ben | self.anna).parent_id, two)

    def test_what_a_company_shares_with_its_contacts_goes_back_with_it(self):
        one = self.env["res.partner"].create({"name": "Acme", "is_company": True, "is_guest": True})
        below = self.env["res.partner"].create({"name": "Below", "parent_id": one.id})
        two = self._company()
        two.is_guest = True
        self._settled()
        merge = self._merge(one, two)
        self.assertEqual((one.vat, below.vat), ("ACME-1", "ACME-1"))
        self._undo(merge)
        self.assertFalse(one.vat or below.vat)
        self.assertEqual(two.vat, "ACME-1")

    def test_what_other_addons_derive_from_a_merged_value_goes_with_it(self):
        if "peppol_endpoint" not in self.env["res.partner"]._fields:
            self.skipTest("without electronic invoices")
        self.ben.vat = "PL-0001"
        self._settled()
        merge = self._merge(self.anna, self.ben)
        self.anna.country_id = self.env.ref("base.pl")
        self._settled()
        self.assertEqual(self.anna.peppol_endpoint, "PL-0001")
        self._undo(merge)
        self.assertFalse(self.anna.vat or self.anna.peppol_endpoint)
        self.assertEqual(self.anna.country_id, self.env.ref("base.pl"))

    def test_after_an_erasure_links_inside_json_stay_with_the_winner(self):
        """Those of plain columns go back: they need no payload."""
        self._define()
        holder = self.env["res.partner"].create({"name": "Holder"})
        holder.properties = {"tfriend00000001": self.ben.id}
        merge = self._merge(self.anna, self.ben)
        merge.line_ids.payload = False
        self.env.flush_all()
        self._undo(merge)
        self.assertEqual(self._values(holder)["tfriend00000001"], self.anna.id)
        self.assertEqual(self.stay_ben.partner_id, self.ben)
