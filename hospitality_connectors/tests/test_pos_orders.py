from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from ..engine import adapter as adapters
from ..models.pos import hospitality_connector_pos as module
from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestPosOrders(ConnectorCommon):
    """Orders of the point of sale of this database become checks of the contacts on them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "pos.order" not in cls.env:
            return
        cls.registry_enter_test_mode_cls()
        cls.Reader = cls.env["hospitality.connector.reader"]
        journal = cls.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", cls.env.company.id)], limit=1
        )
        cls.method = cls.env["pos.payment.method"].create({"name": "Card", "journal_id": journal.id})
        cls.pos = cls.env["pos.config"].create({"name": "Beach Bar", "payment_method_ids": cls.method.ids})
        cls.outlet = cls.env["hospitality.outlet"].create(
            {"name": "Beach Bar", "code": "BAR", "property_id": cls.hotel.id}
        )
        cls.session = cls.env["pos.session"].create({"config_id": cls.pos.id, "user_id": cls.env.uid})
        cls.product = cls.env["product.product"].create({"name": "Dorado", "default_code": "FISH", "taxes_id": False})
        cls.guest = cls.env["res.partner"].create({"name": "Ana Kovalenko", "email": "ana@example.org"})
        cls.env["hospitality.connector"].search([("adapter", "=", "odoo_pos")]).state = "paused"
        cls.pos_source = cls.env["hospitality.source"].create({"name": "Bar", "code": "c_bar", "kind": "pos"})
        cls.connector = cls.env["hospitality.connector"].create(
            {
                "name": "Bar",
                "adapter": "odoo_pos",
                "source_id": cls.pos_source.id,
                "property_id": cls.hotel.id,
                "since": fields.Date.today() - timedelta(days=30),
                "settings": {"configs": "Beach Bar"},
            }
        )
        cls.env["hospitality.connector.mapping"].create(
            {
                "connector_id": cls.connector.id,
                "kind": "outlet",
                "code": "Beach Bar",
                "target": "BAR",
                "state": "confirmed",
            }
        )

    def setUp(self):
        super().setUp()
        if "pos.order" not in self.env:
            self.skipTest("Point of Sale is not installed.")

    def _order(self, price=12.5, state="paid", partner=None, refunded=None, quantity=1, **values):
        total = price * quantity
        line = {
            "product_id": self.product.id,
            "full_product_name": "Dorado (large)",
            "qty": quantity,
            "price_unit": price,
            "price_subtotal": total,
            "price_subtotal_incl": total,
        }
        if refunded:
            line["refunded_orderline_id"] = refunded.lines[:1].id
        order = self.env["pos.order"].create(
            {
                "session_id": self.session.id,
                "company_id": self.env.company.id,
                "partner_id": partner.id if partner else False,
                "lines": [fields.Command.create(line)],
                "amount_tax": 0,
                "amount_total": total,
                "amount_paid": total,
                "amount_return": 0,
                **values,
            }
        )
        if self.method:
            self.env["pos.payment"].create(
                {
                    "pos_order_id": order.id,
                    "amount": total,
                    "payment_method_id": self.method.id,
                    "card_no": "**** **** **** 4242",
                    "card_brand": "visa",
                }
            )
        order.write({"state": state})
        return order

    def _read(self, stream="orders", steps=20):
        self.env.flush_all()
        cursors = self.connector.stream_ids
        cursors.next_at = "2100-01-01"
        cursor = cursors.filtered(lambda item: item.stream == stream)
        cursor.next_at = fields.Datetime.now()
        for _step in range(steps):
            self.env.flush_all()
            self.Reader._step_stream()
            self.env.invalidate_all()
            if cursor.next_at > fields.Datetime.now():
                break
        self.assertFalse(cursor.error_message)
        self.connector._process()
        self.env.invalidate_all()

    def _check(self, order):
        return self.env["hospitality.check"].search(
            [("source_id", "=", self.pos_source.id), ("external_id", "=", order.uuid)]
        )

    def test_order_becomes_a_check_of_the_very_contact(self):
        namesake = self.env["res.partner"].create({"name": "Ana Kovalenko", "email": "ana@example.org"})
        order = self._order(partner=self.guest, price=12.5, quantity=2)
        self._read()
        check = self._check(order)
        self.assertEqual(check.partner_id, self.guest)
        self.assertNotEqual(check.partner_id, namesake)
        self.assertEqual((check.status, check.amount_total, check.outlet_id), ("paid", 25.0, self.outlet))
        self.assertEqual(check.property_id, self.hotel)
        self.assertEqual(check.charge_ids.mapped("name"), ["Dorado (large)"])
        self.assertEqual(check.charge_ids.quantity, 2)
        self.assertTrue(self.guest.is_guest)
        payment = check.payment_ids
        self.assertEqual((payment.amount, payment.method, payment.card_last4), (25.0, "card", "4242"))

    def test_check_stands_on_the_timeline(self):
        order = self._order(partner=self.guest)
        self._read()
        entries = self.env["hospitality.timeline"]._get_page(self.guest.ids)
        self.assertEqual(self._check(order).partner_id, self.guest)
        found = [row["res_id"] for row in entries["rows"] if row["model"] == "hospitality.check"]
        self.assertEqual(found, self._check(order).ids)

    def test_drafts_wait_until_they_are_paid(self):
        order = self._order(state="draft")
        self._read()
        self.assertFalse(self._check(order))
        order.write({"state": "paid"})
        self._read()
        self.assertEqual(self._check(order).status, "paid")

    def test_order_of_nobody(self):
        order = self._order(floating_order_name="Room 204")
        self._read()
        check = self._check(order)
        self.assertTrue(check)
        self.assertFalse(check.partner_id)

    def test_refund_counts_against_what_was_bought(self):
        bought = self._order(partner=self.guest, price=20)
        refund = self._order(partner=self.guest, price=20, quantity=-1, refunded=bought)
        self._read()
        check = self._check(refund)
        self.assertEqual((check.refund_of_id, check.amount_total), (self._check(bought), -20.0))
        self.assertEqual(check.charge_ids.state, "refund")

    def test_tip_is_no_revenue(self):
        tip = self.env["product.product"].create({"name": "Tip", "taxes_id": False})
        self.pos.tip_product_id = tip
        order = self._order(price=20)
        self.env["pos.order.line"].create(
            {
                "order_id": order.id,
                "product_id": tip.id,
                "qty": 1,
                "price_unit": 3,
                "price_subtotal": 3,
                "price_subtotal_incl": 3,
            }
        )
        order.amount_total = 23
        self._read()
        check = self._check(order)
        self.assertEqual((check.amount_total, check.amount_tip), (20.0, 3.0))
        self.assertEqual(sorted(check.charge_ids.mapped("department")), ["fb", "tip"])

    def test_orders_with_one_time_of_change_on_several_pages(self):
        orders = [self._order() for _number in range(7)]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE pos_order SET write_date = %s WHERE id = ANY(%s)", fields.Datetime.now(), [o.id for o in orders]
            )
        )
        self.patch(module, "PAGE_SIZE", 3)
        self._read()
        self.assertTrue(all(self._check(order) for order in orders))

    def test_unchanged_orders_are_stored_once(self):
        self._order()
        self._read()
        inbox = self.Inbox.search_count([("connector_id", "=", self.connector.id)])
        self._read()
        self.assertEqual(self.Inbox.search_count([("connector_id", "=", self.connector.id)]), inbox)

    def test_other_points_of_sale_are_left_alone(self):
        other = self.env["pos.config"].create({"name": "Spa"})
        session = self.env["pos.session"].create({"config_id": other.id, "user_id": self.env.uid})
        self.method = self.method.browse()
        order = self._order(session_id=session.id)
        self._read()
        self.assertEqual(order.config_id, other)
        self.assertFalse(self._check(order))

    def test_nightly_sweep_brings_orders_by_their_day(self):
        order = self._order()
        self._read("orders_by_day")
        self.assertTrue(self._check(order))

    def test_guest_who_was_merged_keeps_his_orders(self):
        winner = self.env["res.partner"].create({"name": "Anna Kovalenko", "is_guest": True})
        first = self._order(partner=self.guest)
        self._read()
        winner._merge_guests(self.guest)
        second = self._order(partner=winner)
        self._read()
        self.assertEqual(self._check(first).partner_id, winner)
        self.assertEqual(self._check(second).partner_id, winner)

    def test_paid_order_is_read_at_once(self):
        Trigger = self.env["ir.cron.trigger"]
        lane = self.env["hospitality.connector"]._get_reader_crons().filtered("active")[:1]
        before = Trigger.search_count([("cron_id", "=", lane.id)])
        order = self._order(state="draft", partner=self.guest)
        order.action_pos_order_paid()
        self.assertGreater(Trigger.search_count([("cron_id", "=", lane.id)]), before)
        self._follow_hints()
        self.assertEqual((self._check(order).status, self._check(order).partner_id), ("paid", self.guest))

    def _follow_hints(self):
        self.env.flush_all()
        while self.Reader._step_hints():
            self.env.flush_all()
        self.connector._process()
        self.env.invalidate_all()

    def test_hint_and_stream_store_an_order_once(self):
        order = self._order(state="draft")
        order.action_pos_order_paid()
        self._follow_hints()
        self._read()
        stored = [("connector_id", "=", self.connector.id), ("external_id", "=", order.uuid)]
        self.assertEqual(self.Inbox.search_count(stored), 1)

    def test_cashier_needs_no_rights_on_connectors(self):
        cashier = self.env["res.users"].create(
            {
                "name": "Cashier",
                "login": "c_cashier",
                "group_ids": [(6, 0, [self.env.ref("point_of_sale.group_pos_user").id])],
            }
        )
        order = self._order(state="draft")
        order.with_user(cashier).action_pos_order_paid()
        self._follow_hints()
        self.assertTrue(self._check(order))

    def test_paid_order_of_another_point_of_sale(self):
        self.connector.settings = {"configs": "Nowhere"}
        order = self._order(state="draft")
        order.action_pos_order_paid()
        self._follow_hints()
        self.assertFalse(self._check(order))

    def test_without_a_connector_nobody_is_woken(self):
        self.connector.state = "paused"
        order = self._order(state="draft")
        Trigger = self.env["ir.cron.trigger"]
        before = Trigger.search_count([])
        order.action_pos_order_paid()
        self.assertEqual(Trigger.search_count([]), before)
        self.assertFalse(self.env["hospitality.connector.hint"].search([("connector_id", "=", self.connector.id)]))

    def test_look_at_the_source(self):
        self.assertEqual({finding.level for finding in self.connector._check_vendor()} - {"warning"}, set())
        self.connector.settings = {"configs": "Beach Bar, Nowhere"}
        [finding] = [item for item in self.connector._check_vendor() if item.level == "error"]
        self.assertIn("Nowhere", finding.message)


@tagged("post_install", "-at_install")
class TestPosMissing(ConnectorCommon):
    """Without the app such a connector does nothing and says why."""

    def test_says_so(self):
        if "pos.order" in self.env:
            self.skipTest("Point of Sale is installed.")
        self.connector.adapter = "odoo_pos"
        [finding] = self.connector._check_vendor()
        self.assertEqual(finding.level, "error")
        stream = adapters.get("odoo_pos").streams({})[0]
        self.assertEqual(self.connector._fetch_local(stream, None, None).records, [])
