"""What OTA messages about reservations mean, as SiteMinder, AlpineBits and systems like them send them."""

import re
from datetime import timedelta
from decimal import Decimal

from ..adapter import ParseError
from ..files.words import country_code
from .ota_xml import attribute, kid, kids, name, read, text
from .records import as_day, compact, local_day, stamp, with_parts
from .values import amount_of, birthdate_of, count_of, day_of, present

#: Words of ResStatus in lower case without signs.
STATES = {
    "requested": "enquiry",
    "waitlisted": "waitlist",
    "reserved": "reserved",
    "commit": "reserved",
    "book": "reserved",
    "booked": "reserved",
    "new": "reserved",
    "modify": "reserved",
    "modified": "reserved",
    "inhouse": "in_house",
    "checkedin": "in_house",
    "checkedout": "checked_out",
    "cancel": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "noshow": "no_show",
}
CANCELLATION = "15"
PROFILES = {"3": "company", "4": "agency"}
CHILD, INFANT = 18, 2
MEALS = {"1": "AI", "3": "BB", "10": "FB", "12": "HB", "14": "RO"}
_NIGHTS = re.compile(r"P(\d{1,4})[ND]", re.ASCII).fullmatch


def parse(raw, env):
    """Return the canonical events of a record."""
    root = read(raw.body)
    if name(root) == "OTA_ProfileMergeRQ":
        return _merges(root)
    reservation = kid(root, "HotelReservations", "HotelReservation")
    if reservation is None:
        raise ParseError("HotelReservation", "missing_field", "The message holds no reservation.")
    return _Reservation(root, reservation, env).events()


def key_of(reservation):
    """Return ``(type, key)`` of a reservation: of its own number, or that of what is cancelled.

    :raise ParseError: it has none
    """
    found = [(attribute(one, "Type"), attribute(one, "ID")) for one in kids(reservation, "UniqueID")]
    found = [(kind, key) for kind, key in found if key]
    for wanted in ("14", CANCELLATION):
        for kind, key in found:
            if kind == wanted:
                return kind, key
    if not found:
        raise ParseError("HotelReservation.UniqueID", "missing_key", "The reservation has no UniqueID with an ID.")
    return found[0]


def hotel_of(reservation):
    """Return the code of the hotel that a reservation is for, or None."""
    places = [kid(reservation, "ResGlobalInfo"), *kids(reservation, "RoomStays", "RoomStay")]
    codes = (attribute(kid(place, "BasicPropertyInfo"), "HotelCode") for place in places if place is not None)
    return next(filter(None, codes), None)


def version_of(reservation):
    """Return the time of the last change as a number, or None: then the order of arrival counts."""
    return stamp(attribute(reservation, "LastModifyDateTime"))


def _merges(root):
    kept = attribute(kid(root, "UniqueID"), "ID")
    if not kept:
        raise ParseError("UniqueID.ID", "missing_key", "The message doesn't say which profile stays.")
    version = stamp(attribute(root, "TimeStamp"))
    lost = [attribute(one, "ID") for one in kids(root, "ObsoleteProfileID")]
    return [
        {"entity": "guest", "op": "merge", "external_id": key, "into": kept, "version": version}
        for key in dict.fromkeys(filter(None, lost))
        if key != kept
    ]


