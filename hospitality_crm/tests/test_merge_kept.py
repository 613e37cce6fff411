import datetime

from odoo.fields import Command
from odoo.tests import tagged

from .common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestMergeKept(HospitalityCommon):
    """Documents that the law keeps with the archived contact are seen from the winner."""

    def _invoice(self, guest):
        Account = self.env["account.account"]

        def account(kind):
            return Account.search([("account_type", "=", kind)], limit=1) or Account.create(
                {"name": kind, "code": f"8{len(kind)}", "account_type": kind, "reconcile": kind == "asset_receivable"}
            )

        guest.property_account_receivable_id = account("asset_receivable")
        journal = self.env["account.journal"].search([("code", "=", "KEPTJ")]) or self.env["account.journal"].create(
            {"name": "Sealed", "code": "KEPTJ", "type": "sale", "restrict_mode_hash_table": True}
        )
        line = {"name": "Room", "quantity": 1, "price_unit": 120, "account_id": account("income").id}
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": guest.id,
                "journal_id": journal.id,
                "invoice_date": datetime.date(2026, 2, 3),
                "invoice_line_ids": [Command.create({**line, "tax_ids": [Command.clear()]})],
            }
        )
        move.action_post()
        if not move.inalterable_hash:
            move.button_hash()
        return move

    def _merge(self, winner, loser):
        merge = self.env["hospitality.merge"]._merge_groups([(winner.id, loser.ids, {})])
        self.env.flush_all()
        self.env.invalidate_all()
        return merge

    def setUp(self):
        super().setUp()
        if "account.move" not in self.env:
            self.skipTest("without accounting")
        self.sealed = self._invoice(self.ben)
        self.assertTrue(self.sealed.inalterable_hash)

    def test_sealed_invoices_count_for_the_winner_and_are_listed(self):
        self.assertEqual((self.ben.total_invoiced, self.anna.total_invoiced), (120, 0))
        first = self._merge(self.carla, self.ben)
        self._merge(self.anna, self.carla)
        self.assertEqual(self.sealed.partner_id, self.ben)
        self.assertEqual(self.anna.total_invoiced, 120)
        action = self.anna.action_view_partner_invoices()
        self.assertIn(self.sealed, self.env["account.move"].search(action["domain"]))
        first._undo()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((self.anna.total_invoiced, self.ben.total_invoiced), (0, 120))

    def test_archived_losers_are_no_contacts_of_the_winner(self):
        self._merge(self.anna, self.ben)
        Partner = self.env["res.partner"]
        self.assertEqual(Partner.search([("id", "child_of", self.anna.ids)]), self.anna)
        self.assertFalse(self.anna.child_ids)

    def test_the_button_opens_them_with_reasons(self):
        self.assertEqual(self.anna.merge_kept_count, 0)
        merge = self._merge(self.anna, self.ben)
        self.assertEqual((self.anna.merge_kept_count, self.ben.merge_kept_count), (1, 0))
        action = self.anna.action_view_merge_kept()
        lines = self.env["hospitality.merge.line"].search(action["domain"])
        self.assertEqual((lines.partner_id, lines.document_count), (self.ben, 1))
        self.assertIn("inalterability", lines.kept_reason)
        opened = lines.action_open_documents()
        self.assertEqual(self.env[opened["res_model"]].search(opened["domain"]), self.sealed)
        merge._undo()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.anna.merge_kept_count, 0)

    def test_reception_sees_the_button(self):
        self._merge(self.anna, self.ben)
        reception = self._create_role_user("reception")
        anna = self.anna.with_user(reception)
        self.assertEqual(anna.merge_kept_count, 1)
        lines = self.env["hospitality.merge.line"].with_user(reception).search(anna.action_view_merge_kept()["domain"])
        self.assertTrue(lines.document_label)
