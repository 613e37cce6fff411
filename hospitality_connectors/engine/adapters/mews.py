"""Mews, by its Connector API (https://docs.mews.com/connector-api).

Every call is a POST whose body carries both tokens. Lists come newest first, cut by a cursor, and are filtered by the
time of change in windows of at most three months. A reservation names rooms, rates and people by keys alone: their
names, the companions and the numbers of its group are fetched with the page and stored beside it.
"""

import json
from datetime import datetime, time, timedelta, timezone
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
    register,
)
from ..hook.verify import SecretUrl
from ..network.errors import Declined, Denied
from ..redaction import redact_raw
from . import mews_beside, mews_parse, mews_push
from .records import path, raw, stamp
from .shape import words
from .values import dicts_of, text_of

CLIENT = "Hospitality CRM 1.0"
COUNT = 1000
#: Shorter than any three months.
WINDOW = timedelta(days=88)
ACTIVITY = ["Active", "Deleted"]
#: Stream: operation, list in the answer, entity of the records, further parameters.
LISTS = {
    "companies": ("companies/getAll", "Companies", "company", {}),
    "customers": (
        "customers/getAll",
        "Customers",
        "guest",
        {"Extent": {"Customers": True, "Addresses": True}, "ActivityStates": ACTIVITY},
    ),
    "reservations": ("reservations/getAll/2023-06-06", "Reservations", "stay", {}),
    "items": ("orderItems/getAll", "OrderItems", "charge", {}),
    "payments": ("payments/getAll", "Payments", "payment", {}),
}
STREAMS = {"guest": "customers", "stay": "reservations", "payment": "payments", "charge": "items"}
KEYS = {"customers": "CustomerIds", "reservations": "ReservationIds", "items": "OrderItemIds", "payments": "PaymentIds"}
EVENTS = {
    "ServiceOrderUpdated": "stay",
    "CustomerAdded": "guest",
    "CustomerUpdated": "guest",
    "PaymentUpdated": "payment",
}
#: Records at the top of a list that are remembered, to notice when it begins anew.
TOP = 10
#: Never needed here, and too personal to be kept.
UNWANTED = (
    "Passport IdentityCard Visa DriversLicense ItalianFiscalCode ItalianLotteryCode TaxIdentificationNumber"
    " CarRegistrationNumber QrCodeData BirthPlace Occupation".split()
)
KEPT = frozenset("id chainid enterpriseid accountid reservationid groupid serviceorderid number channelnumber".split())


