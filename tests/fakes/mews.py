"""A Mews of one hotel: tokens in the body, newest first, cursors that are keys of records, windows of three months."""

import calendar
import datetime
import time
import uuid

from .fake import Fake, json_answer, route

UTC = datetime.timezone.utc
SERVICE = str(uuid.UUID(int=1))
CATEGORY, RATE, SEGMENT = (str(uuid.UUID(int=number)) for number in (2, 3, 4))
ADULT, CHILD = (str(uuid.UUID(int=number)) for number in (5, 6))
FOOD, LODGING = (str(uuid.UUID(int=number)) for number in (7, 8))
PROGRAM, GOLD = (str(uuid.UUID(int=number)) for number in (9, 10))
ROOMS = {str(uuid.UUID(int=100 + number)): str(100 + number) for number in range(1, 40)}
BASE = {"ClientToken", "AccessToken", "Client"}
#: What each list may be asked by; Mews has no others.
FILTERS = {
    "customers": {"ChainIds", "CreatedUtc", "UpdatedUtc", "Extent", "ActivityStates", "CustomerIds", "Emails"},
    "companies": {"UpdatedUtc", "CompanyIds", "Names"},
    "reservations": {
        "EnterpriseIds",
        "ServiceIds",
        "ReservationIds",
        "ReservationGroupIds",
        "UpdatedUtc",
        "CollidingUtc",
        "States",
    },
    "items": {"EnterpriseIds", "OrderItemIds", "ServiceOrderIds", "UpdatedUtc", "AccountingStates"},
    "payments": {"EnterpriseIds", "PaymentIds", "ReservationIds", "UpdatedUtc"},
}
IDS = {
    "customers": "CustomerIds",
    "companies": "CompanyIds",
    "reservations": "ReservationIds",
    "items": "OrderItemIds",
    "payments": "PaymentIds",
}


def text(at):
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(value):
    return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))


