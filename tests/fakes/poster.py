"""Poster as its documentation tells: errors with the status 200, amounts in kopecks as texts, days of the account."""

import datetime
import hashlib
import itertools
import json
from zoneinfo import ZoneInfo

from .fake import Fake, json_answer, route

TOKEN = "687409:poster-token"
SECRET = "poster-application-secret"


class PosterFake(Fake):
    """An account in Kyiv with two spots."""

    code = "poster"
    limits = ((20, 1), (600, 60))
    zone = ZoneInfo("Europe/Kyiv")

    def __init__(self):
        super().__init__()
        self.clients, self.transactions, self.calls = {}, {}, []
        self.products = {"7": "Борщ", "8": "Вареники"}
        self._numbers = itertools.count(1)

    def settings(self):
        return {"url": f"{self.url}/api", "vip_groups": "VIP1=5", "tier_groups": "Gold=6", "plain_group": "1"}

    def secrets(self):
        return {"access_token": TOKEN}

    def authorize(self, call):
        return None if call.query.get("token") == TOKEN else self.error(11, "Bad access token")

    def answer(self, call):
        self.calls.append(call)
        return super().answer(call)

    @staticmethod
    def error(code, message):
        return json_answer({"error": {"code": code, "message": message}})

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.skew)

    # What happens in the restaurants

    def grow(self, count, at=None):
        return [self.sell(at) for _number in range(count)]

    def sell(self, at=None, *, client=True, status="2", kopecks=None):
        number, at = next(self._numbers), at or self.now()
        key, opened = str(1000 + number), at - datetime.timedelta(minutes=40)
        food = kopecks if kopecks is not None else 18050 + number
        self.transactions[key] = {
            "transaction_id": key,
            "date_start": str(int(opened.timestamp() * 1000)),
            "date_close": "0" if status == "1" else str(int(at.timestamp() * 1000)),
            "date_close_date": "0000-00-00 00:00:00"
            if status == "1"
            else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}",
            "status": status,
            "guests_count": "2",
            "pay_type": "3",
            "payed_bonus": "50",
            "payed_card": str(food - 150),
            "payed_cash": "100",
            "payed_cert": "0",
            "payed_sum": str(food - 50),
            "tip_sum": "0",
            "tips_card": "500",
            "tips_cash": "0",
            "sum": str(food),
            "spot_id": str(1 + number % 2),
            "table_id": "90",
            "table_name": "12",
            "name": "Максим",
            "user_id": "2",
            "client_id": self.enrol(number) if client else "0",
            "card_number": "0",
            "client_firstname": "Оксана",
            "transaction_comment": None,
            "print_fiscal": "0",
            "products": [
                {
                    "product_id": "7",
                    "modification_id": "0",
                    "num": "1",
                    "product_price": str(food),
                    "payed_sum": str(food),
                }
            ],
        }
        return key

    def enrol(self, number):
        key = str(number)
        self.clients[key] = {
            "client_id": key,
            "firstname": f"Оксана {number}",
            "lastname": "Шевченко",
            "patronymic": "",
            "bonus": "10000",
            "phone": f"+38 067 {number:07}",
            "phone_number": f"38067{number:07}",
            "email": f"oksana{number}@example.org",
            "birthday": "0000-00-00",
            "card_number": "0",
            "client_sex": "2",
            "country": "0",
            "city": "0",
            "comment": "0",
            "address": "0",
            "client_groups_id": "1",
            "client_groups_name": "Гості",
            "delete": "0",
        }
        return key

    def touch(self, key):
        transaction = self.transactions[key]
        transaction["sum"] = str(int(transaction["sum"]) + 1000)
        transaction["payed_card"] = str(int(transaction["payed_card"]) + 1000)

    def hook(self, kind, key, action="changed", at=None, **more):
        """Return the body of a web-hook."""
        at = str(int((at or self.now()).timestamp()))
        fields = ["demo", kind, str(key), action, *more.values(), at, SECRET]
        body = {
            "account": "demo",
            "account_number": "203941",
            "object": kind,
            "object_id": key,
            "action": action,
            "time": at,
            "verify": hashlib.md5(";".join(fields).encode()).hexdigest(),
            **more,
        }
        return json.dumps(body).encode()

    def expected(self):
        known = {}
        for key, client in self.clients.items():
            known["guest", key] = {
                "values": {
                    "given_name": client["firstname"],
                    "family_name": client["lastname"],
                    "gender": "female",
                    "emails": [client["email"]],
                    "phones": [client["phone"]],
                }
            }
        for key, item in self.transactions.items():
            paid = sum(int(item[name]) for name in ("payed_cash", "payed_card", "payed_bonus"))
            known["check", key] = {
                "status": {"1": "open", "2": "paid", "3": "voided"}[item["status"]],
                "guest": item["client_id"],
                "amount_total": self.hryvnias(paid if item["status"] == "2" else int(item["sum"])),
                "amount_tip": "5",
                "covers": 2,
                "outlet": item["spot_id"],
            }
            known["payment", f"{key}:payed_bonus"] = {"amount": "0.5", "method": "other", "check": key}
            known["charge", f"{key}:0"] = {"name": "Борщ", "check": key}
        return known

    @staticmethod
    def hryvnias(kopecks):
        whole, rest = divmod(kopecks, 100)
        return f"{whole}.{rest:02}".rstrip("0").rstrip(".")

    # The interface

    @route("GET", "/api/access.getSpots")
    def get_spots(self, call):
        return json_answer({"response": [{"spot_id": "1", "spot_name": "Поділ"}, {"spot_id": "2", "spot_name": "Лук"}]})

    @route("GET", "/api/settings.getAllSettings")
    def get_settings(self, call):
        return json_answer({"response": {"timezones": "Europe/Kiev", "currency": {"currency_code_iso": "UAH"}}})

    @route("GET", "/api/menu.getProducts")
    def get_products(self, call):
        found = [{"product_id": key, "product_name": name} for key, name in self.products.items()]
        return json_answer({"response": found})

    @route("GET", "/api/clients.getClients")
    def get_clients(self, call):
        self.turn_page()
        found = sorted(self.clients.values(), key=lambda client: int(client["client_id"]))
        if call.query.get("sort", "desc") == "desc":
            found.reverse()
        start = int(call.query.get("offset", 0))
        size = min(int(call.query.get("num", 10**6)), self.page_size)
        return json_answer({"response": found[start : start + size]})

    @route("GET", "/api/clients.getClient")
    def get_client(self, call):
        found = self.clients.get(call.query.get("client_id"))
        return json_answer({"response": [found]}) if found else self.error(32, "no such client")

    @route("POST", "/api/clients.updateClient")
    def update_client(self, call):
        form = call.form()
        client = self.clients.get(form.pop("client_id"))
        if not client:
            return self.error(32, "no such client")
        if "client_groups_id_client" in form:
            form["client_groups_id"] = form.pop("client_groups_id_client")
        client.update(form)
        return json_answer({"response": int(client["client_id"])})

    @route("POST", "/api/clients.removeClient")
    def remove_client(self, call):
        self.clients[call.form()["client_id"]]["delete"] = "1"
        return json_answer({"response": True})

    def day_of(self, item):
        at = int(item["date_close"]) or int(item["date_start"])
        return f"{datetime.datetime.fromtimestamp(at / 1000, self.zone):%Y%m%d}"

    @route("GET", "/api/dash.getTransactions")
    def get_transactions(self, call):
        self.turn_page()
        query = call.query
        found = [
            item
            for item in self.transactions.values()
            if query["dateFrom"] <= self.day_of(item) <= query["dateTo"]
            and query.get("status", "0") in ("0", item["status"])
        ]
        found.sort(key=lambda item: -int(item["transaction_id"]))
        if "next_tr" in query:
            found = [item for item in found if int(item["transaction_id"]) < int(query["next_tr"])]
        return json_answer({"response": [self.shown(item, query) for item in found[: self.page_size]]})

    @route("GET", "/api/dash.getTransaction")
    def get_transaction(self, call):
        found = self.transactions.get(call.query.get("transaction_id"))
        return json_answer({"response": [self.shown(found, call.query)] if found else []})

    @staticmethod
    def shown(item, query):
        if query.get("include_products") == "true":
            return item
        return {name: value for name, value in item.items() if name != "products"}
