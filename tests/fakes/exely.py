"""An Exely of one hotel with its PMS: tokens that never end, searches in local time, limits per interface."""

import base64
import datetime
import json
import time
import uuid
from zoneinfo import ZoneInfo

from .fake import Fake, json_answer, open_to_all, route

UTC = datetime.timezone.utc
FIRST = 4503599627370000
#: Limits per interface: list, detail, PMS, sign-in.
LIMITS = {
    "list": ((3, 1), (100, 60), (3000, 3600)),
    "detail": ((10, 1), (200, 60), (4000, 3600)),
    "pms": ((50, 1), (200, 60), (3000, 3600)),
    "auth": ((3, 1), (15, 60), (300, 3600)),
}


def seconds(at):
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Exely(Fake):
    """:ivar tokens: what sign-ins have given that is still valid
    :ivar has_limits: whether calls are counted
    """

    code = "exely"
    zone = ZoneInfo("Europe/Lisbon")
    property_id = "500360"
    key = "1afce52e-80b6-4941-a6ae-2010c340bea1"

    def __init__(self):
        super().__init__()
        self.reservations = {}
        self.guests = {}
        self.invoices = {}
        self.cards = {}
        self.only_pms = set()
        self.modified = {}
        self.created = {}
        self.tokens = set()
        self.has_limits = True
        self.next_id = FIRST
        self.rooms = {str(FIRST - number): str(200 + number) for number in range(1, 30)}

    def settings(self):
        return {"url": self.url, "property_id": self.property_id, "client_id": "c1"}

    def secrets(self):
        return {"client_secret": "s1"}

    def limits_of(self, call):
        name = "pms" if "/api/pms/" in call.path else "auth" if call.path == "/auth/token" else "list"
        if name == "list" and not call.path.endswith(("/bookings", self.property_id)):
            name = "detail"
        return name, LIMITS[name] if self.has_limits else ()

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.skew, UTC)

    def new_id(self):
        self.next_id += 1
        return str(self.next_id)

    # State

    def add_guest(self, first, last, **more):
        key = self.new_id()
        self.guests[key] = {
            "pmsPersonId": key,
            "personName": {"lastName": last, "firstName": first, "middleName": None},
            "birthDate": None,
            "citizenship": "ARM",
            "status": {"id": "0", "displayName": "Not selected"},
            "emails": [{"address": f"{first}@mail.example".lower()}],
            "phones": [],
            "gender": "Unknown",
            **more,
        }
        return key

    def add_stay(self, guests, start="2026-12-10T14:00", end="2026-12-12T12:00", **more):
        return {
            "pmsRoomStayId": self.new_id(),
            "roomId": next(iter(self.rooms)),
            "roomTypeId": "315367",
            "guestsIds": guests,
            "checkInDateTime": start,
            "checkOutDateTime": end,
            "actualCheckInDateTime": None,
            "actualCheckOutDateTime": None,
            "status": "New",
            "guestCount": {"adults": 2, "children": 1},
            "totalPrice": {
                "amount": {"value": 200.0, "currencyCode": None},
                "payAmount": {"value": 50.0, "currencyCode": None},
                "refundAmount": {"value": 0.0, "currencyCode": None},
            },
            "amenities": [],
            **more,
        }

    def add_reservation(self, customer, stays, at=None, **more):
        number = f"20261210-{self.property_id}-{len(self.reservations) + 18494992}"
        self.reservations[number] = {
            "number": number,
            "customerLanguageCode": "hy",
            "customerComment": "",
            "currencyCode": "EUR",
            "customer": customer and self.guests[customer],
            "creationSource": {"id": "25", "name": "Online"},
            "channelInformation": None,
            "reservationStatus": "Confirmed",
            "roomStays": stays,
            **more,
        }
        self.created[number] = self.modified[number] = at or self.now()
        return number

    def change(self, number, at=None, **more):
        with self.lock:
            self.reservations[number] |= more
            self.modified[number] = at or self.now()

    def grow(self, count, at=None):
        keys = []
        for index in range(count):
            order = len(self.reservations)
            customer = self.add_guest(f"Given{order}", f"Family{order}")
            stays = [self.add_stay([customer])]
            if index % 5 == 0:
                stays.append(self.add_stay([self.add_guest(f"Mate{order}", f"Mate{order}")]))
            number = self.add_reservation(customer, stays, at)
            if index % 7 == 0:
                self.add_invoice(number, stays[0]["pmsRoomStayId"], ("RoomType", 110), ("Option", 22.5))
            keys.append(number)
        return keys

    def add_invoice(self, number, stay, *items, percent=10):
        vat = {"applicable": True, "included": True, "percent": percent}
        lines = [
            {"name": kind, "kind": kind, "total": {"value": value, "currencyCode": None}, "vat": vat}
            for kind, value in items
        ]
        self.invoices.setdefault(number, []).append({"number": f"{number}-01", "pmsRoomStayId": stay, "items": lines})

    def touch(self, key):
        stay = self.reservations[key]["roomStays"][0]
        stay["status"] = {"New": "CheckedIn", "CheckedIn": "CheckedOut"}.get(stay["status"], "New")
        self.change(key)

    def expected(self):
        words = {"New": "reserved", "CheckedIn": "in_house", "CheckedOut": "checked_out"}
        found = {}
        for key, guest in self.guests.items():
            name = guest["personName"]
            values = {
                "given_name": name["firstName"],
                "family_name": name["lastName"],
                "nationality": "AM",
                "emails": [guest["emails"][0]["address"]],
            }
            if any(one["customer"] and one["customer"]["pmsPersonId"] == key for one in self.reservations.values()):
                values["lang"] = "hy"
            found["guest", key] = {"values": values}
        for number, one in self.reservations.items():
            found["booking", number] = {"confirmation": number, "status": "reserved", "channel": "Online"}
            for stay in one["roomStays"]:
                found["stay", stay["pmsRoomStayId"]] = {
                    "booking": number,
                    "status": words[stay["status"]],
                    "arrival": stay["checkInDateTime"][:10],
                    "departure": stay["checkOutDateTime"][:10],
                    "room": self.rooms[stay["roomId"]],
                    "currency": "EUR",
                    "amount_total": "132.5" if self.has_invoice(number, stay) else "200",
                }
        return found

    def has_invoice(self, number, stay):
        return any(one["pmsRoomStayId"] == stay["pmsRoomStayId"] for one in self.invoices.get(number, ()))

    # Web-hooks

    def hook(self, *numbers, word="webpms:check_in"):
        return [
            {
                "eventId": str(uuid.uuid4()),
                "eventType": word,
                "creationTime": seconds(self.now()),
                "payload": {"BookingNumber": number, "PropertyId": self.property_id},
            }
            for number in numbers
        ]

    def proof(self, with_login=False):
        if with_login:
            return {"authorization": "Basic " + base64.b64encode(b"exely:pass").decode()}
        return {"api-key": self.key}

    # Serving

    def authorize(self, call):
        if call.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens:
            return None
        return json_answer({"errors": [{"code": "401", "message": "Unauthorized"}]}, 401)

    @open_to_all
    @route("POST", "/auth/token")
    def sign_in(self, call):
        form = call.form()
        if form.get("client_secret") != "s1" or form.get("client_id") != "c1":
            return json_answer({"error": "unauthorized_client", "error_description": "Invalid client"}, 400)
        token = str(uuid.uuid4())
        self.tokens.add(token)
        return json_answer({"access_token": token, "expires_in": 900, "token_type": "Bearer"})

    @route("GET", "/api/read-reservation/v1/properties/{place}/bookings")
    def get_bookings(self, call, place):
        token, since = call.query.get("continueToken"), call.query.get("lastModification")
        count = int(call.query.get("count", 1000))
        if (token and since) or not 0 < count <= 1000:
            return json_answer({"error": "bad request"}, 400)
        if since:
            if not since.endswith("Z"):
                return json_answer({"error": "bad lastModification"}, 400)
            start = datetime.datetime.fromisoformat(since.replace("Z", "+00:00")).timestamp(), ""
        elif token:
            try:
                start = tuple(json.loads(base64.b64decode(token)))
            except ValueError:
                return json_answer({"error": "bad continueToken"}, 400)
        else:
            start = 0.0, ""
        self.turn_page()
        ranked = sorted((at.timestamp(), number) for number, at in self.modified.items() if number not in self.only_pms)
        found = [one for one in ranked if one > start][: min(count, self.page_size)]
        last = found[-1] if found else start
        rest = [one for one in ranked if one > last]
        return json_answer(
            {
                "continueToken": base64.b64encode(json.dumps(last).encode()).decode(),
                "hasMoreData": bool(rest),
                "bookingSummaries": [
                    {"number": number, "propertyId": int(place), "status": "Active"} for _at, number in found
                ],
            }
        )

    @route("GET", "/api/read-reservation/v1/properties/{place}/bookings/{number}")
    def get_booking(self, call, place, number):
        if number not in self.reservations or number in self.only_pms:
            return json_answer({"errors": []}, 404)
        one = self.reservations[number]
        total = {"priceBeforeTax": 180.0, "priceAfterTax": 200.0, "taxAmount": 20.0, "taxes": [], "discounts": []}
        return json_answer(
            {
                "booking": {
                    "propertyId": place,
                    "number": number,
                    "status": "Cancelled" if one["reservationStatus"] == "Cancelled" else "Active",
                    "createdDateTime": seconds(self.created[number]),
                    "modifiedDateTime": seconds(self.modified[number]),
                    "guaranteeInfo": {"loyalty": None, "totalPrepaid": 0.0},
                    "currencyCode": one["currencyCode"],
                    "roomStays": [
                        {
                            "index": index,
                            "stayDates": {
                                "arrivalDateTime": stay["checkInDateTime"],
                                "departureDateTime": stay["checkOutDateTime"],
                            },
                            "ratePlans": [{"id": "307225", "name": "Best offer"}],
                            "roomType": {"id": stay["roomTypeId"], "name": "Standard"},
                            "guestCount": {"adultCount": 2, "childAges": [5]},
                            "guests": [{"firstName": "Ann", "lastName": "Other"}],
                            "total": total,
                        }
                        for index, stay in enumerate(one["roomStays"])
                    ],
                    "total": total,
                    "cancellation": None,
                    "source": {"type": "Channel", "code": "PA2"},
                    "customer": one["customer"] and {"firstName": "Sherlock", "lastName": "Holmes"},
                }
            }
        )

    @route("GET", "/api/pms/v2/properties/{place}/reservations/search")
    def find_reservations(self, call, place):
        query = call.query
        if query.get("state") not in ("Active", "Cancelled") or int(query.get("maxPageSize", 0)) > 100:
            return json_answer({"errors": [{"code": "11", "message": "state"}]}, 400)
        if "pageToken" in query:
            state, kind, start, end, after = json.loads(base64.b64decode(query["pageToken"]))
        else:
            kind = "Modify" if "startModifyDateTime" in query else "AffectPeriod"
            start, end = query[f"start{kind}DateTime"], query[f"end{kind}DateTime"]
            state, after = query["state"], ""
            days = datetime.datetime.fromisoformat(end) - datetime.datetime.fromisoformat(start)
            if len(start) != 16 or days > datetime.timedelta(days=365):
                return json_answer({"errors": [{"code": "11", "message": "Incorrect dates format"}]}, 400)
        self.turn_page()
        found = [
            number
            for number in sorted(self.reservations)
            if number > after
            and (self.reservations[number]["reservationStatus"] == "Cancelled") == (state == "Cancelled")
            and self.is_inside(number, kind, start, end)
        ]
        page = found[: min(100, self.page_size)]
        more = len(found) > len(page)
        token = [state, kind, start, end, page[-1] if page else after]
        return json_answer(
            {
                "nextPageToken": base64.b64encode(json.dumps(token).encode()).decode() if more else None,
                "hasNextPage": more,
                "reservations": [{"number": number} for number in page],
            }
        )

    def is_inside(self, number, kind, start, end):
        if kind == "Modify":
            return start <= f"{self.modified[number].astimezone(self.zone):%Y-%m-%dT%H:%M}" <= end
        stays = self.reservations[number]["roomStays"]
        return any(one["checkInDateTime"] < end and one["checkOutDateTime"] > start for one in stays)

    @route("GET", "/api/pms/v2/properties/{place}/reservations/{number}")
    def get_reservation(self, call, place, number):
        if number not in self.reservations:
            return json_answer({"errors": []}, 404)
        modified = {"modifyDateTime": seconds(self.modified[number])}
        return json_answer({"reservation": {**self.reservations[number], **modified}})

    @route("GET", "/api/pms/v2/properties/{place}/reservations/{number}/invoices")
    def get_invoices(self, call, place, number):
        return json_answer({"invoices": self.invoices.get(number, []), "hasNextPage": False, "nextPageToken": None})

    @route("GET", "/api/pms/v2/properties/{place}/guests/{key}")
    def get_guest(self, call, place, key):
        if key not in self.guests:
            return json_answer({"errors": []}, 404)
        return json_answer({"guest": self.guests[key]})

    @route("GET", "/api/pms/v2/properties/{place}/guests/{key}/loyalty-cards")
    def get_cards(self, call, place, key):
        return json_answer({"loyaltyCards": self.cards.get(key, []), "hasNextPage": False, "nextPageToken": None})

    @route("GET", "/api/pms/v2/properties/{place}/obtain-accommodation-inventory")
    def get_inventory(self, call, place):
        rooms = [{"id": key, "displayName": name, "roomTypeId": "315367"} for key, name in self.rooms.items()]
        floors = [{"id": "1", "name": "1st floor", "rooms": rooms}]
        return json_answer({"accommodationInventory": {"buildings": [{"id": "1", "name": "Main", "floors": floors}]}})

    @route("GET", "/api/content/v1/properties/{place}")
    def get_content(self, call, place):
        return json_answer({"id": place, "name": "Fake Hotel", "timeZone": {"id": str(self.zone)}})
