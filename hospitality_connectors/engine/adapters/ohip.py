"""OPERA Cloud by Oracle's integration platform (OHIP), specifications of 25.5.

News come from three sides. Business events are handed out once, so what they name is fetched by its key and the events
themselves are written down without their values. The daily summary, made by the vendor in the background, names what
was changed on a day: it finds what was lost between the reading of an event and its storage. Each night the stays
around today are listed. Charges come from the journal, made in the background as well, or from the folio of each stay.
"""

import base64
import json
from datetime import timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from .. import adapter as base
from ..adapter import Capabilities, Finding, Gone, Hint, Page, Rate, Raw, Received, Setting, Stream, Token, gone, moved
from ..hook.verify import HeaderToken
from ..network.errors import Strange
from ..redaction import FIELDS, redact_raw
from . import ohip_outbound, ohip_profile, ohip_push
from . import ohip_parse as parser
from .ohip_jobs import run_days
from .records import content, path, raw
from .values import dicts_of, text_of, version_of

EVENTS, PAGE = 20, 100
RESERVATION = ("Reservation", "Comments", "Preferences", "RevenuesAndBalances", "Shares", "AccompanyingGuestProfile")
PROFILE = ("Profile", "Address", "Communication", "Comment", "Membership", "Preference", "Correspondence")
KEYS = frozenset("id transactionno referencetransactionno membershipid confirmationno profileid reservationid".split())
SECRETS = frozenset(
    "cardnumbermasked expirationdate expirationdatemasked approvalcode citid idnumbermasked alienregistrationno"
    " newpassword securityanswer loginname keypin registrationcardno iataccountno taxid1 taxid2 payeetaxnumber".split()
)


