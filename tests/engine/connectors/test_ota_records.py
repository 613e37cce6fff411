"""OTA XML: what messages about reservations mean."""

import pytest
from fakes import ota
from ota_requests import ENV, events_of, reply

import hospitality_connectors.engine.adapters  # noqa: F401  registers them
from hospitality_connectors.engine.adapters import ota_xml


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Requested", "enquiry"),
        ("Waitlisted", "waitlist"),
        ("Reserved", "reserved"),
        ("Commit", "reserved"),
        ("Book", "reserved"),
        ("Modify", "reserved"),
        ("In-house", "in_house"),
        ("Checked-Out", "checked_out"),
        ("No-show", "no_show"),
        ("Cancel", "cancelled"),
        ("Cancelled", "cancelled"),
        ("Dreamt", None),
    ],
)
def test_statuses(word, status):
    found = events_of(ota.notification(ota.reservation("R1", state=word)))
    assert (found["stay", "R1:1"].get("status"), found["stay", "R1:1"]["status_raw"]) == (status, word)


def test_cancelled_and_booked_again():
    later = ota.reservation("R1", state="Reserved", modified="2026-11-22T09:00:00Z")
    earlier = ota.reservation("R1", state="Cancelled", modified="2026-11-22T08:00:00Z")
    versions = [events_of(ota.notification(one))["stay", "R1:1"] for one in (earlier, later)]
    assert [one["status"] for one in versions] == ["cancelled", "reserved"]
    assert versions[0]["version"] < versions[1]["version"]


def test_several_rooms_and_who_sleeps_where():
    guests = "".join(
        ota.res_guest({"given": name, "family": "X", "rph": mark, "key": f"P{mark}"})
        for mark, name in ((1, "Ann"), (2, "Bob"), (3, "Cid"))
    )
    rooms = [{"index": 1, "rphs": [1, 2], "code": "DBL"}, {"index": 2, "rphs": [3], "code": "SGL", "total": "99.50"}]
    found = events_of(ota.notification(ota.reservation("R1", rooms=rooms, guest={}, guests=guests)))
    first, second = found["stay", "R1:1"], found["stay", "R1:2"]
    assert [(one["guest"], one["role"]) for one in first["guests"]] == [("P1", "primary"), ("P2", "companion")]
    assert [one["guest"] for one in second["guests"]] == ["P3"]
    assert (first["room_type"], second["room_type"], second["amount_total"]) == ("DBL", "SGL", "99.5")
    assert first["booking"] == second["booking"] == "R1"
    assert found["booking", "R1"]["stays"] == ["R1:1", "R1:2"]
    assert found["guest", "P3"]["values"]["given_name"] == "Cid"


@pytest.mark.parametrize(
    ("currency", "total", "places", "shown"),
    [
        ("JPY", "12000", "", "12000"),
        ("JPY", "12000", " DecimalPlaces='0'", "12000"),
        ("KWD", "45125", " DecimalPlaces='3'", "45.125"),
        ("AMD", "38500.50", "", "38500.5"),
        ("EUR", "8550", " DecimalPlaces='2'", "85.5"),
        ("EUR", "85.50", " DecimalPlaces='2'", "85.5"),
    ],
)
def test_money(currency, total, places, shown):
    room = {"currency": currency, "total": total, "places": places}
    event = events_of(ota.notification(ota.reservation("R1", rooms=[room])))["stay", "R1:1"]
    assert (event["currency"], event["amount_total"]) == (currency, shown)


def test_taxes_and_missing_currency():
    message = ota.notification(ota.reservation("R1")).replace(
        "<Total AmountAfterTax='299' CurrencyCode='EUR'/>",
        "<Total AmountBeforeTax='100'><Taxes><Tax Amount='6.5'/><Tax Amount='2'/></Taxes></Total>",
    )
    event = events_of(message, ENV._replace(currency="AMD"))["stay", "R1:1"]
    assert (event["currency"], event["amount_total"], event["amount_tax"]) == ("AMD", "108.5", "8.5")


@pytest.mark.parametrize("tz", ["Asia/Tokyo", "America/New_York", "Europe/Lisbon"])
@pytest.mark.parametrize("start", ["2026-03-29", "2026-03-29T00:30:00", "2026-03-29T23:59:00+09:00"])
def test_dates_never_slip(tz, start):
    room = {"start": start, "end": "2026-03-30"}
    event = events_of(ota.notification(ota.reservation("R1", rooms=[room])), ENV._replace(tz=tz))["stay", "R1:1"]
    assert event["arrival"] == "2026-03-29"


def test_request_for_some_nights_in_a_span():
    span = "<TimeSpan Duration='P4N'><StartDateWindow EarliestDate='2026-12-03' LatestDate='2026-12-08'/></TimeSpan>"
    event = events_of(ota.notification(ota.reservation("R1", state="Requested", rooms=[{"span": span}])))[
        "stay", "R1:1"
    ]
    assert (event["arrival"], event["departure"]) == ("2026-12-03", "2026-12-07")


