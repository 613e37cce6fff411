"""What OPERA asks a CRM: requests are understood, and answers are as its description says."""

import json
import urllib.parse

import pytest
from described import Prism
from fakes.fake import Answer, Fake
from hypothesis import given, settings
from hypothesis import strategies as st

from hospitality_connectors.engine.adapters import ohip_outbound as outbound
from hospitality_connectors.engine.hook.request import HookRequest

SETTINGS = {"external_system": "CRMSYS", "chain": "CHA"}
GUEST = {
    "id": 4711,
    "title": "Dr",
    "given": "Inês",
    "family": "Almeida" * 10,
    "local": "Інеш",
    "gender": "female",
    "birthdate": "1980-05-01",
    "lang": "pt",
    "nationality": "PT",
    "emails": ["ines@mail.example", "ia@work.example"],
    "phones": ["+351210000001"],
    "street": "Rua Longa 1" * 20,
    "zip": "1000-001",
    "city": "Lisboa",
    "country": "PT",
    "vip": "VIP1",
    "nights": 7,
    "stays": 3,
    "memberships": [{"program": "CLUB", "number": "77", "level": "GOLD"}],
}
CHAIN = "externalSystems/CRMSYS/chains/CHA/"


def request(path, method="GET"):
    rest = path.partition("?")[0]
    return HookRequest(method, f"https://crm.example/hospitality/hook/x/{path}", rest, {}, b"", 0.0)


def ask(path, **options):
    return outbound.parse(request(path, **options), SETTINGS)


class Us(Fake):
    """Answers OPERA as it is told to."""

    def answer(self, call):
        return Answer(self.reply.status, self.reply.body, {"Content-Type": self.reply.content_type})


@pytest.fixture(scope="module")
def prism():
    with Us().running() as us, Prism("ohip_outbound", us.url).running() as prism:
        prism.us = us
        yield prism


def check_answer(prism, reply, path, query=None):
    """Hold the request and the answer against Oracle's description; return the answer."""
    prism.us.reply = reply
    prism.problems.clear()
    headers = {"authorization": "Bearer t", "x-app-key": "0f9c1c3e-6a55-4a39-9d6a-3c1c6f5c2a11"}
    path = f"/crm/v1/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    answer = prism.ask("GET", path, headers=headers)
    assert prism.problems == {}
    return json.loads(answer)


def test_search(prism):
    query = ask(f"crm/v1/{CHAIN}externalProfiles?name=Almeida&givenName=In%C3%AAs&hotelId=HOTEL1")
    assert (query.kind, query.criteria) == ("search", {"family": "Almeida", "given": "Inês"})
    reply = outbound.search_reply(query, [GUEST, {"id": 1, "company": "Example Ltd", "is_company": True}], 2)
    answer = check_answer(prism, reply, f"{CHAIN}externalProfiles", {"name": "Almeida", "givenName": "Inês"})
    found = answer["externalProfileSummaries"]
    assert (found["status"], found["totalRows"], len(found["profileInfo"])) == ("Success", 2, 2)
    assert found["profileInfo"][0]["profileIdList"] == [{"id": "4711", "type": "Profile"}]
    assert found["profileInfo"][1]["profile"]["profileType"] == "Company"


def test_search_that_finds_everybody_finds_nobody(prism):
    query = ask(f"{CHAIN}externalProfiles?city=Lisboa")
    answer = check_answer(
        prism, outbound.search_reply(query, [GUEST], 1), f"{CHAIN}externalProfiles", {"city": "Lisboa"}
    )
    assert answer["externalProfileSummaries"]["status"] == "NotEnoughCriteria"
    assert answer["externalProfileSummaries"]["profileInfo"] == []


def test_what_we_cannot_search_by_is_said():
    query = ask(f"{CHAIN}externalProfiles?name=Almeida&keyword=x")
    answer = json.loads(outbound.search_reply(query, [GUEST] * 30, 30).body)["externalProfileSummaries"]
    assert (answer["status"], len(answer["profileInfo"])) == ("IgnoredUnsupportedCriteria", outbound.MOST)


def test_profiles_of_other_kinds_are_not_searched():
    assert not ask(f"{CHAIN}externalProfiles?name=Almeida&profileType=Vendor").is_enough()


def test_download(prism):
    query = ask(f"{CHAIN}externalProfiles/4711")
    assert (query.kind, query.key) == ("download", "4711")
    answer = check_answer(prism, outbound.download_reply(GUEST), f"{CHAIN}externalProfiles/4711")
    details = answer["profileDetails"]
    assert details["customer"]["vipStatus"] == "VIP1"
    assert [name["nameType"] for name in details["customer"]["personName"]] == ["Primary", "Alternate"]
    assert details["emails"]["totalRows"] == 2
    company = {"id": 1, "company": "Example Ltd", "is_company": True}
    assert check_answer(prism, outbound.download_reply(company), f"{CHAIN}externalProfiles/1")["profileDetails"][
        "company"
    ]


def test_membership(prism):
    path = "externalSystems/CRMSYS/profiles/4711/memberships"
    query = ask(f"{path}?membershipType=CLUB&membershipId=77")
    answer = check_answer(prism, outbound.membership_reply(GUEST, query), path, {"membershipType": "CLUB"})
    assert answer["memberInfo"]["memberInfoDetails"] == {"guestTotalNights": 7, "guestTotalStay": 3}
    assert outbound.membership_reply(GUEST, ask(f"{path}?membershipId=78")).status == 404
    assert outbound.membership_reply(GUEST, ask(path)).status == 200


def test_number_of_a_membership(prism):
    path = f"{CHAIN}validateMembershipNumber"
    query = ask(f"{path}?membershipNo=77&membershipType=CLUB")
    assert outbound.find_membership(GUEST, query)
    check_answer(prism, outbound.validate_reply(True), path, {"membershipNo": "77", "membershipType": "CLUB"})
    assert outbound.validate_reply(False).status == 204


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        (f"{CHAIN}externalProfiles", "POST", 405),
        (f"{CHAIN}enrollments", "GET", 404),
        ("externalSystems/OTHER/chains/CHA/externalProfiles", "GET", 404),
        ("externalSystems/CRMSYS/chains/OTHER/externalProfiles", "GET", 404),
        (f"{CHAIN}validateMembershipNumber?membershipNo=77", "GET", 400),
        ("", "GET", 404),
    ],
)
def test_what_is_not_served(path, method, status):
    with pytest.raises(outbound.Refused) as caught:
        ask(path, method=method)
    assert caught.value.reply.status == status


@settings(max_examples=200, deadline=None)
@given(path=st.text(max_size=60), query=st.text(max_size=60))
def test_any_address_is_answered(path, query):
    try:
        found = outbound.parse(HookRequest("GET", f"https://x/{path}?{query}", path, {}, b"", 0.0), SETTINGS)
    except outbound.Refused:
        return
    assert found.kind
