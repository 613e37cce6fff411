"""Square: orders, payments and customers of a seller's locations (its OpenAPI description of August 2025).

An order that a till took without a network arrives up to 72 hours late and keeps the time at which it was rung up. So
beside the changes of the last hour, read each minute, the last three days are read each hour, and each night by the
time of creation. What a web-hook says is a hint; the pair of customers of a merge is what only the web-hook says.
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
    Pushed,
    Rate,
    Received,
    Setting,
    Stream,
    moved,
    register,
)
from ..hook.verify import Hmac
from ..redaction import redact_raw
from ..types import EventError
from .notes import line_of, put
from .records import content, path, raw, stamp
from .shape import group_of, pairs, same_zone, words
from .square_events import check_events, guest_events, payment_events

VERSION = "2025-08-20"
MOST_LOCATIONS = 10
LATE = timedelta(hours=72)
#: Codes of a refusal that mean that somebody else was faster.
_CONFLICTS = frozenset(("CONFLICT", "VERSION_MISMATCH"))
#: Of the card nothing but brand, last digits and Square's own token of it is kept.
_KEYS = ("id", "orderid", "paymentid", "customerid", "phonenumber")
_DROPPED = (
    "bin",
    "exp_month",
    "exp_year",
    "billing_address",
    "application_cryptogram",
    "receipt_url",
    "processing_fee",
)


@register
class SquareAdapter(Adapter):
    """One seller; :attr:`settings` may name some of his locations. The outlet of a check is the id of its location."""

    code = "square"
    name = "Square"
    settings = (
        Setting("url", "Address", default="https://connect.squareup.com", help="Of the API; the sandbox has its own."),
        Setting(
            "locations",
            "Locations",
            help="Ids of the locations to be read, separated by commas. Empty: all that are active.",
        ),
        Setting("version", "API Version", default=VERSION),
        Setting(
            "loyalty",
            "Loyalty Accounts",
            default="no",
            choices=("no", "yes"),
            help="Read the loyalty account of each customer. The token needs the permission LOYALTY_READ.",
        ),
        Setting(
            "vip_groups",
            "Groups of VIPs",
            help="Which customer group stands for which VIP code, such as VIP1=R8PTSQZTRXAD5, VIP=K2MTSQZTRXAC1; "
            "VIP stands for all others. A code without a group is a line of the note.",
        ),
        Setting(
            "tier_attribute", "Attribute of the Tier", help="Key of a custom attribute of customers. Empty: a note."
        ),
        Setting(
            "allergy_attribute", "Attribute of Allergies", help="Key of a custom attribute of customers. Empty: a note."
        ),
        Setting(
            "access_token",
            "Access Token",
            secret=True,
            required=True,
            help="Of an application with ORDERS_READ, PAYMENTS_READ, CUSTOMERS_READ, CUSTOMERS_WRITE and "
            "MERCHANT_PROFILE_READ.",
        ),
        Setting(
            "hook_key",
            "Signature Key",
            secret=True,
            help="Of the web-hook subscription in the Developer Console. Its notification URL must be the address that "
            "is shown here, to the letter: it is signed with the body.",
        ),
    )
    #: Square publishes no figures; this is well below what sellers report to be refused.
    rates = {"": (Rate(20, 1), Rate(600, 60))}
    hook = Hmac("x-square-hmacsha256-signature", encoding="base64", covers="url_body")

    def capabilities(self):
        return Capabilities(
            frozenset(("guest", "consent", "check", "charge", "payment")),
            cursor_kind="modified",
            money_mode="minor_int",
            webhook="hint",
            merge_signal="event",
            push=frozenset(("vip", "tier", "alert", "allergy", "preference", "note", "erasure")),
        )

    def sign(self, ctx):
        return {
            "Authorization": f"Bearer {ctx.secret('access_token')}",
            "Square-Version": ctx.settings.get("version") or VERSION,
        }

    # Reading

    def streams(self, settings):
        return (
            Stream("customers", entity="guest"),
            Stream("orders", entity="check"),
            Stream("payments", entity="payment"),
            Stream("late_orders", every=3600, overlap=LATE, entity="check"),
            Stream("late_payments", every=3600, overlap=LATE, entity="payment"),
            Stream("orders_by_day", kind="sweep", days=(-4, 0), entity="check"),
        )

    def check(self, ctx):
        findings = [Finding("ok", "Square accepts the access token.")]
        locations = self._locations(ctx)
        wanted = words(ctx.settings.get("locations"))
        for missing in sorted(set(wanted) - {location.get("id") for location in locations}):
            findings.append(Finding("error", f"Square has no location {missing}. Correct the locations."))
        for location in locations:
            if wanted and location.get("id") not in wanted:
                continue
            name = location.get("name") or location.get("id")
            if ctx.currency and location.get("currency") not in (None, ctx.currency):
                findings.append(
                    Finding("warning", f"“{name}” sells in {location['currency']}, the property in {ctx.currency}.")
                )
            if location.get("timezone") and not same_zone(location["timezone"], ctx.tz, ctx.now()):
                findings.append(
                    Finding(
                        "warning", f"“{name}” is in the time zone {location['timezone']}, the property in {ctx.tz}."
                    )
                )
        return findings

    def fetch_page(self, ctx, stream, window, cursor):
        if stream.name == "customers":
            return self._customers_page(ctx, window, cursor)
        if stream.name.startswith("late_"):
            # What is older than that was either seen in time or is found by no look at changes.
            window = window._replace(start=max(window.start, window.end - LATE - timedelta(hours=1)))
        # The cursor names the locations that are left, so that one that opens meanwhile doesn't move the others.
        places, inner = json.loads(cursor) if cursor else (self._places(ctx), None)
        if not places:
            return Page([])
        size, fetch = (1, self._payments) if stream.entity == "payment" else (MOST_LOCATIONS, self._orders)
        records, inner = fetch(ctx, stream, window, places[:size], inner)
        places = places if inner else places[size:]
        return Page(records, json.dumps([places, inner]) if places else None, bool(places))

    def _customers_page(self, ctx, window, cursor):
        query = {"filter": {"updated_at": _range(window)}, "sort": {"field": "CREATED_AT", "order": "ASC"}}
        answer = self._post(ctx, "/v2/customers/search", {"query": query, "limit": 100, **_next(cursor)})
        customers = [customer for customer in answer.get("customers") or () if isinstance(customer, dict)]
        self._add_loyalty(ctx, customers)
        return Page([self._raw("guest", customer) for customer in customers], answer.get("cursor"), _more(answer))

    def _orders(self, ctx, stream, window, places, cursor):
        field = "updated_at"
        if stream.kind == "sweep":
            field, zone = "created_at", ZoneInfo(ctx.tz)
            window = window._replace(
                start=datetime.combine(window.start, time(), zone), end=datetime.combine(window.end, time(), zone)
            )
        query = {
            "filter": {"date_time_filter": {field: _range(window)}},
            "sort": {"sort_field": field.upper(), "sort_order": "ASC"},
        }
        body = {"location_ids": places, "query": query, "limit": 200, "return_entries": False, **_next(cursor)}
        answer = self._post(ctx, "/v2/orders/search", body)
        return [self._raw("check", order) for order in answer.get("orders") or ()], answer.get("cursor")

    def _payments(self, ctx, stream, window, places, cursor):
        span = _range(window)
        params = {
            "location_id": places[0],
            "updated_at_begin_time": span["start_at"],
            "updated_at_end_time": span["end_at"],
            "sort_field": "UPDATED_AT",
            "sort_order": "ASC",
            "limit": 100,
            **_next(cursor),
        }
        answer = ctx.json(ctx.get(self._url(ctx, "/v2/payments"), params=params))
        return [self._raw("payment", payment) for payment in answer.get("payments") or ()], answer.get("cursor")

    def fetchable(self, settings):
        return {"guest": "guest", "check": "check"}

    def fetch_one(self, ctx, entity, external_id):
        resource = {"guest": "customer", "check": "order", "payment": "payment"}[entity]
        response = ctx.get(self._url(ctx, f"/v2/{resource}s/{external_id}"), accept=(404,))
        record = None if response.status == 404 else path(ctx.json(response), resource)
        if not isinstance(record, dict):
            return Gone()
        if entity == "guest":
            self._add_loyalty(ctx, [record])
        return [self._raw(entity, record)]

    def _add_loyalty(self, ctx, customers):
        """Put the loyalty accounts beside the customers that they belong to, thirty in one call."""
        if ctx.settings.get("loyalty") != "yes":
            return
        for start in range(0, len(customers), 30):
            some = {customer.get("id"): customer for customer in customers[start : start + 30]}
            query = {"query": {"customer_ids": list(some)}, "limit": 30}
            answer = self._post(ctx, "/v2/loyalty/accounts/search", query)
            for account in answer.get("loyalty_accounts") or ():
                if customer := some.get(account.get("customer_id")):
                    customer.setdefault("loyalty_accounts", []).append(account)

    def _raw(self, entity, record):
        return raw(entity, record.get("id") or "", record, stamp(record.get("updated_at") or record.get("created_at")))

    def _places(self, ctx):
        return words(ctx.settings.get("locations")) or [
            location["id"] for location in self._locations(ctx) if location.get("status", "ACTIVE") == "ACTIVE"
        ]

    def _locations(self, ctx):
        return ctx.json(ctx.get(self._url(ctx, "/v2/locations"))).get("locations") or []

    def _url(self, ctx, where):
        return (ctx.settings.get("url") or "https://connect.squareup.com").rstrip("/") + where

    def _post(self, ctx, where, body):
        return ctx.json(ctx.post(self._url(ctx, where), json=body))

    def redact(self, record):
        return redact_raw(record, keep=_KEYS, drop=_DROPPED)

    def parse(self, record, env):
        body = content(record)
        make = {"guest": guest_events, "check": check_events, "payment": payment_events}.get(record.entity)
        return make(body, env) if make else []

    # Requests of Square

    def receive(self, request, env):
        event = request.json()
        kind = path(event, "type")
        if not isinstance(kind, str):
            raise EventError("type", "missing_field")
        thing = path(event, "data", "object", default={})
        merge = path(thing, "event_context", "merge")
        if kind in ("customer.created", "customer.deleted") and isinstance(merge, dict):
            return self._receive_merge(merge, kind)
        found = {
            "customer": [("guest", path(event, "data", "id"))],
            "order": [("check", path(event, "data", "id"))],
            "payment": [("payment", path(thing, "payment", "id")), ("check", path(thing, "payment", "order_id"))],
            "refund": [("payment", path(thing, "refund", "payment_id")), ("check", path(thing, "refund", "order_id"))],
            "loyalty": [("guest", path(thing, "loyalty_account", "customer_id"))],
        }.get(kind.partition(".")[0], [])
        return Received(hints=[Hint(entity, key, kind) for entity, key in found if isinstance(key, str) and key])

    def _receive_merge(self, merge, kind):
        into, lost = merge.get("to_customer_id"), merge.get("from_customer_ids")
        if not isinstance(into, str) or not into or not isinstance(lost, list):
            raise EventError("data.object.event_context.merge", "missing_field")
        # The event is told once for the new customer and once for each lost one, each time with all of them.
        records = [
            moved("guest", key, into)._replace(event_key=f"merge:{key}:{into}")
            for key in lost
            if isinstance(key, str) and key and key != into
        ]
        return Received(records, [Hint("guest", into, kind)])

    # Telling Square

    def push(self, ctx, command):
        response = ctx.get(self._url(ctx, f"/v2/customers/{command.external_id}"), accept=(404,))
        if response.status == 404:
            return Pushed("gone")
        customer = path(ctx.json(response), "customer", default={})
        attribute = {"tier": "tier_attribute", "allergy": "allergy_attribute"}.get(command.kind)
        if command.kind == "erasure":
            params = {"version": customer.get("version")}
            return self._told(self._customer(ctx, "DELETE", command, params=params))
        if command.kind == "vip" and (groups := pairs(ctx.settings.get("vip_groups"))):
            return self._push_groups(ctx, command, groups, customer)
        if attribute and ctx.settings.get(attribute):
            return self._push_attribute(ctx, command, ctx.settings[attribute])
        return self._push_note(ctx, command, customer, *line_of(command))

    def _push_note(self, ctx, command, customer, tag, said):
        note = put(customer.get("note"), tag, said)
        if note == (customer.get("note") or ""):
            return Pushed("same")
        body = {"note": note, "version": customer.get("version")}
        return self._told(self._customer(ctx, "PUT", command, json=body))

    def _push_groups(self, ctx, command, groups, customer):
        word, wanted = group_of(groups, command)
        tag, said = line_of(command)
        noted = self._push_note(ctx, command, customer, tag, said if word and not wanted else "")
        if noted.state not in ("done", "same"):
            return noted
        has = set(map(str, customer.get("group_ids") or ()))
        changes = [("DELETE", group) for group in sorted(has & set(groups.values()) - {wanted})]
        changes += [("PUT", wanted)] if wanted and wanted not in has else []
        for method, group in changes:
            told = self._told(self._customer(ctx, method, command, f"/groups/{group}"), missing="refused")
            if told.state != "done":
                return told
        return Pushed("done") if changes else noted

    def _push_attribute(self, ctx, command, key):
        where = f"/custom-attributes/{key}"
        value = line_of(command)[1]
        has = self._customer(ctx, "GET", command, where)
        known = path(has.json(), "custom_attribute", default={}) if has.status == 200 else {}
        if (known.get("value") or "") == value:
            return Pushed("same")
        if not value:
            return self._told(self._customer(ctx, "DELETE", command, where), missing="refused")
        attribute = {"value": value, **({"version": known["version"]} if "version" in known else {})}
        body = {"custom_attribute": attribute, "idempotency_key": command.key[:45]}
        return self._told(self._customer(ctx, "POST", command, where, json=body), missing="refused")

    def _customer(self, ctx, method, command, where="", **options):
        url = self._url(ctx, f"/v2/customers/{command.external_id}{where}")
        return ctx.call(method, url, accept=(400, 404, 409), **options)

    def _told(self, response, missing="gone"):
        """Return what became of a command.

        :param missing: what it means that there is nothing at the address
        """
        if response.status < 300:
            return Pushed("done")
        code = str(path(response.json(), "errors", 0, "code", default=response.status))
        if response.status == 409 or code in _CONFLICTS:
            return Pushed("conflict", code)
        return Pushed(missing if response.status == 404 else "refused", code)


def _range(window):
    """Return the window as Square writes a range of time, in whole seconds and never shorter than it is."""
    start, end = window.start, window.end + timedelta(seconds=1)
    start, end = (f"{at.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S}Z" for at in (start, end))
    return {"start_at": start, "end_at": end}


def _next(cursor):
    return {"cursor": cursor} if cursor else {}


def _more(answer):
    return bool(answer.get("cursor"))
