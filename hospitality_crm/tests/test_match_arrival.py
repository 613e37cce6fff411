import itertools
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from ..engine import matching
from ..models.bulk.batch import Message
from ..models.identity import hospitality_match_normal as storage
from .match_common import MatchCommon


@tagged("post_install", "-at_install")
class TestMatchArrival(MatchCommon):
    """A profile finds its guest when it arrives, or is brought before people, or is a new guest."""

    def test_name_and_birth_date_lead_to_the_guest(self):
        known = self._guest("A", name="Oksana Vdovychenko", birthdate="1984-03-07", emails=["oksana@vdovy-mail.com"])
        again = self._guest("B", name="Vdovychenko Oksana", birthdate="1984-03-07", source=self.source_pos)
        self.assertEqual(again, known)

    def test_another_script_leads_to_the_guest(self):
        known = self._guest("A", name="Oksana Vdovychenko", phones=["+380671112299"])
        again = self._guest("B", name="Оксана Вдовиченко", phones=["+380671112299"])
        self.assertEqual(again, known)

    def test_a_booking_site_brings_a_known_member(self):
        """The relay address says nothing; card, birth date or number do."""
        evidence = {
            "card": {"memberships": [{"program": "Gold", "number": "77120"}]},
            "birth": {"birthdate": "1979-11-23"},
            "phone": {"phones": ["+380501234598"]},
        }
        for what, values in evidence.items():
            with self.subTest(what=what):
                name = f"Bohdan {what.title()}chuk"
                known = self._guest(f"{what}1", name=name, emails=[f"{what}@bohdan-mail.com"], **values)
                relay = f"b{what}.88812@guest.booking.com"
                booked = self._guest(f"{what}2", name=name, emails=[relay], source=self.ota, **values)
                self.assertEqual(booked, known)

    def test_who_has_moved_house_is_still_known(self):
        values = {"name": "Oksana Vdovychenko", "emails": ["oksana@vdovy-mail.com"], "country": "UA"}
        known = self._guest("A", street="Lesi Ukrainky 4", city="Lviv", **values)
        again = self._guest("B", street="Deribasivska 17", city="Odesa", **values)
        self.assertEqual(again, known)

    def test_nothing_in_common_is_a_new_guest(self):
        one = self._guest("A", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        other = self._guest("B", name="Petro Zabashta", emails=["petro@zabashta-mail.com"])
        self.assertNotEqual(one, other)
        self.assertFalse(self._pairs("A", "B"))

    def test_a_family_on_one_number_is_asked_about_not_merged(self):
        phone = ["+380671112299"]
        wife = self._guest("A", name="Oksana Vdovychenko", phones=phone)
        husband = self._guest("B", name="Petro Vdovychenko", phones=phone)
        self.assertNotEqual(wife, husband)
        pair = self._pairs("A", "B")
        self.assertEqual((pair.band, pair.state), ("household", "open"))
        self.assertEqual((pair.partner_id, pair.other_partner_id), (wife, husband))

    def test_evidence_adds_up_to_the_score(self):
        phone = ["+380671112299"]
        self._guest("A", name="Oksana Vdovychenko", phones=phone)
        self._guest("B", name="Petro Vdovychenko", phones=phone)
        pair = self._pairs("A", "B")
        self.assertAlmostEqual(sum(piece["weight"] for piece in pair.evidence), pair.score, delta=0.15)
        number = next(piece for piece in pair.evidence if piece["code"].startswith("phone.same"))
        self.assertEqual((number["left"], number["right"]), ("380671112299", "380671112299"))
        name = next(piece for piece in pair.evidence if piece["code"].startswith("given."))
        self.assertEqual((name["left"], name["right"]), ("oksana", "petro"))

    def test_what_a_guard_holds_back_is_asked_about(self):
        """Father and son: the evidence reaches the threshold, the generation forbids to merge by itself."""
        father = self._guest("A", name="Petro Zabashta", phones=["+380671112299"], emails=["petro@zabashta-mail.com"])
        son = self._guest("B", name="Petro Zabashta Jr", phones=["+380671112299"], emails=["petro@zabashta-mail.com"])
        self.assertNotEqual(father, son)
        pair = self._pairs("A", "B")
        self.assertEqual((pair.band, pair.state), ("ask", "open"))
        self.assertGreaterEqual(pair.score, self.env["hospitality.match.weights"]._get_current().auto)
        self._compare()
        self.assertTrue(father.active and son.active)

    def test_company_and_person_stay_apart(self):
        mail = ["kontora@mandry-tours.com"]
        person = self._guest("A", name="Mandry Tours", emails=mail)
        company = self._guest("B", kind="company", name="Mandry Tours LLC", emails=mail)
        again = self._guest("C", kind="company", name='ТОВ "Mandry Tours"', emails=mail)
        self.assertNotEqual(person, company)
        self.assertEqual(again, company)
        self._compare()
        self.assertTrue(person.active and company.active)

    def test_a_batch_is_attached_alike_in_any_order(self):
        events = [
            self._event("A", name="Oksana Vdovychenko", birthdate="1984-03-07"),
            self._event("B", name="Oksana Vdovychenko", birthdate="1984-03-07", emails=["oksana@vdovy-mail.com"]),
            self._event("C", name="O. Vdovychenko", emails=["oksana@vdovy-mail.com"]),
            self._event("D", name="Petro Zabashta", birthdate="1984-03-07"),
        ]
        ends = set()
        for order in itertools.permutations(events):
            with self.env.cr.savepoint() as savepoint:
                self._arrive(*order)
                groups = {}
                for event in events:
                    key = event["external_id"]
                    groups.setdefault(self._profile(key).partner_id.id, []).append(key)
                ends.add(str(sorted(groups.values())))
                savepoint.rollback()
        self.assertEqual(ends, {"[['A', 'B', 'C'], ['D']]"})

    def test_a_profile_that_fits_two_guests_makes_them_one(self):
        first = self._guest("A", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        second = self._guest("B", name="Oksana Vdovychenko", phones=["+380671112299"], birthdate="1984-03-07")
        self.assertNotEqual(first, second)
        third = self._guest("C", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"], phones=["+380671112299"])
        self.assertIn(third, first | second)
        self._compare()
        self.assertEqual(self._profile("A").partner_id, self._profile("B").partner_id)
        self.assertEqual((first | second).filtered("active"), self._profile("C").partner_id)

    def test_a_change_that_shows_who_it_is_merges_the_guests(self):
        first = self._guest("A", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        second = self._guest("B", name="O. V.", emails=["other@vdovy-mail.com"])
        self._guest("B", version=2, name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        self.assertTrue(first.active and second.active, "the guests are compared after the import")
        self._compare()
        self.assertEqual(self._profile("B").partner_id, first)
        self.assertFalse(second.active)
        pair = self._pairs("A", "B")
        self.assertEqual((pair.state, pair.band), ("merged", "merge"))
        self.assertFalse(pair.decided_by)
        merge = self.env["hospitality.merge"].search([("winner_id", "=", first.id)])
        self.assertTrue(merge.automatic)
        self.assertIn(pair.id, merge.match_ids)

    def test_where_merging_is_off_people_are_asked(self):
        self.env["ir.config_parameter"].set_param("hospitality_crm.match_automatic", "False")
        first = self._guest("A", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        second = self._guest("B", name="O. V.", emails=["other@vdovy-mail.com"])
        self._guest("B", version=2, name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        self._compare()
        self.assertTrue(first.active and second.active)
        self.assertEqual(self._pairs("A", "B").mapped(lambda pair: (pair.state, pair.band)), [("open", "merge")])

    def test_what_only_people_have_typed_is_not_merged_by_itself(self):
        typed = self.env["res.partner"].create({"name": "Oksana Vdovychenko", "email": "oksana@vdovy-mail.com"})
        twin = self.env["res.partner"].create({"name": "Oksana Vdovychenko", "email": "oksana@vdovy-mail.com"})
        self.env.flush_all()
        self._compare()
        self.assertTrue(typed.active and twin.active)
        pair = self.Match.search([("partner_id", "=", typed.id), ("other_partner_id", "=", twin.id)])
        self.assertEqual((pair.state, pair.band), ("open", "merge"))

    def test_a_merge_that_was_taken_back_is_not_repeated(self):
        first = self._guest("A", name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        second = self._guest("B", name="O. V.", emails=["other@vdovy-mail.com"])
        self._guest("B", version=2, name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"])
        self._compare()
        self.assertFalse(second.active)
        self.env["hospitality.merge"].search([("winner_id", "=", first.id)])._undo()
        self._guest("B", version=3, name="Oksana Vdovychenko", emails=["oksana@vdovy-mail.com"], city="Lviv")
        self._compare()
        self.assertTrue(second.active)
        self.assertEqual(self._profile("B").partner_id, second)

    def test_an_anonymised_profile_is_forgotten(self):
        phone = ["+380671112299"]
        self._guest("A", name="Oksana Vdovychenko", phones=phone)
        self._guest("B", name="Petro Vdovychenko", phones=phone)
        pair = self._pairs("A", "B")
        self.assertTrue(pair.evidence)
        self._arrive_closing("B", "anonymise")
        self.assertFalse(pair.evidence)
        self.assertEqual(pair.state, "obsolete")
        self.assertFalse(self.env["hospitality.match.normal"]._load([self._profile("B").partner_id.id]))

    def _arrive_closing(self, key, op):
        event = self._event(key, version=9)
        event["op"] = op
        del event["values"]
        self.env["hospitality.bulk"]._apply(self.source, [Message(0, [event])])
        self.env.invalidate_all()

    def test_an_archived_guest_is_not_found(self):
        values = {"name": "Oksana Vdovychenko", "phones": ["+380671112255"], "birthdate": "1964-02-01"}
        archived = self._guest("A", **values)
        archived.active = False
        self.env.flush_all()
        self.assertNotEqual(self._guest("B", **values), archived)

    def test_looking_one_profile_up_takes_three_questions(self):
        """Who else is at work, whom it may be with all that is stored of them, and how rare the names are."""
        values = {"name": "Oksana Vdovychenko", "phones": ["+380671112266"], "birthdate": "1964-02-01"}
        known = self._guest("A", **values)
        Matcher = self.env["hospitality.matcher"]
        for nth in range(2):  # the first one fills what is cached
            newcomer = Matcher._prepare(f"N{nth}", values, "person", "desk")
            with self.assertQueryCount(3 if nth else 99):
                Matcher._attach([newcomer])
            self.assertEqual(newcomer.partner_id, known.id)
        self.env.cr.execute("SHOW enable_seqscan")
        self.assertEqual(self.env.cr.fetchone(), ("on",), "the setting is for the look-up only")

    def test_a_number_of_too_many_guests_leads_nowhere(self):
        """Its key is remembered; the same person is still found by what is his own."""
        with patch.object(storage, "MAX_BLOCK", 3):
            names = ("Ada Byron", "Petro Zabashta", "Iryna Kostiuk", "Marko Vovchok", "Lina Tymchuk")
            for number, name in enumerate(names):
                self._guest(f"N{number}", name=name, phones=["+380440000111"], birthdate=f"19{60 + number}-02-01")
            self._guest("N9", name="Nina Lysenko", phones=["+380440000111"])
            known = self._profile("N4").partner_id
            again = self._guest("N8", name="Lina Tymchuk", phones=["+380440000111"], birthdate="1964-02-01")
        self.env.cr.execute("SELECT key FROM hospitality_match_hub")
        hubs = {row[0] for row in self.env.cr.fetchall()}
        number = matching.prepare({"id": 1, "phones": ["+380440000111"]})
        self.assertTrue(hubs.intersection(number.keys))
        self.assertEqual(again, known)

    def test_many_profiles_of_one_guest_are_no_crowd(self):
        """A key of many profiles leads to its guest, until too many others share it."""
        values = {"name": "Oksana Vdovychenko", "phones": ["+380440000111"]}
        [key] = matching.prepare({"id": 1, "phones": values["phones"]}).keys
        stored = SQL("SELECT FROM hospitality_match_hub WHERE key = %s", key)
        with patch.object(storage, "MAX_BLOCK", 2):
            known = self._guest("A0", **values)
            for number in range(1, 6):
                self.assertEqual(self._guest(f"A{number}", **values), known)
            self.assertFalse(self.env.execute_query(stored))
            for number, name in enumerate(("Ada Byron", "Marko Vovchok", "Lina Tymchuk")):
                self.assertNotEqual(self._guest(f"N{number}", name=name, phones=values["phones"]), known)
        self.assertTrue(self.env.execute_query(stored))

    def test_a_mass_edit_is_compared_once(self):
        partners = self.env["res.partner"].create(
            [{"name": f"Typed Guest{number}", "email": f"t{number}@typed-mail.com"} for number in range(20)]
        )
        partners._get_odoo_profile()
        self.env["hospitality.matcher"]._flush_marked()
        self.Queue.search([]).unlink()
        partners.write({"city": "Lviv"})
        partners.write({"city": "Odesa"})
        self.env.flush_all()
        with self.assertQueryCount(5):
            self.env["hospitality.matcher"]._flush_marked()
        self.assertEqual(sorted(self.Queue.search([]).mapped("profile_id")), sorted(partners.profile_ids.ids))

    def test_counts_of_names_follow_new_guests(self):
        self._guest("A", name="Oksana Vdovychenko")
        self._guest("B", name="Oksana Zabashta", birthdate="1971-01-02")
        self.env["hospitality.match.normal"]._fold_counts()
        table = matching.Table.of([matching.prepare({"id": 1, "name": "Oksana Vdovychenko"})])
        given, family = (int(column[0]) for column in matching.context.word_keys(table))
        counts = self.env["hospitality.match.normal"]._get_counts([given, family, 0])
        self.assertEqual((counts[given], counts[family]), (2, 1))
        self.assertGreaterEqual(counts[0], 2)
