"""Square as its OpenAPI description (August 2025) tells: orders, payments, customers, loyalty and web-hooks."""

import base64
import datetime
import hashlib
import hmac
import itertools
import json
from decimal import Decimal

from .fake import Answer, Fake, json_answer, route

TOKEN = "EAAAl-square-token"
KEY = "square-signature-key"
DIGITS = {"JPY": 0, "KWD": 3}


def money(amount, currency):
    return {"amount": amount, "currency": currency}


def shown(amount, currency):
    """Return an amount as people write it, without superfluous zeros."""
    value = (Decimal(amount) / 10 ** DIGITS.get(currency, 2)).normalize()
    return format(value if value else Decimal(), "f")


class SquareFake(Fake):
    """A seller.

    :ivar places: his locations
    """

    code = "square"
    limits = ((20, 1),)

    def __init__(self):
        super().__init__()
        self.currency = "EUR"
        self.customers, self.orders, self.payments, self.loyalty = {}, {}, {}, []
        self.places = [f"L{number:02}" for number in range(2)]
        self.attributes, self.groups = {}, {}
        self.calls, self.sent = [], []
        self.cursors = {}
        self._numbers = itertools.count(1)

    def settings(self):
        return {"url": self.url, "vip_groups": "VIP1=G1, VIP2=G2"}

    def secrets(self):
        return {"access_token": TOKEN}

    def authorize(self, call):
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.error(401, "UNAUTHORIZED")
        if not call.headers.get("square-version"):
            return self.error(400, "MISSING_VERSION")
        return None

    def answer(self, call):
        self.calls.append(call)
        return super().answer(call)

    @staticmethod
    def error(status, code):
        return json_answer({"errors": [{"category": "INVALID_REQUEST_ERROR", "code": code}]}, status)

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.skew)

    @staticmethod
    def write(at):
        return f"{at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"

    # What happens in the shops

    def grow(self, count, at=None):
        return [self.sell(at)["id"] for _number in range(count)]

    def sell(self, at=None, *, late=datetime.timedelta(), customer=True, cents=None, currency=None):
        """Sell something to a new customer.

        :param late: how long the till was without a network: the order was made and changed that long ago
        """
        number = next(self._numbers)
        at = self.write((at or self.now()) - late)
        currency = currency or self.currency
        who = self.enrol(number, at) if customer else None
        key, tip = f"order{number:05}", 50
        food = cents if cents is not None else 1000 + number % 700
        place = self.places[number % len(self.places)]
        card = {"card_brand": "VISA", "last_4": f"{number % 10000:04}", "fingerprint": f"sq-1-{number}"}
        order = {
            "id": key,
            "location_id": place,
            "state": "COMPLETED",
            "version": 1,
            "created_at": at,
            "updated_at": at,
            "closed_at": at,
            "line_items": [
                {
                    "uid": "a",
                    "name": "Dorado",
                    "variation_name": "Large",
                    "quantity": "1",
                    "total_money": money(food, currency),
                    "total_tax_money": money(food // 10, currency),
                },
            ],
            "total_money": money(food + tip, currency),
            "total_tip_money": money(tip, currency),
            "total_tax_money": money(food // 10, currency),
            "tenders": [
                {
                    "id": f"pay{number:05}",
                    "payment_id": f"pay{number:05}",
                    "type": "CARD",
                    "card_details": {"status": "CAPTURED", "card": {**card, "exp_month": 7, "bin": "411111"}},
                    "amount_money": money(food + tip, currency),
                }
            ],
        }
        if who:
            order["customer_id"] = who["id"]
        self.orders[key] = order
        self.payments[f"pay{number:05}"] = {
            "id": f"pay{number:05}",
            "order_id": key,
            "location_id": place,
            "status": "COMPLETED",
            "source_type": "CARD",
            "created_at": at,
            "updated_at": at,
            "amount_money": money(food, currency),
            "tip_money": money(tip, currency),
            "card_details": {"status": "CAPTURED", "cvv_status": "CVV_ACCEPTED", "card": card},
        }
        return order

    def enrol(self, number, at):
        key = f"CUST{number:05}"
        self.customers[key] = {
            "id": key,
            "created_at": at,
            "updated_at": at,
            "version": 0,
            "given_name": f"Ana {number}",
            "family_name": "Kovalenko",
            "email_address": f"ana{number}@example.org",
            "phone_number": f"+38067{number:07}",
            "preferences": {"email_unsubscribed": bool(number % 2)},
        }
        return self.customers[key]

    def touch(self, key):
        order = self.orders[key]
        order["version"] += 1
        order["updated_at"] = self.write(self.now())
        order["total_money"]["amount"] += 100

    def give_back(self, key, cents):
        """Return goods: a new order without line items that points to the one they were sold with."""
        sold, number = self.orders[key], next(self._numbers)
        at, currency = self.write(self.now()), sold["total_money"]["currency"]
        back = {
            "id": f"order{number:05}",
            "location_id": sold["location_id"],
            "state": "COMPLETED",
            "version": 1,
            "created_at": at,
            "updated_at": at,
            "closed_at": at,
            "customer_id": sold.get("customer_id"),
            "total_money": money(0, currency),
            "net_amounts": {"total_money": money(-cents, currency), "tip_money": money(0, currency)},
            "returns": [
                {
                    "uid": "r",
                    "source_order_id": key,
                    "return_line_items": [
                        {"uid": "x", "name": "Dorado", "quantity": "1", "total_money": money(cents, currency)}
                    ],
                }
            ],
            "refunds": [
                {
                    "id": f"refund{number}",
                    "location_id": sold["location_id"],
                    "reason": "cold",
                    "status": "APPROVED",
                    "created_at": at,
                    "amount_money": money(cents, currency),
                }
            ],
        }
        self.orders[back["id"]] = back
        return back

    def merge(self, *keys):
        """Merge customers as the Dashboard does: all of them are deleted, a new one is made; return the requests."""
        number, at = next(self._numbers), self.write(self.now())
        into = self.enrol(number, at)
        context = {"merge": {"from_customer_ids": list(keys), "to_customer_id": into["id"]}}
        events = [self.event("customer.created", into["id"], {"customer": into, "event_context": context})]
        for key in keys:
            gone = self.customers.pop(key)
            events.append(self.event("customer.deleted", key, {"customer": gone, "event_context": context}))
        return into["id"], events

    def event(self, kind, key, thing):
        """Return the JSON of a web-hook event."""
        event = {
            "merchant_id": "M1",
            "type": kind,
            "event_id": f"event-{next(self._numbers)}",
            "created_at": self.write(self.now()),
            "data": {"type": kind.partition(".")[0], "id": key, "object": thing},
        }
        return json.dumps(event).encode()

    @staticmethod
    def proof(url, body):
        """Return the headers that the vendor sends with a request."""
        digest = hmac.new(KEY.encode(), url.encode() + body, hashlib.sha256).digest()
        return {"x-square-hmacsha256-signature": base64.b64encode(digest).decode()}

    def expected(self):
        known = {}
        for key, customer in self.customers.items():
            known["guest", key] = {
                "values": {
                    "given_name": customer["given_name"],
                    "family_name": customer["family_name"],
                    "emails": [customer["email_address"]],
                    "phones": [customer["phone_number"]],
                }
            }
            state = "denied" if customer["preferences"]["email_unsubscribed"] else "unknown"
            known["consent", f"{key}:email_unsubscribed"] = {"guest": key, "channel": "email", "state": state}
        for key, order in self.orders.items():
            if order["state"] == "DRAFT" or order.get("returns"):
                continue
            total, currency = order["total_money"]["amount"], order["total_money"]["currency"]
            known["check", key] = {
                "guest": order.get("customer_id"),
                "status": "paid",
                "currency": currency,
                "outlet": order["location_id"],
                "amount_total": shown(total - order["total_tip_money"]["amount"], currency),
                "card_fingerprint": order["tenders"][0]["card_details"]["card"]["fingerprint"],
            }
        for key, payment in self.payments.items():
            amount = payment["amount_money"]
            known["payment", key] = {
                "check": payment["order_id"],
                "amount": shown(amount["amount"], amount["currency"]),
                "card_last4": payment["card_details"]["card"]["last_4"],
                "method": "card",
            }
        return known

    # The interface

    def paged(self, found, name, limit, cursor, query):
        """Serve a page of what is found now: a cursor counts how far the client came, so records that move are lost."""
        self.turn_page()
        if cursor:
            known = self.cursors.get(cursor)
            if known is None or known[0] != query:
                return self.error(400, "INVALID_CURSOR")
            start = known[1]
        else:
            start = 0
        size = min(limit, self.page_size)
        answer = {name: found[start : start + size]}
        if start + size < len(found):
            answer["cursor"] = f"c{len(self.cursors)}"
            self.cursors[answer["cursor"]] = (query, start + size)
        return json_answer(answer)

    @staticmethod
    def inside(record, span, field):
        start, at, end = (text.rstrip("Z") for text in (span["start_at"], record[field], span["end_at"]))
        return start <= at < end

    @route("GET", "/v2/locations")
    def get_locations(self, call):
        return json_answer(
            {
                "locations": [
                    {
                        "id": key,
                        "name": f"Bar {key}",
                        "status": "ACTIVE",
                        "currency": self.currency,
                        "timezone": "Europe/Lisbon",
                    }
                    for key in self.places
                ]
            }
        )

    @route("POST", "/v2/orders/search")
    def search_orders(self, call):
        body = call.json()
        places = body.get("location_ids") or []
        if not 1 <= len(places) <= 10 or not 1 <= body.get("limit", 500) <= 1000:
            return self.error(400, "INVALID_VALUE")
        query = body["query"]
        [(field, span)] = query["filter"]["date_time_filter"].items()
        if query["sort"]["sort_field"] != field.upper():
            return self.error(400, "INVALID_SORT_ORDER")
        found = sorted(
            (
                order
                for order in self.orders.values()
                if order["location_id"] in places and self.inside(order, span, field)
            ),
            key=lambda order: (order[field], order["id"]),
        )
        same = json.dumps([places, query])
        return self.paged(found, "orders", body.get("limit", 500), body.get("cursor"), same)

    @route("POST", "/v2/customers/search")
    def search_customers(self, call):
        body = call.json()
        if not 1 <= body.get("limit", 100) <= 100:
            return self.error(400, "INVALID_VALUE")
        span = body["query"]["filter"]["updated_at"]
        found = sorted(
            (customer for customer in self.customers.values() if self.inside(customer, span, "updated_at")),
            key=lambda customer: (customer["created_at"], customer["id"]),
        )
        return self.paged(
            found, "customers", body.get("limit", 100), body.get("cursor"), json.dumps(body["query"], sort_keys=True)
        )

    @route("GET", "/v2/payments")
    def list_payments(self, call):
        query = call.query
        place = query.get("location_id", self.places[0])
        span = {"start_at": query["updated_at_begin_time"], "end_at": query["updated_at_end_time"]}
        found = sorted(
            (
                payment
                for payment in self.payments.values()
                if payment["location_id"] == place and self.inside(payment, span, "updated_at")
            ),
            key=lambda payment: (payment["updated_at"], payment["id"]),
        )
        same = json.dumps([place, span])
        return self.paged(found, "payments", int(query.get("limit", 100)), query.get("cursor"), same)

    @route("POST", "/v2/loyalty/accounts/search")
    def search_loyalty(self, call):
        body = call.json()
        keys = body["query"]["customer_ids"]
        if not 1 <= len(keys) <= 30 or not 1 <= body["limit"] <= 200:
            return self.error(400, "INVALID_VALUE")
        return json_answer({"loyalty_accounts": [item for item in self.loyalty if item["customer_id"] in keys]})

    @route("GET", "/v2/orders/{key}")
    def get_order(self, call, key):
        return self.one("order", self.orders, key)

    @route("GET", "/v2/payments/{key}")
    def get_payment(self, call, key):
        return self.one("payment", self.payments, key)

    @route("GET", "/v2/customers/{key}")
    def get_customer(self, call, key):
        return self.one("customer", self.customers, key)

    def one(self, name, records, key):
        return json_answer({name: records[key]}) if key in records else self.error(404, "NOT_FOUND")

    @route("PUT", "/v2/customers/{key}")
    def put_customer(self, call, key):
        body = call.json()
        if key not in self.customers:
            return self.error(404, "NOT_FOUND")
        customer = self.customers[key]
        if body.pop("version", customer["version"]) != customer["version"]:
            return self.error(409, "CONFLICT")
        customer.update(body, version=customer["version"] + 1, updated_at=self.write(self.now()))
        return json_answer({"customer": customer})

    @route("DELETE", "/v2/customers/{key}")
    def delete_customer(self, call, key):
        if int(call.query.get("version", self.customers[key]["version"])) != self.customers[key]["version"]:
            return self.error(409, "CONFLICT")
        del self.customers[key]
        return json_answer({})

    @route("PUT", "/v2/customers/{key}/groups/{group}")
    def add_group(self, call, key, group):
        if group not in ("G1", "G2"):
            return self.error(404, "NOT_FOUND")
        self.customers[key].setdefault("group_ids", []).append(group)
        return json_answer({})

    @route("DELETE", "/v2/customers/{key}/groups/{group}")
    def remove_group(self, call, key, group):
        self.customers[key]["group_ids"].remove(group)
        return json_answer({})

    @route("GET", "/v2/customers/{key}/custom-attributes/{name}")
    def get_attribute(self, call, key, name):
        found = self.attributes.get((key, name))
        return json_answer({"custom_attribute": found}) if found else self.error(404, "NOT_FOUND")

    @route("POST", "/v2/customers/{key}/custom-attributes/{name}")
    def set_attribute(self, call, key, name):
        if name not in ("tier", "allergy"):
            return self.error(404, "NOT_FOUND")
        given = call.json()["custom_attribute"]
        known = self.attributes.get((key, name), {"version": 0})
        if given.get("version", known["version"]) != known["version"]:
            return self.error(409, "CONFLICT")
        self.attributes[key, name] = {"key": name, "value": given["value"], "version": known["version"] + 1}
        return json_answer({"custom_attribute": self.attributes[key, name]})

    @route("DELETE", "/v2/customers/{key}/custom-attributes/{name}")
    def delete_attribute(self, call, key, name):
        self.attributes.pop((key, name), None)
        return Answer(200, b"{}", {"Content-Type": "application/json"})
