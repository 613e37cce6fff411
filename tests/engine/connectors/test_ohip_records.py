"""Records of OPERA Cloud become canonical events."""

import datetime
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hospitality_connectors.engine.adapters  # noqa: F401  registers them
from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.adapter import Env, Hint, ParseError, Raw
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.types import EventError

SETTINGS = {"hotel_id": "HOTEL1", "departments": "1000-1999=room 2000-2999=fb 9900=tax", "diet_types": "DIET,ALLERGY"}
ENV = Env(SETTINGS, "HOTEL", "Europe/Lisbon", "EUR")


def parse(entity, record, version=1.0, env=ENV):
    body = record if isinstance(record, str) else json.dumps(record)
    raw = Raw(entity, "1", body, version=version)
    return [validate(event) for event in adapters.get("ohip").parse(raw, env)]


def reservation(room=None, rate=None, **fields):
    rate = {"roomType": "DLX", "guestCounts": {"adults": 2, "children": 1}, **(rate or {})}
    return {
        "reservationIdList": [{"id": "9", "type": "Reservation"}, {"id": "C9", "type": "Confirmation"}],
        "roomStay": {"arrivalDate": "2026-03-28", "departureDate": "2026-03-30", "roomRates": [rate], **(room or {})},
        "reservationStatus": "Reserved",
        **fields,
    }


def stay_of(env=ENV, **fields):
    (stay,) = [event for event in parse("stay", reservation(**fields), env=env) if event["entity"] == "stay"]
    return stay


SPELLINGS = {
    "enquiry": ("Requested", "REQUESTED", "Prospect", "PROSPECT"),
    "waitlist": ("Waitlisted", "WAITLIST", "WaitList"),
    "reserved": ("Reserved", "RESERVED", "DueIn", "DUE IN"),
    "in_house": (
        "InHouse",
        "IN HOUSE",
        "CHECKED IN",
        "DueOut",
        "DUE OUT",
        "Walkin",
        "PendingCheckout",
        "PENDING CHECKOUT",
    ),
    "checked_out": ("CheckedOut", "CHECKED OUT"),
    "cancelled": ("Cancelled", "CANCELLED"),
    "no_show": ("NoShow", "NO SHOW"),
}


@pytest.mark.parametrize(("status", "word"), [(status, word) for status, words in SPELLINGS.items() for word in words])
def test_statuses(status, word):
    assert stay_of(reservationStatus=word)["status"] == status


def test_unknown_status_is_left_to_the_mapping():
    stay = stay_of(reservationStatus="Teleported")
    assert ("status" in stay, stay["status_raw"]) == (False, "Teleported")


def test_computed_status_comes_first():
    assert stay_of(reservationStatus="Reserved", computedReservationStatus="InHouse")["status"] == "in_house"


def test_list_and_look_up_say_the_same():
    listed = {
        "reservationIdList": reservation()["reservationIdList"],
        "roomStay": {
            "arrivalDate": "2026-03-28",
            "departureDate": "2026-03-30",
            "adultCount": 2,
            "childCount": 1,
            "roomType": "DLX",
        },
        "reservationGuest": {
            "id": "G1",
            "accompanyGuests": [{"profileIdList": [{"id": "G2", "type": "Profile"}]}],
        },
        "reservationStatus": "Reserved",
    }
    people = [("G2", False), ("G1", True)]
    guests = [
        {"profileInfo": {"profileIdList": [{"id": key, "type": "Profile"}]}, "primary": first} for key, first in people
    ]
    assert parse("stay", listed) == parse("stay", reservation(reservationGuests=guests))


def test_sharers():
    shared = [{"reservationId": {"id": "12"}, "profileId": {"id": "G2"}}]
    guest = [{"profileInfo": {"profileIdList": [{"id": "G1", "type": "Profile"}]}, "primary": True}]
    paying = stay_of(sharedGuests=shared, reservationGuests=guest)
    other = stay_of(sharedGuests=shared, reservationGuests=guest, room={"primaryShareType": "NonPrimary"})
    assert paying["sharer_group"] == other["sharer_group"] == "share:9"
    assert ([one["pays"] for one in paying["guests"]], [one["pays"] for one in other["guests"]]) == ([True], [False])
    assert "sharer_group" not in stay_of()