def test_counts_by_age_and_by_class():
    aged = events_of(ota.notification(ota.reservation("R1", rooms=[{"adults": 2, "ages": [9, 1, 40]}])))["stay", "R1:1"]
    assert (aged["adults"], aged["children"], aged["infants"]) == (3, 1, 1)
    message = ota.notification(ota.reservation("R1")).replace(
        "<GuestCount Count='2'/>",
        "<GuestCount AgeQualifyingCode='10' Count='2'/><GuestCount AgeQualifyingCode='8' Count='3'/>",
    )
    classed = events_of(message)["stay", "R1:1"]
    assert (classed["adults"], classed["children"]) == (2, 3)


def test_consents_are_what_was_said():
    def states(**guest):
        found = events_of(ota.notification(ota.reservation("R1", guest={"email": "a@mail.example", **guest})))
        return {event["channel"]: event["state"] for (entity, _key), event in found.items() if entity == "consent"}

    assert states(remark="yes") == {"email": "granted"}
    assert states(remark="no") == {"email": "denied"}
    assert states() == {}
    assert states(extra="<Address Remark='catalog:yes'><CityName>X</CityName></Address>") == {"post": "granted"}


def test_guest_agency_and_wishes():
    extra = (
        "<Telephone PhoneTechType='3' PhoneNumber='+999'/><Address><AddressLine>Way 1</AddressLine>"
        "<CityName>Graz</CityName><PostalCode>8010</PostalCode><CountryName Code='AT'/></Address>"
        "<CustLoyalty ProgramID='CLUB' MembershipID='77'/>"
        "<CitizenCountryName Code='DEU'/>"
    )
    info = (
        "<Comments><Comment Name='included services'><ListItem>Parking</ListItem><ListItem>Pool</ListItem></Comment>"
        "<Comment Name='customer comment'><Text>\n  Dogs?\n\n  Thanks.\n</Text></Comment></Comments>"
    )
    agency = (
        "<Profiles><ProfileInfo><Profile ProfileType='4'><CompanyInfo>"
        "<CompanyName Code='9' CodeContext='ABC'>ACME</CompanyName>"
        "</CompanyInfo></Profile></ProfileInfo></Profiles>"
    )
    company = "<CompanyName Code='BDC'>Booking</CompanyName>"
    pos = f"<POS><Source><BookingChannel Type='7'>{company}</BookingChannel></Source></POS>"
    guest = {"family": "O'Brien <&>", "email": "ann@mail.example", "extra": extra}
    found = events_of(ota.notification(ota.reservation("R1", guest=guest, info=info, profiles=agency), pos=pos))
    assert found["guest", "R1:guest:1"]["values"] == {
        "given_name": "Ann",
        "family_name": "O'Brien <&>",
        "lang": "de",
        "emails": ["ann@mail.example"],
        "phones": ["+4934567893"],
        "street": "Way 1",
        "city": "Graz",
        "zip": "8010",
        "country": "AT",
        "nationality": "DE",
        "memberships": [{"number": "77", "program": "CLUB"}],
    }
    assert found["guest", "company:ABC:9"]["kind"] == "agency"
    assert (found["booking", "R1"]["agency"], found["booking", "R1"]["channel"]) == ("company:ABC:9", "BDC")
    assert found["stay", "R1:1"]["requests"] == "Parking, Pool\nDogs?\n\nThanks."


def test_property_by_hotel_code():
    message = ota.notification(ota.reservation("R1", hotel="H7"))
    assert events_of(message)["stay", "R1:1"]["property"] == "H7"
    assert events_of(message, ENV._replace(settings={"hotel": "H7"}))["stay", "R1:1"]["property"] == "HOTEL"


def test_profiles_that_were_merged():
    message = (
        f"<OTA_ProfileMergeRQ xmlns='{ota.OTA}' Version='4' TimeStamp='2026-11-22T08:00:00Z' EchoToken='m1'>"
        "<UniqueID Type='21' ID='P1'/><ObsoleteProfileID Type='21' ID='P2'/><ObsoleteProfileID Type='21' ID='P3'/>"
        "<ObsoleteProfileID Type='21' ID='P1'/></OTA_ProfileMergeRQ>"
    )
    found = events_of(ota.envelope(message))
    assert {key: event["into"] for (_entity, key), event in found.items()} == {"P2": "P1", "P3": "P1"}
    inner, _header = ota_xml.unwrap(reply(ota.envelope(message))[0])
    assert (inner.tag, inner.get("EchoToken")) == (f"{{{ota.OTA}}}OTA_ProfileMergeRS", "m1")