class _Reservation:
    """One reservation with what its message says around it."""

    def __init__(self, root, reservation, env):
        self.root, self.reservation, self.env = root, reservation, env
        self.kind, self.key = key_of(reservation)
        self.info = kid(reservation, "ResGlobalInfo")
        hotel = hotel_of(reservation)
        own = env.settings.get("hotel")
        self.common = {
            "property": (env.property if own or not hotel else hotel) or None,
            "version": version_of(reservation),
        }
        word = attribute(reservation, "ResStatus")
        self.word = word or ("Cancel" if self.kind == CANCELLATION else None)
        plain = re.sub(r"[^a-z]", "", (self.word or "").lower())
        self.status = "cancelled" if self.kind == CANCELLATION else STATES.get(plain)
        self.made = local_day(attribute(reservation, "CreateDateTime"), env.tz)
        sources = [
            *kids(reservation, "POS", "Source", "BookingChannel"),
            *kids(root, "POS", "Source", "BookingChannel"),
        ]
        company = next((found for one in sources if (found := kid(one, "CompanyName")) is not None), None)
        channel = attribute(company, "Code") or text(company)
        self.channel = channel and channel[:64]

    def events(self):
        rooms = kids(self.reservation, "RoomStays", "RoomStay")
        if self.status == "cancelled" and not rooms:
            # AlpineBits cancels by number alone; what is planned under it goes with the booking.
            return [{"entity": "booking", "op": "tombstone", "external_id": self.key, **self._version()}]
        self.guests, events = {}, []
        for index, one in enumerate(kids(self.reservation, "ResGuests", "ResGuest")):
            events += self._guest(index, one)
        partners, more = self._partners()
        events += more
        first = next(iter(self.guests.values()), None)
        booker = partners.pop("booker", None) or first
        numbers = kids(self.info, "HotelReservationIDs", "HotelReservationID")
        sources = [attribute(one, "ResID_Value") for one in numbers if attribute(one, "ResID_Source")]
        booking = {
            **self.common,
            "entity": "booking",
            "external_id": self.key,
            "booker": booker,
            **partners,
            "confirmation": self.key,
            "channel_ref": next(filter(None, sources), None),
            "channel": self.channel,
            "group_code": next(filter(None, (attribute(one, "InvBlockCode") for one in rooms)), None),
            **self._state(),
        }
        stays = (self._stay(index, one, len(rooms)) for index, one in enumerate(rooms))
        return with_parts([*events, compact(booking), *stays])

    def _version(self):
        return {"version": self.common["version"]}

    def _state(self):
        return {
            "status": self.status,
            "status_raw": self.word,
            "booked_on": self.made,
            "cancelled_on": local_day(attribute(self.reservation, "LastModifyDateTime"), self.env.tz)
            if self.status == "cancelled"
            else None,
        }

    # People

    def _guest(self, index, guest):
        """Return the events of one guest and remember his key by the number that rooms refer to."""
        events = []
        for info in kids(guest, "Profiles", "ProfileInfo"):
            customer = kid(info, "Profile", "Customer")
            if customer is None:
                continue
            key = _profile_key(info) or f"{self.key}:guest:{index + 1}"
            mark = attribute(guest, "ResGuestRPH") or str(index + 1)
            values = _customer(customer, f"ResGuests.{index}")
            if not values:
                continue
            self.guests[mark] = key
            events.append(
                {"entity": "guest", "external_id": key, "kind": "person", "values": values, **self._version()}
            )
            events += [{**one, **self._version()} for one in _consents(key, customer)]
        return events

    def _partners(self):
        """Return ``({role: key}, events)`` of the companies, agencies and bookers of the whole reservation."""
        found, events = {}, []
        for index, info in enumerate(kids(self.info, "Profiles", "ProfileInfo")):
            profile = kid(info, "Profile")
            company, customer = kid(profile, "CompanyInfo"), kid(profile, "Customer")
            if company is not None:
                role = PROFILES.get(attribute(profile, "ProfileType") or "", "agency")
                values = _company(company)
                label = kid(company, "CompanyName")
                code = ":".join(filter(None, (attribute(label, "CodeContext"), attribute(label, "Code"))))
                key = _profile_key(info) or (f"company:{code}" if code else f"{self.key}:company:{index + 1}")
            elif customer is not None:
                role, values = "booker", _customer(customer, f"ResGlobalInfo.Profiles.{index}")
                key = _profile_key(info) or f"{self.key}:booker"
            else:
                continue
            if values and role not in found:
                found[role] = key
                kind = "person" if role == "booker" else role
                events.append(
                    {"entity": "guest", "external_id": key, "kind": kind, "values": values, **self._version()}
                )
                if role == "booker":
                    events += [{**one, **self._version()} for one in _consents(key, customer)]
        return found, events

    # Rooms

    def _stay(self, index, room, rooms):
        where = f"RoomStays.{index}"
        marks = [attribute(one, "RPH") for one in kids(room, "ResGuestRPHs", "ResGuestRPH")]
        marks += (text(room, "ResGuestRPHs") or "").split()
        keys = [self.guests[mark] for mark in marks if mark in self.guests]
        if not keys:
            keys = list(self.guests.values())[: None if rooms == 1 else 1]
        people = [
            {"guest": key, "role": "companion" if place else "primary"} for place, key in enumerate(dict.fromkeys(keys))
        ]
        start, end = self._dates(room, where)
        kind, plan = kid(room, "RoomTypes", "RoomType"), kid(room, "RatePlans", "RatePlan")
        units = attribute(kind, "NumberOfUnits")
        meal = attribute(kid(plan, "MealsIncluded"), "MealPlanCodes")
        return compact(
            {
                **self.common,
                "entity": "stay",
                "external_id": f"{self.key}:{attribute(room, 'IndexNumber') or index + 1}",
                "booking": self.key,
                "guests": people,
                **self._state(),
                "arrival": start,
                "departure": end,
                "room_type": attribute(kind, "RoomTypeCode"),
                "room": attribute(kind, "RoomID"),
                "rate_plan": attribute(plan, "RatePlanCode") or attribute(plan, "RatePlanName"),
                "meal_plan": MEALS.get(meal, meal),
                "market": attribute(room, "MarketCode"),
                "channel": self.channel,
                **_counts(kid(room, "GuestCounts"), where),
                "requests": self._requests(room),
                "warnings": [f"rooms:{units}"] if units not in (None, "1") else [],
                **self._amounts(room, rooms, where),
            }
        )

    def _dates(self, room, where):
        span = kid(room, "TimeSpan")
        span = kid(self.info, "TimeSpan") if span is None else span
        window = kid(span, "StartDateWindow")
        start = attribute(span, "Start") or attribute(window, "EarliestDate")
        start = day_of(start, f"{where}.TimeSpan.Start", self.env.tz)
        if start is None:
            raise ParseError(f"{where}.TimeSpan.Start", "missing_field", "The stay has no day of arrival.")
        end = day_of(attribute(span, "End"), f"{where}.TimeSpan.End", self.env.tz)
        nights = _NIGHTS(attribute(span, "Duration") or "")
        if end is None and nights:
            try:
                end = (as_day(start) + timedelta(days=int(nights[1]))).isoformat()
            except OverflowError:
                end = None
        if end is None:
            raise ParseError(f"{where}.TimeSpan.End", "missing_field", "The stay has no day of departure.")
        return start, end

    def _amounts(self, room, rooms, where):
        total = kid(room, "Total")
        if total is None and rooms == 1:
            total = kid(self.info, "Total")
        after = _amount(total, "AmountAfterTax", where)
        before, taxes = _amount(total, "AmountBeforeTax", where), kid(total, "Taxes")
        tax = _amount(taxes, "Amount", where)
        if tax is None and kids(taxes, "Tax"):
            tax = sum(filter(None, (_amount(one, "Amount", where) for one in kids(taxes, "Tax"))), Decimal())
        if after is None and before is not None:
            after = before + (tax or 0)
        elif tax is None and None not in (after, before):
            tax = after - before
        currency = attribute(total, "CurrencyCode") or self.env.currency or None
        return {"currency": currency, "amount_total": after, "amount_tax": tax}

    def _requests(self, room):
        """Return what the guest has written, in the words of the message."""
        words = []
        for place in (self.info, room):
            for one in kids(place, "SpecialRequests", "SpecialRequest"):
                parts = (attribute(one, "RequestCode"), text(one, "Text") or text(one))
                words.append(": ".join(dict.fromkeys(filter(None, parts))))
            for one in kids(place, "Comments", "Comment"):
                items = [text(item) for item in kids(one, "ListItem")]
                words.append(", ".join(filter(None, items)) or text(one, "Text") or text(one))
        lines = ("\n".join(line.strip() for line in word.splitlines()).strip() for word in words if word)
        return "\n".join(dict.fromkeys(lines))


