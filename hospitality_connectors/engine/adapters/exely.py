"""Exely Connect (TravelLine), whose interfaces have one form on several hosts.

News come as a list of bookings with a token that never ends, as searches by time of change and of stay, and as arrays
of events. All of them name bookings by number; what a booking holds is fetched by it: from the PMS where the hotel runs
Exely PMS, beside what the booking interface knows alone, else from the booking interface only.
"""

import json
from datetime import datetime, time, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ..adapter import (
    Adapter,
    Capabilities,
    Finding,
    Gone,
    Hint,
    Page,
    ParseError,
    Rate,
    Received,
    Setting,
    Stream,
    Token,
    register,
)
from ..hook.verify import AnyOf, Basic, HeaderToken
from ..network.errors import Declined, Denied, Strange
from ..redaction import redact_raw
from . import exely_parse
from .records import path, raw, stamp
from .values import dicts_of, list_of, text_of

COUNT, PAGE = 1000, 100
#: How far back the list begins when its token is lost: what Exely advises.
LOST = timedelta(days=2)
STATES = ("Active", "Cancelled")
MOST_GUESTS = 50
KEPT = frozenset("number bookingnumber pmspersonid pmsroomstayid roomid roomtypeid guestsids rooms id".split())


@register
class ExelyAdapter(Adapter):
    code = "exely"
    name = "Exely (TravelLine)"
    settings = (
        Setting(
            "url",
            "Address",
            required=True,
            default="https://connect.hopenapi.com",
            help="Host of the interfaces; that of the TravelLine platform differs.",
        ),
        Setting("property_id", "Property", required=True, help="Number of the property in Exely."),
        Setting("client_id", "Client ID", required=True, help="Exely account, Settings, API integrations."),
        Setting("client_secret", "Client Secret", secret=True, required=True),
        Setting("pms", "Exely PMS", default="yes", choices=("yes", "no"), help="No: only the bookings are read."),
        Setting("loyalty", "Loyalty Cards", default="no", choices=("yes", "no"), help="One more call for each guest."),
        Setting("hook_token", "Key of Web-Hooks", secret=True, help="Exely repeats it in the header API-KEY."),
        Setting("hook_login", "Login of Web-Hooks", secret=True, help="user:password, where no key is used."),
        Setting("history", "Days of History", default="730", help="Where the hotel has no Exely PMS."),
    )
    rates = {
        "auth": (Rate(3, 1), Rate(15, 60), Rate(300, 3600)),
        "list": (Rate(3, 1), Rate(100, 60), Rate(3000, 3600)),
        "detail": (Rate(10, 1), Rate(200, 60), Rate(4000, 3600)),
        "pms": (Rate(50, 1), Rate(200, 60), Rate(3000, 3600)),
    }
    hook = AnyOf(HeaderToken("API-KEY"), Basic())

    def capabilities(self):
        return Capabilities(
            frozenset(("guest", "booking", "stay")), cursor_kind="token", tz_mode="mixed", webhook="hint"
        )

    def account(self, settings):
        return f"{settings.get('url', '')} {settings.get('client_id', '')}".strip()

    # Calls

    def sign_in(self, ctx):
        form = {
            "grant_type": "client_credentials",
            "client_id": ctx.settings.get("client_id") or "",
            "client_secret": ctx.secret("client_secret"),
        }
        response = ctx.post(self._address(ctx, "auth/token"), form=form, bucket="auth", signed=False, accept=(400,))
        answer = response.json()
        if response.status == 400:
            raise Denied("credentials", "Exely doesn't know the client ID or the client secret. Enter them again.")
        token = path(answer, "access_token")
        if not text_of(token):
            raise Strange("The answer to the sign-in has no token.")
        lifetime = path(answer, "expires_in")
        return Token(token, float(lifetime) if isinstance(lifetime, (int, float)) else 900.0)

    def sign(self, ctx):
        return {"Authorization": f"Bearer {ctx.token()}"}

    def _address(self, ctx, tail):
        return f"{ctx.settings['url'].rstrip('/')}/{tail}"

    def _place(self, ctx, api):
        return self._address(ctx, f"api/{api}/properties/{quote(str(ctx.settings['property_id']), safe='')}")

    def _get(self, ctx, url, bucket, params=None):
        """Return the JSON object of an answer, None where there is no such record."""
        response = ctx.get(url, params=params, bucket=bucket, accept=(404,))
        if response.status == 404:
            return None
        answer = ctx.json(response)
        if not isinstance(answer, dict):
            raise Strange("The answer is not a set of named values.")
        return answer

    def _pms(self, ctx, tail, params=None):
        return self._get(ctx, f"{self._place(ctx, 'pms/v2')}/{tail}", "pms", params)

    def _bookings(self, ctx):
        return f"{self._place(ctx, 'read-reservation/v1')}/bookings"

    # Reading

    def streams(self, settings):
        feed = Stream("feed", windowed=False, entity="stay")
        if not has_pms(settings):
            return (feed,)
        return (
            feed,
            Stream("reservations", every=300, overlap=timedelta(minutes=15), longest=timedelta(days=360)),
            Stream("stays", "sweep", longest=timedelta(days=360)),
        )

    def fetch_page(self, ctx, stream, window, cursor):
        if stream.name == "feed":
            return self._fetch_feed(ctx, cursor)
        place = json.loads(cursor) if cursor else {"state": STATES[0]}
        if place.get("token"):
            params = {"pageToken": place["token"], "state": place["state"]}
        elif stream.name == "stays":
            start, end = (f"{datetime.combine(day, time()):%Y-%m-%dT%H:%M}" for day in window)
            params = {"state": place["state"], "startAffectPeriodDateTime": start, "endAffectPeriodDateTime": end}
        else:
            start, end = local_minutes(window.start, ctx.tz, -1), local_minutes(window.end, ctx.tz, 1)
            params = {"state": place["state"], "startModifyDateTime": start, "endModifyDateTime": end}
        answer = self._pms(ctx, "reservations/search", {**params, "maxPageSize": PAGE}) or {}
        hints = _hints(answer, "reservations", place["state"])
        token = text_of(answer.get("nextPageToken")) or text_of(answer.get("pageToken"))
        if answer.get("hasNextPage") is True and token:
            return Page([], json.dumps({"state": place["state"], "token": token}), True, hints=hints)
        if place["state"] == STATES[0]:
            return Page([], json.dumps({"state": STATES[1]}), True, hints=hints)
        return Page([], None, False, hints=hints)

    def _fetch_feed(self, ctx, cursor):
        if cursor:
            params = {"continueToken": cursor}
        else:
            history = str(ctx.settings.get("history") or "")
            days = timedelta(days=min(int(history), 6000) if history.isdecimal() else 730)
            params = {"lastModification": _utc(ctx.now() - (LOST if has_pms(ctx.settings) else days))}
        try:
            answer = self._get(ctx, self._bookings(ctx), "list", {**params, "count": COUNT}) or {}
        except Declined as error:
            if not cursor or error.status != 400:
                raise
            params = {"lastModification": _utc(ctx.now() - LOST), "count": COUNT}
            answer = self._get(ctx, self._bookings(ctx), "list", params) or {}
        hints = _hints(answer, "bookingSummaries", "list")
        return Page([], text_of(answer.get("continueToken")) or cursor, answer.get("hasMoreData") is True, hints=hints)

    def fetchable(self, settings):
        return {"booking": "booking"}

    def fetch_one(self, ctx, entity, external_id):
        if entity != "booking":
            raise Strange(f"Exely has no records of the kind {entity}.")
        key = quote(external_id, safe="")
        found = self._get(ctx, f"{self._bookings(ctx)}/{key}", "detail")
        booking = path(found, "booking")
        record = {"number": external_id, "booking": booking}
        people, now = [], ctx.now().replace(tzinfo=None)
        if has_pms(ctx.settings):
            found = self._pms(ctx, f"reservations/{key}")
            reservation = record["pms"] = path(found, "reservation")
            if isinstance(reservation, dict):
                people = self._fetch_people(ctx, reservation)
                record["invoices"] = dicts_of(self._pms(ctx, f"reservations/{key}/invoices") or {}, "invoices")
                rooms = ctx.memo("rooms", lambda: self._read_rooms(ctx))
                ids = {text_of(stay.get("roomId")) for stay in dicts_of(reservation, "roomStays")}
                record["rooms"] = {id_: rooms[id_] for id_ in sorted(filter(None, ids)) if id_ in rooms}
        if not isinstance(record.get("pms"), dict) and not isinstance(booking, dict):
            return Gone()
        modified = path(record, "pms", "modifyDateTime") or path(booking, "modifiedDateTime")
        guests = [raw("guest", text_of(path(one, "person", "pmsPersonId")), one, None, now) for one in people]
        return [*guests, raw("booking", external_id, record, stamp(modified), now)]

    def _fetch_people(self, ctx, reservation):
        """Return the customer and the guests of a reservation, each once."""
        people = {}
        customer = reservation.get("customer")
        if isinstance(customer, dict) and text_of(customer.get("pmsPersonId")):
            language = text_of(reservation.get("customerLanguageCode"))
            people[text_of(customer["pmsPersonId"])] = {"person": customer, "language": language}
        for stay in dicts_of(reservation, "roomStays"):
            for id_ in filter(None, map(text_of, list_of(stay, "guestsIds"))):
                if id_ not in people and len(people) < MOST_GUESTS:
                    person = path(self._pms(ctx, f"guests/{quote(id_, safe='')}"), "guest")
                    people[id_] = {"person": person} if isinstance(person, dict) else None
        found = [(id_, one) for id_, one in people.items() if one]
        for id_, one in found:
            one["person"] = {**one["person"], "pmsPersonId": id_}
            if ctx.settings.get("loyalty") == "yes":
                answer = self._pms(ctx, f"guests/{quote(id_, safe='')}/loyalty-cards") or {}
                # The name of the field is that of a payment card, which is never stored.
                one["memberships"] = [
                    {"program": text_of(card.get("programId")), "membership": text_of(card.get("cardNumber"))}
                    for card in dicts_of(answer, "loyaltyCards")
                ]
        return [one for _id, one in found]

    def _read_rooms(self, ctx):
        """Return the names of rooms by key."""
        rooms, open_ = {}, [self._pms(ctx, "obtain-accommodation-inventory")]
        while open_:
            part = open_.pop()
            if isinstance(part, dict):
                if text_of(part.get("id")) and text_of(part.get("displayName")) and "roomTypeId" in part:
                    rooms[text_of(part["id"])] = text_of(part["displayName"])
                open_ += part.values()
            elif isinstance(part, list):
                open_ += part
        return rooms

    # The rest

    def check(self, ctx):
        self._get(ctx, self._bookings(ctx), "list", {"lastModification": _utc(ctx.now()), "count": 1})
        findings = [Finding("ok", "Exely knows this connector and shows the bookings of the property.")]
        if has_pms(ctx.settings):
            try:
                rooms = self._read_rooms(ctx)
                findings.append(Finding("ok", f"Exely PMS shows {len(rooms)} rooms."))
            except (Denied, Declined):
                findings.append(
                    Finding("error", "Exely doesn't show the PMS of this property. Ask for the right, or set it to no.")
                )
        try:
            place = self._get(ctx, self._place(ctx, "content/v1"), "list") or {}
        except (Denied, Declined):
            place = {}  # another interface, which the hotel may not have opened
        zone = text_of(path(place, "timeZone", "id"))
        if zone and zone != ctx.tz:
            findings.append(
                Finding("warning", f"Exely has the property in {zone}, the connector in {ctx.tz}: correct one of them.")
            )
        return findings

    def redact(self, raw):
        return redact_raw(raw, keep=KEPT)

    def parse(self, raw, env):
        return exely_parse.parse(raw, env)

    def receive(self, request, env):
        body = request.json()
        if isinstance(body, dict):
            body = [body]
        if not isinstance(body, list):
            raise ParseError("", "not_a_list", "The web-hook's body is not a list of events.")
        own, hints = str(env.settings.get("property_id") or ""), {}
        for event in body:
            # An event that makes no sense names no booking: it must not hold up those behind it.
            payload = path(event, "payload", default={})
            number, place = text_of(path(payload, "BookingNumber")), text_of(path(payload, "PropertyId"))
            if number and (not own or place in (None, own)):
                hints[number[:255]] = text_of(path(event, "eventType")) or ""
        return Received([], [Hint("booking", number, word) for number, word in hints.items()])


def has_pms(settings):
    """Say whether the hotel runs Exely PMS."""
    return (settings.get("pms") or "yes") != "no"


def local_minutes(at, tz, side):
    """Return an instant as a local time in whole minutes, as Exely's searches want it.

    Where clocks change a local time may stand for two instants: an hour more is taken then.

    :param side: -1 for a start, which may lie earlier; 1 for an end, which may lie later
    """
    zone = ZoneInfo(tz)
    near = timedelta(hours=3)
    if (at - near).astimezone(zone).utcoffset() != (at + near).astimezone(zone).utcoffset():
        at += side * timedelta(hours=1)
    if side > 0:
        at += timedelta(seconds=59)
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def _utc(at):
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _hints(answer, name, word):
    numbers = filter(None, (text_of(one.get("number")) for one in dicts_of(answer, name)))
    return [Hint("booking", number, word) for number in dict.fromkeys(numbers)]
