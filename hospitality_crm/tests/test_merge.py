import datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestMerge(HospitalityCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Merge = cls.env["hospitality.merge"]
        cls.manager = cls._create_role_user("manager")

    def _settled(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def _merge(self, winner, *losers, **options):
        merge = self.Merge._merge_groups([(winner.id, [loser.id for loser in losers], options)])
        self._settled()
        return merge

    # -- what a merge does -----------------------------------------------------------------------

    def test_facts_follow_their_profile(self):
        merge = self._merge(self.anna, self.ben)
        self.assertEqual(self.stay_ben.partner_id, self.anna)
        self.assertEqual((self.ben.active, self.ben.merged_into_id), (False, self.anna))
        self.assertEqual((merge.winner_id, merge.loser_ids, merge.state), (self.anna, self.ben, "done"))
        self.assertEqual(merge.merged_by_id, self.env.user)
        self.assertGreaterEqual(merge.undo_until, fields.Datetime.now() + datetime.timedelta(days=89))

    def test_many_groups_at_once(self):
        pairs = [
            [self._create_guest(f"Guest {n}", f"{side}{n}@many.example") for side in ("left", "right")]
            for n in range(3)
        ]
        merges = self.Merge._merge_groups([(winner.id, [loser.id], {}) for winner, loser in pairs])
        self._settled()
        self.assertEqual(merges.winner_id.ids, [winner.id for winner, _loser in pairs])
        self.assertTrue(all(loser.merged_into_id == winner for winner, loser in pairs))

    def test_bulk_takes_the_same_way(self):
        """Many losers are moved table by table from a temporary mapping."""
        tag = self.env["res.partner.category"].create({"name": "Bulk"})
        losers = self.env["res.partner"].create(
            [{"name": f"Bulk {n}", "is_guest": True, "category_id": [fields.Command.set(tag.ids)]} for n in range(210)]
        )
        merge = self._merge(self.anna, *losers)
        self.assertEqual(self.anna.category_id, tag)
        merge._undo()
        self._settled()
        self.assertFalse(self.anna.category_id)
        self.assertTrue(all(loser.active and loser.category_id == tag for loser in losers))

    def test_empty_values_are_filled_and_codes_are_kept(self):
        self.ben.write({"function": "Cook", "ref": "B-1", "barcode": "0421"})
        self.anna.function = False
        merge = self._merge(self.anna, self.ben)
        self.assertEqual((self.anna.function, self.anna.ref, self.anna.barcode), ("Cook", "B-1", "0421"))
        self.assertFalse(self.ben.ref or self.ben.barcode)
        self.assertEqual(merge.member_ids.payload["ref"], "B-1")
        merge._undo()
        self._settled()
        self.assertFalse(self.anna.function or self.anna.ref or self.anna.barcode)
        self.assertEqual((self.ben.ref, self.ben.barcode), ("B-1", "0421"))

    def test_chosen_values_count_as_typed(self):
        """A value chosen for a merge stays when the sources say something else."""
        profile = self.env["hospitality.profile"].create(
            {
                "source_id": self.source.id,
                "partner_id": self.ben.id,
                "values": {"name": "Benjamin Smith", "city": "Rome"},
            }
        )
        merge = self.Merge.with_user(self.manager)._merge_groups(
            [(self.anna.id, [self.ben.id], {"values": {"name": profile.id, "city": "Lviv"}})]
        )
        self._settled()
        self.assertEqual((self.anna.name, self.anna.city), ("Benjamin Smith", "Lviv"))
        self.assertEqual(self.anna._get_odoo_profile().meta["name"]["by"], "staff")
        merge._undo()
        self._settled()
        self.assertEqual((self.anna.name, self.anna.city), ("Anna Kovalenko", False))

    def test_having_no_allergy_gives_way_to_one(self):
        none = self.env["hospitality.allergy"].create({"partner_id": self.anna.id, "kind": "none"})
        self.env["hospitality.allergy"].create({"partner_id": self.ben.id, "kind": "allergy", "detail": "nuts"})
        merge = self._merge(self.anna, self.ben)
        self.assertFalse(none.active)
        self.assertEqual(self.anna.allergy_state, "has")
        merge._undo()
        self._settled()
        self.assertTrue(none.active)
        self.assertFalse(none.withdrawn_reason)

    def test_row_that_the_winner_has_too_stays(self):
        tags = self.env["res.partner.category"].create([{"name": "Both"}, {"name": "Loser"}])
        self.anna.category_id, self.ben.category_id = tags[0], tags
        merge = self._merge(self.anna, self.ben)
        self.assertEqual(self.anna.category_id, tags)
        self.assertEqual(self.ben.category_id, tags[0])
        line = merge.line_ids.filtered(lambda line: line.kind == "conflict" and "category" in line.table_name)
        self.assertEqual(line.row_ids, (tags[0].id,))

    # -- whoever looks for the loser finds the winner --------------------------------------------

    def test_every_address_leads_to_the_winner(self):
        self.ben.email = "ben@smith-family.org"
        self._merge(self.anna, self.ben)
        Partner = self.env["res.partner"]
        self.assertEqual(Partner.find_or_create("Ben <ben@smith-family.org>"), self.anna)
        self.assertEqual(Partner._find_or_create_from_emails(["ben@smith-family.org"]), [self.anna])
        found = Partner.name_search("Ben Smith")
        self.assertEqual([partner_id for partner_id, _name in found], self.anna.ids)

    def test_what_is_written_for_the_loser_is_the_winners(self):
        self._merge(self.anna, self.ben)
        self.assertEqual(self._create_stay(self.ben, self.palace).partner_id, self.anna)
        profile = self.env["hospitality.profile"].create(
            {"source_id": self.source.id, "partner_id": self.ben.id, "values": {"name": "Ben Smith"}}
        )
        self.assertEqual(profile.partner_id, self.anna)

    def test_late_rows_are_swept_to_the_winner(self):
        merge = self._merge(self.anna, self.ben)
        message = self.env["mail.message"].create({"model": "res.partner", "res_id": self.ben.id, "body": "late"})
        self.env.flush_all()
        self.env["hospitality.guest.dirty"]._refresh_guests(self.ben.ids)
        self._settled()
        self.assertEqual(message.res_id, self.anna.id)
        self.assertIn(message.id, merge.line_ids.filtered(lambda line: line.column_name == "res_id").row_ids)
        merge._undo()
        self._settled()
        self.assertEqual(message.res_id, self.ben.id)

    def test_sweep_leaves_what_a_conflict_has_left(self):
        """A link that the winner has lost meanwhile must not come back from the archived contact."""
        tag = self.env["res.partner.category"].create({"name": "Both"})
        self.anna.category_id = self.ben.category_id = tag
        self._merge(self.anna, self.ben)
        self.anna.category_id = False
        self.env.flush_all()
        self.Merge._sweep(self.ben.ids)
        self._settled()
        self.assertFalse(self.anna.category_id)

    def test_external_ids_and_invitations_lead_to_the_winner(self):
        self.env["ir.model.data"].create(
            {"module": "t_merge", "name": "ben", "model": "res.partner", "res_id": self.ben.id}
        )
        self.assertEqual(self.env.ref("t_merge.ben"), self.ben)
        self.ben.signup_prepare()
        token = self.ben._generate_signup_token()
        self._merge(self.anna, self.ben)
        self.assertEqual(self.env.ref("t_merge.ben"), self.anna)
        self.assertEqual(self.env["res.partner"]._get_partner_from_token(token), self.anna)
        new_test_user(self.env, "t_merge_login", groups="base.group_portal", partner_id=self.anna.id)
        self.assertFalse(self.env["res.partner"]._get_partner_from_token(token))

    def test_loser_is_not_restored_by_hand(self):
        self._merge(self.anna, self.ben)
        with self.assertRaisesRegex(UserError, "merged into"):
            self.ben.action_unarchive()
        self.assertEqual(self.ben.action_open_merged_target()["res_id"], self.anna.id)

    # -- un-merging ----------------------------------------------------------------------------

    def test_undo_in_the_middle_of_a_chain(self):
        first = self._merge(self.ben, self.carla)
        second = self._merge(self.anna, self.ben)
        self.assertEqual(self.carla._get_merged_target(), self.anna)
        first._undo()
        self._settled()
        self.assertEqual(self.stay_carla.partner_id, self.carla)
        self.assertEqual(self.stay_ben.partner_id, self.anna)
        second._undo()
        self._settled()
        self.assertEqual(self.stay_ben.partner_id, self.ben)
        self.assertEqual(self.stay_carla.partner_id, self.carla)

    def test_undo_of_one_of_several(self):
        merge = self._merge(self.anna, self.ben, self.carla)
        merge._undo(self.carla.ids)
        self._settled()
        self.assertEqual(merge.state, "partly")
        self.assertEqual((self.stay_carla.partner_id, self.stay_ben.partner_id), (self.carla, self.anna))
        merge.member_ids.filtered(lambda row: row.partner_id == self.ben).action_undo()
        self._settled()
        self.assertEqual((merge.state, self.stay_ben.partner_id), ("undone", self.ben))

    def test_undo_keeps_and_lists_what_was_changed_since(self):
        tags = self.env["res.partner.category"].create({"name": "Elsewhere"})
        relation = self.env["hospitality.relation"].create(
            {"partner_id": self.ben.id, "related_id": self.env.company.partner_id.id, "kind": "employer"}
        )
        merge = self._merge(self.anna, self.ben)
        relation.partner_id = self.carla
        self.anna.write({"function": "Typed later", "category_id": [fields.Command.set(tags.ids)]})
        report = merge._undo()
        self._settled()
        self.assertEqual(relation.partner_id, self.carla)
        self.assertEqual((self.anna.function, self.anna.category_id), ("Typed later", tags))
        self.assertIn(("hospitality.relation", "partner_id"), [(row["model"], row["field"]) for row in report["kept"]])

    def test_new_facts_go_with_their_profile_and_other_rows_are_asked_about(self):
        merge = self._merge(self.anna, self.ben)
        merge.merged_at -= datetime.timedelta(hours=1)
        stay = self._create_stay(self.anna, self.palace)
        profile = self.env["hospitality.profile"].browse(merge.member_ids.profile_ids)
        returning = self.env["hospitality.stay"].create({**stay.copy_data()[0], "profile_id": profile[0].id})
        bank = self.env["res.partner.bank"].create({"partner_id": self.anna.id, "acc_number": "UA1"})
        report = merge._undo()
        self._settled()
        self.assertEqual((stay.partner_id, returning.partner_id), (self.anna, self.ben))
        self.assertIn(("res.partner.bank", [bank.id]), [(row["model"], row["ids"]) for row in report["asked"]])

    def test_undo_has_an_end(self):
        merge = self._merge(self.anna, self.ben)
        merge._undo()
        with self.assertRaisesRegex(UserError, "already"):
            merge._undo()
        merge = self._merge(self.anna, self.ben)
        merge.undo_until = fields.Datetime.now() - datetime.timedelta(days=1)
        self.env.flush_all()
        with self.assertRaisesRegex(UserError, "any more"):
            merge._undo()

    def test_undo_restores_links_after_an_erasure(self):
        """The eraser empties the payloads; what belongs to whom is known without them."""
        merge = self._merge(self.anna, self.ben)
        merge.member_ids.payload = merge.line_ids.payload = False
        self.env.flush_all()
        merge._undo()
        self._settled()
        self.assertEqual((self.ben.active, self.stay_ben.partner_id), (True, self.ben))

    # -- who may ---------------------------------------------------------------------------------

    def test_managers_merge_and_others_do_not(self):
        for role in ("reception", "marketing", "admin"):
            with self.assertRaises(AccessError):
                self.anna.with_user(self._create_role_user(role))._merge_guests(self.ben)
        merge = self.anna.with_user(self.manager)._merge_guests(self.ben, reason="Same person")
        self.assertEqual((merge.reason, merge.merged_by_id), ("Same person", self.manager))
        with self.assertRaises(AccessError):
            merge.with_user(self._create_role_user("service"))._undo()

    # -- other addons ----------------------------------------------------------------------------

    def test_unknown_override_takes_part_and_is_taken_back(self):
        """An addon that nobody knows deletes and changes rows during the merge: all of it comes back."""
        wizard = type(self.env["base.partner.merge.automatic.wizard"])
        follower = self.env["mail.followers"].create(
            {"res_model": "res.partner", "res_id": self.carla.id, "partner_id": self.ben.id}
        )
        relation = self.env["hospitality.relation"].create(
            {"partner_id": self.ben.id, "related_id": self.carla.id, "kind": "companion", "note": "before"}
        )
        inherited = wizard._update_foreign_keys
        seen = []

        def _update_foreign_keys(self, src_partners, dst_partner):
            seen.append((src_partners.ids, dst_partner.ids))
            follower.with_env(self.env).unlink()
            inherited(self, src_partners, dst_partner)
            relation.with_env(self.env).note = "after"

        with (
            patch.object(wizard, "_get_unknown_overrides", lambda self: [("other", "_update_foreign_keys")]),
            patch.object(wizard, "_update_foreign_keys", _update_foreign_keys),
        ):
            merge = self._merge(self.anna, self.ben)
        self.assertEqual(seen, [(self.ben.ids, self.anna.ids)])
        self.assertFalse(follower.exists())
        self.assertEqual(
            (relation.partner_id, relation.note, self.stay_ben.partner_id), (self.anna, "after", self.anna)
        )
        merge._undo()
        self._settled()
        self.assertEqual((follower.exists().partner_id, follower.res_id), (self.ben, self.carla.id))
        self.assertEqual((relation.note, self.stay_ben.partner_id), ("before", self.ben))

    def test_overrides_of_core_are_known(self):
        self.assertEqual(self.env["base.partner.merge.automatic.wizard"]._get_unknown_overrides(), [])
