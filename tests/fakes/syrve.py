"""Syrve / iiko Cloud as its description tells: tables, revisions of three hours, times without a zone."""

import datetime
import itertools
import json
import uuid
from zoneinfo import ZoneInfo

from .fake import Fake, json_answer, open_to_all, route

LOGIN = "syrve-api-login"
HOOK = "a-long-text-of-ours"
UTC = datetime.timezone.utc


def key_of(*parts):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(map(str, parts))))


class SyrveFake(Fake):
    """A restaurant in Yerevan.

    :ivar tables: how many tables it has
    """

    code = "syrve"
    limits = ((20, 1), (600, 60))
    zone = ZoneInfo("Asia/Yerevan")

    def __init__(self):
        super().__init__()
        self.organization, self.terminal = key_of("organisation"), key_of("terminal")
        self.tables = 4
        self.customers, self.orders, self.deliveries = {}, {}, {}
        self.tokens, self.calls = {}, []
        self.revisions = []
        self._numbers = itertools.count(1)

    def settings(self):
        return {
            "url": self.url,
            "organization": self.organization,
            "vip_groups": f"VIP1={key_of('c1')}",
            "tier_groups": f"Gold={key_of('c2')}",
        }

    def secrets(self):
        return {"api_login": LOGIN}

    def authorize(self, call):
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) <= self.now().timestamp():
            return json_answer({"errorDescription": "Token has expired", "error": "TOKEN"}, 401)
        return None

    def answer(self, call):
        self.calls.append(call)
        return super().answer(call)

    def now(self):
        return datetime.datetime.now(UTC) + datetime.timedelta(seconds=self.skew)

    def local(self, at):
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S.%f}"[:-3]

    @staticmethod
    def refuse(text, status=400):
        return json_answer({"correlationId": key_of(text), "errorDescription": text, "error": None}, status)

    # What happens in the restaurant

    def grow(self, count, at=None):
        return [self.sell(at) for _number in range(count)]

    def sell(self, at=None, *, status="Closed", customer=True, delivery=False):
        number, at = next(self._numbers), at or self.now()
        key = key_of("order", number)
        total = 4500.5 + number
        order = {
            "customer": {"type": "regular", "id": self.enrol(number), "name": f"Անի {number}"} if customer else None,
            "phone": f"+37491{number:06}",
            "status": status,
            "whenCreated": self.local(at),
            "whenClosed": self.local(at) if status in ("Closed", "Deleted") else None,
            "waiter": {"id": key_of("w"), "name": "Արամ", "phone": None},
            "sum": total,
            "number": number,
            "guestsInfo": {"count": 3, "splitBetweenPersons": False},
            "items": [
                {
                    "type": "Product",
                    "product": {"id": key_of("khorovats"), "name": "Խորոված"},
                    "positionId": key_of("position", number),
                    "amount": 1.0,
                    "cost": total,
                    "resultSum": total,
                    "deleted": None,
                }
            ],
            "payments": [
                {
                    "paymentType": {"id": key_of("cash"), "name": "Cash", "kind": "Cash"},
                    "sum": total,
                    "isPreliminary": False,
                }
            ],
            "tips": [{"tipsType": {"name": "T"}, "sum": 100.0}],
            "discounts": [],
        }
        info = {
            "id": key,
            "posId": key_of("pos", number),
            "organizationId": self.organization,
            "timestamp": int(at.timestamp() * 1000),
            "creationStatus": "Success",
            "errorInfo": None,
            "order": order,
        }
        if delivery:
            order["deliveryPoint"] = {"address": {"street": "Abovyan 1"}}
            order["completeBefore"] = self.local(at)
            self.deliveries[key] = info
            self.revisions.append((self.now(), key))
        else:
            order["tableIds"] = [key_of("table", number % self.tables)]
            self.orders[key] = info
        return key

    def enrol(self, number):
        key = key_of("customer", number)
        self.customers[key] = {
            "id": key,
            "name": f"Անի {number}",
            "surname": "Պետրոսյան",
            "middleName": None,
            "comment": None,
            "phone": f"+37491{number:06}",
            "birthday": "1990-05-12 00:00:00.000",
            "email": f"ani{number}@example.org",
            "sex": 2,
            "consentStatus": 1,
            "anonymized": False,
            "cards": [{"id": key_of("card", number), "track": f"T{number}", "number": f"C{number:05}"}],
            "categories": [],
            "userData": None,
            "shouldReceivePromoActionsInfo": bool(number % 2),
            "personalDataConsentFrom": "2026-01-01 04:00:00.000",
            "isDeleted": False,
        }
        return key

    def touch(self, key):
        found = self.orders.get(key) or self.deliveries[key]
        found["timestamp"] = int(self.now().timestamp() * 1000)
        found["order"]["sum"] += 100
        if key in self.deliveries:
            self.revisions.append((self.now(), key))

    def hook(self, *keys, kind="TableOrderUpdate"):
        """Return the body of a web-hook about orders."""
        known = {**self.orders, **self.deliveries}
        return json.dumps(
            [
                {
                    "eventType": kind,
                    "eventTime": self.local(self.now()),
                    "organizationId": self.organization,
                    "correlationId": key_of("hook", key),
                    "eventInfo": known[key],
                }
                for key in keys
            ]
        ).encode()

    def expected(self):
        known = {}
        for key, customer in self.customers.items():
            known["guest", key] = {
                "values": {
                    "given_name": customer["name"],
                    "family_name": customer["surname"],
                    "gender": "female",
                    "birthdate": "1990-05-12",
                    "emails": [customer["email"]],
                    "phones": [customer["phone"]],
                    "memberships": [{"number": customer["cards"][0]["number"], "program": "Syrve"}],
                }
            }
            promoted = "granted" if customer["shouldReceivePromoActionsInfo"] else "denied"
            known["consent", f"{key}:promotions:sms"] = {"guest": key, "channel": "sms", "state": promoted}
            known["consent", f"{key}:consentStatus"] = {"state": "granted", "at": "2026-01-01 00:00:00"}
        for key, info in {**self.orders, **self.deliveries}.items():
            order = info["order"]
            known["check", key] = {
                "status": {"Closed": "paid", "Deleted": "voided"}.get(order["status"], "open"),
                "guest": order["customer"]["id"] if order["customer"] else None,
                "phone": order["phone"],
                "amount_total": f"{order['sum']:.2f}".rstrip("0").rstrip("."),
                "amount_tip": "100",
                "covers": 3,
                "outlet": self.organization,
                "table": str(1 + order["number"] % self.tables) if "tableIds" in order else None,
            }
            known["payment", f"{key}:0"] = {"check": key, "method": "cash"}
        return known

    # The interface

    @route("POST", "/api/1/access_token")
    @open_to_all
    def get_token(self, call):
        if call.json().get("apiLogin") != LOGIN:
            return self.refuse("Login is not authorized", 401)
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.now().timestamp() + 3600
        return json_answer({"correlationId": key_of(token), "token": token})

    @route("POST", "/api/1/organizations")
    def get_organizations(self, call):
        mine = {"id": self.organization, "name": "Aragats", "currencyIsoName": "AMD"}
        return json_answer({"correlationId": "c", "organizations": [mine]})

    @route("POST", "/api/1/terminal_groups")
    def get_terminals(self, call):
        items = [{"id": self.terminal, "organizationId": self.organization, "name": "Hall", "timeZone": "Asia/Yerevan"}]
        return json_answer({"terminalGroups": [{"organizationId": self.organization, "items": items}]})

    @route("POST", "/api/1/reserve/available_restaurant_sections")
    def get_sections(self, call):
        if call.json()["terminalGroupIds"] != [self.terminal]:
            return self.refuse("unknown terminal group")
        tables = [{"id": key_of("table", n), "number": 1 + n, "isDeleted": False} for n in range(self.tables)]
        return json_answer({"restaurantSections": [{"id": "s", "name": "Hall", "tables": tables}], "revision": 1})

    @route("POST", "/api/1/order/by_table")
    def get_orders_by_table(self, call):
        self.turn_page()
        body = call.json()
        if body["dateFrom"] < self.local(self.now() - datetime.timedelta(days=91)):
            return self.refuse("The date is too far in the past")
        found = [
            info
            for info in self.orders.values()
            if set(info["order"]["tableIds"]) & set(body["tableIds"])
            and info["organizationId"] in body["organizationIds"]
            and info["order"]["status"] in body["statuses"]
            and body["dateFrom"] <= info["order"]["whenCreated"] <= body["dateTo"]
        ]
        return json_answer({"correlationId": "c", "orders": found})

    @route("POST", "/api/1/order/by_id")
    def get_orders_by_id(self, call):
        found = [self.orders[key] for key in call.json()["orderIds"] if key in self.orders]
        return json_answer({"correlationId": "c", "orders": found})

    @route("POST", "/api/1/deliveries/by_id")
    def get_deliveries_by_id(self, call):
        found = [self.deliveries[key] for key in call.json()["orderIds"] if key in self.deliveries]
        return json_answer({"correlationId": "c", "orders": found})

    def delivered(self, found):
        groups = [{"organizationId": self.organization, "orders": found}]
        return json_answer({"maxRevision": len(self.revisions), "ordersByOrganizations": groups})

    @route("POST", "/api/1/deliveries/by_revision")
    def get_deliveries_by_revision(self, call):
        start = call.json()["startRevision"]
        if start < len(self.revisions) and self.revisions[start][0] < self.now() - datetime.timedelta(hours=3):
            return self.refuse("The revision is too old")
        keys = dict.fromkeys(key for _at, key in self.revisions[start:])
        return self.delivered([self.deliveries[key] for key in keys])

    @route("POST", "/api/1/deliveries/by_delivery_date_and_status")
    def get_deliveries_by_date(self, call):
        body = call.json()
        return self.delivered(
            [
                info
                for info in self.deliveries.values()
                if body["deliveryDateFrom"] <= info["order"]["completeBefore"] <= body["deliveryDateTo"]
            ]
        )

    @route("POST", "/api/1/loyalty/syrve/customer/info")
    def get_customer(self, call):
        body = call.json()
        found = self.customers.get(body["id"]) if body["type"] == "id" else None
        return json_answer(found) if found else self.refuse(f"There is no user with id {body['id']}")

    @route("POST", "/api/1/loyalty/syrve/customer/create_or_update")
    def update_customer(self, call):
        body = call.json()
        customer = self.customers[body["id"]]
        for theirs, name in (("surName", "surname"), ("name", "name"), ("middleName", "middleName")):
            if theirs in body:
                customer[name] = body[theirs] or None
        for name in ("email", "userData", "birthday", "consentStatus", "shouldReceivePromoActionsInfo"):
            if name in body:
                customer[name] = body[name]
        return json_answer({"id": body["id"]})

    @route("POST", "/api/1/loyalty/syrve/customer_category/{verb}")
    def change_category(self, call, verb):
        body = call.json()
        owned = self.customers[body["customerId"]]["categories"]
        if verb == "add":
            owned.append({"id": body["categoryId"], "name": "C", "isActive": True})
        else:
            owned[:] = [item for item in owned if item["id"] != body["categoryId"]]
        return json_answer({})

    @route("POST", "/api/1/loyalty/syrve/delete_customers")
    def delete_customers(self, call):
        for key in call.json()["customerIds"]:
            self.customers[key]["isDeleted"] = True
        return json_answer({"total": 1, "deleted": 1, "notFound": 0})