def three_months_after(at):
    year, month = divmod(at.year * 12 + at.month - 1 + 3, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


class Mews(Fake):
    """:ivar order: ``updated`` or ``created``: by which time lists are sorted, newest first
    :ivar clears: whether an empty list of options clears them
    """

    code = "mews"
    limits = ((200, 30),)
    time_zone = "Europe/Lisbon"

    def __init__(self):
        super().__init__()
        self.order = "updated"
        self.clears = True
        self.lists = {name: {} for name in FILTERS}
        self.companions = []
        self.notes = {}
        self.memberships = {}
        self.numbers = 50

    def settings(self):
        return {"url": self.url}

    def secrets(self):
        return {"client_token": "CLIENT-1", "access_token": "ACCESS-1"}

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.skew, UTC)

    # State

    def add(self, name, at=None, **record):
        """Put a record into a list, or change it; its time of change moves."""
        at = at or self.now()
        key = record.get("Id") or str(uuid.uuid4())
        with self.lock:
            known = self.lists[name].get(key, {"CreatedUtc": text(at)})
            self.lists[name][key] = {**known, **record, "Id": key, "UpdatedUtc": text(at)}
        return key

    def add_customer(self, at=None, **record):
        blank = {"FirstName": None, "Email": None, "HasOtaEmail": False, "Classifications": [], "Options": []}
        return self.add("customers", at, **{**blank, "MergeTargetId": None, "IsActive": True, **record})

    def add_reservation(self, account, at=None, start=None, nights=2, **record):
        self.numbers += 1
        start = start or self.now().replace(hour=14, minute=0, second=0, microsecond=0) + datetime.timedelta(days=3)
        return self.add(
            "reservations",
            at,
            **{
                "ServiceId": SERVICE,
                "AccountId": account,
                "AccountType": "Customer",
                "Number": str(self.numbers),
                "State": "Confirmed",
                "Origin": "Commander",
                "GroupId": str(uuid.uuid4()),
                "RateId": RATE,
                "RequestedResourceCategoryId": CATEGORY,
                "BusinessSegmentId": SEGMENT,
                "ScheduledStartUtc": text(start),
                "ScheduledEndUtc": text(start.replace(hour=11) + datetime.timedelta(days=nights)),
                "PersonCounts": [{"AgeCategoryId": ADULT, "Count": 2}, {"AgeCategoryId": CHILD, "Count": 1}],
                **record,
            },
        )

    def add_item(self, order, gross, net, at=None, currency="EUR", **record):
        amount = {"Currency": currency, "GrossValue": gross, "NetValue": net, "TaxValues": []}
        if gross != net:
            amount["TaxValues"] = [{"Code": "PT-L", "Value": round(gross - net, 4)}]
        return self.add(
            "items",
            at,
            **{
                "ServiceOrderId": order,
                "UnitCount": 1,
                "Type": "SpaceOrder",
                "AccountingState": "Open",
                "AccountingCategoryId": LODGING,
                "ConsumedUtc": text(self.now()),
                "CanceledUtc": None,
                "Amount": amount,
                **record,
            },
        )

    def grow(self, count, at=None):
        keys = []
        for index in range(count):
            number = len(self.lists["customers"])
            guest = self.add_customer(
                at, FirstName=f"Given{number}", LastName=f"Family{number}", Email=f"guest{number}@mail.example"
            )
            stay = self.add_reservation(guest, at, AssignedResourceId=list(ROOMS)[number % len(ROOMS)])
            keys.append(stay)
            if index % 5 == 0:
                self.add_item(stay, 100.5, 94.81, at)
                self.pay(stay, 100.5, at)
            if index % 5 == 1:
                self.companions.append((stay, self.add_customer(at, LastName=f"Companion{number}")))
        return keys

    def pay(self, stay, amount, at=None, **record):
        return self.add(
            "payments",
            at,
            **{
                "ReservationId": stay,
                "Amount": {"Currency": "EUR", "GrossValue": -amount, "NetValue": -amount, "TaxValues": []},
                "State": "Charged",
                "Type": "CashPayment",
                "ChargedUtc": text(self.now()),
                **record,
            },
        )

    def touch(self, key):
        record = self.lists["reservations"][key]
        state = {"Confirmed": "Started", "Started": "Processed"}.get(record["State"], "Confirmed")
        self.add("reservations", Id=key, State=state)

    def merge(self, lost, target):
        self.add("customers", Id=lost, IsActive=False, MergeTargetId=target)

    def expected(self):
        words = {"Confirmed": "reserved", "Started": "in_house", "Processed": "checked_out", "Canceled": "cancelled"}
        found = {}
        for key, one in self.lists["customers"].items():
            values = {"given_name": one["FirstName"], "family_name": one["LastName"], "emails": [one["Email"]]}
            found["guest", key] = {
                "values": {name: value for name, value in values.items() if value not in (None, [None])}
            }
        for key, one in self.lists["reservations"].items():
            companions = [guest for stay, guest in self.companions if stay == key]
            found["stay", key] = {
                "status": words[one["State"]],
                "room": ROOMS[one["AssignedResourceId"]],
                "room_type": "DBL",
                "rate_plan": "FLEX",
                "market": "Leisure",
                "adults": 2,
                "children": 1,
                "arrival": one["ScheduledStartUtc"][:10],
                "booking": one["GroupId"],
                "guests": [
                    {"guest": one["AccountId"], "role": "primary", "pays": True, "sleeps": True},
                    *({"guest": guest, "role": "companion", "pays": False, "sleeps": True} for guest in companions),
                ],
            }
            found["booking", one["GroupId"]] = {"confirmation": one["Number"]}
        for key, one in self.lists["items"].items():
            found["charge", key] = {"stay": one["ServiceOrderId"], "amount_gross": "100.5", "department": "room"}
        for key, one in self.lists["payments"].items():
            found["payment", key] = {"stay": one["ReservationId"], "amount": "100.5", "method": "cash"}
        return found

    def hook(self, *events, enterprise="E1"):
        """Return the body of a web-hook: ``(word, key)`` each."""
        return {
            "EnterpriseId": enterprise,
            "IntegrationId": "I1",
            "Events": [{"Discriminator": word, "Value": {"Id": key}} for word, key in events],
        }

    # Serving

    def authorize(self, call):
        body = call.json() if call.body else {}
        if body.get("ClientToken") != "CLIENT-1" or body.get("AccessToken") != "ACCESS-1" or not body.get("Client"):
            return self.refuse(401, "Invalid AccessToken")
        return None

    def refuse(self, status, message):
        return json_answer({"Message": message, "RequestId": "R1"}, status)

    def answer_list(self, call, name, key):
        body = call.json()
        unknown = body.keys() - BASE - FILTERS[name] - {"Limitation"}
        limitation = body.get("Limitation")
        if unknown or not isinstance(limitation, dict) or not 0 < limitation.get("Count", 0) <= 1000:
            return self.refuse(400, f"Invalid {sorted(unknown) or 'Limitation'}")
        if name == "customers" and "Extent" not in body:
            return self.refuse(400, "Invalid Extent")
        windows = [body[window] for window in ("UpdatedUtc", "CollidingUtc") if window in body]
        if not windows and not any(field.endswith("Ids") and field in body for field in FILTERS[name]):
            return self.refuse(400, "Invalid filter")
        for window in windows:
            start, end = instant(window["StartUtc"]), instant(window["EndUtc"])
            if end < start or end > three_months_after(start):
                return self.refuse(400, "Invalid interval")
        ids = body.get(IDS[name])
        if ids is not None and len(ids) > 1000:
            return self.refuse(400, "Invalid identifiers")
        size = limitation["Count"]
        if windows:
            self.turn_page()
            size = min(size, self.page_size)
        found = self.sorted_list(name, body)
        cursor = limitation.get("Cursor")
        if cursor:
            at = self.rank(name, self.lists[name][cursor])
            found = [one for one in found if self.rank(name, one) < at]
        found = found[:size]
        return json_answer({key: found, "Cursor": found[-1]["Id"] if found else None})

    def rank(self, name, record):
        return record["CreatedUtc" if self.order == "created" else "UpdatedUtc"], record["Id"]

    def sorted_list(self, name, body):
        states = body.get("ActivityStates")
        found = []
        for one in self.lists[name].values():
            if states and ("Active" if one.get("IsActive", True) else "Deleted") not in states:
                continue
            if IDS[name] in body and one["Id"] not in body[IDS[name]]:
                continue
            if "ReservationGroupIds" in body and one["GroupId"] not in body["ReservationGroupIds"]:
                continue
            if window := body.get("UpdatedUtc"):
                if not instant(window["StartUtc"]) <= instant(one["UpdatedUtc"]) <= instant(window["EndUtc"]):
                    continue
            if window := body.get("CollidingUtc"):
                if instant(one["ScheduledStartUtc"]) > instant(window["EndUtc"]):
                    continue
                if instant(one["ScheduledEndUtc"]) < instant(window["StartUtc"]):
                    continue
            found.append(one)
        return sorted(found, key=lambda one: self.rank(name, one), reverse=True)

    @route("POST", "/api/connector/v1/customers/getAll")
    def get_customers(self, call):
        return self.answer_list(call, "customers", "Customers")

    @route("POST", "/api/connector/v1/companies/getAll")
    def get_companies(self, call):
        return self.answer_list(call, "companies", "Companies")

    @route("POST", "/api/connector/v1/reservations/getAll/2023-06-06")
    def get_reservations(self, call):
        return self.answer_list(call, "reservations", "Reservations")

    @route("POST", "/api/connector/v1/orderItems/getAll")
    def get_items(self, call):
        return self.answer_list(call, "items", "OrderItems")

    @route("POST", "/api/connector/v1/payments/getAll")
    def get_payments(self, call):
        return self.answer_list(call, "payments", "Payments")

    @route("POST", "/api/connector/v1/companionships/getAll")
    def get_companionships(self, call):
        wanted = call.json()["ReservationIds"]
        if len(wanted) > 1000:
            return self.refuse(400, "Invalid ReservationIds")
        found = [
            {"Id": str(uuid.uuid4()), "ReservationId": stay, "CustomerId": guest}
            for stay, guest in self.companions
            if stay in wanted
        ]
        return json_answer({"Companionships": found, "Cursor": found[-1]["Id"] if found else None})

    @route("POST", "/api/connector/v1/{kind}/getAll")
    def list_names(self, call, kind):
        lists = {
            "services": ("Services", [{"Id": SERVICE, "Name": "Stay", "Data": {"Discriminator": "Bookable"}}]),
            "resources": ("Resources", [{"Id": key, "Name": name} for key, name in ROOMS.items()]),
            "resourceCategories": (
                "ResourceCategories",
                [{"Id": CATEGORY, "Names": {"en-US": "Double"}, "ShortNames": {"en-US": "DBL"}}],
            ),
            "rates": ("Rates", [{"Id": RATE, "Name": "Fully Flexible", "ShortName": "FLEX"}]),
            "businessSegments": ("BusinessSegments", [{"Id": SEGMENT, "Name": "Leisure"}]),
            "ageCategories": (
                "AgeCategories",
                [{"Id": ADULT, "Classification": "Adult"}, {"Id": CHILD, "Classification": "Child"}],
            ),
            "accountingCategories": (
                "AccountingCategories",
                [
                    {"Id": FOOD, "Name": "Restaurant", "Code": "4100", "Classification": "FoodAndBeverage"},
                    {"Id": LODGING, "Name": "Lodging", "Code": "4000", "Classification": "Accommodation"},
                ],
            ),
            "loyaltyPrograms": ("LoyaltyPrograms", [{"Id": PROGRAM, "Name": "Club"}]),
            "loyaltyTiers": ("LoyaltyTiers", [{"Id": GOLD, "Name": "Gold"}]),
            "accountNotes": ("AccountNotes", list(self.notes.values())),
            "loyaltyMemberships": ("LoyaltyMemberships", list(self.memberships.values())),
        }
        if kind not in lists:
            return self.refuse(404, "Not found")
        key, found = lists[kind]
        body = call.json()
        if accounts := body.get("AccountIds"):
            found = [one for one in found if one["AccountId"] in accounts]
        if kind in ("resourceCategories", "rates") and not body.get("ServiceIds"):
            return self.refuse(400, "Invalid ServiceIds")
        return json_answer({key: found, "Cursor": found[-1]["Id"] if found else None})

    @route("POST", "/api/connector/v1/configuration/get")
    def get_configuration(self, call):
        place = {
            "Name": "Fake Hotel",
            "TimeZoneIdentifier": self.time_zone,
            "Currencies": [{"Currency": "EUR", "IsDefault": True}, {"Currency": "USD", "IsDefault": False}],
        }
        return json_answer({"NowUtc": text(self.now()), "Enterprise": place})

    # Changes

    @route("POST", "/api/connector/v1/customers/update")
    def update_customer(self, call):
        body = call.json()
        record = self.lists["customers"].get(body["CustomerId"])
        if record is None:
            return self.refuse(400, "Invalid CustomerId")
        changes = {name: value for name, value in body.items() if name in record or name == "DietaryRequirements"}
        changes = {name: value for name, value in changes.items() if value or (value == [] and self.clears)}
        self.add("customers", Id=record["Id"], **changes)
        return json_answer(self.lists["customers"][record["Id"]])

    @route("POST", "/api/connector/v1/accountNotes/add")
    def add_note(self, call):
        for note in call.json()["AccountNotes"]:
            if len(note["Content"]) > 1000 or len(note["Classifications"]) != 1:
                return self.refuse(400, "Invalid AccountNotes")
            key = str(uuid.uuid4())
            self.notes[key] = {**note, "Id": key, "IsActive": True}
        return json_answer({"AccountNotes": []})

    @route("POST", "/api/connector/v1/accountNotes/delete")
    def delete_note(self, call):
        for key in call.json()["AccountNoteIds"]:
            del self.notes[key]
        return json_answer({})

    @route("POST", "/api/connector/v1/loyaltyMemberships/add")
    def add_membership(self, call):
        for member in call.json()["LoyaltyMemberships"]:
            key = str(uuid.uuid4())
            self.memberships[key] = {"MembershipNumber": None, "LoyaltyTierId": None, **member, "Id": key}
        return json_answer({"LoyaltyMemberships": []})

    @route("POST", "/api/connector/v1/loyaltyMemberships/update")
    def update_membership(self, call):
        for change in call.json()["LoyaltyMembershipUpdates"]:
            member = self.memberships[change.pop("LoyaltyMembershipId")]
            member |= {name: value["Value"] for name, value in change.items()}
        return json_answer({"LoyaltyMemberships": []})