def _profile_key(info):
    for place in (info, kid(info, "Profile")):
        for one in kids(place, "UniqueID"):
            if attribute(one, "Type") in (None, "1", "21") and attribute(one, "ID"):
                return attribute(one, "ID")
    return None


def _customer(customer, where):
    """Return the canonical values of a person."""
    names = kids(customer, "PersonName")
    person, local = kid(customer, "PersonName"), names[1] if len(names) > 1 else None
    place = kid(customer, "Address")
    values = {
        "salutation": text(person, "NamePrefix"),
        "given_name": text(person, "GivenName"),
        "middle_name": text(person, "MiddleName"),
        "family_name": " ".join(filter(None, (text(person, "SurnamePrefix"), text(person, "Surname")))),
        "suffix": text(person, "NameSuffix") or text(person, "NameTitle"),
        "local_name": " ".join(filter(None, (text(local, "GivenName"), text(local, "Surname")))),
        "gender": {"Male": "male", "Female": "female"}.get(attribute(customer, "Gender")),
        "birthdate": birthdate_of(attribute(customer, "BirthDate")),
        "nationality": _country(attribute(kid(customer, "CitizenCountryName"), "Code")),
        "lang": (attribute(customer, "Language") or "")[:35],
        "emails": present(*(text(one) for one in kids(customer, "Email"))),
        "phones": _phones(customer, "Telephone"),
        **_address(place),
        "vip": "VIP" if attribute(customer, "VIP_Indicator") in ("true", "1") else None,
        "memberships": [
            found
            for one in kids(customer, "CustLoyalty")
            if (
                found := compact(
                    {
                        "program": attribute(one, "ProgramID"),
                        "number": attribute(one, "MembershipID"),
                        "level": attribute(one, "LoyalLevel"),
                    }
                )
            )
        ],
    }
    return compact(values)