def test_pseudo_rooms_groups_and_companies():
    block = {"blockIdList": [{"id": "77", "type": "Block"}], "blockName": "WEDDING"}
    profiles = [
        {"reservationProfileType": "Company", "profileIdList": [{"id": "K1", "type": "Profile"}]},
        {"reservationProfileType": "TravelAgent", "profileIdList": [{"id": "A1", "type": "Profile"}]},
    ]
    record = reservation(rate={"pseudoRoom": True, "reservationBlock": block}, attachedProfiles=profiles)
    booking, stay = parse("stay", record)
    assert stay["is_pseudo"] is True
    assert (booking["group_code"], booking["company"], booking["agency"]) == ("WEDDING", "K1", "A1")
    assert booking["external_id"] == stay["booking"] == "C9"


@pytest.mark.parametrize("tz", ["Europe/Lisbon", "Asia/Tokyo", "Pacific/Kiritimati", "America/Sao_Paulo"])
@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-10-25"])
def test_dates_never_slip(tz, day):
    stay = stay_of(env=ENV._replace(tz=tz), room={"arrivalDate": day, "departureDate": "2026-11-01"})
    assert stay["arrival"] == day


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 24000), ("KWD", 12.345), ("EUR", 0.1)])
def test_money(currency, amount):
    money = {"amount": amount, "currencyCode": currency}
    totals = {"roomRevenue": money, "totalRevenue": money, "balance": {**money, "amount": -amount}}
    stay = stay_of(cashiering={"revenuesAndBalances": totals})
    assert (stay["currency"], stay["amount_room"], stay["amount_total"], stay["balance"]) == (
        currency,
        f"{amount:g}",
        f"{amount:g}",
        f"-{amount:g}",
    )


def test_no_currency_is_that_of_the_property():
    assert stay_of(revenuesAndBalances={"roomRevenue": {"amount": 5, "currencyCode": None}})["currency"] == "EUR"


def test_expected_total_of_a_stay_to_come():
    assert stay_of(room={"total": {"amountAfterTax": 220.5, "currencyCode": "EUR"}})["amount_total"] == "220.5"


def test_comments_for_staff_are_no_requests():
    comments = [
        {"comment": {"text": {"value": "High floor"}, "type": "RESERVATION", "internal": False}},
        {"comment": {"text": {"value": "Bad payer"}, "type": "CASHIER"}},
        {"comment": {"text": {"value": "Upgrade?"}, "type": "GEN", "internal": True}},
    ]
    assert stay_of(comments=comments)["requests"] == "High floor"


def profile(**fields):
    customer = {"personName": [{"givenName": "Ana", "surname": "Sousa", "nameType": "Primary"}]}
    return {"customer": customer, **fields}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda details: {"guestDetails": details},
        lambda details: {"profileDetails": details},
        lambda details: {"profiles": {"profileInfo": [{"profile": details}]}},
    ],
)
def test_all_wrappers_of_a_profile(wrap):
    (event,) = parse("guest", {"profileId": "7", **wrap(profile())})
    assert (event["external_id"], event["values"]) == ("7", {"given_name": "Ana", "family_name": "Sousa"})


def test_values_of_a_profile():
    details = profile(
        customer={
            "personName": [
                {"givenName": "Іван", "surname": "Петренко", "nameType": "Alternate"},
                {"givenName": "Ivan", "surname": "Petrenko", "nameType": "Primary", "nameTitle": "Mr"},
            ],
            "birthDate": "XXXXXX88",
            "language": "E",
            "nationality": "UA",
            "vipStatus": "2",
        },
        addresses={
            "addressInfo": [
                {"address": {"addressLine": ["Old Street 1"], "country": {"code": "GB"}}},
                {"address": {"addressLine": ["Rua 1", "2D"], "country": {"code": "PT"}, "primaryInd": True}},
            ]
        },
        telephones={
            "telephoneInfo": [
                {"telephone": {"phoneNumber": "+1", "phoneTechType": "FAX"}},
                {"telephone": {"phoneNumber": "+351210000001", "phoneTechType": "PHONE"}},
                {"telephone": {"phoneNumber": "+351910000001", "primaryInd": True}},
            ]
        },
        emails={"emailInfo": [{"email": {"emailAddress": "*****"}}]},
        profileType="Company",
    )
    (event,) = parse("guest", {"profileId": "7", "guestDetails": details})
    assert event["kind"] == "company"
    assert event["masked"] == ["emails"]
    assert event["values"] == {
        "given_name": "Ivan",
        "family_name": "Petrenko",
        "local_name": "Іван Петренко",
        "salutation": "Mr",
        "lang": "en",
        "nationality": "UA",
        "vip": "2",
        "street": "Rua 1",
        "street2": "2D",
        "country": "PT",
        "phones": ["+351910000001", "+351210000001"],
    }


