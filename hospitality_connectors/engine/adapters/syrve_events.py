"""What records of Syrve and iiko mean."""

from decimal import Decimal

from .notes import said, without
from .records import compact, utc, with_parts
from .shape import named_by, need, pairs, part, rows, table
from .values import amount_of, birthdate_of, dicts_of, text_of

_STATUS = {
    "New": "open",
    "Bill": "open",
    "Closed": "paid",
    "Deleted": "voided",
    "Cancelled": "voided",
    **dict.fromkeys(
        ("Unconfirmed WaitCooking ReadyForCooking CookingStarted CookingCompleted Waiting OnWay Delivered").split(),
        "open",
    ),
}
_METHOD = {"Cash": "cash", "Card": "card", "LoyaltyCard": "voucher", "IikoCard": "voucher"}
_GENDER = {"1": "male", "2": "female"}
_CONSENT = {"1": "granted", "2": "denied"}
#: Channels of promotions, which have one switch.
PROMOTED = ("email", "sms")
#: Tag of the line that says what the switch was set for by us.
CONSENT_TAG = "consent"


def guest_events(customer, env):
    """Return the events of a customer: himself, and what he has agreed to."""
    key = need(customer, "id")
    if customer.get("anonymized") is True:
        return [{"entity": "guest", "op": "anonymise", "external_id": key}]
    if customer.get("isDeleted") is True:
        return [{"entity": "guest", "op": "tombstone", "external_id": key}]
    owned = {text_of(item.get("id")) for item in dicts_of(customer, "categories") if item.get("isActive") is not False}
    level = named_by(pairs(env.settings.get("tier_groups")), owned)
    cards = list(filter(None, (text_of(card.get("number")) for card in dicts_of(customer, "cards"))))
    values = {
        "given_name": text_of(customer.get("name")),
        "middle_name": text_of(customer.get("middleName")),
        "family_name": text_of(customer.get("surname")),
        "gender": _GENDER.get(text_of(customer.get("sex")) or ""),
        "birthdate": birthdate_of((text_of(customer.get("birthday")) or "")[:10]),
        "emails": [text_of(customer.get("email"))] if text_of(customer.get("email")) else None,
        "phones": [text_of(customer.get("phone"))] if text_of(customer.get("phone")) else None,
        "lang": text_of(customer.get("cultureName")),
        "notes": "\n".join(filter(None, (text_of(customer.get("comment")), without(customer.get("userData"))))),
        "vip": named_by(pairs(env.settings.get("vip_groups")), owned),
        "memberships": [
            compact({"program": "Syrve", "number": card, "level": level}) for card in cards or [None] if card or level
        ],
    }
    values = compact(values) or {"name": key}
    guest = {"entity": "guest", "external_id": key, "kind": "person", "values": values}
    return [guest, *_consents(customer, key, env)]


def _consents(customer, key, env):
    agreed = _CONSENT.get(text_of(customer.get("consentStatus")) or "")
    statement = {"entity": "consent", "guest": key}
    if agreed:
        yield compact(
            {
                **statement,
                "external_id": f"{key}:consentStatus",
                "channel": "profiling",
                "state": agreed,
                "at": utc(customer.get("personalDataConsentFrom"), env.tz) if agreed == "granted" else None,
                "source_field": "consentStatus",
            }
        )
    promotions = customer.get("shouldReceivePromoActionsInfo")
    if not isinstance(promotions, bool) and agreed != "denied":
        return
    # Who has taken back that his data are used at all gets no promotions either.
    granted = promotions is True and agreed != "denied"
    # Of the other channels it says what we have told, and nothing that the guest has said there.
    for channel in promotions_set(customer) if agreed != "denied" else PROMOTED:
        yield {
            **statement,
            "external_id": f"{key}:promotions:{channel}",
            "channel": channel,
            "state": "granted" if granted else "denied",
            "source_field": "shouldReceivePromoActionsInfo",
        }


