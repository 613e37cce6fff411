"""Cloudbeds: PMS API v1.3, accounting v1.0, guest profiles v1.0.

Reservations come with the price of each night and the time of change in UTC; times of guests, and the filters by time,
are local to the property. The list of reservations does not move for every change, so that each night reads the stays
around today as well. A web-hook has no signature and is a hint.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from .. import adapter as base
from ..adapter import Capabilities, Finding, Gone, Hint, Moved, Page, Rate, Received, Setting, Stream
from ..hook.verify import SecretUrl
from ..network.errors import Declined, Denied
from ..redaction import FIELDS, redact_raw
from ..types import EventError
from . import cloudbeds_parse as parser
from . import cloudbeds_push, values
from .paging import Place
from .records import content, parse_instant, path, raw, stamp
from .values import is_true, text_of

PAGE = 100
#: What a row of changed guests says of the room and not of the guest: a guest with two rooms has two rows.
OF_THE_ROOM = ("reservationID", "roomTypeID", "roomID", "roomName", "startDate", "endDate")
#: Keys of thirteen digits and more; one in ten looks like the number of a card.
KEYS = frozenset(
    "id guestid reservationid subreservationid reservationroomid profileid newguestid rootid parentid sourceid"
    " subsourceid sourceidentifier subsourceidentifier externalrelationid originid routedfrom customerid userid"
    " thirdpartyidentifier sourcereservationid propertyid".split()
)
DOCUMENTS = frozenset("guestdocumentnumber taxid guesttaxid".split())


@base.register
class Cloudbeds(base.Adapter):
    code = "cloudbeds"
    name = "Cloudbeds"
    settings = (
        Setting(
            "api_key",
            "API Key",
            secret=True,
            required=True,
            help="Cloudbeds: Account > Apps & Marketplace > API Credentials. It needs to read guests, reservations, "
            "hotels and payments, and to write guests where something is sent back.",
        ),
        Setting("property_id", "Property ID", required=True, help="The number in the address of the property's page."),
        Setting("url", "Address", default="https://api.cloudbeds.com", help="Where the vendor's API is."),
        Setting(
            "organization",
            "Organization ID",
            help="Needed to follow merges that are taken back, opt-ins and anonymisation. Test Connection shows it.",
        ),
        Setting(
            "accounting", "Read Transactions", default="yes", choices=("yes", "no"), help="Folio lines and payments."
        ),
        Setting("vip_field", "Custom Field of the VIP Code", help="Name of a custom field of guests."),
        Setting("tier_field", "Custom Field of the Loyalty Tier", help="Name of a custom field of guests."),
        Setting(
            "unticked",
            "No Opt-In Means",
            default="unknown",
            choices=("unknown", "denied"),
            help="What it says about a guest that his opt-in was never ticked: nothing, or that he refuses. "
            "A tick that is taken away is a withdrawal in any case.",
        ),
    )
    rates = {"": (Rate(5, 1),)}
    hook = SecretUrl()

    def capabilities(self):
        return Capabilities(
            entities=frozenset({"guest", "booking", "stay", "charge", "payment", "consent"}),
            cursor_kind="modified",
            tz_mode="mixed",
            webhook="hint",
            merge_signal="pointer",
            push=frozenset({"vip", "tier", "alert", "allergy", "preference", "consent", "note", "erasure"}),
        )

    def streams(self, settings):
        streams = [Stream("guests", entity="guest"), Stream("reservations", entity="stay")]
        if settings.get("organization"):
            streams.append(Stream("merges", every=3600, overlap=timedelta(days=1), entity="guest"))
        if settings.get("accounting") != "no":
            streams.append(Stream("transactions", every=300, overlap=timedelta(hours=6), entity="charge"))
        streams.append(Stream("stays", "sweep", every=86400, days=(-7, 45), longest=timedelta(days=14)))
        if settings.get("accounting") != "no":
            streams.append(Stream("ledger", "sweep", every=86400, days=(-7, 0), entity="charge"))
        return tuple(streams)

    # Talking to the vendor

    def sign(self, ctx):
        key = ctx.secret("api_key")
        return {"Authorization": f"Bearer {key}", "x-api-key": key}

    def pms(self, ctx, name, params=None, form=None, method="GET"):
        """Call a method of the PMS API.

        :return: the answer as a dict; ``success`` says whether it was done
        :raise Declined: the vendor says no, for another reason than that there is no such record
        """
        url = f"{ctx.settings['url'].rstrip('/')}/api/v1.3/{name}"
        answer = ctx.json(ctx.call(method, url, params=params, form=form, accept=(404,)))
        if not isinstance(answer, dict):
            answer = {"data": answer}
        if answer.get("success") is False and not is_missing(answer):
            raise Declined(200, f"Cloudbeds refuses {name}.")
        return answer

    def profiles(self, ctx, name, params=None, json=None, method="GET", accept=()):
        """Call the API of guest profiles, and return the answer."""
        url = f"{ctx.settings['url'].rstrip('/')}/guest-profiles/v1/{name}"
        headers = {"X-Organization-Id": ctx.settings["organization"]}
        return ctx.call(method, url, params=params, json=json, headers=headers, accept=accept)

    def check(self, ctx):
        own = {"propertyIDs": ctx.settings["property_id"]}
        hotels = self.pms(ctx, "getHotels", own).get("data") or []
        hotel = next((item for item in hotels if text_of(item.get("propertyID")) == ctx.settings["property_id"]), None)
        if hotel is None:
            return [Finding("error", "The key does not open this property. Check the property ID.")]
        findings = [Finding("ok", f"Connected to {hotel.get('propertyName')}.")]
        zone = hotel.get("propertyTimezone")
        if zone and zone != ctx.tz:
            findings.append(
                Finding(
                    "warning", f"The property is in the time zone {zone} there and {ctx.tz} here. Correct one of them."
                )
            )
        details = self.pms(ctx, "getHotelDetails", {"propertyID": ctx.settings["property_id"]})
        currency = path(details, "data", "propertyCurrency", "currencyCode")
        if currency and ctx.currency and currency != ctx.currency:
            findings.append(Finding("warning", f"The currency is {currency} there and {ctx.currency} here."))
        organization = text_of(hotel.get("organizationID"))
        if organization and organization != ctx.settings.get("organization"):
            findings.append(Finding("warning", f"The organization ID is {organization}. Enter it to follow merges."))
        if ctx.settings.get("accounting") != "no":
            try:
                today = ctx.now().date().isoformat()
                self._transactions(ctx, [("business_date", "equals", today)], None, 1)
            except (Denied, Declined):
                message = "Transactions can't be read. Give the key the right to read payments, or switch them off."
                findings.append(Finding("warning", message))
        return findings

    def fetch_page(self, ctx, stream, window, cursor):
        return getattr(self, f"_page_{stream.name}")(ctx, window, cursor)

    def _page_guests(self, ctx, window, cursor):
        start, end = local_range(window, ctx.tz)
        params = {
            "propertyIDs": ctx.settings["property_id"],
            "resultsFrom": start,
            "resultsTo": end,
            "includeGuestRequirements": "false",
        }
        answer, following = self._numbered(ctx, "getGuestsModified", params, cursor)
        records = {}
        for row in answer["data"]:
            row = {key: value for key, value in row.items() if key not in OF_THE_ROOM}
            record = raw("guest", text_of(row.get("guestID")) or "", row, version_of(row, ctx), seen(ctx))
            records[record.event_key] = record
        return Page(list(records.values()), following, following is not None, total=answer["total"])

    def _page_reservations(self, ctx, window, cursor):
        start, end = local_range(window, ctx.tz)
        return self._reservations(ctx, {"modifiedFrom": start, "modifiedTo": end}, cursor)

    def _page_stays(self, ctx, window, cursor):
        last = window.end - timedelta(days=1)
        days = {"reservationCheckOutFrom": window.start.isoformat(), "reservationCheckOutTo": last.isoformat()}
        return self._reservations(ctx, days, cursor)

    def _reservations(self, ctx, params, cursor):
        params = {
            "propertyID": ctx.settings["property_id"],
            **params,
            "includeDeleted": "true",
            "includeGuestsDetails": "true",
            "includeCustomFields": "true",
        }
        answer, following = self._numbered(ctx, "getReservationsWithRateDetails", params, cursor)
        records = [
            raw("booking", text_of(row.get("reservationID")) or "", row, version_of(row, ctx), seen(ctx))
            for row in answer["data"]
        ]
        return Page(records, following, following is not None, total=answer["total"])

    def _numbered(self, ctx, name, params, cursor):
        """Return a numbered page, with ``data`` and ``total``, and the cursor of the next one or None."""
        place = Place.load(cursor, PAGE)
        answer = self.pms(ctx, name, {**params, "pageNumber": place.number, "pageSize": place.size})
        rows = answer.get("data")
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        total = answer.get("total")
        total = total if isinstance(total, int) and not isinstance(total, bool) else None
        following, total = place.after(len(rows), total)
        return {"data": rows, "total": total}, following

    def _page_merges(self, ctx, window, cursor):
        """Return hints to whoever took part in a merge: the PMS itself says what has become of him."""
        number = int(cursor or 1)
        params = {"page": number, "perPage": PAGE, "includeTotal": "true"}
        answer = ctx.json(self.profiles(ctx, "merges", params))
        answer = answer[0] if isinstance(answer, list) and answer else answer
        rows = path(answer, "data", default=[])
        hints = []
        for row in rows:
            at = parse_instant(row.get("mergedAt") or row.get("mergeAt"))
            if at is None or at >= window.start - timedelta(days=1):
                people = [*(row.get("beforeMergeProfiles") or []), *(row.get("afterMergeProfiles") or [])]
                keys = dict.fromkeys(filter(None, (text_of(person.get("id")) for person in people)))
                hints += [Hint("guest", key, text_of(row.get("eventType")) or "merge") for key in keys]
        more = len(rows) == PAGE
        return Page([], str(number + 1) if more else None, more, hints=hints)

    def _page_transactions(self, ctx, window, cursor):
        filters = [
            ("transaction_datetime", "greater_than_or_equal", f"{window.start:%Y-%m-%dT%H:%M:%SZ}"),
            ("transaction_datetime", "less_than", f"{window.end:%Y-%m-%dT%H:%M:%SZ}"),
        ]
        return self._transactions(ctx, filters, cursor)

    def _page_ledger(self, ctx, window, cursor):
        filters = [
            ("business_date", "greater_than_or_equal", window.start.isoformat()),
            ("business_date", "less_than", window.end.isoformat()),
        ]
        return self._transactions(ctx, filters, cursor)

    def _transactions(self, ctx, filters, cursor, limit=500):
        conditions = [{"field": name, "operator": word, "value": value} for name, word, value in filters]
        body = {
            "filters": {"and": conditions} if len(conditions) > 1 else conditions[0],
            "limit": limit,
            "sort": [{"field": "id", "direction": "asc"}],
        }
        if cursor:
            body["pageToken"] = cursor
        url = f"{ctx.settings['url'].rstrip('/')}/accounting/v1.0/transactions"
        answer = ctx.json(ctx.post(url, json=body, headers={"X-Property-ID": ctx.settings["property_id"]}))
        rows = [row for row in path(answer, "transactions", default=[]) if isinstance(row, dict)]
        records = [
            raw("charge", text_of(row.get("id")) or "", row, stamp(row.get("createdAt")), seen(ctx)) for row in rows
        ]
        following = text_of(path(answer, "nextPageToken"))
        return Page(records, following, following is not None and bool(rows))

    def fetchable(self, settings):
        return {"guest": "guest", "booking": "booking"}

    def fetch_one(self, ctx, entity, external_id):
        if entity == "booking":
            params = {
                "propertyID": ctx.settings["property_id"],
                "reservationID": external_id,
                "includeDeleted": "true",
                "includeGuestsDetails": "true",
                "includeCustomFields": "true",
            }
            rows = self.pms(ctx, "getReservationsWithRateDetails", params).get("data") or []
            row = next((row for row in rows if text_of(row.get("reservationID")) == external_id), None)
            if row is None:
                row = {"reservationID": external_id, "isDeleted": True}
            return [raw("booking", external_id, row, version_of(row, ctx), seen(ctx))]
        if entity != "guest":
            return []
        record = self.guest(ctx, external_id)
        if record is None:
            return Gone()
        target = text_of(record.get("newGuestID"))
        if is_true(record.get("isMerged")) and target and target != external_id:
            return Moved(target)
        # One who was never merged loses nothing by being said to stand alone.
        record = {**record, "guestID": external_id, "unmerged": True}
        return [raw("guest", external_id, record, None, seen(ctx))]

    def guest(self, ctx, external_id):
        """Return a guest as the PMS shows him, None where there is none."""
        params = {"propertyID": ctx.settings["property_id"], "guestID": external_id}
        answer = self.pms(ctx, "getGuest", params)
        record = answer.get("data")
        return record if isinstance(record, dict) and record and answer.get("success") is not False else None

    # Records

    def redact(self, raw):
        return redact_raw(raw, fields=FIELDS | DOCUMENTS, keep=KEYS)

    def parse(self, raw, env):
        record = content(raw)
        parse = {
            "guest": parser.parse_guest,
            "booking": parser.parse_reservation,
            "charge": parser.parse_transaction,
        }.get(raw.entity)
        return parse(record, env, raw.version) if parse else []

    def receive(self, request, env):
        body = request.json()
        if not isinstance(body, dict) or not isinstance(body.get("event"), str):
            raise EventError("event", "not_a_record", message="The request names no event.")
        here = text_of(body.get("propertyID_str")) or text_of(body.get("propertyID"))
        if here and here != str(env.settings.get("property_id") or here):
            return Received()
        found = {"booking": ("reservationID", "reservationId"), "guest": ("guestID", "guestId")}
        hints = []
        for entity, names in found.items():
            key = next(filter(None, (text_of(body.get(name)) for name in names)), None)
            if key:
                hints.append(Hint(entity, key, body["event"][:80]))
        return Received(hints=hints)

    def push(self, ctx, command):
        return cloudbeds_push.push(self, ctx, command)


def is_missing(answer):
    """Say whether the vendor's answer is that there is no such record; he says so in words only."""
    message = str(answer.get("message") or answer.get("error") or "").lower()
    return any(word in message for word in ("not found", "does not exist", "doesn't exist", "no such"))


def seen(ctx):
    """Return the time at the vendor as naive UTC: his times of change are compared with it."""
    return ctx.now().replace(tzinfo=None)


def local_range(window, tz):
    """Return a window in the property's local time as two texts.

    Where clocks go back within it, an hour is added at both ends: local times then do not grow with time.

    >>> from datetime import datetime, timezone
    >>> hour = [datetime(2026, 10, 25, 0, minute, tzinfo=timezone.utc) for minute in (30, 59)]
    >>> local_range(base.Window(hour[0], hour[1] + timedelta(minutes=31)), "Europe/Lisbon")
    ('2026-10-25 00:30:00', '2026-10-25 02:30:00')
    """
    start, end = (moment.astimezone(ZoneInfo(tz)) for moment in (window.start, window.end))
    back = max(start.utcoffset() - end.utcoffset(), timedelta())
    start, end = start.replace(tzinfo=None) - back, end.replace(tzinfo=None) + back
    return f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}"


def version_of(row, ctx):
    """Return the Unix time of a record's last change."""
    version = stamp(row.get("dateModifiedUTC"))
    return values.version_of(row.get("dateModified"), ctx.tz, ctx.now()) if version is None else version