def test_our_own_comments_do_not_come_back():
    comments = [("CRM note", "Likes tea"), ("CRMX", "Of staff"), (None, "Untitled")]
    items = [{"comment": {"text": {"value": text}, "commentTitle": title}} for title, text in comments]
    record = {"profileId": "7", "guestDetails": profile(comments={"commentInfo": items})}
    assert parse("guest", record)[0]["values"]["notes"] == "Of staff\nUntitled"


def test_anonymisation_that_was_asked_for_only():
    details = profile()
    details["customer"]["anonymization"] = {"anonymizationStatus": "REQUESTED"}
    (event,) = parse("guest", {"profileId": "7", "guestDetails": details})
    assert (event["op"], event["warnings"]) == ("upsert", ["anonymisation:requested"])
    details["customer"]["anonymization"] = {"anonymizationStatus": "Anonymized"}
    assert [event["op"] for event in parse("guest", {"profileId": "7", "guestDetails": details})] == ["anonymise"]


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        ({"optInEmail": True}, "granted"),
        ({"optInEmail": True, "allowEmail": True}, "granted"),
        ({"optInEmail": True, "allowEmail": False}, "denied"),
        ({"optInEmail": False}, "unknown"),
        ({"optInEmail": False, "lastPrivacyPromptDate": "2026-03-01"}, "denied"),
        ({"optInEmail": True, "lastPrivacyPromptDate": "2026-03-01"}, "granted"),
        ({"allowEmail": False}, "denied"),
    ],
)
def test_opt_ins(flags, state):
    events = parse("guest", {"profileId": "7", "guestDetails": profile(privacyInfo=flags)})
    (consent,) = [event for event in events if event["entity"] == "consent"]
    assert (consent["external_id"], consent["channel"], consent["state"]) == ("7:optInEmail", "email", state)


def test_what_an_opt_in_without_a_tick_means_is_a_setting():
    env = ENV._replace(settings={**SETTINGS, "unticked": "denied"})
    record = {
        "profileId": "7",
        "guestDetails": profile(privacyInfo={"optInSms": False}),
    }
    (consent,) = [event for event in parse("guest", record, env=env) if event["entity"] == "consent"]
    assert (consent["channel"], consent["state"], "at" in consent) == ("sms", "denied", False)


def posting(**fields):
    info = {"reservationId": {"id": "9"}}
    base = {
        "transactionNo": 1,
        "transactionType": "Revenue",
        "transactionCode": "1000",
        "transactionDate": "2026-03-28",
    }
    return {"posting": {**base, "guestInfo": info, "debitAmount": {"amount": 10}, **fields}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"department": "room", "amount_gross": "10", "currency": "EUR"}),
        ({"transactionCode": "9900"}, {"department": "tax"}),
        ({"transactionCode": "FOO"}, {"department": "other"}),
        ({"debitAmount": None, "creditAmount": {"amount": 4}}, {"amount_gross": "-4"}),
        (
            {"debitAmount": None, "postedAmount": {"amount": 7, "currencyCode": "USD"}},
            {"amount_gross": "7", "currency": "USD"},
        ),
        ({"transactionType": "Payment", "creditAmount": {"amount": 25}}, {"entity": "payment", "amount": "15"}),
        (
            {"transactionType": "Payment", "paymentMethod": {"paymentMethod": "CA"}},
            {"amount": "-10", "state": "refund", "method": "cash"},
        ),
    ],
)
def test_postings(fields, expected):
    (event,) = parse("charge", posting(**fields))
    assert {name: event.get(name) for name in expected} == expected


def test_posting_of_no_guest():
    assert parse("charge", posting(guestInfo={"roomId": "101"})) == []


