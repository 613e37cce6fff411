from itertools import permutations

from odoo.tests import tagged

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestSourceMerge(ConnectorCommon):
    """What a source merges and takes apart again is done with its guests, by the journalled path."""

    def _merge(self, loser, winner, version=5):
        return {"entity": "guest", "op": "merge", "external_id": loser, "into": winner, "version": version}

    def _unmerge(self, loser, version=6):
        return {"entity": "guest", "op": "unmerge", "external_id": loser, "version": version}

    def _people(self, *keys):
        """Send guests who have nothing in common but a stay each."""
        names = ("Anna Koval", "Bruno Keller", "Chiara Rossi", "David Cohen", "Elena Petrova", "Fritz Huber")
        for key in keys:
            name = names["ABCDEF".index(key)]
            self._send(self._guest(key, name=name, emails=[f"{key.lower()}@own-mail.com"]))
            self._send(self._stay(f"S{key}", guest=key))

    def _guests(self, *keys):
        self.env.invalidate_all()
        return [self._profile(key).partner_id for key in keys]

    def _matches(self):
        profiles = self.env["hospitality.profile"].search([("source_id", "=", self.source.id)])
        return self.env["hospitality.match"].search([("profile_id", "in", profiles.ids)])

    def test_guests_become_one_and_facts_keep_their_profile(self):
        self._people("A", "B")
        anna, bruno = self._guests("A", "B")
        self.assertNotEqual(anna, bruno)
        record = self._send(self._merge("A", "B"))
        self.assertEqual(record.state, "done", record.error_message)
        self.assertEqual(self._guests("A", "B"), [bruno, bruno])
        stay = self._stay_of("SA")
        self.assertEqual((stay.profile_id, stay.partner_id), (self._profile("A"), bruno))
        self.assertEqual((anna.active, anna.merged_into_id), (False, bruno))
        merge = self._profile("A").redirect_merge_id
        self.assertEqual((merge.winner_id, merge.loser_ids), (bruno, anna))
        self.assertTrue(merge.automatic)
        self.assertIn("PMS", merge.reason)
        self._send(self._stay("S2", guest="A"))
        self.assertEqual(self._stay_of("S2").profile_id, self._profile("A"))
        self.assertEqual(self._stay_of("S2").partner_id, bruno)

    def test_any_order_gives_the_same_end(self):
        events = {
            "guest": lambda key: self._guest(f"A{key}", name=f"Anna Koval{key}", emails=[f"anna{key}@own-mail.com"]),
            "other": lambda key: self._guest(f"B{key}", name=f"Bruno Keller{key}", emails=[f"bruno{key}@own-mail.com"]),
            "stay": lambda key: self._stay(f"S{key}", guest=f"A{key}"),
            "merge": lambda key: self._merge(f"A{key}", f"B{key}"),
        }
        for number, order in enumerate(permutations(events)):
            key = f"{number:03}"
            records = self._send(*[events[name](key) for name in order[:2]])
            for name in order[2:]:
                records += self._send(events[name](key))
            self.env.invalidate_all()
            self.assertEqual(set(records.mapped("state")), {"done"}, order)
            loser, winner = self._profile(f"A{key}"), self._profile(f"B{key}")
            self.assertEqual(loser.redirect_id, winner, order)
            self.assertEqual(loser.partner_id, winner.partner_id, order)
            self.assertEqual(self._stay_of(f"S{key}").profile_id, loser, order)
            self.assertEqual(self._stay_of(f"S{key}").partner_id, winner.partner_id, order)
            self.assertTrue(winner.partner_id.active, order)

    def test_a_merge_waits_for_its_profiles(self):
        record = self._send(self._merge("A", "B"))
        self.assertEqual((record.state, record.wait_key), ("waiting", "guest:A"))
        self._people("A")
        self.assertEqual((record.state, record.wait_key), ("waiting", "guest:B"))
        self._people("B")
        self.assertEqual(record.state, "done")
        self.assertEqual(*self._guests("A", "B"))

    def test_the_source_takes_its_merge_back(self):
        self._people("A", "B")
        anna, bruno = self._guests("A", "B")
        self._send(self._merge("A", "B"))
        record = self._send(self._unmerge("A"))
        self.assertEqual(record.state, "done", record.error_message)
        self.assertEqual(self._guests("A", "B"), [anna, bruno])
        self.assertEqual((self._stay_of("SA").partner_id, anna.active), (anna, True))
        self._send(self._merge("A", "B", 5.5))
        self.assertEqual(self._guests("A", "B"), [anna, bruno], "an older statement")
        self._send(self._merge("A", "B", 7))
        self.assertEqual(self._guests("A", "B"), [bruno, bruno], "a newer one")
        self._send(self._unmerge("A", 8))
        self.assertEqual(self._guests("A", "B"), [anna, bruno])

    def test_taken_back_before_it_arrives(self):
        self._people("A", "B")
        anna, bruno = self._guests("A", "B")
        self._send(self._unmerge("A", 6))
        self._send(self._merge("A", "B", 5))
        self.assertEqual(self._guests("A", "B"), [anna, bruno])

    def test_chains_lead_to_their_end(self):
        for together in (False, True):
            with self.subTest(together=together), self.env.cr.savepoint() as savepoint:
                self._people("A", "B", "C")
                anna, bruno, chiara = self._guests("A", "B", "C")
                merges = (self._merge("A", "B"), self._merge("B", "C"))
                self._send(*([list(merges)] if together else merges))
                self.assertEqual(self._guests("A", "B", "C"), [chiara] * 3)
                self._send(self._unmerge("B"))
                guests = self._guests("A", "B", "C")
                self.assertEqual(guests, [bruno, bruno, chiara], "what led to the one in the middle stays with it")
                self.assertEqual(self._stay_of("SA").partner_id, bruno)
                self._send(self._unmerge("A", 7))
                self.assertEqual(self._guests("A", "B", "C"), [anna, bruno, chiara])
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_chain_that_grows_batch_by_batch(self):
        self._people("A", "B", "C")
        anna, bruno, chiara = self._guests("A", "B", "C")
        self._send(self._merge("A", "B"))
        self._send(self._merge("B", "C"))
        self.assertEqual(self._guests("A", "B", "C"), [chiara] * 3)
        self._send(self._unmerge("B"))
        self.assertEqual(self._guests("A", "B", "C"), [bruno, bruno, chiara])
        self._send(self._merge("A", "C", 9))
        self.assertEqual(self._guests("A", "B", "C"), [chiara, bruno, chiara], "led elsewhere")

    def test_a_merge_that_leads_back_is_refused(self):
        self._people("A", "B", "C")
        self._send(self._merge("A", "B"), self._merge("B", "C"))
        record = self._send(self._merge("C", "A", 9))
        self.assertEqual((record.state, record.error_code, record.error_path), ("quarantined", "cycle", "into"))
        self.assertIn("“C”", record.error_message)
        guests = self._guests("A", "B", "C")
        self.assertEqual(len(set(guests)), 1)
        both = self._send([self._merge("D", "E"), self._merge("E", "D")])
        self.assertEqual(both.state, "waiting")
        self._people("D", "E")
        both.invalidate_recordset()
        self.assertEqual((both.state, both.error_code), ("quarantined", "cycle"))
        self.assertNotEqual(*self._guests("D", "E"))
        self.assertFalse(self._profile("D").redirect_id)

    def test_what_a_guard_refuses_is_left_to_people(self):
        self._people("A", "B", "C", "D")
        anna, bruno, chiara, _david = self._guests("A", "B", "C", "D")
        bruno.sudo().guest_restricted = True
        self.env["hospitality.match.veto"]._add(
            [tuple(sorted((self._profile("C").id, self._profile("D").id)))], "mother and daughter"
        )
        records = self._send(self._merge("A", "B"), self._merge("C", "D"))
        self.assertEqual(records.mapped("state"), ["done", "done"])
        self.assertEqual(self._guests("A", "B"), [anna, bruno])
        self.assertNotEqual(*self._guests("C", "D"))
        open_ones = self._matches().filtered(lambda match: match.state == "open")
        by_pair = {
            frozenset(match.mapped("partner_id.name") + match.other_partner_id.mapped("name")): match
            for match in open_ones
        }
        self.assertIn("restricted", by_pair[frozenset(("Anna Koval", "Bruno Keller"))].reason)
        self.assertIn("not the same person", by_pair[frozenset(("Chiara Rossi", "David Cohen"))].reason)
        match = by_pair[frozenset(("Anna Koval", "Bruno Keller"))]
        self.assertEqual([piece["code"] for piece in match.evidence], ["source.merge"])
        self.assertTrue(self.env["hospitality.match.texts"]._show_evidence(match.evidence)[0]["text"])
        bruno.sudo().guest_restricted = False
        self._send(self._merge("A", "B", 6))
        self.assertEqual(*self._guests("A", "B"))
        self.assertEqual(match.state, "merged")

    def test_one_refusal_does_not_hold_the_others_up(self):
        self._people("A", "B", "C")
        anna, bruno, chiara = self._guests("A", "B", "C")
        bruno.sudo().guest_restricted = True
        self._send([self._merge("A", "C"), self._merge("B", "C")])
        self.assertEqual(self._guests("A", "B", "C"), [chiara, bruno, chiara])
        self.assertEqual(self._matches().partner_id | self._matches().other_partner_id, bruno | chiara)

    def test_a_company_and_a_person_stay_two(self):
        self._people("A")
        self._send({**self._guest("F", name="Koval Travel"), "kind": "company"})
        self._send(self._merge("A", "F"))
        self.assertNotEqual(*self._guests("A", "F"))
        self.assertIn("company", self._matches().reason)

    def test_what_people_took_back_they_merge_again(self):
        self._people("A", "B")
        anna, bruno = self._guests("A", "B")
        self._send(self._merge("A", "B"))
        self._profile("A").redirect_merge_id._undo()
        self._send(self._merge("A", "B", 6))
        self.assertEqual(self._guests("A", "B"), [anna, bruno])
        match = self._matches()
        self.assertEqual(match.state, "open")
        self.assertIn("taken back", match.reason)

    def test_an_unmerge_that_is_too_late_is_told(self):
        self._people("A", "B")
        self._send(self._merge("A", "B"))
        merge = self._profile("A").redirect_merge_id
        self.env.cr.execute("UPDATE hospitality_merge SET undo_until = '2020-01-01' WHERE id = %s", [merge.id])
        self.env.invalidate_all()
        record = self._send(self._unmerge("A"))
        self.assertEqual((record.state, record.error_code), ("quarantined", "unmerge_refused"))
        self.env.cr.execute("UPDATE hospitality_merge SET undo_until = NULL WHERE id = %s", [merge.id])
        self.env.invalidate_all()
        record.action_replay()
        self.connector._process()
        self.assertEqual(record.state, "done")
        self.assertNotEqual(*self._guests("A", "B"))

    def test_values_and_merge_in_one_message(self):
        record = self._send(
            [
                self._guest("B", name="Bruno Keller", emails=["b@own-mail.com"]),
                self._guest("A", name="Anna Koval", emails=["a@own-mail.com"]),
                self._merge("A", "B"),
                {"entity": "guest", "op": "tombstone", "external_id": "A", "version": 5},
            ]
        )
        self.assertEqual(record.state, "done", record.error_message)
        self.assertEqual(*self._guests("A", "B"))
        self.assertEqual(self._profile("A").state, "gone")

    def test_statements_do_not_grow_with_the_number_of_merges(self):
        def count(first, number):
            keys = range(first, first + 2 * number)
            self._send(
                *[self._guest(f"G{key}", name=f"Guest Number{key}", emails=[f"g{key}@own-mail.com"]) for key in keys]
            )
            self._send(*[self._merge(f"G{key}", f"G{key + 1}") for key in keys[::2]], process=False)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.connector._process()
            self.assertEqual(self._profile(f"G{first}").partner_id, self._profile(f"G{first + 1}").partner_id)
            return self.env.cr.sql_log_count - before

        count(0, 2)
        self.assertLessEqual(count(100, 12), count(200, 3) + 5)
