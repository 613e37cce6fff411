"""What records of Square mean."""

from decimal import Decimal

from ..adapter import ParseError
from .notes import without
from .records import compact, stamp, utc, with_parts
from .shape import minor, named_by, need, pairs, part, room, rows, table
from .values import text_of

_STATUS = {"OPEN": "open", "COMPLETED": "paid", "CANCELED": "voided"}
_METHOD = {
    "CARD": "card",
    "CASH": "cash",
    "THIRD_PARTY_CARD": "card",
    "SQUARE_GIFT_CARD": "voucher",
    "BANK_ACCOUNT": "transfer",
    "WALLET": "card",
}
_PAYMENT = {"COMPLETED": "live", "APPROVED": "live", "PENDING": "live", "CANCELED": "void", "FAILED": "void"}
_REFUND = {"APPROVED": "refund", "PENDING": "refund", "REJECTED": "void", "FAILED": "void"}


def guest_events(customer, env):
    """Return the events of a customer: himself, and what he has said about mail."""
    key = need(customer, "id")
    version = stamp(customer.get("updated_at"))
    address = part(customer, "address")
    groups = customer.get("group_ids")
    groups = set(map(str, groups)) if isinstance(groups, list) else set()
    birthday = text_of(customer.get("birthday")) or ""
    values = {
        "given_name": text_of(customer.get("given_name")),
        "family_name": text_of(customer.get("family_name")),
        "company_name": text_of(customer.get("company_name")),
        "emails": _some(customer.get("email_address")),
        "phones": _some(customer.get("phone_number")),
        # A birthday without its year has the year 0000.
        "birthdate": birthday if len(birthday) == 10 and not birthday.startswith("0000") else None,
        "street": text_of(address.get("address_line_1")),
        "street2": text_of(address.get("address_line_2")),
        "city": text_of(address.get("locality")),
        "state": text_of(address.get("administrative_district_level_1")),
        "zip": text_of(address.get("postal_code")),
        "country": text_of(address.get("country")) if text_of(address.get("country")) != "ZZ" else None,
        "notes": without(customer.get("note")),
        "vip": named_by(pairs(env.settings.get("vip_groups")), groups),
        "memberships": [
            {
                "program": text_of(account.get("program_id")) or "",
                "number": need(account, "id", f"loyalty_accounts.{n}."),
            }
            for n, account in enumerate(rows(customer, "loyalty_accounts"))
        ],
    }
    values = compact(values) or {
        "name": text_of(customer.get("nickname")) or text_of(customer.get("reference_id")) or key
    }
    guest = {"entity": "guest", "external_id": key, "version": version, "kind": "person", "values": values}
    unsubscribed = part(customer, "preferences").get("email_unsubscribed")
    if unsubscribed is None:
        return [guest]
    consent = {
        "entity": "consent",
        "external_id": f"{key}:email_unsubscribed",
        "version": version,
        "guest": key,
        "channel": "email",
        # Not to have unsubscribed is no consent.
        "state": "denied" if unsubscribed is True else "unknown",
        "source_field": "preferences.email_unsubscribed",
    }
    return [guest, consent]


def check_events(order, env):
    """Return the events of an order: the check with its lines and refunds; nothing for a draft."""
    key, state = need(order, "id"), order.get("state")
    if state == "DRAFT":
        return []
    returns, lines = rows(order, "returns"), rows(order, "line_items")
    source = next((text_of(item.get("source_order_id")) for item in returns if item.get("source_order_id")), None)
    net = part(order, "net_amounts") if returns else {}
    currency = _currency(part(order, "total_money") or part(net, "total_money"), env)
    version = stamp(order.get("updated_at"))
    total, tip = _money(net or order, "total_money"), _money(net or order, "tip_money" if net else "total_tip_money")
    refund = bool(returns and not lines)
    status = _STATUS.get(state) if isinstance(state, str) else None
    check = {
        "entity": "check",
        "external_id": key,
        "version": version,
        "outlet": text_of(order.get("location_id")),
        "guest": _guest_of(order),
        "number": text_of(order.get("reference_id")),
        "status": "refunded" if refund and status == "paid" else status,
        "status_raw": None if status else text_of(state),
        "refund_of": source if refund and source != key else None,
        "opened_at": utc(order.get("created_at")),
        "closed_at": utc(order.get("closed_at")),
        "currency": currency,
        "amount_total": _less(total, tip),
        "amount_tax": _money(net or order, "tax_money" if net else "total_tax_money"),
        "amount_discount": _money(net or order, "discount_money" if net else "total_discount_money"),
        "amount_service": _money(net or order, "service_charge_money" if net else "total_service_charge_money"),
        "amount_tip": tip,
        **_evidence(order),
    }
    parts = [_line(line, f"{key}:{need(line, 'uid', f'line_items.{n}.')}", key) for n, line in enumerate(lines)]
    for n, back in enumerate(returns):
        where = f"returns.{n}.return_line_items."
        for number, line in enumerate(rows(back, "return_line_items", f"returns.{n}.")):
            uid = need(line, "uid", f"{where}{number}.")
            parts.append({**_line(line, f"{key}:{uid}", key, sign="-"), "state": "refund"})
    if state == "CANCELED":
        parts = [{**line, "state": "void"} for line in parts]
    parts += [_refund(item, key, n) for n, item in enumerate(rows(order, "refunds"))]
    # Payments are records of their own; what was paid without one, in old orders, stands in the tender alone.
    tenders = enumerate(rows(order, "tenders"))
    parts += [_tender(tender, key, n) for n, tender in tenders if not text_of(tender.get("payment_id"))]
    return with_parts(
        [compact(check), *(compact({**item, "version": version, "currency": currency}) for item in parts)]
    )