@base.register
class Ohip(base.Adapter):
    code = "ohip"
    name = "OPERA Cloud (OHIP)"
    settings = (
        Setting("url", "Gateway", required=True, help="Address of your gateway, from the developer portal."),
        Setting("app_key", "Application Key", secret=True, required=True, help="Developer portal: Applications."),
        Setting("client_id", "Client ID", required=True, help="Developer portal: Environments."),
        Setting("client_secret", "Client Secret", secret=True, required=True, help="Developer portal: Environments."),
        Setting(
            "grant",
            "Sign-In",
            default="client_credentials",
            choices=("client_credentials", "password"),
            help="The password grant needs the name and password of an integration user.",
        ),
        Setting("scope", "Scope", help="Of the client credentials, such as urn:opc:hgbu:ws:__myscopes__."),
        Setting("enterprise_id", "Enterprise ID", help="Where the environment asks for it."),
        Setting("username", "Integration User"),
        Setting("password", "Password of the Integration User", secret=True),
        Setting("hotel_id", "Hotel Code", required=True, help="Code of the property in OPERA Cloud."),
        Setting("external_system", "External System", required=True, help="OPERA Cloud: Toolbox > External System."),
        Setting("chain", "Chain Code", help="Where OPERA looks up guests here: the chain that it may ask for."),
        Setting(
            "outbound_token",
            "Token of OPERA",
            secret=True,
            help="Where OPERA looks up guests here: the bearer token that it carries, at least 32 random characters.",
        ),
        Setting(
            "lines", "Charges", default="journal", choices=("journal", "folios", "no"), help="Where they come from."
        ),
        Setting(
            "departments",
            "Departments of Transaction Codes",
            help="Ranges of codes: 1000-1999=room 2000-2999=fb 9000-9099=tax. Others count as other revenue.",
        ),
        Setting("diet_types", "Preferences About Food", default="DIET,ALLERGY", help="Types of preference, by comma."),
        Setting("preference_type", "Type of New Preferences", default="SPECIALS"),
        Setting(
            "codes",
            "Codes of Preferences and Allergens",
            help="Ours=theirs: nuts=NUT milk=MLK high_floor=HF; an asterisk where they are the same. What OPERA does "
            "not know is written as a comment.",
        ),
        Setting(
            "unticked",
            "No Opt-In Means",
            default="unknown",
            choices=("unknown", "denied"),
            help="What it says about a guest that an opt-in was never ticked: nothing, or that he refuses. "
            "A tick that is taken away is a withdrawal in any case.",
        ),
    )
    #: OPERA looks up guests below the connector's own address; it brings nothing.
    hook = HeaderToken("authorization", "outbound_token", "Bearer ")
    rates = {"": (Rate(50, 1),), "events": (Rate(300, 60),), "async": (Rate(100, 60),)}

    def capabilities(self):
        return Capabilities(
            entities=frozenset({"guest", "booking", "stay", "charge", "payment", "consent"}),
            cursor_kind="queue",
            tz_mode="property_local",
            merge_signal="vanish",
            push=frozenset({"vip", "tier", "alert", "allergy", "preference", "consent", "note", "erasure"}),
        )

    def account(self, settings):
        return f"{settings.get('url', '')} {settings.get('client_id', '')}".strip()

    def token_owner(self, ctx):
        return tuple(ctx.settings.get(name) or "" for name in ("enterprise_id", "grant", "username", "scope"))

    def streams(self, settings):
        month = timedelta(days=31)
        streams = [
            Stream("events", "queue", windowed=False),
            Stream("changes", every=6 * 3600, overlap=timedelta(days=1), longest=month),
        ]
        if settings.get("lines", "journal") == "journal":
            fortnight = timedelta(days=14)
            streams.append(Stream("journal", every=3600, overlap=timedelta(days=2), longest=fortnight, entity="charge"))
        streams.append(Stream("stays", "sweep", every=86400, days=(-7, 45), longest=timedelta(days=14)))
        return tuple(streams)

    # Talking to the vendor

    def sign_in(self, ctx):
        pair = f"{ctx.settings['client_id']}:{ctx.secret('client_secret')}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "x-app-key": ctx.secret("app_key"),
        }
        if ctx.settings.get("enterprise_id"):
            headers["enterpriseId"] = ctx.settings["enterprise_id"]
        form = {"grant_type": ctx.settings.get("grant") or "client_credentials"}
        if form["grant_type"] == "password":
            form |= {"username": ctx.settings.get("username") or "", "password": ctx.secret("password")}
        elif ctx.settings.get("scope"):
            form["scope"] = ctx.settings["scope"]
        answer = ctx.json(ctx.post(self.url(ctx, "/oauth/v1/tokens"), form=form, headers=headers, signed=False))
        token = text_of(path(answer, "access_token"))
        if not token:
            raise Strange("The sign-in gives no token.")
        lifetime = path(answer, "expires_in")
        return Token(token, lifetime if isinstance(lifetime, (int, float)) else 3600)

    def sign(self, ctx):
        return {
            "Authorization": f"Bearer {ctx.token()}",
            "x-app-key": ctx.secret("app_key"),
            "x-hotelid": ctx.settings["hotel_id"],
        }

    def url(self, ctx, rest):
        return ctx.settings["url"].rstrip("/") + rest

    def get(self, ctx, rest, params=None, **options):
        """Return the JSON of a record, None where the vendor has none."""
        response = ctx.get(self.url(ctx, rest), params=params, accept=(404,), **options)
        if response.status in (204, 404):
            return None
        answer = ctx.json(response)
        return answer if isinstance(answer, dict) else None

    def check(self, ctx):
        today = ctx.now().astimezone(ZoneInfo(ctx.tz)).date().isoformat()
        params = {"limit": 1, "offset": 0, "departureStartDate": today, "departureEndDate": today}
        self.get(ctx, f"/rsv/v1/hotels/{ctx.settings['hotel_id']}/reservations", params)
        findings = [Finding("ok", f"Connected to the property {ctx.settings['hotel_id']}.")]
        if abs(ctx.skew()) > 60:
            findings.append(Finding("warning", f"The clocks differ by {ctx.skew():.0f} seconds. Correct ours."))
        if ctx.settings.get("lines") != "no" and not ctx.settings.get("departments"):
            message = "All charges count as other revenue. Enter the departments of the transaction codes."
            findings.append(Finding("warning", message))
        # Looking into the queue of events would empty it.
        return findings

    def fetch_page(self, ctx, stream, window, cursor):
        return getattr(self, f"_page_{stream.name}")(ctx, window, cursor)

    def _page_events(self, ctx, window, cursor):
        system, hotel = ctx.settings["external_system"], ctx.settings["hotel_id"]
        rest = f"/int/v1/externalSystem/{system}/hotels/{hotel}/businessEvents"
        answer = self.get(ctx, rest, {"limit": EVENTS}, bucket="events")
        events = [item for item in dicts_of(answer or {}, "businessEventData") if event_of(item)]
        if not events:
            return Page([])
        hints, told = {}, []
        for item in events:
            for hint in hints_of(item):
                hints[hint.entity, hint.external_id] = hint
            told.append({"id": text_of(path(item, "businessEventId", "id")), **header_of(item)})
        digest = blake2b(json.dumps(told).encode(), digest_size=12).hexdigest()
        record = Raw("event", "", json.dumps({"events": told}), "application/json", f"events:{digest}", None, seen(ctx))
        return Page([record], None, True, hints=list(hints.values()))

    def _page_changes(self, ctx, window, cursor):
        """Return hints to the reservations that were changed on the days of a window."""
        system, hotel = ctx.settings["external_system"], ctx.settings["hotel_id"]
        rest = f"/rsv/async/v1/externalSystems/{system}/hotels/{hotel}/reservations/dailySummary"

        def body(day):
            span = {"startLastModifiedDate": f"{day}T00:00:00Z", "endLastModifiedDate": f"{day}T23:59:59Z"}
            return {"criteria": {"hotelId": hotel, "lastModifiedDate": span}}

        answer, following = run_days(self, ctx, rest, body, window, cursor)
        keys = [parser.reservation_id(item) for item in dicts_of(answer or {}, "reservations")]
        hints = [Hint("stay", key, "daily summary") for key in dict.fromkeys(filter(None, keys))]
        return Page([], following, following is not None, hints=hints)

    def _page_journal(self, ctx, window, cursor):
        hotel = ctx.settings["hotel_id"]

        def body(day):
            return {"netvatcriteriatype": {"hotelId": hotel, "timeSpan": {"startDate": day, "endDate": day}}}

        rest = f"/csh/async/v1/hotels/{hotel}/financialPostingsNetVat"
        answer, following = run_days(self, ctx, rest, body, window, cursor)
        records = []
        for item in dicts_of(answer or {}, "financialPostings"):
            key = text_of(path(item, "posting", "transactionNo")) or text_of(item.get("transactionNo"))
            records.append(raw("charge", key or "", item, None, seen(ctx)))
        return Page(records, following, following is not None)

    def _page_stays(self, ctx, window, cursor):
        """Return hints to the stays that end in a range of days: guests in house, arrivals and the last departures."""
        offset = int(cursor or 0)
        params = {
            "limit": PAGE,
            "offset": offset,
            "departureStartDate": window.start.isoformat(),
            "departureEndDate": (window.end - timedelta(days=1)).isoformat(),
        }
        answer = self.get(ctx, f"/rsv/v1/hotels/{ctx.settings['hotel_id']}/reservations", params) or {}
        rows = dicts_of(answer, "reservations", "reservationInfo")
        hints = [Hint("stay", key, "nightly") for key in filter(None, map(parser.reservation_id, rows))]
        total = path(answer, "reservations", "totalResults")
        total = total if isinstance(total, int) and not isinstance(total, bool) else None
        more = bool(rows) and path(answer, "reservations", "hasMore") is True
        return Page([], str(offset + len(rows)) if more else None, more, hints=hints, total=total)

    def fetchable(self, settings):
        return {"guest": "guest", "stay": "stay"}

    def fetch_one(self, ctx, entity, external_id):
        if entity == "guest":
            record = self.profile(ctx, external_id)
            return Gone() if record is None else [record]
        if entity == "vanished":
            return self._follow(ctx, *external_id.split(">", 1))
        if entity != "stay":
            return []
        hotel = ctx.settings["hotel_id"]
        rest = f"/rsv/v1/hotels/{hotel}/reservations/{external_id}"
        answer = self.get(ctx, rest, {"fetchInstructions": list(RESERVATION)})
        record = path(answer, "reservations", "reservation", 0)
        if not isinstance(record, dict):
            return Gone()
        records = []
        for key, _primary in parser.people_of(record)[:20]:
            records.append(self.profile(ctx, key) or gone("guest", key, seen(ctx)))
        version = version_of(text_of(record.get("lastModifyDateTime")), ctx.tz, ctx.now())
        records.append(raw("stay", external_id, record, version, seen(ctx)))
        if ctx.settings.get("lines") == "folios":
            params = {"fetchInstructions": ["Postings", "Payment", "Windowbalances"], "includeFolioHistory": "true"}
            folio = self.get(ctx, f"/csh/v1/hotels/{hotel}/reservations/{external_id}/folios", params)
            if folio:
                folio = {"reservationId": external_id, **folio}
                records.append(raw("folio", external_id, folio, None, seen(ctx)))
        return records

    def profile(self, ctx, key):
        """Return a profile as a :class:`Raw`, None where the vendor has none."""
        params = {"hotelId": ctx.settings["hotel_id"], "fetchInstructions": list(PROFILE)}
        answer = self.get(ctx, f"/crm/v1/profiles/{key}", params)
        if not answer or not ohip_profile.profile_of(answer):
            return None
        changed = text_of(ohip_profile.profile_of(answer).get("lastModifyDateTime"))
        record = {"profileId": key, **{name: value for name, value in answer.items() if name != "links"}}
        return raw("guest", key, record, version_of(changed, ctx.tz, ctx.now()), seen(ctx))

    def _follow(self, ctx, lost, left):
        """Return that two profiles were merged, where one is gone and its reservation names the other.

        OPERA deletes the one that is merged away, and says nothing else. A reservation that was given to somebody else
        leaves both.
        """
        if self.profile(ctx, lost) is not None:
            return []
        winner = self.profile(ctx, left)
        return [] if winner is None else [winner, moved("guest", lost, left, seen(ctx))]

    # Records

    def redact(self, raw):
        return redact_raw(raw, fields=FIELDS | SECRETS, keep=KEYS)

    def parse(self, raw, env):
        record = content(raw)
        parse = {
            "guest": ohip_profile.parse_profile,
            "stay": parser.parse_reservation,
            "charge": parser.parse_posting,
            "folio": parser.parse_folio,
        }.get(raw.entity)
        return parse(record, env, raw.version) if parse else []

    def receive(self, request, env):
        return Received()

    def reply(self, request, error=None):
        return ohip_outbound.problem(405, "Nothing is taken here; guests can be looked up.")

    def push(self, ctx, command):
        return ohip_push.push(self, ctx, command)