def _company(company):
    label, place = text(company, "CompanyName"), kid(company, "AddressInfo")
    emails = present(*(text(one) for one in kids(company, "Email")))
    return compact({"name": label, "emails": emails, "phones": _phones(company, "TelephoneInfo"), **_address(place)})


def _phones(place, tag):
    """Return telephone numbers; those of fax machines (technology 3) are none."""
    found = []
    for one in kids(place, tag):
        parts = (attribute(one, part) for part in ("CountryAccessCode", "AreaCityCode", "PhoneNumber"))
        if attribute(one, "PhoneTechType") != "3":
            found.append(" ".join(filter(None, parts)))
    return present(*found)


def _address(place):
    lines = [text(one) for one in kids(place, "AddressLine")]
    street = [line for line in (text(place, "StreetNmbr"), *lines) if line]
    country = kid(place, "CountryName")
    return {
        "street": street[0] if street else None,
        "street2": ", ".join(street[1:]),
        "zip": text(place, "PostalCode"),
        "city": text(place, "CityName"),
        "state": attribute(kid(place, "StateProv"), "StateCode") or text(place, "StateProv"),
        "country": _country(attribute(country, "Code")) or _country(text(country)),
    }


def _country(value):
    try:
        return country_code(value) if value else None
    except ValueError:
        return None


def _consents(key, customer):
    """Return the consents that a message tells in so many words; what it doesn't tell is nothing."""
    found = {}
    for tag, word, channel in (("Email", "newsletter", "email"), ("Address", "catalog", "post")):
        for one in kids(customer, tag):
            said, _colon, answer = (attribute(one, "Remark") or "").partition(":")
            if said == word and answer in ("yes", "no"):
                found[f"{tag}.Remark"] = channel, answer == "yes"
    share = attribute(customer, "ShareMarketInd")
    if share in ("Yes", "No"):
        found["ShareMarketInd"] = "third_party", share == "Yes"
    return [
        {
            "entity": "consent",
            "external_id": f"{key}:{field}",
            "guest": key,
            "channel": channel,
            "state": "granted" if is_yes else "denied",
            "source_field": field,
        }
        for field, (channel, is_yes) in found.items()
    ]


def _counts(counts, where):
    """Return adults, children and infants: by class where the message has it, else by age."""
    if counts is None:
        return {}
    found = {"adults": 0, "children": 0, "infants": 0}
    for index, one in enumerate(kids(counts, "GuestCount")):
        here = f"{where}.GuestCounts.{index}"
        number = count_of(attribute(one, "Count") or "1", f"{here}.Count")
        age, kind = count_of(attribute(one, "Age"), f"{here}.Age"), attribute(one, "AgeQualifyingCode")
        if kind == "7" or (kind is None and age is not None and age < INFANT):
            found["infants"] += number
        elif kind == "8" or (kind is None and age is not None and age < CHILD):
            found["children"] += number
        else:
            found["adults"] += number
    return found


def _amount(place, label, where):
    """Return an amount; one in smallest units says so by its number of decimal places."""
    value = attribute(place, label)
    amount = amount_of(value, f"{where}.{label}")
    places = attribute(place, "DecimalPlaces")
    if amount is not None and places and places.isdigit() and int(places) < 6 and "." not in value:
        amount = amount.scaleb(-int(places))
    return amount
