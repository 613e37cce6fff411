"""What records of Poster mean."""

from datetime import datetime, timezone
from decimal import Decimal

from .notes import without
from .records import compact, utc, with_parts
from .shape import minor, named_by, need, pairs, rows, table
from .values import text_of

_STATUS = {"1": "open", "2": "paid", "3": "voided"}
_GENDER = {"1": "male", "2": "female"}
_PAID = (
    ("payed_cash", "cash"),
    ("payed_card", "card"),
    ("payed_cert", "voucher"),
    ("payed_bonus", "other"),
    ("payed_ewallet", "other"),
    ("payed_third_party", "other"),
)


def guest_events(client, env):
    """Return the events of a customer."""
    key = need(client, "client_id")
    if _filled(client, "delete"):
        return [{"entity": "guest", "op": "tombstone", "external_id": key}]
    birthday = _filled(client, "birthday")
    group = {_filled(client, "client_groups_id")}
    vip, level = (named_by(pairs(env.settings.get(name)), group) for name in ("vip_groups", "tier_groups"))
    number, program = _filled(client, "card_number"), _filled(client, "client_groups_name")
    # The name of a group that stands for a VIP or a level is not that of a programme.
    program = program if program and not vip and not level else "Poster"
    values = {
        "given_name": _filled(client, "firstname"),
        "middle_name": _filled(client, "patronymic"),
        "family_name": _filled(client, "lastname"),
        "gender": _GENDER.get(_filled(client, "client_sex") or ""),
        "birthdate": birthday if birthday and not birthday.startswith("0000") else None,
        "emails": _some(_filled(client, "email")),
        "phones": _some(_filled(client, "phone") or _filled(client, "phone_number")),
        "street": _filled(client, "address"),
        "city": _filled(client, "city"),
        "notes": without(_filled(client, "comment") or ""),
        "vip": vip,
        "memberships": [compact({"program": program, "number": number, "level": level})] if number or level else None,
    }
    values = compact(values) or {"name": f"Poster {key}"}
    return [{"entity": "guest", "external_id": key, "kind": "person", "values": values}]


def check_events(check, env):
    """Return the events of a transaction: the check with its products and payments."""
    key = need(check, "transaction_id")
    raw_status = text_of(check.get("status"))
    status = _STATUS.get(raw_status or "")
    currency = env.currency or None

    def amount(name):
        return minor(text_of(check.get(name)), currency, name)

    opened, closed = _instant(check, "date_start"), _instant(check, "date_close")
    # A service charge is called a tip here; tips are what was paid beside the bill.
    tip = _sum(amount("tips_card"), amount("tips_cash"))
    subtotal, paid = amount("sum"), _sum(*(amount(name) for name, _method in _PAID))
    total = paid if status == "paid" and paid is not None else subtotal
    event = {
        "entity": "check",
        "external_id": key,
        "outlet": _filled(check, "spot_id"),
        "guest": _filled(check, "client_id"),
        "loyalty_number": _filled(check, "card_number"),
        "number": key,
        "status": "refunded" if status == "paid" and _filled(check, "print_fiscal") == "2" else status,
        "status_raw": None if status else raw_status,
        "opened_at": opened,
        "closed_at": closed or utc(check.get("date_close_date"), env.tz),
        "table": table(check.get("table_name")),
        "covers": _filled(check, "guests_count"),
        "waiter": _filled(check, "name"),
        "currency": currency,
        "amount_subtotal": subtotal,
        "amount_total": total,
        "amount_service": amount("tip_sum"),
        "amount_tip": tip,
        "amount_discount": _less(subtotal, total) if status == "paid" else None,
    }
    state = "void" if event["status"] in ("voided", "refunded") else "live"
    parts = []
    for n, product in enumerate(rows(check, "products")):
        parts.append(
            {
                "entity": "charge",
                "external_id": f"{key}:{n}",
                "check": key,
                "department": "fb",
                "code": _filled(product, "product_id"),
                "name": text_of(product.get("product_name")) or f"Product {text_of(product.get('product_id')) or n}",
                "quantity": text_of(product.get("num")),
                "currency": currency,
                "amount_gross": minor(
                    text_of(product.get("payed_sum") or product.get("product_sum")), currency, f"products.{n}.payed_sum"
                ),
                "state": state,
            }
        )
    for name, method in _PAID:
        value = amount(name)
        if value is not None and Decimal(value):
            parts.append(
                {
                    "entity": "payment",
                    "external_id": f"{key}:{name}",
                    "check": key,
                    "paid_at": closed,
                    "method": method,
                    "currency": currency,
                    "amount": value,
                    "state": state,
                }
            )
    return with_parts([compact(event), *map(compact, parts)])


def _filled(record, name):
    """Return a text; None where Poster writes its zero for a missing value."""
    value = text_of(record.get(name))
    return None if value in ("0", "0000-00-00") else value


def _instant(record, name):
    """Return the instant of milliseconds since 1970, None for 0."""
    value = _filled(record, name)
    if value is None or not value.isascii() or not value.isdecimal() or len(value) > 14:
        return None
    return f"{datetime.fromtimestamp(int(value) / 1000, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def _some(value):
    return [value] if value else None


def _sum(*amounts):
    known = [Decimal(amount) for amount in amounts if amount is not None]
    return format(sum(known), "f") if known else None


def _less(amount, other):
    if amount is None or other is None or Decimal(amount) <= Decimal(other):
        return None
    return format(Decimal(amount) - Decimal(other), "f")
