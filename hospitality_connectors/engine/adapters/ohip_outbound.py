"""What OPERA Cloud asks a CRM: search profiles, download one, look at a membership.

Oracle describes it in ``crmoutbound.json`` of 25.5 (UPL 1.0). A request becomes a :class:`Query`; guests, as plain
values, become the answer. Who may ask, and which guests are found, is the caller's business.

A guest is a dict with any of ``id title given middle family local company is_company gender birthdate lang nationality
emails phones street street2 zip city state country vip nights stays`` (texts, lists of texts, numbers) and
``memberships`` (``[{"program", "number", "level"}]``).
"""

import json
import re
import urllib.parse
from typing import NamedTuple

from ..adapter import Reply
from .records import compact

#: Longest list of profiles, whatever is asked for.
MOST = 20
_SYSTEM = r"externalSystems/(?P<system>[^/]+)"
_PATHS = (
    ("search", re.compile(_SYSTEM + r"/chains/(?P<chain>[^/]+)/externalProfiles")),
    ("download", re.compile(_SYSTEM + r"/chains/(?P<chain>[^/]+)/externalProfiles/(?P<key>[^/]+)")),
    ("validate", re.compile(_SYSTEM + r"/chains/(?P<chain>[^/]+)/validateMembershipNumber")),
    ("membership", re.compile(_SYSTEM + r"/profiles/(?P<key>[^/]+)/memberships")),
)
#: Criterion of OPERA -> ours.
CRITERIA = {
    "profileId": "key",
    "name": "family",
    "givenName": "given",
    "city": "city",
    "postalCode": "zip",
    "countryCode": "country",
    "communication": "contact",
    "membershipNumber": "number",
    "membershipType": "program",
    "birthDate": "birthdate",
}
IGNORED = ("state", "keyword", "arNumber")
#: What one of them finds few enough.
ENOUGH = ("key", "family", "contact", "number")


class Refused(Exception):
    """The request is not served.

    :ivar reply: what OPERA gets
    """

    def __init__(self, status, title):
        super().__init__(title)
        self.reply = problem(status, title)


class Query(NamedTuple):
    """What is asked for.

    :ivar kind: ``search``, ``download``, ``validate`` or ``membership``
    :ivar key: number of a profile of ours, or empty
    :ivar criteria: values by our names, see :data:`CRITERIA`
    :ivar ignored: whether something was asked for that we can't search by
    """

    kind: str
    key: str = ""
    criteria: dict = {}
    ignored: bool = False

    def is_enough(self):
        """Say whether a search is narrow enough to be made."""
        return any(self.criteria.get(name) for name in ENOUGH)


def parse(request, settings):
    """Return the :class:`Query` of a request.

    :param engine.hook.request.HookRequest request:
    :param dict settings: of the connector
    :raise Refused: it is none of those that are served
    """
    if request.method != "GET":
        raise Refused(405, "Only profiles and memberships can be asked for.")
    rest = request.path.strip("/").removeprefix("crm/v1/")
    found = next(((kind, match) for kind, path in _PATHS if (match := path.fullmatch(rest))), None)
    if found is None:
        raise Refused(404, "There is no such operation.")
    kind, match = found
    parts = {name: urllib.parse.unquote(value) for name, value in match.groupdict().items()}
    if parts["system"] != settings.get("external_system"):
        raise Refused(404, "There is no such external system.")
    if settings.get("chain") and parts.get("chain", settings["chain"]) != settings["chain"]:
        raise Refused(404, "There is no such chain.")
    query = {name: value.strip()[:200] for name, value in request.query().items() if value.strip()}
    criteria = {ours: query[theirs] for theirs, ours in CRITERIA.items() if theirs in query}
    if kind == "membership":
        criteria = compact({"number": query.get("membershipId"), "program": query.get("membershipType")})
    if kind == "validate":
        criteria = compact({"number": query.get("membershipNo"), "program": query.get("membershipType")})
        if len(criteria) < 2:
            raise Refused(400, "A membership needs its number and its type.")
    if query.get("profileType", "Guest") not in ("Guest", "Contact", "Company", "Agent"):
        criteria = {}
    return Query(kind, parts.get("key", ""), criteria, any(name in query for name in IGNORED))


def search_reply(query, guests, total):
    """Return the answer to a search.

    :param guests: at most :data:`MOST` guests
    :param int total: how many there are
    """
    status = "IgnoredUnsupportedCriteria" if query.ignored else "Success"
    if not query.is_enough():
        guests, total, status = [], 0, "NotEnoughCriteria"
    summaries = [{"profileIdList": _ids(guest), "profile": _summary(guest)} for guest in guests[:MOST]]
    answer = {"profileInfo": summaries, "totalRows": total, "status": status, "haltOperation": False}
    return _json({"externalProfileSummaries": answer, "links": []})


def download_reply(guest):
    """Return the answer with one whole profile."""
    return _json({"profileIdList": _ids(guest), "profileDetails": _details(guest), "links": []})


