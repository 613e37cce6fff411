"""OPERA Cloud behind its gateway, after Oracle's specifications of 25.5.

Business events are gone once they were read; summaries and the journal are made in the background; a profile that was
merged away exists no more; answers differ in their wrappers from property to property, here from profile to profile.
"""

import base64
import datetime
import itertools
import time
import uuid
from zoneinfo import ZoneInfo

from .fake import Answer, Fake, json_answer, open_to_all, route

ZONE = ZoneInfo("Europe/Lisbon")
UTC = datetime.timezone.utc
HOTEL, SYSTEM = "HOTEL1", "CRMSYS"
APP_KEY = "0f9c1c3e-6a55-4a39-9d6a-3c1c6f5c2a11"
CLIENT, SECRET = "crm_client", "s3cret-of-the-gateway"
STATUSES = {
    "Reserved": "reserved",
    "DueIn": "reserved",
    "InHouse": "in_house",
    "CheckedOut": "checked_out",
    "Cancelled": "cancelled",
    "NoShow": "no_show",
}


class Ohip(Fake):
    """:ivar polls: how often a job is asked after before it is done
    :ivar max_age: seconds that a client is asked to wait then
    :ivar refusals: why a profile isn't forgotten
    """

    code = "ohip"
    currency = "EUR"

    def __init__(self):
        super().__init__()
        self.calls = []
        self.token = "token-1"
        self.signed_in = 0
        self.profiles = {}
        self.reservations = {}
        self.postings = {}
        self.queue = []
        self.jobs = {}
        self.polls = 1
        self.max_age = 1
        self.refusals = []
        self.lines = "journal"
        self.number = 0
        # The description and its example don't agree about how a profile is answered.
        self.shapes = itertools.cycle(("example", "schema"))

    # For tests

    def settings(self):
        return {
            "url": self.url,
            "client_id": CLIENT,
            "grant": "client_credentials",
            "scope": "urn:opc:hgbu:ws:__myscopes__",
            "enterprise_id": "ENT1",
            "hotel_id": HOTEL,
            "external_system": SYSTEM,
            "lines": self.lines,
            "departments": "1000-1999=room 2000-2999=fb",
            "diet_types": "DIET,ALLERGY",
            "preference_type": "SPECIALS",
            "codes": "FTH=FTH nuts=NUT milk=MLK",
            "unticked": "unknown",
        }

    def secrets(self):
        return {"app_key": APP_KEY, "client_secret": SECRET}

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.skew, UTC).replace(microsecond=0)

    def add_profile(self, at=None, **fields):
        self.number += 1
        key = str(1_280_000 + self.number)
        self.profiles[key] = {
            "shape": next(self.shapes),
            "given": "John",
            "surname": f"Smith{self.number}",
            "email": f"john{self.number}@mail.example",
            "phones": [f"+35121000{self.number:04}"],
            "vip": "",
            "privacy": {},
            "memberships": [],
            "preferences": [],
            "comments": [],
            "anonymization": None,
            "modified": at or self.now(),
            **fields,
        }
        self.tell("Profile", "NEW PROFILE", key, {"FIRST NAME": (None, "John"), "EMAIL": (None, "x@mail.example")})
        return key

    def add_reservation(self, *guests, at=None, **fields):
        self.number += 1
        key = str(919_000 + self.number)
        today = self.now().astimezone(ZONE).date()
        self.reservations[key] = {
            "confirmation": str(1_462_000 + self.number),
            "guests": list(guests),
            "status": "Reserved",
            "arrival": (today + datetime.timedelta(days=1)).isoformat(),
            "departure": (today + datetime.timedelta(days=3)).isoformat(),
            "created": at or self.now(),
            "modified": at or self.now(),
            "extra": {},
            **fields,
        }
        self.tell("Reservation", "NEW RESERVATION", key, {"RESERVATION STATUS": (None, "RESERVED")})
        return key

    def add_posting(self, reservation, code, kind, amount, **fields):
        self.number += 1
        key = 5_500_000 + self.number
        day = fields.pop("day", None) or self.now().astimezone(ZONE).date().isoformat()
        money = {"amount": amount, "currencyCode": self.currency}
        posting = {
            "transactionNo": key,
            "transactionCode": code,
            "transactionDescription": f"Posting {code}",
            "transactionType": kind,
            "transactionDate": day,
            "quantity": 1,
            "folioWindowNo": 1,
            "creditAmount" if kind == "Payment" else "debitAmount": money,
            "guestInfo": {"reservationId": {"id": reservation, "type": "Reservation"}},
            **fields,
        }
        if kind == "Payment":
            card = {"cardType": "Va", "cardNumber": "4111111111111111", "cardNumberLast4Digits": "1111"}
            posting["paymentMethod"] = {"paymentMethod": "VA", "paymentCard": card}
        self.postings[key] = posting
        return str(key)

    def grow(self, count, at=None):
        keys = []
        at = at or self.now() - datetime.timedelta(seconds=5)
        with self.lock:
            for _index in range(count):
                key = self.add_reservation(self.add_profile(at), at=at)
                self.add_posting(key, "1000", "Revenue", 110.1)
                self.add_posting(key, "9004", "Payment", 110.1)
                keys.append(key)
        return keys

    def touch(self, key):
        with self.lock:
            reservation = self.reservations[key]
            reservation.update(status="InHouse", modified=self.now())
            self.tell("Reservation", "CHECK IN", key, {"RESERVATION STATUS": ("RESERVED", "CHECKED IN")})
            profile = self.profiles[reservation["guests"][0]]
            profile.update(phones=[*profile["phones"][:1], "+351910000000"], modified=self.now())
            self.tell("Profile", "UPDATE PROFILE", reservation["guests"][0], {})

    def tell(self, module, action, key, details):
        self.number += 1
        header = {
            "moduleName": module,
            "actionType": action,
            "actionId": self.number,
            "primaryKey": key,
            "createdDateTime": f"{self.now().astimezone(ZONE):%Y-%m-%d %H:%M:%S}.0",
            "hotelId": HOTEL,
        }
        rows = [
            {"dataElement": name, **({"oldValue": old} if old else {}), "newValue": new}
            for name, (old, new) in details.items()
        ]
        event = {"header": header, "details": rows}
        self.queue.append({"businessEvent": event, "businessEventId": {"id": str(2_000_000 + self.number)}})

    def merge(self, lost, left):
        """Merge two profiles: the lost one is deleted, and its reservations name the other one."""
        with self.lock:
            del self.profiles[lost]
            for key, reservation in self.reservations.items():
                if lost in reservation["guests"]:
                    reservation["guests"] = [left if guest == lost else guest for guest in reservation["guests"]]
                    reservation["modified"] = self.now()
                    self.tell("Reservation", "UPDATE RESERVATION", key, {"GUEST NAME ID": (lost, left)})

    def anonymise(self, key):
        with self.lock:
            blank = {"given": "XXXX", "surname": "XXXX", "email": "", "phones": []}
            self.profiles[key].update(blank, anonymization="Anonymized", modified=self.now())
            self.tell("Profile", "UPDATE PROFILE", key, {})

    def expected(self):
        facts = {}
        for key, profile in self.profiles.items():
            if profile["anonymization"] == "Anonymized":
                facts["guest", key] = {"op": "anonymise"}
                continue
            values = {"given_name": profile["given"], "family_name": profile["surname"], "country": "PT"}
            values |= {"emails": [profile["email"]], "phones": profile["phones"], "city": "Lisboa", "gender": "male"}
            facts["guest", key] = {"op": "upsert", "values": values}
        for key, reservation in self.reservations.items():
            facts["booking", reservation["confirmation"]] = {"booker": reservation["guests"][0]}
            facts["stay", key] = {
                "booking": reservation["confirmation"],
                "guest": reservation["guests"][0],
                "status": STATUSES[reservation["status"]],
                "arrival": reservation["arrival"],
                "departure": reservation["departure"],
                "adults": 2,
            }
        for key, posting in self.postings.items():
            stay = posting["guestInfo"]["reservationId"]["id"]
            if posting["transactionType"] == "Payment":
                facts["payment", str(key)] = {"stay": stay, "amount": f"{posting['creditAmount']['amount']:g}"}
            elif "debitAmount" in posting:
                facts["charge", str(key)] = {"stay": stay, "amount_gross": f"{posting['debitAmount']['amount']:g}"}
        return facts

    # Serving

    def answer(self, call):
        self.calls.append(call)
        return super().answer(call)

    def authorize(self, call):
        good = (
            call.headers.get("authorization") == f"Bearer {self.token}"
            and call.headers.get("x-app-key") == APP_KEY
            and call.headers.get("x-hotelid") == HOTEL
        )
        return None if good else json_answer({"title": "Unauthorized", "o:errorCode": "401"}, 401)

    def limits_of(self, call):
        if not self.limits:
            return "", ()
        if call.path.startswith("/int/"):
            return "events", ((300, 60),)
        return ("async", ((100, 60),)) if "/async/" in call.path else ("", ((50, 1),))

    @route("POST", "/oauth/v1/tokens")
    @open_to_all
    def sign_in(self, call):
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if call.headers.get("authorization") != basic or call.headers.get("x-app-key") != APP_KEY:
            return json_answer({"error": "invalid_client"}, 401)
        if call.form().get("grant_type") not in ("client_credentials", "password"):
            return json_answer({"error": "unsupported_grant_type"}, 400)
        self.signed_in += 1
        return json_answer({"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"})

    @route("GET", f"/int/v1/externalSystem/{SYSTEM}/hotels/{HOTEL}/businessEvents")
    def read_events(self, call):
        if not self.queue:
            return Answer(204)
        self.turn_page()
        count = min(int(call.query.get("limit", 20)), 20, self.page_size)
        page, self.queue = self.queue[:count], self.queue[count:]
        return _answer({"businessEventData": page})

    @route("GET", f"/rsv/v1/hotels/{HOTEL}/reservations")
    def list_reservations(self, call):
        self.turn_page()
        query = call.query
        rows = [
            self._listed(key, reservation)
            for key, reservation in sorted(self.reservations.items())
            if query.get("departureStartDate", "") <= reservation["departure"] <= query.get("departureEndDate", "9")
        ]
        first = int(query.get("offset", 0))
        size = min(int(query.get("limit", 20)), self.page_size)
        page = rows[first : first + size]
        more = first + size < len(rows)
        answer = {"reservationInfo": page, "hasMore": more, "totalResults": len(rows), "count": len(page)}
        return _answer({"reservations": answer})

    def _listed(self, key, reservation):
        return {
            "reservationIdList": _ids(key, reservation),
            "roomStay": {"arrivalDate": reservation["arrival"], "departureDate": reservation["departure"]},
            "reservationGuest": {"id": reservation["guests"][0], "type": "Profile"},
            "reservationStatus": reservation["status"],
            "hotelId": HOTEL,
        }

    @route("GET", f"/rsv/v1/hotels/{HOTEL}/reservations/{{key}}")
    def get_reservation(self, call, key):
        reservation = self.reservations.get(key)
        if reservation is None:
            return _answer({"title": "Not Found", "o:errorCode": "RSV-404"}, 404)
        guests = []
        for index, guest in enumerate(reservation["guests"]):
            info = {"profileIdList": [{"id": guest, "type": "Profile"}]}
            guests.append({"profileInfo": info, "primary": index == 0})
        rate = {"roomType": "DLXK", "ratePlanCode": "BAR", "marketCode": "CLI", "pseudoRoom": False}
        record = {
            "reservationIdList": _ids(key, reservation),
            "roomStay": {
                "arrivalDate": reservation["arrival"],
                "departureDate": reservation["departure"],
                "roomRates": [{**rate, "guestCounts": {"adults": 2, "children": 0}}],
                "total": {"amountBeforeTax": 220.2, "currencyCode": self.currency},
            },
            "reservationGuests": guests,
            "hotelId": HOTEL,
            "reservationStatus": reservation["status"],
            "createDateTime": _local(reservation["created"]),
            "lastModifyDateTime": _local(reservation["modified"]),
            **reservation["extra"],
        }
        return _answer({"reservations": {"reservation": [record]}})

    @route("GET", f"/csh/v1/hotels/{HOTEL}/reservations/{{key}}/folios")
    def get_folio(self, call, key):
        windows = {}
        for posting in self.postings.values():
            if posting["guestInfo"]["reservationId"]["id"] == key:
                # Only the journal says how somebody has paid.
                posting = {name: value for name, value in posting.items() if name not in ("guestInfo", "paymentMethod")}
                windows.setdefault(posting["folioWindowNo"], []).append(posting)
        if not windows:
            return Answer(204)
        found = [
            {"folioWindowNo": number, "folios": [{"folioStatus": "Ok", "postings": postings}]}
            for number, postings in sorted(windows.items())
        ]
        return _answer({"reservationFolioInformation": {"folioWindows": found}})

    @route("GET", "/crm/v1/profiles/{key}")
    def get_profile(self, call, key):
        profile = self.profiles.get(key)
        if profile is None:
            return _answer({"title": "Not Found", "o:errorCode": "CRM-404"}, 404)
        ids = [{"id": key, "type": "Profile"}]
        details = self._details(profile)
        if profile["shape"] == "example":
            return _answer({"profiles": {"profileInfo": [{"profileIdList": ids, "profile": details}]}})
        return _answer({"profileIdList": ids, "profileDetails": details})

    def _details(self, profile):
        say = str.upper if profile["shape"] == "example" else str.capitalize
        customer = {
            "personName": [{"givenName": profile["given"], "surname": profile["surname"], "nameType": say("primary")}],
            "gender": "MALE",
            "vipStatus": profile["vip"],
            "identifications": {
                "identificationInfo": [{"identification": {"idType": "PASSPORT", "idNumber": "C03005988"}}]
            },
        }
        if profile["anonymization"]:
            customer["anonymization"] = {"anonymizationStatus": say(profile["anonymization"])}
        address = {"addressLine": [], "cityName": "Lisboa", "country": {"code": "PT"}, "primaryInd": True}
        preferences = {}
        for kind, code in profile["preferences"]:
            preferences.setdefault(kind, []).append({"preferenceValue": code, "description": f"Wish {code}"})
        return {
            "customer": customer,
            "addresses": {"addressInfo": [{"address": address}]},
            "emails": {"emailInfo": [{"email": {"emailAddress": profile["email"], "primaryInd": True}}]},
            "telephones": {
                "telephoneInfo": [
                    {"telephone": {"phoneNumber": number, "phoneTechType": "PHONE"}} for number in profile["phones"]
                ]
            },
            "comments": {"commentInfo": profile["comments"]},
            "profileMemberships": {"profileMembership": profile["memberships"]},
            "preferenceCollection": {
                "preferenceType": [{"preferenceType": kind, "preference": items} for kind, items in preferences.items()]
            },
            "privacyInfo": profile["privacy"],
            "profileType": say("guest"),
            "lastModifyDateTime": f"{profile['modified']:%Y-%m-%dT%H:%M:%S.000Z}",
        }

    @route("PUT", "/crm/v1/profiles/{key}")
    def put_profile(self, call, key):
        details = call.json()["profileDetails"]
        profile = self.profiles[key]
        profile["vip"] = details.get("customer", {}).get("vipStatus", profile["vip"])
        profile["privacy"].update(details.get("privacyInfo", {}))
        for item in details.get("comments", {}).get("commentInfo", []):
            self.number += 1
            old = [comment for comment in profile["comments"] if comment["id"] == item.get("id")]
            if old:
                old[0]["comment"].update(item["comment"])
            else:
                profile["comments"].append({**item, "id": str(self.number), "type": "Comment"})
        return self._changed(key)

    def _changed(self, key, status=200):
        self.profiles[key]["modified"] = self.now()
        self.tell("Profile", "UPDATE PROFILE", key, {})
        return _answer({"links": []}, status)

    @route("DELETE", "/crm/v1/profiles/{key}")
    def forget_profile(self, call, key):
        self.anonymise(key)
        return _answer({"links": []})

    @route("PUT", "/crm/v1/validateForgetProfiles")
    def validate_forgetting(self, call):
        reasons = [{"reasonCode": "R", "reasonDescription": text} for text in self.refusals]
        results = [{"canBeForgotten": not reasons, "failureReasons": reasons}]
        return _answer({"validateForgetProfilesResults": results})

    @route("POST", "/crm/v1/profiles/{key}/memberships")
    def add_membership(self, call, key):
        self.profiles[key]["memberships"] += call.json()["profileMemberships"]
        return self._changed(key, 201)

    @route("PUT", "/crm/v1/profiles/{key}/membershipType/{kind}/membershipId/{number}")
    def put_membership(self, call, key, kind, number):
        for member in self.profiles[key]["memberships"]:
            if (member["membershipType"], member["membershipId"]) == (kind, number):
                member.update(call.json()["profileMemberships"][0])
                return self._changed(key)
        return _answer({"title": "Not Found"}, 404)

    @route("POST", "/crm/v1/profiles/{key}/preferences")
    def add_preferences(self, call, key):
        for kind in call.json()["preferenceCollections"]:
            for item in kind["preference"]:
                self.profiles[key]["preferences"].append((kind["preferenceType"], item["preferenceValue"]))
        return self._changed(key, 201)

    @route("DELETE", "/crm/v1/profiles/{key}/preferenceType/{kind}/preferences/{code}")
    def remove_preference(self, call, key, kind, code):
        self.profiles[key]["preferences"].remove((kind, code))
        return self._changed(key)

    # Work in the background

    def _start(self, call, kind):
        key = uuid.uuid4().hex
        self.jobs[key] = {"kind": kind, "body": call.json(), "polls": self.polls}
        return Answer(202, b"", {"Location": f"{self.url}{call.path}/{key}"})

    def _poll(self, call, key):
        job = self.jobs.get(key)
        if job is None:
            return Answer(404)
        if job["polls"] > 0:
            job["polls"] -= 1
            return Answer(200, b"", {"Status": "Processing", "Cache-Control": f"max-age={self.max_age}"})
        return Answer(201, b"", {"Status": "Completed", "Location": f"{self.url}{call.path}"})

    summary_path = f"/rsv/async/v1/externalSystems/{SYSTEM}/hotels/{HOTEL}/reservations/dailySummary"
    journal_path = f"/csh/async/v1/hotels/{HOTEL}/financialPostingsNetVat"

    @route("POST", summary_path)
    def start_summary(self, call):
        return self._start(call, "summary")

    @route("POST", journal_path)
    def start_journal(self, call):
        return self._start(call, "journal")

    @route("HEAD", summary_path + "/{key}")
    @route("HEAD", journal_path + "/{key}")
    def poll_job(self, call, key):
        return self._poll(call, key)

    @route("GET", summary_path + "/{key}")
    def get_summary(self, call, key):
        if key not in self.jobs:
            return Answer(404)
        span = self.jobs[key]["body"]["criteria"]["lastModifiedDate"]
        first, last = span["startLastModifiedDate"][:10], span["endLastModifiedDate"][:10]
        rows = [
            {"reservationIdList": _ids(key, one), "resvStatus": "RESERVED", "sharedYn": "N", "hotelId": HOTEL}
            for key, one in self.reservations.items()
            if first <= _local(one["modified"])[:10] <= last
        ]
        return _answer({"reservations": rows})

    @route("GET", journal_path + "/{key}")
    def get_journal(self, call, key):
        if key not in self.jobs:
            return Answer(404)
        span = self.jobs[key]["body"]["netvatcriteriatype"]["timeSpan"]
        rows = []
        for posting in self.postings.values():
            if span["startDate"] <= posting["transactionDate"] <= span["endDate"]:
                gross = posting.get("debitAmount") or posting.get("creditAmount")
                net = {**gross, "amount": round(gross["amount"] / 1.06, 2)}
                rows.append({"posting": posting, "postingBreakdown": {"grossAmount": gross, "netAmount": net}})
        return _answer({"financialPostings": rows, "hasMore": False}) if rows else Answer(204)


def _answer(value, status=200):
    return json_answer(value, status, {"Content-Type": "application/json;charset=UTF-8"})


def _ids(key, reservation):
    return [{"id": key, "type": "Reservation"}, {"id": reservation["confirmation"], "type": "Confirmation"}]


def _local(at):
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}.0"