@register
class MewsAdapter(Adapter):
    code = "mews"
    name = "Mews"
    settings = (
        Setting("url", "Address", default="https://api.mews.com", required=True, help="Platform address of Mews."),
        Setting("client_token", "Client Token", secret=True, required=True, help="Given to the integration by Mews."),
        Setting(
            "access_token",
            "Access Token",
            secret=True,
            required=True,
            help="Of the enterprise: Mews Operations, Marketplace, My subscriptions, the integration.",
        ),
        Setting("enterprise", "Enterprise", help="Key of the enterprise, where the token is that of a portfolio."),
        Setting("chain", "Chain", help="Key of the chain, where the token is that of a portfolio."),
        Setting("services", "Services", help="Keys of the services that are stays, with commas; empty: all."),
        Setting(
            "unticked",
            "No Opt-In Means",
            default="unknown",
            choices=("unknown", "denied"),
            help="What it says about a guest that an opt-in was never ticked: nothing, or that he refuses. "
            "A tick that is taken away is a withdrawal in any case.",
        ),
    )
    rates = {"": (Rate(200, 30),)}
    hook = SecretUrl()

    def capabilities(self):
        return Capabilities(
            frozenset(("guest", "booking", "stay", "charge", "payment", "consent")),
            cursor_kind="modified",
            webhook="hint",
            merge_signal="pointer",
            push=frozenset(mews_push.PUSHES),
        )

    # Calls

    def call(self, ctx, operation, body=None, accept=()):
        """Make a call and return its answer."""
        url = f"{ctx.settings['url'].rstrip('/')}/api/connector/v1/{operation}"
        tokens = {"ClientToken": ctx.secret("client_token"), "AccessToken": ctx.secret("access_token")}
        return ctx.post(url, json={**tokens, "Client": CLIENT, **(body or {})}, accept=accept)

    def ask(self, ctx, operation, body=None):
        """Make a call and return the JSON object of its answer."""
        answer = ctx.json(self.call(ctx, operation, body))
        return answer if isinstance(answer, dict) else {}

    def scope(self, ctx, stream):
        """Return the parameters that choose the property."""
        scope = {}
        if stream == "customers" and ctx.settings.get("chain"):
            scope["ChainIds"] = [ctx.settings["chain"]]
        elif stream not in ("customers", "companies") and ctx.settings.get("enterprise"):
            scope["EnterpriseIds"] = [ctx.settings["enterprise"]]
        if stream == "reservations" and (services := words(ctx.settings.get("services"))):
            scope["ServiceIds"] = services
        return scope

    def list_all(self, ctx, operation, name, body, most=20):
        """Return the records of a list, however many pages it has."""
        found, cursor = [], None
        for _page in range(most):
            answer = self.ask(ctx, operation, {**body, "Limitation": _limitation(cursor)})
            records = dicts_of(answer, name)
            found += records
            cursor = answer.get("Cursor")
            if not records or not cursor or len(records) < COUNT:
                break
        return found

    # Reading

    def streams(self, settings):
        return (
            *(
                Stream(name, longest=WINDOW, entity="guest" if entity == "company" else entity)
                for name, (_operation, _list, entity, _body) in LISTS.items()
            ),
            Stream("stays", "sweep", longest=WINDOW),
        )

    def fetch_page(self, ctx, stream, window, cursor):
        if stream.name == "stays":
            name, start, end = "reservations", *(_midnight(day, ctx.tz) for day in window)
            filtered = "CollidingUtc"
        else:
            name, (start, end), filtered = stream.name, window, "UpdatedUtc"
        operation, key, _entity, body = LISTS[name]
        chosen = {**body, **self.scope(ctx, name), filtered: _interval(start, end)}
        place = json.loads(cursor) if cursor else {}
        if place.get("end"):
            chosen[filtered]["EndUtc"] = place["end"]
        answer = self.ask(ctx, operation, {**chosen, "Limitation": _limitation(place.get("after"))})
        records = dicts_of(answer, key)
        if filtered == "UpdatedUtc" and records and text_of(records[0].get("Id")) in (place.get("top") or ()):
            # The record that marked our place was changed and has left it: the list has begun anew.
            place["top"], place["end"] = None, place["updated"]
            chosen[filtered]["EndUtc"] = place["end"]
            answer = self.ask(ctx, operation, {**chosen, "Limitation": _limitation(None)})
            records = dicts_of(answer, key)
        after = text_of(answer.get("Cursor"))
        last = records[-1] if records else {}
        following = {
            "after": after,
            "end": place.get("end"),
            "updated": text_of(last.get("UpdatedUtc")),
            "top": place.get("top") or [text_of(one.get("Id")) for one in records[:TOP]],
        }
        return Page(self._complete(ctx, name, records), json.dumps(following), bool(records and after))

    def fetchable(self, settings):
        return {"guest": "guest", "stay": "stay"}

    def fetch_one(self, ctx, entity, external_id):
        name = STREAMS[entity]
        operation, key, _entity, body = LISTS[name]
        chosen = {**body, **self.scope(ctx, name), KEYS[name]: [external_id], "Limitation": _limitation(None)}
        try:
            records = dicts_of(self.ask(ctx, operation, chosen), key)
        except Declined as error:
            if error.status not in (400, 404):
                raise
            records = []  # a key that Mews doesn't know is an invalid one
        if not records and entity == "guest":
            return Gone()
        # Reservations and payments are never deleted: what isn't found is of a kind that isn't read.
        return self._complete(ctx, name, records)

    def _complete(self, ctx, name, records):
        """Return the raw records of a page, with what they refer to beside them."""
        if records and name == "reservations":
            records = mews_beside.complete_reservations(self, ctx, records)
        elif records and name == "items":
            records = mews_beside.complete_items(self, ctx, records)
        entity = LISTS[name][2]
        now = ctx.now().replace(tzinfo=None)
        return [raw(entity, text_of(one.get("Id")) or "", one, stamp(one.get("UpdatedUtc")), now) for one in records]

    # The rest

    def check(self, ctx):
        answer = self.ask(
            ctx,
            "configuration/get",
            {key: ctx.settings["enterprise"] for key in ("EnterpriseId",) if ctx.settings.get("enterprise")},
        )
        place = answer.get("Enterprise") if isinstance(answer.get("Enterprise"), dict) else {}
        findings = [
            Finding("ok", f"Mews knows this connector; the enterprise is {text_of(place.get('Name')) or 'nameless'}.")
        ]
        zone, currencies = text_of(place.get("TimeZoneIdentifier")), dicts_of(place, "Currencies")
        if zone and zone != ctx.tz:
            findings.append(
                Finding(
                    "warning", f"The enterprise is in {zone}, the property of the connector in {ctx.tz}: correct one."
                )
            )
        own = next((one.get("Currency") for one in currencies if one.get("IsDefault")), None)
        if own and ctx.currency and own != ctx.currency:
            findings.append(
                Finding("warning", f"The enterprise counts in {own}, the property of the connector in {ctx.currency}.")
            )
        now = ctx.now()
        for name in LISTS:
            operation, _key, _entity, body = LISTS[name]
            chosen = {"UpdatedUtc": _interval(now - timedelta(minutes=1), now), "Limitation": {"Count": 1}}
            try:
                self.ask(ctx, operation, {**body, **self.scope(ctx, name), **chosen})
            except (Declined, Denied):
                findings.append(
                    Finding("error", f"Mews does not let this connector read {name}; ask Mews for the right to do so.")
                )
        return findings

    def redact(self, raw):
        return redact_raw(raw, keep=KEPT, drop=UNWANTED)

    def parse(self, raw, env):
        return mews_parse.parse(raw, env)

    def receive(self, request, env):
        body = request.json()
        if not isinstance(body, dict):
            raise ParseError("", "not_a_record", "The web-hook's body is not a set of named values.")
        own = env.settings.get("enterprise")
        if own and text_of(body.get("EnterpriseId")) not in (None, own):
            return Received()  # one address serves all properties of the integration
        hints = {}
        for event in dicts_of(body, "Events"):
            word, key = text_of(event.get("Discriminator")), text_of(path(event, "Value", "Id"))
            if word in EVENTS and key:
                hints[EVENTS[word], key[:255]] = word
        return Received([], [Hint(entity, key, word) for (entity, key), word in hints.items()])

    def push(self, ctx, command):
        return mews_push.push(self, ctx, command)


def _limitation(cursor):
    return {"Count": COUNT, **({"Cursor": cursor} if cursor else {})}


def _interval(start, end):
    return {"StartUtc": f"{start:%Y-%m-%dT%H:%M:%S.%f}Z", "EndUtc": f"{end:%Y-%m-%dT%H:%M:%S.%f}Z"}


def _midnight(day, tz):
    return datetime.combine(day, time(), ZoneInfo(tz)).astimezone(timezone.utc)