def promotions_set(customer):
    """Return for which channels the switch for promotions says what it says.

    All, where the guest or the restaurant has set it. Where we have (see `SyrveAdapter`): none when it is on, since
    that was told and not said, and the refused ones when it is off, since the others went with them.
    """
    state, *channels = said(customer.get("userData"), CONSENT_TAG).split() or [""]
    promotions = customer.get("shouldReceivePromoActionsInfo")
    if promotions is True and state == "granted":
        return ()
    if promotions is False and state == "denied":
        return tuple(channel for channel in PROMOTED if channel in channels) or PROMOTED
    return PROMOTED


def check_events(info, env):
    """Return the events of a table order or a delivery; nothing for one that was never made."""
    key, order = need(info, "id"), part(info, "order")
    if not order:
        return []
    raw_status = text_of(order.get("status"))
    status = _STATUS.get(raw_status or "")
    customer = part(order, "customer", "order.")
    known = text_of(customer.get("id")) if customer.get("type") != "one-time" else None
    tables = info.get("tableNumbers")
    discount = _sum(rows(order, "discounts", "order."), "order.discounts")
    total = _money(order, "sum", "order.")
    check = {
        "entity": "check",
        "external_id": key,
        "outlet": text_of(info.get("organizationId")),
        "guest": known,
        "phone": text_of(order.get("phone")) or text_of(customer.get("phone")),
        "number": text_of(order.get("number")),
        "status": status,
        "status_raw": None if status else raw_status,
        "opened_at": utc(order.get("whenCreated"), env.tz),
        "closed_at": utc(order.get("whenClosed"), env.tz),
        "table": table(tables[0]) if isinstance(tables, list) and tables else None,
        "covers": part(order, "guestsInfo", "order.").get("count") or None,
        "waiter": text_of(part(order, "waiter", "order.").get("name")),
        "amount_total": total,
        "amount_discount": discount,
        "amount_subtotal": _plain(Decimal(total) + Decimal(discount)) if total and discount else None,
        "amount_tip": _sum(rows(order, "tips", "order."), "order.tips"),
    }
    events = [check]
    for n, item in enumerate(rows(order, "items", "order.")):
        events.append(_line(item, key, n, void=status == "voided"))
    for n, payment in enumerate(rows(order, "payments", "order.")):
        if payment.get("isPreliminary") is True and status != "paid":
            continue  # somebody means to pay so
        events.append(_payment(payment, key, n, check, void=status == "voided"))
    shared = {"version": changed_at(info), "currency": env.currency or None}
    return with_parts([compact({**event, **shared}) for event in events])


def changed_at(info):
    """Return the Unix time of the last change of an order, None where it has none."""
    stamp = info.get("timestamp")
    known = isinstance(stamp, (int, float)) and not isinstance(stamp, bool) and 0 < stamp < 1e14
    return stamp / 1000 if known else None


def _line(item, check, n, void):
    where = f"order.items.{n}."
    product = part(item, "product", where) or part(item, "service", where)
    amount = _money(item, "resultSum", where)
    return {
        "entity": "charge",
        "external_id": f"{check}:{text_of(item.get('positionId')) or n}",
        "check": check,
        "department": "fb",
        "code": text_of(product.get("id")),
        "name": text_of(product.get("name")) or "Item",
        "quantity": text_of(item.get("amount")),
        "amount_gross": _money(item, "cost", where) if amount is None else amount,
        "state": "void" if void or item.get("deleted") else "live",
    }


def _payment(payment, check, n, event, void):
    where = f"order.payments.{n}."
    kind = part(payment, "paymentType", where)
    return {
        "entity": "payment",
        "external_id": f"{check}:{n}",
        "check": check,
        "paid_at": event["closed_at"],
        "method": _METHOD.get(text_of(kind.get("kind")) or "", "other"),
        "amount": _money(payment, "sum", where) or "0",
        "state": "void" if void else "live",
    }


def _money(record, name, where):
    amount = amount_of(record.get(name), where + name)
    return None if amount is None else _plain(amount)


def _sum(items, where):
    amounts = [amount_of(item.get("sum"), f"{where}.{n}.sum") for n, item in enumerate(items)]
    amounts = [amount for amount in amounts if amount is not None]
    return _plain(sum(amounts)) if amounts else None


def _plain(amount):
    """Return an amount as a text; the vendor writes binary fractions, which have tails."""
    return format(round(amount, 4), "f")
