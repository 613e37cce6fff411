"""A house's own system with a JSON interface: pages in four styles, times of change, one record by its key."""

import datetime
import hashlib
import hmac
import itertools
import json
import urllib.parse

from .fake import Answer, Fake, json_answer, open_to_all, route

UTC = datetime.timezone.utc
COLUMNS = {
    "id": "stay.external_id",
    "from": "stay.arrival",
    "to": "stay.departure",
    "state": "stay.status",
    "price.total": "stay.amount_total",
    "price.currency": "stay.currency",
    "guest.no": "guest.external_id",
    "guest.name": "guest.name",
    "guest.mail": "guest.email",
}


class RestFake(Fake):
    """:ivar style: how its pages follow each other, see `LISTS`"""

    code = "rest"
    limits = ()

    def __init__(self, style="page"):
        super().__init__()
        self.style = style
        self.bookings = {}
        self.numbers = itertools.count(1)

    def settings(self):
        entry = {
            "name": "bookings",
            "rows": "stay",
            "path": "/v1/bookings",
            "items": "data.items",
            "id": "id",
            "version": "changed",
            "detail_path": "/v1/bookings/{id}",
            "since_param": "changedFrom",
            "until_param": "changedTo",
            "time_format": "iso",
            "paging": self.style,
            "page_param": {"page": "page", "offset": "skip", "cursor": "after"}.get(self.style),
            "size_param": "limit",
            "size": 3 if self.style in ("page", "offset") else 100,
            "cursor_path": "data.next",
            "mapping": 1,
        }
        plan = {
            "mapping": {
                "rows": "stay",
                "columns": [{"column": column, "target": target} for column, target in COLUMNS.items()],
            },
            "header": list(COLUMNS),
            "places": {},
            "tz": "Europe/Lisbon",
        }
        sweep = {**entry, "name": "arrivals", "kind": "sweep", "since_param": "from", "until_param": "to"}
        return {
            "url": f"{self.url}/api",
            "auth": "oauth",
            "token_url": f"{self.url}/token",
            "client_id": "hotel",
            "lists": [entry, sweep],
            "plans": {"1": json.dumps(plan)},
            "hook_items": "events",
            "hook_id": "booking",
        }

    def secrets(self):
        return {"client_secret": "s3cret"}

    def now(self):
        return datetime.datetime.now(UTC) + datetime.timedelta(seconds=self.skew)

    def grow(self, count, at=None):
        keys = []
        for _index in range(count):
            number = next(self.numbers)
            day = self.now().date() + datetime.timedelta(days=number % 5)
            key = f"B{number:05}"
            self.bookings[key] = {
                "id": key,
                "from": day.isoformat(),
                "to": (day + datetime.timedelta(days=2)).isoformat(),
                "state": "reserved",
                "price": {"total": 120.10 + number, "currency": "EUR"},
                "guest": {"no": number, "name": f"Marta {number}", "mail": f"marta{number}@mail.example"},
                "changed": (at or self.now()).isoformat(timespec="milliseconds"),
            }
            keys.append(key)
        return keys

    def touch(self, key):
        self.bookings[key].update(state="in_house", changed=self.now().isoformat(timespec="milliseconds"))

    def expected(self):
        found = {}
        for key, booking in self.bookings.items():
            guest = booking["guest"]
            found["guest", str(guest["no"])] = {"values": {"name": guest["name"], "emails": [guest["mail"]]}}
            found["stay", key] = {
                "guest": str(guest["no"]),
                "arrival": booking["from"],
                "departure": booking["to"],
                "status": booking["state"],
                "amount_total": f"{booking['price']['total']:.2f}".rstrip("0"),
                "currency": "EUR",
            }
        return found

    def authorize(self, call):
        return None if call.headers.get("authorization") == "Bearer t-1" else json_answer({"error": "who?"}, 401)

    @route("POST", "/token")
    @open_to_all
    def token(self, call):
        form = call.form()
        if form.get("client_secret") != "s3cret" or form.get("grant_type") != "client_credentials":
            return json_answer({"error": "invalid_client"}, 401)
        return json_answer({"access_token": "t-1", "expires_in": 600})

    @route("GET", "/api/v1/bookings")
    def list(self, call):
        self.turn_page()
        query = call.query
        name = "changed" if "changedFrom" in query else "from"
        low, high = (query["changedFrom"], query["changedTo"]) if name == "changed" else (query["from"], query["to"])
        # Newest last; a change moves a booking to the end, and those behind it one place forward.
        found = sorted(
            (one for one in self.bookings.values() if low[:19] <= one[name][:19] <= high[:19]),
            key=lambda one: (one[name], one["id"]),
        )
        size = min(int(query.get("limit", 100)), 100)
        if self.style == "page":
            start = (int(query.get("page", 1)) - 1) * size
        elif self.style == "offset":
            start = int(query.get("skip", 0))
        else:
            size = min(size, self.page_size)
            after = query.get("after")
            start = (
                next((at for at, one in enumerate(found) if f"{one[name]}|{one['id']}" > after), len(found))
                if after
                else 0
            )
        page = found[start : start + size]
        data = {"items": page}
        if self.style in ("cursor", "link") and start + size < len(found):
            mark = f"{page[-1][name]}|{page[-1]['id']}"
            data["next"] = mark if self.style == "cursor" else f"{call.path}?{_query(query, mark)}"
        return json_answer({"data": data})

    @route("GET", "/api/v1/bookings/{key}")
    def one(self, call, key):
        found = self.bookings.get(key)
        return json_answer({"data": {"items": [found]}}) if found else json_answer({"error": "no such"}, 404)

    @staticmethod
    def proof(body, key="hook-key"):
        return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()

    @route("GET", "/elsewhere")
    def elsewhere(self, call):
        return Answer(200, b"never asked for")


def _query(query, mark):
    return urllib.parse.urlencode({**query, "after": mark})