def membership_reply(guest, query):
    """Return what is known of a guest's membership; it is not found where he has no such one."""
    if query.criteria and not find_membership(guest, query):
        return problem(404, "The guest has no such membership.")
    stays = {"guestTotalNights": guest.get("nights") or 0, "guestTotalStay": guest.get("stays") or 0}
    return _json({"memberInfo": {"memberInfoDetails": stays}, "links": []})


def validate_reply(is_known):
    """Return whether a number of a membership is one of ours."""
    return _json({"links": []}) if is_known else Reply(204)


def find_membership(guest, query):
    """Return the membership that a query names, None where the guest has none such."""
    for member in guest.get("memberships") or ():
        wanted = {name: query.criteria[name] for name in ("number", "program") if query.criteria.get(name)}
        if all(str(member.get(name, "")) == value for name, value in wanted.items()):
            return member
    return None


def problem(status, title):
    """Return an error as OPERA's own services tell theirs."""
    return _json({"title": title, "status": str(status), "o:errorCode": f"CRM-{status}"}, status)


def _json(value, status=200):
    return Reply(status, json.dumps(value, ensure_ascii=False).encode(), "application/json;charset=UTF-8")


def _ids(guest):
    return [{"id": str(guest["id"])[:80], "type": "Profile"}]


def _cut(value, length):
    return str(value)[:length] if value else None


def _summary(guest):
    name = {
        "name": _cut(guest.get("family") or guest.get("company"), 40),
        "fullName": _cut(_full_name(guest), 200),
        "givenName": _cut(guest.get("given"), 40),
        "middleName": _cut(guest.get("middle"), 40),
        "nameTitle": _cut(guest.get("title"), 80),
        "nameType": "Primary",
        "gender": _cut(guest.get("gender"), 20),
        "birthDate": guest.get("birthdate"),
        "language": guest.get("lang"),
    }
    members = [_membership(member) for member in guest.get("memberships") or ()]
    return compact(
        {
            "formerName": compact(name),
            "addressInfo": _address(guest),
            "telephoneInfo": _telephone(guest["phones"][0], True) if guest.get("phones") else None,
            "emailInfo": _email(guest["emails"][0], True) if guest.get("emails") else None,
            "profileMembership": members[0] if members else None,
            "profileType": _kind(guest),
            "statusCode": "Active",
        }
    )


def _details(guest):
    person = {
        "givenName": _cut(guest.get("given"), 40),
        "middleName": _cut(guest.get("middle"), 40),
        "surname": _cut(guest.get("family") or guest.get("company"), 40),
        "nameTitle": _cut(guest.get("title"), 80),
        "nameType": "Primary",
        "language": guest.get("lang"),
    }
    names = [compact(person)]
    if guest.get("local"):
        names.append({"surname": guest["local"][:40], "nameType": "Alternate"})
    customer = {
        "personName": names,
        "gender": _cut(guest.get("gender"), 20),
        "birthDate": guest.get("birthdate"),
        "language": guest.get("lang"),
        "nationality": _cut(guest.get("nationality"), 20),
        "vipStatus": _cut(guest.get("vip"), 20),
    }
    emails = [_email(value, not index) for index, value in enumerate(guest.get("emails") or ())]
    phones = [_telephone(value, not index) for index, value in enumerate(guest.get("phones") or ())]
    members = [_membership(member) for member in guest.get("memberships") or ()]
    address = _address(guest)
    details = {
        "customer": compact(customer),
        "company": {"companyName": guest["company"][:40]} if guest.get("is_company") and guest.get("company") else None,
        "addresses": {"addressInfo": [address], "totalRows": 1} if address else None,
        "telephones": {"telephoneInfo": phones, "totalRows": len(phones)} if phones else None,
        "emails": {"emailInfo": emails, "totalRows": len(emails)} if emails else None,
        "profileMemberships": {"profileMembership": members, "totalRows": len(members)} if members else None,
        "profileType": _kind(guest),
        "statusCode": "Active",
    }
    return compact(details)


def _kind(guest):
    return "Company" if guest.get("is_company") else "Guest"


def _full_name(guest):
    parts = (guest.get(name) for name in ("title", "given", "middle", "family"))
    return " ".join(filter(None, parts)) or guest.get("company")


def _address(guest):
    lines = [_cut(guest.get(name), 80) for name in ("street", "street2")]
    country = _cut(guest.get("country"), 20)
    address = compact(
        {
            "addressLine": [line for line in lines if line],
            "cityName": _cut(guest.get("city"), 40),
            "postalCode": _cut(guest.get("zip"), 15),
            "state": _cut(guest.get("state"), 20),
            "country": {"code": country} if country else None,
        }
    )
    return {"address": {**address, "primaryInd": True}} if address else None


def _telephone(value, is_primary):
    return {"telephone": {"phoneTechType": "PHONE", "phoneNumber": value[:40], "primaryInd": is_primary}}


def _email(value, is_primary):
    return {"email": {"emailAddress": value[:2000], "type": "EMAIL", "primaryInd": is_primary}}


def _membership(member):
    return compact(
        {
            "membershipType": _cut(member.get("program"), 2000),
            "membershipId": _cut(member.get("number"), 2000),
            "membershipLevel": _cut(member.get("level"), 2000),
        }
    )