def test_void_folio():
    line = posting()["posting"]
    folio = {"folioWindows": [{"folioWindowNo": 3, "folios": [{"folioStatus": "Void", "postings": [line]}]}]}
    (event,) = parse("folio", {"reservationId": "9", "reservationFolioInformation": folio})
    assert (event["state"], event["window"]) == ("void", 3)


@pytest.mark.parametrize(
    ("entity", "record", "where"),
    [
        ("guest", {"guestDetails": profile()}, "profileId"),
        ("stay", {"reservationStatus": "Reserved"}, "reservationId"),
        ("stay", reservation(room={"arrivalDate": "soon"}), "roomStay.arrivalDate"),
        ("stay", reservation(rate={"guestCounts": {"adults": "two"}}), "roomStay.adults"),
        ("stay", reservation(revenuesAndBalances={"balance": {"amount": "much"}}), "revenuesAndBalances.balance"),
        ("charge", posting(transactionNo=None), "transactionNo"),
        ("charge", posting(debitAmount={"amount": "x"}), "debitAmount"),
        ("charge", posting(transactionType="Payment", debitAmount=None), "creditAmount"),
        ("charge", "[]", ""),
        ("stay", "{", ""),
    ],
)
def test_malformed_records_say_where(entity, record, where):
    with pytest.raises(ParseError) as caught:
        parse(entity, record)
    assert caught.value.path == where


def test_hints_of_events():
    module = __import__("hospitality_connectors.engine.adapters.ohip", fromlist=["hints_of"])

    def event(name, key, details=(), wrapper="businessEvent"):
        header = {"moduleName": name, "actionType": "X", "primaryKey": key}
        rows = [{"dataElement": label, "oldValue": old, "newValue": new} for label, old, new in details]
        return {wrapper: {"header": header, "details": rows}}

    assert module.hints_of(event("Profile", "7", wrapper="BusinessEvent")) == [Hint("guest", "7", "X")]
    change = [("GUEST NAME ID", "1", "2")]
    assert module.hints_of(event("Reservation", "9", change)) == [Hint("stay", "9", "X"), Hint("vanished", "1>2", "X")]
    assert module.hints_of(event("Cashiering", "5", [("RESV NAME ID", None, "9")])) == [Hint("stay", "9", "X")]
    assert module.hints_of(event("Block", "5")) == module.hints_of(event(14, "5")) == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2026-03-28", "Void"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BASES = {
    "stay": reservation(reservationGuests=[], sharedGuests=[], comments=[], attachedProfiles=[], cancellation={}),
    "guest": {
        "profileId": "7",
        "guestDetails": profile(
            addresses={"addressInfo": [{"address": {"addressLine": ["x"], "country": {"code": "PT"}}}]},
            telephones={"telephoneInfo": [{"telephone": {}}]},
            privacyInfo={"optInEmail": True},
            comments={"commentInfo": [{"comment": {"text": {"value": "x"}}}]},
            preferenceCollection={"preferenceType": [{"preferenceType": "A", "preference": [{}]}]},
            profileMemberships={"profileMembership": [{}]},
        ),
    },
    "charge": posting(paymentMethod={"paymentCard": {}}, quantity=1, folioWindowNo=1),
    "folio": {
        "reservationId": "9",
        "reservationFolioInformation": {"folioWindows": [{"folios": [{"postings": [{}]}]}]},
    },
}


def places(value, here=()):
    """Return the paths to all values in a record."""
    found = [here]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*here, key))
    return found


@settings(max_examples=500, deadline=None)
@given(data=st.data(), entity=st.sampled_from(sorted(BASES)))
def test_nothing_but_event_errors(data, entity):
    record = json.loads(json.dumps(BASES[entity]))
    for _change in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([place for place in places(record) if place]))
        target = record
        for step in way:
            target = target[step]
        target[last] = data.draw(JSON)
    try:
        parse(entity, record)
    except EventError:
        return


def test_time_of_change_in_the_hour_that_comes_twice():
    values = __import__("hospitality_connectors.engine.adapters.values", fromlist=["version_of"])
    times = [datetime.datetime(2026, 10, 25, hour, 45, tzinfo=datetime.timezone.utc) for hour in (0, 1)]
    first, second = (values.version_of("2026-10-25 01:30:00.0", "Europe/Lisbon", now) for now in times)
    assert second - first == 3600