def seen(ctx):
    """Return the time at the vendor as naive UTC."""
    return ctx.now().replace(tzinfo=None)


def event_of(item):
    """Return the business event in an entry of the queue, however the vendor writes the name of its wrapper."""
    event = item.get("businessEvent") or item.get("BusinessEvent")
    return event if isinstance(event, dict) else None


def header_of(item):
    """Return what happened to what, without any value."""
    header = path(event_of(item), "header", default={})
    names = ("moduleName", "actionType", "primaryKey", "createdDateTime", "hotelId")
    return {name: text_of(path(header, name)) for name in names}


def hints_of(item):
    """Return hints to what a business event is about."""
    header = header_of(item)
    key, action = header["primaryKey"], header["actionType"] or ""
    module = ohip_profile.letters(header["moduleName"])
    details = {
        (text_of(detail.get("dataElement")) or "").upper(): detail for detail in dicts_of(event_of(item), "details")
    }
    hints = []
    if module == "profile" and key:
        hints.append(Hint("guest", key, action))
    elif module == "reservation" and key:
        hints.append(Hint("stay", key, action))
        guest = details.get("GUEST NAME ID", {})
        old, new = text_of(guest.get("oldValue")), text_of(guest.get("newValue"))
        if old and new and old != new:
            hints.append(Hint("vanished", f"{old}>{new}", action))
    elif module == "cashiering":
        for name in ("RESV NAME ID", "RESERVATION ID", "RESERVATION NAME ID"):
            stay = text_of(details.get(name, {}).get("newValue")) or text_of(details.get(name, {}).get("oldValue"))
            if stay:
                hints.append(Hint("stay", stay, action))
                break
    return hints
