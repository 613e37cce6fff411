import datetime

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestMergeCore(TransactionCase):
    """Odoo's own merge of contacts, with its addons for accounting, sales, CRM, POS, loyalty and website."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        source = cls.env["hospitality.source"].create({"name": "Core PMS", "code": "core_pms"})
        cls.profiles = cls.env["hospitality.profile"].create(
            [
                {
                    "source_id": source.id,
                    "external_id": f"core-{number}",
                    "values": {
                        "name": "Maria Core",
                        "emails": [f"maria{number}@core.example"],
                        "city": f"Town {number}",
                    },
                }
                for number in range(3)
            ]
        )
        cls.winner, cls.loser, cls.other = cls.profiles.mapped("partner_id")
        cls.env.flush_all()

    def _need(self, *models):
        missing = [name for name in models if name not in self.env]
        if missing:
            self.skipTest(f"without {', '.join(missing)}")

    def _wizard(self, *partners):
        return (
            self.env["base.partner.merge.automatic.wizard"]
            .with_context(active_model="res.partner", active_ids=[partner.id for partner in partners])
            .create({"dst_partner_id": partners[0].id})
        )

    def _merge_by_wizard(self, *partners):
        """Press the button; return the journal."""
        self._wizard(*partners).action_merge()
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["hospitality.merge"].search([("winner_id", "=", partners[0].id)], limit=1)

    def _undo(self, merge):
        merge._undo()
        self.env.flush_all()
        self.env.invalidate_all()

    def _invoice(self, partner, journal):
        partner.property_account_receivable_id = self._account("asset_receivable")
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "journal_id": journal.id,
                "invoice_date": datetime.date(2026, 2, 3),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Room",
                            "quantity": 1,
                            "price_unit": 120,
                            "tax_ids": [Command.clear()],
                            "account_id": self._account("income").id,
                        }
                    )
                ],
            }
        )
        move.action_post()
        return move

    def _account(self, kind):
        """An account of a type, made where the database has no chart of accounts."""
        Account = self.env["account.account"]
        return Account.search([("account_type", "=", kind)], limit=1) or Account.create(
            {"name": kind, "code": f"9{len(kind)}", "account_type": kind, "reconcile": kind == "asset_receivable"}
        )

    # The path

    def test_wizard_archives_and_journals_guests(self):
        merge = self._merge_by_wizard(self.winner, self.loser)
        self.assertEqual(merge.state, "done")
        self.assertEqual(merge.with_context(active_test=False).loser_ids, self.loser)
        self.assertTrue(self.loser.exists())
        self.assertFalse(self.loser.active)
        self.assertEqual(self.loser.merged_into_id, self.winner)
        self.assertEqual(self.profiles[:2].partner_id, self.winner)
        self._undo(merge)
        self.assertTrue(self.loser.active)
        self.assertFalse(self.loser.merged_into_id)
        self.assertEqual(self.profiles[1].partner_id, self.loser)

    def test_wizard_merges_more_than_three_guests(self):
        """Odoo's limit guards against its lack of an undo."""
        fourth = self.env["res.partner"].create({"name": "Maria Core", "is_guest": True})
        merge = self._merge_by_wizard(self.winner, self.loser, self.other, fourth)
        self.assertEqual(merge.with_context(active_test=False).loser_ids, self.loser + self.other + fourth)

    def test_wizard_merges_a_guest_with_a_plain_contact(self):
        contact = self.env["res.partner"].create({"name": "Maria Core", "email": "maria@plain.example"})
        merge = self._merge_by_wizard(contact, self.winner)
        self.assertEqual(merge.with_context(active_test=False).loser_ids, self.winner)
        self.assertTrue(contact.is_guest)
        self._undo(merge)
        self.assertFalse(contact.is_guest)
        self.assertEqual(self.profiles[0].partner_id, self.winner)

    def test_plain_contacts_merge_as_odoo_merges_them(self):
        one, two = self.env["res.partner"].create([{"name": "Plain"}, {"name": "Plain", "function": "Cook"}])
        message = two.message_post(body="Plain note")
        self._wizard(one, two).action_merge()
        self.assertFalse(two.exists())
        self.assertEqual(one.function, "Cook")
        self.assertEqual(message.res_id, one.id)
        self.assertFalse(self.env["hospitality.merge"].search([("winner_id", "=", one.id)]))

    def test_a_tag_goes_back_to_its_guest_past_winners_who_have_it(self):
        """Of equal rows of a relation on the way, the one that stopped first is the guest's own."""
        tag = self.env["res.partner.category"].create({"name": "Core tag"})
        (self.loser + self.other).category_id = tag
        first = self.env["hospitality.merge"]._merge_groups([(self.winner.id, self.loser.ids, {})])
        second = self.env["hospitality.merge"]._merge_groups([(self.other.id, self.winner.ids, {})])
        self._undo(first)
        self.assertEqual(self.loser.category_id, tag)
        self.assertEqual(self.other.category_id, tag)
        self._undo(second)
        self.assertFalse(self.winner.category_id)
        self.assertEqual((self.loser + self.other).mapped("category_id"), tag)

    def test_wizard_asks_for_the_right_to_merge(self):
        clerk = new_test_user(
            self.env,
            "core_clerk",
            groups="base.group_user,base.group_partner_manager,hospitality_crm.group_hospitality_reception",
        )
        wizard = self._wizard(self.winner, self.loser)
        with self.assertRaises(Exception) as caught:
            wizard.with_user(clerk).action_merge()
        self.assertIn(type(caught.exception).__name__, ("AccessError", "UserError"))
        self.assertTrue(self.loser.active)
        self.assertFalse(self.loser.merged_into_id)

    # Side effects of other addons

    def test_mail_notes_the_merge_and_notifies_nobody(self):
        before = self.env["mail.notification"].search_count([])
        mails = self.env["mail.mail"].search_count([])
        self._merge_by_wizard(self.winner, self.loser)
        notes = self.winner.message_ids.filtered(lambda m: str(self.loser.id) in (m.body or ""))
        self.assertEqual(len(notes), 1)
        self.assertEqual(self.env["mail.notification"].search_count([]), before)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_account_ranks_are_summed_and_go_back(self):
        self._need("account.move")
        self.winner.customer_rank, self.loser.customer_rank, self.loser.supplier_rank = 2, 3, 4
        merge = self._merge_by_wizard(self.winner, self.loser)
        self.assertEqual((self.winner.customer_rank, self.winner.supplier_rank), (5, 4))
        self._undo(merge)
        self.assertEqual((self.winner.customer_rank, self.winner.supplier_rank), (2, 0))
        self.assertEqual((self.loser.customer_rank, self.loser.supplier_rank), (3, 4))

    def test_loyalty_points_are_summed_and_go_back(self):
        self._need("loyalty.card")
        program = self.env["loyalty.program"].create(
            {"name": "Core points", "program_type": "loyalty", "applies_on": "both", "trigger": "auto"}
        )
        cards = self.env["loyalty.card"].create(
            [
                {"program_id": program.id, "partner_id": partner.id, "points": points}
                for partner, points in ((self.winner, 10), (self.loser, 5), (self.other, 2))
            ]
        )
        merge = self._merge_by_wizard(self.winner, self.loser, self.other)
        self.assertEqual(cards.mapped("points"), [17, 0, 0])
        self.assertEqual(cards.mapped("active"), [True, False, False])
        cards[0].points += 3
        self._undo(merge)
        self.assertEqual(cards.mapped("points"), [13, 5, 2])
        self.assertEqual(cards.mapped("active"), [True, True, True])
        self.assertEqual(cards.partner_id, self.winner + self.loser + self.other)

    def test_website_visitors_become_one_and_go_back(self):
        self._need("website.visitor")
        visitors = self.env["website.visitor"].create(
            [{"access_token": str(partner.id)} for partner in (self.winner, self.loser)]
        )
        self.assertEqual(visitors.partner_id, self.winner + self.loser)
        tracks = self.env["website.track"].create([{"visitor_id": visitor.id, "url": "/rooms"} for visitor in visitors])
        merge = self._merge_by_wizard(self.winner, self.loser)
        self.assertTrue(visitors.exists() == visitors)
        self._undo(merge)
        self.assertEqual(visitors.mapped("partner_id"), self.winner + self.loser)
        self.assertEqual(visitors.mapped("access_token"), [str(self.winner.id), str(self.loser.id)])
        self.assertEqual(tracks.mapped("visitor_id"), visitors)

    def test_website_visitor_of_the_loser_alone(self):
        self._need("website.visitor")
        visitor = self.env["website.visitor"].create({"access_token": str(self.loser.id)})
        merge = self._merge_by_wizard(self.winner, self.loser)
        self.assertEqual((visitor.partner_id, visitor.access_token), (self.winner, str(self.winner.id)))
        self._undo(merge)
        self.assertEqual((visitor.partner_id, visitor.access_token), (self.loser, str(self.loser.id)))

    def test_documents_of_all_apps_follow_and_go_back(self):
        self._need("sale.order", "crm.lead", "pos.order")
        order = self.env["sale.order"].create({"partner_id": self.loser.id})
        lead = self.env["crm.lead"].create({"name": "Wedding", "partner_id": self.loser.id})
        bill = self.env["pos.order"].create(
            {
                "partner_id": self.loser.id,
                "amount_tax": 0,
                "amount_total": 0,
                "amount_paid": 0,
                "amount_return": 0,
                "company_id": self.env.company.id,
                "session_id": self._session().id,
            }
        )
        merge = self._merge_by_wizard(self.winner, self.loser)
        for record in (order, lead, bill):
            self.assertEqual(record.partner_id, self.winner)
        self.assertEqual(order.partner_invoice_id, self.winner)
        self.assertEqual(order.partner_shipping_id, self.winner)
        self.assertTrue({self.winner.id} >= set(order.message_partner_ids.ids) - {self.env.user.partner_id.id})
        self._undo(merge)
        for record in (order, lead, bill):
            self.assertEqual(record.partner_id, self.loser)

    def _session(self):
        config = self.env["pos.config"].create({"name": "Core bar"})
        return self.env["pos.session"].create({"config_id": config.id, "user_id": self.env.uid})

    # Accounting

    def test_hashed_entries_stay_and_the_integrity_report_too(self):
        self._need("account.move")
        journal = self.env["account.journal"].create(
            {"name": "Sealed", "code": "SEALD", "type": "sale", "restrict_mode_hash_table": True}
        )
        open_journal = self.env["account.journal"].create({"name": "Open", "code": "OPENJ", "type": "sale"})
        sealed = self._invoice(self.loser, journal)
        if not sealed.inalterable_hash:
            sealed.button_hash()
        plain = self._invoice(self.loser, open_journal)
        self.assertTrue(sealed.inalterable_hash)
        self.assertFalse(plain.inalterable_hash)
        before = self._integrity()
        self.assertIn("verified", {line["status"] for line in before["results"]})
        merge = self._merge_by_wizard(self.winner, self.loser)
        self.assertEqual(sealed.partner_id, self.loser)
        self.assertEqual(sealed.line_ids.partner_id, self.loser)
        self.assertEqual(plain.partner_id, self.winner)
        self.assertEqual(plain.line_ids.partner_id, self.winner)
        self.assertEqual(self._integrity(), before)
        self._undo(merge)
        self.assertEqual(plain.partner_id, self.loser)
        self.assertEqual(plain.line_ids.partner_id, self.loser)
        self.assertEqual(self._integrity(), before)

    def _integrity(self):
        self.env.flush_all()
        self.env.invalidate_all()
        accountant = new_test_user(
            self.env,
            f"core_accountant_{self.env['res.users'].search_count([])}",
            groups="account.group_account_manager,account.group_account_user",
        )
        report = self.env.company.with_user(accountant)._check_hash_integrity()
        report.pop("printing_date", None)
        return report

    def test_balances_are_the_same_in_sum(self):
        self._need("account.move")
        journal = self.env["account.journal"].create({"name": "Open", "code": "OPENJ", "type": "sale"})
        moves = self._invoice(self.loser, journal) + self._invoice(self.winner, journal)
        total = sum(moves.line_ids.filtered("partner_id").mapped("balance"))
        credit = (self.winner + self.loser).mapped("credit")
        merge = self._merge_by_wizard(self.winner, self.loser)
        self.assertEqual(self.winner.credit, sum(credit))
        self.assertEqual(sum(moves.line_ids.filtered("partner_id").mapped("balance")), total)
        self._undo(merge)
        self.assertEqual((self.winner + self.loser).mapped("credit"), credit)