def payment_events(payment, env):
    """Return the events of a payment; nothing for one that belongs to no order."""
    key, check = need(payment, "id"), text_of(payment.get("order_id"))
    if check is None:
        return []
    amount = _money(payment, "amount_money")
    if amount is None:
        raise ParseError("amount_money", "missing_field", "The payment has no amount.")
    card = part(part(payment, "card_details"), "card", "card_details.")
    event = {
        "entity": "payment",
        "external_id": key,
        "version": stamp(payment.get("updated_at")),
        "check": check,
        "paid_at": utc(payment.get("created_at")),
        "method": _method(payment.get("source_type")),
        "currency": _currency(part(payment, "amount_money"), env),
        "amount": amount,
        "tip": _money(payment, "tip_money"),
        "state": _word(_PAYMENT, payment.get("status"), "live"),
        **_card(card),
    }
    return [compact(event)]


def _line(line, key, check, sign=""):
    gross = _money(line, "total_money")
    tax = _money(line, "total_tax_money")
    return {
        "entity": "charge",
        "external_id": key,
        "check": check,
        "department": "fb",
        "code": text_of(line.get("catalog_object_id")),
        "name": " · ".join(filter(None, (text_of(line.get("name")), text_of(line.get("variation_name"))))) or "Item",
        "quantity": text_of(line.get("quantity")),
        "amount_gross": gross and _minus(gross) if sign else gross,
        "amount_tax": tax and _minus(tax) if sign else tax,
        "state": "live",
    }


def _refund(item, check, n):
    amount = _money(item, "amount_money", f"refunds.{n}.")
    return {
        "entity": "payment",
        "external_id": need(item, "id", f"refunds.{n}."),
        "check": check,
        "paid_at": utc(item.get("created_at")),
        "amount": _minus(amount) if amount else "0",
        "state": _word(_REFUND, item.get("status"), "refund"),
    }


def _tender(tender, check, n):
    card = part(part(tender, "card_details", f"tenders.{n}."), "card", f"tenders.{n}.card_details.")
    return {
        "entity": "payment",
        "external_id": need(tender, "id", f"tenders.{n}."),
        "check": check,
        "paid_at": utc(tender.get("created_at")),
        "method": _method(tender.get("type")),
        "amount": _less(_money(tender, "amount_money", f"tenders.{n}."), _money(tender, "tip_money")) or "0",
        "tip": _money(tender, "tip_money"),
        "state": "live",
        **_card(card),
    }


def _guest_of(order):
    """Return the customer of an order: its own, else the one of all its tenders, never one of several."""
    own = text_of(order.get("customer_id"))
    payers = {text_of(tender.get("customer_id")) for tender in rows(order, "tenders")} - {None}
    return own or (payers.pop() if len(payers) == 1 else None)


def _evidence(order):
    """Return what tells whose a check is when it names no customer."""
    cards, rooms, people = set(), set(), []
    for n, tender in enumerate(rows(order, "tenders")):
        details = part(tender, "card_details", f"tenders.{n}.")
        cards.add(text_of(part(details, "card", f"tenders.{n}.card_details.").get("fingerprint")))
        rooms.add(room(tender.get("note")))
    for n, item in enumerate(rows(order, "fulfillments")):
        for kind in ("pickup_details", "delivery_details", "shipment_details"):
            people.append(part(part(item, kind, f"fulfillments.{n}."), "recipient", f"fulfillments.{n}.{kind}."))
    return {
        "card_fingerprint": _only(cards),
        "room": _only(rooms),
        "phone": _only({text_of(person.get("phone_number")) for person in people}),
        "email": _only({text_of(person.get("email_address")) for person in people}),
        "table": table(order.get("ticket_name")),
    }


def _card(card):
    digits = text_of(card.get("last_4"))
    brand = text_of(card.get("card_brand"))
    return {"card_brand": brand, "card_last4": digits if digits and len(digits) == 4 else None}


def _only(values):
    values = values - {None}
    return values.pop() if len(values) == 1 else None


def _some(value):
    value = text_of(value)
    return [value] if value else None


def _method(word):
    return _word(_METHOD, word, "other")


def _word(words, value, default):
    return words.get(value, default) if isinstance(value, str) else default


def _currency(money, env):
    return text_of(money.get("currency")) or env.currency or None


def _money(record, name, where=""):
    money = part(record, name, where)
    return minor(money.get("amount"), money.get("currency"), f"{where}{name}.amount")


def _minus(amount):
    return amount[1:] if amount.startswith("-") else f"-{amount}"


def _less(amount, part_of_it):
    if amount is None or part_of_it is None:
        return amount
    return format(Decimal(amount) - Decimal(part_of_it), "f")
