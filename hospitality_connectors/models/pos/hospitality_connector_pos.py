import datetime
import json
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.adapter import Finding, Gone, Page
from ...engine.adapters import records
from ...engine.adapters.shape import pairs, words

PAGE_SIZE = 200


class HospitalityConnectorPos(models.AbstractModel):
    """Reads the orders of the point of sale in this database, as records for the inbox like those of any vendor."""

    _name = "hospitality.connector.pos"
    _description = "Reader of Odoo's point of sale"

    @api.model
    def _check(self, connector):
        """Return the findings of a look at the points of sale of a connector."""
        Config = self.env["pos.config"].sudo().with_context(active_test=False)  # their names and currencies
        configs = Config.search([], limit=1000)
        names = set(configs.mapped("name"))
        settings = connector._get_settings()
        findings = [
            Finding("error", self.env._("There is no point of sale “%s”. Correct the name.", name))
            for name in dict.fromkeys([*words(settings.get("configs")), *pairs(settings.get("properties"))])
            if name not in names
        ]
        wanted = set(words(settings.get("configs"))) or names
        for config in configs.filtered(lambda config: config.name in wanted):
            currency = connector.property_id.currency_id
            if currency and config.currency_id != currency and config.name not in pairs(settings.get("properties")):
                findings.append(
                    Finding(
                        "warning",
                        self.env._(
                            "“%(name)s” sells in %(sold)s, the property in %(currency)s.",
                            name=config.name,
                            sold=config.currency_id.name,
                            currency=currency.name,
                        ),
                    )
                )
        return findings or [Finding("ok", self.env._("%s points of sale are read.", len(wanted & names)))]

    @api.model
    def _fetch(self, connector, stream, window, cursor):
        """Return a page of orders by the time of their change; see :meth:`Adapter.fetch_page`.

        The cursor is the change and the id of the last order, so that equal times lose none.
        """
        field, start, end = "write_date", *window
        if stream.kind == "sweep":
            zone = ZoneInfo(connector.property_id.tz or "UTC")
            field = "date_order"
            start, end = (datetime.datetime.combine(day, datetime.time(), zone) for day in window)
        start, end = (at.astimezone(datetime.timezone.utc).replace(tzinfo=None) for at in (start, end))
        after = json.loads(cursor) if cursor else [start.isoformat(), 0]
        column = SQL.identifier("o", field)
        self.env["pos.order"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT o.id, %(column)s, o.write_date FROM pos_order o"
                " WHERE (%(column)s, o.id) > (%(after)s::timestamp, %(id)s) AND %(column)s < %(end)s"
                " AND o.state <> 'draft' AND (%(configs)s IS NULL OR o.config_id = ANY(%(configs)s))"
                " ORDER BY %(column)s, o.id LIMIT %(limit)s",
                column=column,
                after=after[0],
                id=after[1],
                end=end,
                configs=self._get_configs(connector),
                limit=PAGE_SIZE,
            )
        )
        orders = self.env["pos.order"].sudo().browse([row[0] for row in rows])  # the connector reads for the system
        more = len(rows) == PAGE_SIZE
        following = json.dumps([rows[-1][1].isoformat(), rows[-1][0]]) if more else None
        changes = {row[0]: row[2] for row in rows}
        return Page(self._get_records(connector, orders, changes), following, more)

    @api.model
    def _fetch_one(self, connector, external_id):
        """Return an order by the key of its check, see :meth:`Adapter.fetch_one`."""
        domain = [("uuid", "=", external_id)]
        if external_id.startswith("id:") and external_id[3:].isdecimal():
            domain = [("id", "=", int(external_id[3:]))]
        order = self.env["pos.order"].sudo().search(domain, limit=1)  # the connector reads for the system
        if not order:
            return Gone()
        configs = self._get_configs(connector)
        if order.state == "draft" or (configs is not None and order.config_id.id not in configs):
            return []
        order.flush_recordset()
        rows = self.env.execute_query(SQL("SELECT id, write_date FROM pos_order WHERE id = %s", order.id))
        return self._get_records(connector, order, dict(rows))

    @api.model
    def _get_key(self, order):
        return order.uuid or f"id:{order.id}"

    @api.model
    def _get_configs(self, connector):
        """Return the ids of the points of sale that are read, None for all."""
        names = words(connector._get_settings().get("configs"))
        if not names:
            return None
        configs = self.env["pos.config"].sudo().with_context(active_test=False)  # the connector reads for the system
        return configs.search([("name", "in", names)]).ids

    @api.model
    def _get_records(self, connector, orders, changes):
        """Return the orders as raw records.

        :param dict changes: time of change by id, to the microsecond
        """
        guests = self._adopt_guests(connector, orders.partner_id)
        result = []
        for order in orders:
            # The ORM drops parts of a second, which tell two changes apart.
            changed_at = changes[order.id]
            values = self._get_values(order, guests.get(order.partner_id.id))
            values["changed_at"] = changed_at.isoformat() + "Z"
            version = changed_at.replace(tzinfo=datetime.timezone.utc).timestamp()
            result.append(records.raw("check", values["uuid"], values, version))
        return result

    @api.model
    def _adopt_guests(self, connector, partners):
        """Give the contacts on orders a profile in the connector's source, so that an order finds its very guest.

        :return: ``{contact id: id in the key of his profile}`` of those who have one
        """
        keys = {f"partner:{partner.id}": partner for partner in partners}
        Profile = self.env["hospitality.profile"].sudo()  # profiles are written by the system
        known = Profile.search([("source_id", "=", connector.source_id.id), ("external_id", "in", list(keys))])
        found = set(known.mapped("external_id"))
        targets = partners._get_merged_targets()  # orders that were signed stay with a contact that was merged
        for key in sorted(keys.keys() - found):
            values = {
                "source_id": connector.source_id.id,
                "external_id": key,
                "partner_id": targets[keys[key].id],
                "kind": "company" if keys[key].is_company else "person",
            }
            try:
                with self.env.cr.savepoint():
                    Profile.create(values)
            except UserError:
                continue  # he was erased: his orders stay without him
            found.add(key)
        return {keys[key].id: keys[key].id for key in found}

    @api.model
    def _get_values(self, order, guest):
        """Return what the adapter knows how to read, see :mod:`engine.adapters.odoo_pos`."""
        digits = order.currency_id.decimal_places
        tip_product = order.config_id.tip_product_id

        def money(value):
            return f"{value:.{digits}f}"

        tips = order.lines.filtered(lambda line: tip_product and line.product_id == tip_product)
        tip = sum(tips.mapped("price_subtotal_incl"))
        employee = "employee_id" in order and order.employee_id
        table = "table_id" in order and order.table_id
        refunded = order.refunded_order_id
        loyalty = self._get_loyalty_card(order)
        return records.compact(
            {
                "uuid": self._get_key(order),
                "state": order.state,
                "number": order.pos_reference or order.name,
                "name_of_order": order.floating_order_name,
                "config": order.config_id.name,
                "partner": guest,
                "refund_of": self._get_key(refunded) if refunded else None,
                "opened_at": fields.Datetime.to_string(order.create_date) + "Z",
                "closed_at": fields.Datetime.to_string(order.date_order) + "Z",
                "table": str(table.table_number) if table else None,
                "covers": order.customer_count if "customer_count" in order else None,
                "waiter": (employee or order.user_id).name or None,
                "loyalty_number": loyalty,
                "phone": order.mobile or None,
                "email": order.email or None,
                "currency": order.currency_id.name,
                "total": money(order.amount_total - tip),
                "tax": money(order.amount_tax),
                "tip": money(tip) if tips else None,
                "discount": money(sum(map(self._get_discount, order.lines))),
                "lines": [self._get_line(line, line in tips, money) for line in order.lines],
                "payments": [self._get_payment(payment, money) for payment in order.payment_ids],
            }
        )

    @api.model
    def _get_line(self, line, is_tip, money):
        return records.compact(
            {
                "uuid": line.uuid or f"line:{line.id}",
                "code": line.product_id.default_code or str(line.product_id.id),
                "name": line.full_product_name or line.product_id.display_name,
                "category": line.product_id.pos_categ_ids[:1].name or None,
                "quantity": str(line.qty),
                "gross": money(line.price_subtotal_incl),
                "net": money(line.price_subtotal),
                "is_tip": is_tip or None,
            }
        )

    @api.model
    def _get_payment(self, payment, money):
        digits = "".join(char for char in payment.card_no or "" if char.isdigit())
        return records.compact(
            {
                "uuid": payment.uuid or f"payment:{payment.id}",
                "at": fields.Datetime.to_string(payment.payment_date) + "Z",
                "type": payment.payment_method_id.type,
                "amount": money(payment.amount),
                "card_brand": payment.card_brand or None,
                "card_last4": digits[-4:] if len(digits) >= 4 else None,
            }
        )

    @api.model
    def _get_discount(self, line):
        """Return what the discount of a line took off, with taxes."""
        if not line.discount:
            return 0.0
        if line.discount >= 100:
            return line.price_unit * line.qty
        return line.price_subtotal_incl * line.discount / (100 - line.discount)

    @api.model
    def _get_loyalty_card(self, order):
        """Return the code of the loyalty card that was used, where there is one."""
        if "coupon_id" not in order.lines:
            return None
        cards = order.lines.coupon_id.filtered(lambda card: card.program_id.program_type == "loyalty")
        return cards.code if len(cards) == 1 else None
