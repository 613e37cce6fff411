"""Cloudbeds on a port of this machine, after its descriptions of PMS v1.3, accounting v1.0 and guest profiles v1.0.

Errors come with status 200 and ``success: false``; times of guests and filters are local to the property; merged guests
point to the one that is left; transactions never change.
"""

import datetime
import time
from zoneinfo import ZoneInfo

from .fake import Answer, Fake, json_answer, route

ZONE = ZoneInfo("Europe/Lisbon")
UTC = datetime.timezone.utc
KEY = "cbat_fake_0123456789"
STATUSES = {
    "not_confirmed": "enquiry",
    "confirmed": "reserved",
    "checked_in": "in_house",
    "checked_out": "checked_out",
    "canceled": "cancelled",
    "no_show": "no_show",
}


class Cloudbeds(Fake):
    """:ivar calls: requests as they came
    :ivar refuses: status with which anonymisation is refused
    """

    code = "cloudbeds"
    property_id = "37001"
    organization = "9001"
    currency = "EUR"

    def __init__(self):
        super().__init__()
        self.calls = []
        self.guests = {}
        self.reservations = {}
        self.transactions = {}
        self.merges = []
        self.notes = {}
        self.refuses = None
        self.number = 0

    # For tests

    def settings(self):
        return {
            "url": self.url,
            "property_id": self.property_id,
            "organization": self.organization,
            "accounting": "yes",
            "vip_field": "VIP",
            "tier_field": "Club",
            "unticked": "unknown",
        }

    def secrets(self):
        return {"api_key": KEY}

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.skew, UTC).replace(microsecond=0)

    def add_guest(self, **fields):
        self.number += 1
        key = str(27_000_000 + self.number)
        self.guests[key] = {
            "guestID": key,
            "firstName": "Inês",
            "lastName": f"Almeida{self.number}",
            "gender": "F",
            "email": f"ines{self.number}@mail.example",
            "phone": f"+35121000{self.number:04}",
            **{"cellPhone": "", "country": "PT", "city": "Évora"},
            **{"isAnonymized": False, "guestOptIn": False, "isMerged": False, "newGuestID": ""},
            "customFields": {},
            "modified": self.now(),
            **fields,
        }
        return key

    def add_reservation(self, *guests, rooms=None, at=None, **fields):
        """Add a reservation: one room for all guests, or the given ones (dicts of values that differ)."""
        self.number += 1
        key = str(5_000_000_000_000 + self.number)
        today = self.now().astimezone(ZONE).date()
        rooms = [{}] if rooms is None else rooms
        self.reservations[key] = {
            "reservationID": key,
            "guests": list(guests),
            "status": "confirmed",
            "isDeleted": False,
            "created": at or self.now(),
            "modified": at or self.now(),
            "propertyCurrency": self.currency,
            "additionalItems": 0,
            "taxesFees": 6.6,
            "rooms": [
                {
                    "subReservationID": key if not index else f"{key}-{index + 1}",
                    "guestID": guests[min(index, len(guests) - 1)],
                    "roomCheckIn": (today + datetime.timedelta(days=1)).isoformat(),
                    "roomCheckOut": (today + datetime.timedelta(days=3)).isoformat(),
                    "roomStatus": "not_checked_in",
                    "rate": 110.1,
                    "adults": "2",
                    "children": "0",
                    **room,
                }
                for index, room in enumerate(rooms)
            ],
            **fields,
        }
        return key

    def add_transaction(self, reservation, code, kind, amount, at=None, **fields):
        self.number += 1
        key = str(54_741_000_000_000 + self.number)
        at = at or self.now()
        self.transactions[key] = {
            "id": key,
            "propertyId": self.property_id,
            "internalTransactionCode": code,
            **{"amount": amount, "currency": self.currency, "currencyScale": 2, "quantity": 1},
            **{"rootId": key, "routedFrom": None},
            "customerId": self.reservations[reservation]["guests"][0],
            **{"sourceKind": "RESERVATION", "sourceId": reservation[-8:]},
            **{"sourceIdentifier": reservation, "subSourceIdentifier": reservation},
            "externalRelationKind": kind,
            "description": f"{kind} {code}",
            "transactionDatetime": f"{at:%Y-%m-%dT%H:%M:%S.123456Z}",
            "createdAt": f"{at:%Y-%m-%dT%H:%M:%S.123456Z}",
            "serviceDate": at.astimezone(ZONE).date().isoformat(),
            "businessDate": at.astimezone(ZONE).date().isoformat(),
            **fields,
        }
        return key

    def grow(self, count, at=None):
        keys = []
        at = at or self.now() - datetime.timedelta(seconds=5)  # stamps have whole seconds: a later touch is later
        with self.lock:
            for _index in range(count):
                guest = self.add_guest()
                self.guests[guest]["modified"] = at
                key = self.add_reservation(guest, at=at)
                self.add_transaction(key, "1000", "ROOM", 110.1, at)
                self.add_transaction(key, "9300", "PAYMENT", -110.1, at)
                keys.append(key)
        return keys

    def touch(self, key):
        with self.lock:
            reservation = self.reservations[key]
            reservation["status"] = "checked_in"
            reservation["modified"] = self.now()
            for room in reservation["rooms"]:
                room["roomStatus"] = "in_house"
            guest = self.guests[reservation["guests"][0]]
            guest["cellPhone"] = "+351910000000"
            guest["modified"] = self.now()

    def merge(self, loser, winner):
        """Merge two guests as the front desk does: reservations go over, the lost one points to the other."""
        with self.lock:
            self.guests[loser].update(isMerged=True, newGuestID=winner, modified=self.now())
            for reservation in self.reservations.values():
                if loser in reservation["guests"]:
                    reservation["guests"] = [winner if key == loser else key for key in reservation["guests"]]
                    reservation["modified"] = self.now()
                for room in reservation["rooms"]:
                    room["guestID"] = winner if room["guestID"] == loser else room["guestID"]
            self._tell_merge("merge", [loser, winner], [winner])

    def unmerge(self, loser, winner):
        with self.lock:
            self.guests[loser].update(isMerged=False, newGuestID="")  # the PMS doesn't count that as a change
            self._tell_merge("unmerge", [loser], [loser, winner])

    def _tell_merge(self, kind, before, after):
        self.merges.append(
            {
                "id": str(8723618905976000 + len(self.merges)),
                "mergedAt": f"{self.now():%Y-%m-%d %H:%M:%S}",
                "eventType": kind,
                "beforeMergeProfiles": [{"id": key, "companyName": "*****"} for key in before],
                "afterMergeProfiles": [{"id": key, "companyName": "*****"} for key in after],
            }
        )

    def anonymise(self, key):
        with self.lock:
            self.guests[key].update(
                isAnonymized=True, firstName="Anonymized", lastName="Guest", email="", phone="", modified=self.now()
            )

    def expected(self):
        facts = {}
        for key, guest in self.guests.items():
            if guest["isMerged"]:
                facts["guest", key] = {"op": "merge", "into": guest["newGuestID"]}
            elif guest["isAnonymized"]:
                facts["guest", key] = {"op": "anonymise"}
            else:
                phones = [number for number in (guest["phone"], guest["cellPhone"]) if number]
                values = {"given_name": guest["firstName"], "family_name": guest["lastName"], "gender": "female"}
                values |= {"emails": [guest["email"]], "phones": phones, "country": "PT", "city": guest["city"]}
                facts["guest", key] = {"op": "upsert", "values": values}
        for key, reservation in self.reservations.items():
            facts["booking", key] = {"booker": reservation["guests"][0], "status": STATUSES[reservation["status"]]}
            for room in reservation["rooms"]:
                facts["stay", room["subReservationID"]] = {
                    "booking": key,
                    "guest": room["guestID"],
                    "arrival": room["roomCheckIn"],
                    "departure": room["roomCheckOut"],
                    "status": STATUSES[reservation["status"]],
                    "adults": int(room["adults"]),
                    "amount_room": f"{2 * room['rate']:.1f}",
                }
        for key, line in self.transactions.items():
            if line["externalRelationKind"] == "PAYMENT":
                facts["payment", key] = {"stay": line["subSourceIdentifier"], "amount": f"{-line['amount']:g}"}
            else:
                facts["charge", key] = {"stay": line["subSourceIdentifier"], "amount_gross": f"{line['amount']:g}"}
        return facts

    # Serving

    def answer(self, call):
        self.calls.append(call)
        return super().answer(call)

    def authorize(self, call):
        if call.headers.get("authorization") != f"Bearer {KEY}" and call.headers.get("x-api-key") != KEY:
            return json_answer({"success": False, "message": "Access token is invalid"}, 401)
        return None

    def _paged(self, call, rows):
        self.turn_page()
        size = min(int(call.query.get("pageSize", 100)), 100, self.page_size)
        first = (int(call.query.get("pageNumber", 1)) - 1) * size
        rows = rows()
        page = rows[first : first + size]
        return json_answer({"success": True, "data": page, "count": len(page), "total": len(rows)})

    @route("GET", "/api/v1.3/getHotels")
    def get_hotels(self, call):
        hotel = {
            "propertyID": self.property_id,
            "organizationID": self.organization,
            "propertyName": "Casa do Largo",
            "propertyTimezone": str(ZONE),
            "propertyCurrency": [{"currencyCode": self.currency}],
        }
        return json_answer({"success": True, "data": [hotel], "count": 1, "total": 1})

    @route("GET", "/api/v1.3/getHotelDetails")
    def get_hotel_details(self, call):
        details = {"propertyID": self.property_id, "propertyCurrency": {"currencyCode": self.currency}}
        return json_answer({"success": True, "data": details})

    @route("GET", "/api/v1.3/getGuestsModified")
    def get_guests_modified(self, call):
        def rows():
            found = []
            for guest in sorted(self.guests.values(), key=lambda guest: guest["modified"], reverse=True):
                if not _inside(guest["modified"], call.query, "results"):
                    continue
                stays = [
                    (reservation, room)
                    for reservation in self.reservations.values()
                    if guest["guestID"] in reservation["guests"]
                    for room in reservation["rooms"]
                ]
                for reservation, room in stays or [(None, None)]:
                    found.append(self._guest_row(guest, reservation, room))
            return found

        return self._paged(call, rows)

    def _guest_row(self, guest, reservation, room):
        names = {"address": "guestAddress1"}
        row = {"guestID": guest["guestID"]}
        for name, value in guest.items():
            if name in ("guestID", "modified"):
                continue
            plain = name in ("isAnonymized", "guestOptIn", "isMerged", "newGuestID", "customFields")
            row[name if plain else names.get(name, "guest" + name[0].upper() + name[1:])] = value
        row["customFields"] = _fields(guest)
        row["dateModified"] = _local(guest["modified"])
        row["guestDocumentNumber"] = "X1234567"
        if reservation:
            row |= {"reservationID": reservation["reservationID"], "roomID": "601-0", "roomName": "101"}
        return row

    @route("GET", "/api/v1.3/getGuest")
    def get_guest(self, call):
        guest = self.guests.get(call.query.get("guestID"))
        if guest is None:
            return json_answer({"success": False, "message": "Guest not found"})
        data = {name: value for name, value in guest.items() if name not in ("guestID", "modified")}
        return json_answer({"success": True, "data": {**data, "customFields": _fields(guest)}})

    @route("GET", "/api/v1.3/getReservationsWithRateDetails")
    def get_reservations(self, call):
        query = call.query

        def rows():
            found = []
            for reservation in sorted(self.reservations.values(), key=lambda one: one["modified"], reverse=True):
                last = max((room["roomCheckOut"] for room in reservation["rooms"]), default="")
                if (
                    ("modifiedFrom" in query and not _inside(reservation["modified"], query, "modified"))
                    or (
                        "reservationID" in query
                        and reservation["reservationID"] not in query["reservationID"].split(",")
                    )
                    or (reservation["isDeleted"] and query.get("includeDeleted") != "true")
                    or ("reservationCheckOutFrom" in query and last < query["reservationCheckOutFrom"])
                    or ("reservationCheckOutTo" in query and last > query["reservationCheckOutTo"])
                ):
                    continue
                found.append(self._reservation_row(reservation))
            return found

        return self._paged(call, rows)

    def _reservation_row(self, reservation):
        rooms, total = [], 0
        for room in reservation["rooms"]:
            nights = _nights(room["roomCheckIn"], room["roomCheckOut"])
            room = dict(room)
            rate = room.pop("rate")
            total += rate * len(nights)
            rooms.append(
                {
                    **{"roomTypeName": "Double", "roomTypeIsVirtual": False, "roomName": "101"},
                    **{"rateName": "Flexible", "marketCode": "LEI"},
                    **room,
                    "detailedRoomRates": {night: rate for night in nights},
                }
            )
        taxes, items = reservation["taxesFees"], reservation["additionalItems"]
        people = {}
        for key in reservation["guests"]:
            guest = self.guests[key]
            row = self._guest_row(guest, None, None)
            people[key] = {
                **{name: value for name, value in row.items() if name.startswith(("guest", "is", "custom"))},
                "isMainGuest": key == reservation["guests"][0],
                "rooms": [{"subReservationID": room["subReservationID"]} for room in rooms if room["guestID"] == key],
            }
            people[key].pop("guestOptIn")
            people[key].pop("isMerged")
        bill = {"subTotal": round(total, 2), "additionalItems": items, "taxesFees": taxes, "paid": 0}
        row = {
            "propertyID": self.property_id,
            "reservationID": reservation["reservationID"],
            "isDeleted": reservation["isDeleted"],
            "dateCreated": _local(reservation["created"]),
            "dateCreatedUTC": _utc(reservation["created"]),
            "dateModified": _local(reservation["modified"]),
            "dateModifiedUTC": _utc(reservation["modified"]),
            "dateCancelled": _local(reservation["modified"]) if reservation["status"] == "canceled" else None,
            "status": reservation["status"],
            "guestID": reservation["guests"][0],
            "profileID": reservation["guests"][0],
            "sourceName": "Website",
            "thirdPartyIdentifier": "4000056655665556",  # a number of the channel that passes the check of cards
            "propertyCurrency": reservation["propertyCurrency"],
            "balanceDetailed": {**bill, "grandTotal": round(total + taxes + items, 2)},
            "total": round(total + taxes + items, 2),
            "balance": 0,
            "rooms": rooms,
            "guestList": people,
            "mealPlans": "Breakfast",
            "estimatedArrivalTime": "15:30",
        }
        own = ("guests", "created", "modified", "rooms", "additionalItems", "taxesFees")
        return {**row, **{name: value for name, value in reservation.items() if name not in own}}

    @route("GET", "/api/v1.3/getGuestNotes")
    def get_notes(self, call):
        return json_answer({"success": True, "data": self.notes.get(call.query["guestID"], [])})

    @route("POST", "/api/v1.3/postGuestNote")
    def post_note(self, call):
        form = call.form()
        self.number += 1
        note = {"guestNoteID": str(self.number), "userName": "API", "guestNote": form["guestNote"]}
        self.notes.setdefault(form["guestID"], []).append(note)
        return json_answer({"success": True, "guestNoteID": note["guestNoteID"]})

    @route("PUT", "/api/v1.3/putGuestNote")
    def put_note(self, call):
        form = call.form()
        for note in self.notes.get(form["guestID"], []):
            if note["guestNoteID"] == form["noteID"]:
                note["guestNote"] = form["guestNote"]
                return json_answer({"success": True})
        return json_answer({"success": False, "message": "Note not found"})

    @route("PUT", "/api/v1.3/putGuest")
    def put_guest(self, call):
        form = call.form()
        guest = self.guests[form["guestID"]]
        name = form["guestCustomFields[0][customFieldName]"]
        guest["customFields"][name] = form["guestCustomFields[0][customFieldValue]"]
        guest["modified"] = self.now()
        return json_answer({"success": True})

    @route("POST", "/accounting/v1.0/transactions")
    def list_transactions(self, call):
        self.turn_page()
        body = call.json()
        rows = [row for _key, row in sorted(self.transactions.items()) if _fits(row, body["filters"])]
        size = min(body.get("limit", 100), 1100, self.page_size)
        first = int(body.get("pageToken") or 0)
        answer = {"transactions": rows[first : first + size]}
        if first + size < len(rows):
            answer["nextPageToken"] = str(first + size)
        return json_answer(answer)

    @route("GET", "/guest-profiles/v1/merges")
    def list_merges(self, call):
        size = int(call.query.get("perPage", 20))
        first = (int(call.query.get("page", 1)) - 1) * size
        page = {"offset": first, "limit": size, "total": len(self.merges), "data": self.merges[first : first + size]}
        return json_answer([page])  # the vendor's example is a list

    def _profile(self, key):
        guest = self.guests.get(key)
        if guest is None:
            return None
        return {
            "id": key,
            "firstName": guest["firstName"],
            "lastName": guest["lastName"],
            "isOptIn": guest["guestOptIn"],
            "taxId": "*****",
            **({"dateAnonymized": "2026-01-01T00:00:00+00:00"} if guest["isAnonymized"] else {}),
        }

    @route("GET", "/guest-profiles/v1/profiles/{key}")
    def get_profile(self, call, key):
        profile = self._profile(key)
        return json_answer(profile) if profile else json_answer({"message": "Profile not found"}, 404)

    @route("PATCH", "/guest-profiles/v1/profiles/{key}")
    def patch_profile(self, call, key):
        self.guests[key].update(guestOptIn=call.json()["isOptIn"], modified=self.now())
        return json_answer(self._profile(key))

    @route("POST", "/guest-profiles/v1/profiles/{key}/anonymize")
    def anonymise_profile(self, call, key):
        if self.refuses:
            return json_answer({"message": "no"}, self.refuses)
        if self.guests[key]["isAnonymized"]:
            return Answer(422)
        self.anonymise(key)
        return json_answer(self._profile(key))


def _local(at):
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def _utc(at):
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _inside(at, query, name):
    return query.get(f"{name}From", "") <= _local(at) <= query.get(f"{name}To", "9")


def _fields(guest):
    return [{"customFieldName": name, "customFieldValue": value} for name, value in guest["customFields"].items()]


def _nights(first, last):
    first, last = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    return [(first + datetime.timedelta(days=index)).isoformat() for index in range((last - first).days)]


_FIELDS = {"transaction_datetime": "transactionDatetime", "business_date": "businessDate", "id": "id"}


def _fits(row, condition):
    if "and" in condition:
        return all(_fits(row, part) for part in condition["and"])
    value, wanted = row[_FIELDS[condition["field"]]], condition["value"]
    return {
        "equals": value == wanted,
        "less_than": value < wanted,
        "greater_than_or_equal": value >= wanted,
    }[condition["operator"]]
