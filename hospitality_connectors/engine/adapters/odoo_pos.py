"""Odoo's own point of sale, read in the same database; see `models/pos`.

A check is known by the ``uuid`` of its order, which the till gives and which survives that an order is sent twice. Its
guest is the contact on the order, by his record and not by a comparison. Drafts are nothing yet.
"""

from datetime import timedelta

from ..adapter import Adapter, Capabilities, Setting, Stream, register
from ..redaction import redact_raw
from .records import compact, content, stamp, with_parts
from .shape import need, pairs, room, rows
from .values import text_of

_STATUS = {"paid": "paid", "done": "paid", "invoiced": "paid", "cancel": "voided"}
_METHOD = {"cash": "cash", "bank": "card"}


@register
class OdooPosAdapter(Adapter):
    """Points of sale of this database; the outlet of a check is the name of its point of sale."""

    code = "odoo_pos"
    name = "Odoo Point of Sale"
    local = True
    settings = (
        Setting("configs", "Points of Sale", help="Names, separated by commas. Empty: all."),
        Setting(
            "properties",
            "Properties",
            help="Which point of sale belongs to which property, such as Beach Bar=RESORT, Lobby=CITY. Others belong "
            "to the property of the connector.",
        ),
    )

    def capabilities(self):
        return Capabilities(frozenset(("check", "charge", "payment")), cursor_kind="modified")

    def streams(self, settings):
        # Each payment leaves a hint; this finds what was changed otherwise. A transaction shows its orders when it
        # ends, with the time at which it began.
        return (
            Stream("orders", every=30, overlap=timedelta(hours=1), entity="check"),
            Stream("orders_by_day", kind="sweep", days=(-3, 0), entity="check"),
        )

    def redact(self, record):
        return redact_raw(record, keep=("uuid", "id", "code"))

    def parse(self, record, env):
        order = content(record)
        key, state = need(order, "uuid"), text_of(order.get("state"))
        if state == "draft":
            return []
        refund_of = text_of(order.get("refund_of"))
        status = _STATUS.get(state or "")
        partner = text_of(order.get("partner"))
        properties = pairs(env.settings.get("properties"))
        check = {
            "entity": "check",
            "external_id": key,
            "property": properties.get(text_of(order.get("config")) or ""),
            "outlet": text_of(order.get("config")),
            "guest": f"partner:{partner}" if partner else None,
            "number": text_of(order.get("number")),
            "status": "refunded" if status == "paid" and refund_of else status,
            "status_raw": None if status else state,
            "refund_of": refund_of if refund_of != key else None,
            "opened_at": text_of(order.get("opened_at")),
            "closed_at": text_of(order.get("closed_at")),
            "table": text_of(order.get("table")),
            "covers": order.get("covers") or None,
            "waiter": text_of(order.get("waiter")),
            "loyalty_number": text_of(order.get("loyalty_number")),
            "phone": text_of(order.get("phone")),
            "email": text_of(order.get("email")),
            "room": room(order.get("name_of_order")),
            "amount_total": text_of(order.get("total")),
            "amount_tax": text_of(order.get("tax")),
            "amount_tip": text_of(order.get("tip")),
            "amount_discount": text_of(order.get("discount")),
        }
        live = "void" if status == "voided" else "live"
        events = [check]
        for n, line in enumerate(rows(order, "lines")):
            is_back = refund_of and live == "live"
            events.append(
                {
                    "entity": "charge",
                    "external_id": need(line, "uuid", f"lines.{n}."),
                    "check": key,
                    "department": "tip" if line.get("is_tip") is True else "fb",
                    "code": text_of(line.get("code")),
                    "name": text_of(line.get("name")) or "Item",
                    "category": text_of(line.get("category")),
                    "quantity": text_of(line.get("quantity")),
                    "amount_gross": text_of(line.get("gross")),
                    "amount_net": text_of(line.get("net")),
                    "state": "refund" if is_back else live,
                }
            )
        for n, payment in enumerate(rows(order, "payments")):
            events.append(
                {
                    "entity": "payment",
                    "external_id": need(payment, "uuid", f"payments.{n}."),
                    "check": key,
                    "paid_at": text_of(payment.get("at")),
                    "method": _METHOD.get(text_of(payment.get("type")) or "", "other"),
                    "amount": text_of(payment.get("amount")),
                    "card_brand": text_of(payment.get("card_brand")),
                    "card_last4": text_of(payment.get("card_last4")),
                    "state": "refund" if refund_of and live == "live" else live,
                }
            )
        shared = {"version": stamp(order.get("changed_at")), "currency": text_of(order.get("currency"))}
        return with_parts([compact({**event, **shared}) for event in events])
