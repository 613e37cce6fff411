"""Syrve and iiko Cloud (transport API): table orders, deliveries and customers of one organisation.

Table orders are asked for by table and by the time of their making, which the terminal writes without a zone; their
own stamp says when they were changed. Deliveries have revisions, which are known for three hours; after a longer pause
they are walked through day by day. Nothing lists customers: they are fetched when an order or a web-hook names them.
The vendor locks out callers who make many errors, so the limits are low and nothing is tried twice in a row.
"""

import json
import re
from datetime import date, datetime, time, timedelta, timezone
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
    Token,
    register,
)
from ..hook.verify import HeaderToken
from ..network.errors import Declined
from ..redaction import redact_raw
from ..types import EventError
from .notes import line_of, put
from .records import content, path, raw
from .shape import group_of, pairs, same_zone
from .syrve_events import CONSENT_TAG, PROMOTED, changed_at, check_events, guest_events, promotions_set
from .values import dicts_of, text_of

TABLES_AT_ONCE = 50
#: A revision is known for three hours.
REVISION_SECONDS = 2.5 * 3600
WALK_BACK, WALK_AHEAD = timedelta(days=30), timedelta(days=2)
_MARGIN = timedelta(hours=1)
_NOBODY = re.compile(r"not found|no (?:user|customer|guest)|does not exist|не найден|не знайдено", re.IGNORECASE).search
_DROPPED = ("deliveryPoint", "blacklistReason", "externalData", "walletBalances", "track")
_BOTH = "The vendor has one switch for e-mail and text messages: it goes on once the guest has agreed to both."


@register
class SyrveAdapter(Adapter):
    """One organisation; its id is the outlet of the checks."""

    code = "syrve"
    name = "Syrve / iiko"
    settings = (
        Setting(
            "url",
            "Address",
            default="https://api-eu.syrve.live",
            help="Of the cloud API in your region, such as https://api-eu.syrve.live or https://api-ru.iiko.services.",
        ),
        Setting("brand", "Brand", default="syrve", choices=("syrve", "iiko"), help="Part of the addresses of loyalty."),
        Setting("organization", "Organisation", required=True, help="Id of the restaurant in the cloud API."),
        Setting(
            "vip_groups",
            "Categories of VIPs",
            help="Which guest category stands for which VIP code, such as VIP1=its id; VIP stands for all other VIPs. "
            "A code without a category is a line of the customer's text.",
        ),
        Setting(
            "tier_groups",
            "Categories of Tiers",
            help="Which guest category stands for which level, such as Gold=its id. A level without a category is a "
            "line of the customer's text.",
        ),
        Setting("api_login", "API Login", secret=True, required=True, help="Issued in Syrve Web under Cloud API."),
        Setting(
            "hook_token",
            "Web-hook Token",
            secret=True,
            help="Any long text of yours; enter it as authToken of the web-hooks at the vendor. He repeats it.",
        ),
    )
    rates = {"": (Rate(20, 1), Rate(600, 60))}
    hook = HeaderToken("authorization", prefix="Bearer ")

    def capabilities(self):
        return Capabilities(
            frozenset(("guest", "consent", "check", "charge", "payment")),
            cursor_kind="revision",
            tz_mode="property_local",
            webhook="hint",
            push=frozenset(("vip", "tier", "alert", "allergy", "preference", "consent", "note", "erasure")),
        )

    def sign_in(self, ctx):
        body = {"apiLogin": ctx.secret("api_login")}
        answer = ctx.json(ctx.post(self._url(ctx, "access_token"), json=body, signed=False))
        return Token(str(path(answer, "token", default="")), 3000.0)

    def sign(self, ctx):
        return {"Authorization": f"Bearer {ctx.token()}"}

    # Reading

    def streams(self, settings):
        day = timedelta(days=1)
        return (
            Stream("tables", overlap=day, longest=7 * day, keeps=90 * day, entity="check"),
            Stream("deliveries", windowed=False, entity="check"),
            Stream("tables_by_day", kind="sweep", days=(-7, 0), longest=7 * day, entity="check"),
        )

    def check(self, ctx):
        found = dicts_of(self._ask(ctx, "organizations", {"returnAdditionalInfo": True}), "organizations")
        mine = next((item for item in found if item.get("id") == ctx.settings.get("organization")), None)
        if mine is None:
            names = ", ".join(f"{item.get('name')} ({item.get('id')})" for item in found[:10])
            return [Finding("error", f"The API login may read {names or 'no organisation'}. Enter the id of one.")]
        findings = [Finding("ok", f"The API login may read “{mine.get('name')}”.")]
        if mine.get("currencyIsoName") and ctx.currency and mine["currencyIsoName"] != ctx.currency:
            findings.append(
                Finding("warning", f"It sells in {mine['currencyIsoName']}, the property in {ctx.currency}.")
            )
        for group in self._terminals(ctx):
            zone = text_of(group.get("timeZone"))
            if zone and "/" in zone and not same_zone(zone, ctx.tz, ctx.now()):
                findings.append(
                    Finding("warning", f"Terminal “{group.get('name')}” is in {zone}, the property in {ctx.tz}.")
                )
        return findings

    def fetch_page(self, ctx, stream, window, cursor):
        return (
            self._deliveries(ctx, cursor) if stream.name == "deliveries" else self._orders(ctx, stream, window, cursor)
        )

    def _orders(self, ctx, stream, window, cursor):
        """Return the orders of some tables; the cursor holds those that are left, with their numbers."""
        zone = ZoneInfo(ctx.tz)
        if stream.kind == "sweep":
            start, end = (datetime.combine(day, time(), zone) for day in window)
        else:
            start, end = max(window.start, ctx.now() - stream.keeps), window.end
            if end <= start:
                return Page([])  # the vendor has forgotten it, and refuses to be asked
        tables = json.loads(cursor) if cursor else self._tables(ctx)
        some, left = tables[:TABLES_AT_ONCE], tables[TABLES_AT_ONCE:]
        body = {
            "organizationIds": [ctx.settings.get("organization")],
            "tableIds": [table for table, _number in some],
            "statuses": ["New", "Bill", "Closed", "Deleted"],
            "dateFrom": _local(start - _MARGIN, zone),
            "dateTo": _local(end + _MARGIN, zone),
        }
        found = dicts_of(self._ask(ctx, "order/by_table", body), "orders") if some else []
        records = self._records(found, dict(tables))
        hints = self._guests(found, None if stream.kind == "sweep" else _newer_than(stream, window))
        return Page(records, json.dumps(left) if left else None, bool(left), hints=hints)

    def _tables(self, ctx):
        """Return ``[[id, number]]`` of the tables of all terminals."""
        groups = [group["id"] for group in self._terminals(ctx) if text_of(group.get("id"))]
        if not groups:
            return []
        body = {"terminalGroupIds": groups, "returnSchema": False}
        sections = dicts_of(self._ask(ctx, "reserve/available_restaurant_sections", body), "restaurantSections")
        tables = (table for section in sections for table in dicts_of(section, "tables"))
        return sorted([table["id"], text_of(table.get("number"))] for table in tables if text_of(table.get("id")))

    def _terminals(self, ctx):
        answer = self._ask(ctx, "terminal_groups", {"organizationIds": [ctx.settings.get("organization")]})
        return [item for group in dicts_of(answer, "terminalGroups") for item in dicts_of(group, "items")]

    def _deliveries(self, ctx, cursor):
        state, now = json.loads(cursor or "{}"), ctx.now()
        own = {"organizationIds": [ctx.settings.get("organization")]}
        if "day" not in state and "revision" in state and now.timestamp() - state["at"] <= REVISION_SECONDS:
            answer = self._ask(ctx, "deliveries/by_revision", {"startRevision": state["revision"], **own})
            following = {"revision": _revision(answer, state["revision"]), "at": now.timestamp()}
            return self._deliveries_page(answer, following, False)
        zone = ZoneInfo(ctx.tz)
        today = now.astimezone(zone).date()
        if "day" not in state:
            last = datetime.fromtimestamp(state["at"], zone).date() - timedelta(days=1) if "at" in state else date.min
            state = {"day": max(last, today - WALK_BACK).isoformat(), "at": now.timestamp()}
        day = date.fromisoformat(state["day"])
        start = datetime.combine(day, time())
        span = {"deliveryDateFrom": _written(start), "deliveryDateTo": _written(start + timedelta(days=1, seconds=-1))}
        answer = self._ask(ctx, "deliveries/by_delivery_date_and_status", {**own, **span})
        # Changes during the walk have revisions after that of its first page.
        revision = state.get("revision", _revision(answer, 0))
        more = day < today + WALK_AHEAD
        following = {"revision": revision, "at": state["at"]}
        if more:
            following["day"] = (day + timedelta(days=1)).isoformat()
        return self._deliveries_page(answer, following, more)

    def _deliveries_page(self, answer, following, more):
        groups = dicts_of(answer, "ordersByOrganizations")
        found = [order for group in groups for order in dicts_of(group, "orders")]
        return Page(self._records(found, {}), json.dumps(following), more, hints=self._guests(found, None))

    def _records(self, found, numbers):
        records = []
        for info in found:
            tables = path(info, "order", "tableIds", default=[])
            known = (
                [numbers.get(table) for table in tables if isinstance(table, str)] if isinstance(tables, list) else []
            )
            info = {**info, "tableNumbers": [number for number in known if number]}
            records.append(raw("check", info.get("id") or "", info, changed_at(info)))
        return records

    def _guests(self, found, since):
        """Return hints at the customers of orders that were changed since a Unix time; None: of all."""
        keys = {
            text_of(path(info, "order", "customer", "id"))
            for info in found
            if isinstance(info, dict)
            and path(info, "order", "customer", "type") != "one-time"
            and (since is None or (changed_at(info) or since) >= since)
        }
        return [Hint("guest", key, "order") for key in sorted(keys - {None})]

    def fetchable(self, settings):
        return {"guest": "guest", "check": "check"}

    def fetch_one(self, ctx, entity, external_id):
        own = ctx.settings.get("organization")
        if entity == "guest":
            record = self._customer(ctx, external_id)
            return Gone() if record is None else [raw("guest", external_id, record, None, _naive(ctx.now()))]
        body = {"organizationIds": [own], "orderIds": [external_id]}
        found = dicts_of(self._ask(ctx, "order/by_id", body), "orders")
        if found:
            numbers = dict(self._tables(ctx)) if path(found[0], "order", "tableIds") else {}
            return self._records(found[:1], numbers)
        body = {"organizationId": own, "orderIds": [external_id]}
        found = dicts_of(self._ask(ctx, "deliveries/by_id", body), "orders")
        return self._records(found[:1], {}) if found else Gone()

    def _customer(self, ctx, key):
        """Return a customer, None where there is none: the vendor says so with the status 400."""
        body = {"organizationId": ctx.settings.get("organization"), "type": "id", "id": key}
        response = ctx.post(self._loyalty(ctx, "customer/info"), json=body, accept=(400, 404))
        if response.status == 200:
            return ctx.json(response)
        said = response.json()
        if response.status == 404 or _NOBODY(str(path(said, "errorDescription") or path(said, "message") or "")):
            return None
        raise Declined(400, "The vendor refuses to show a customer.")

    def _url(self, ctx, where):
        return f"{(ctx.settings.get('url') or 'https://api-eu.syrve.live').rstrip('/')}/api/1/{where}"

    def _loyalty(self, ctx, where):
        return self._url(ctx, f"loyalty/{ctx.settings.get('brand') or 'syrve'}/{where}")

    def _ask(self, ctx, where, body):
        answer = ctx.json(ctx.post(self._url(ctx, where), json=body))
        return answer if isinstance(answer, dict) else {}

    def redact(self, record):
        record = redact_raw(record, keep=("phone",), drop=_DROPPED)
        if record.entity != "check" or record.content_type != "application/json":
            return record
        # Who somebody is, is read with the guest; here his key suffices.
        body = content(record)
        customer = path(body, "order", "customer")
        if isinstance(customer, dict):
            body["order"]["customer"] = {key: customer[key] for key in ("id", "type", "phone") if key in customer}
        return record._replace(body=json.dumps(body, ensure_ascii=False, separators=(",", ":")))

    def parse(self, record, env):
        make = {"guest": guest_events, "check": check_events}.get(record.entity)
        return make(content(record), env) if make else []

    # Requests of the vendor

    def receive(self, request, env):
        events = request.json()
        events = [events] if isinstance(events, dict) else events
        if not isinstance(events, list):
            raise EventError("", "not_a_record", "the request")
        hints = []
        for event in events:
            kind, key = path(event, "eventType"), text_of(path(event, "eventInfo", "id"))
            if key is None or kind not in ("TableOrderUpdate", "DeliveryOrderUpdate"):
                continue  # one that makes no sense doesn't hold up the others
            hints.append(Hint("check", key, kind))
            hints += self._guests([path(event, "eventInfo")], None)
        return Received(hints=list(dict.fromkeys(hints)))

    # Telling the vendor

    def push(self, ctx, command):
        customer = self._customer(ctx, command.external_id)
        if customer is None or customer.get("isDeleted") is True:
            return Pushed("gone")
        if command.kind == "erasure":
            # To delete is a mark there: what it says about the person goes first.
            blank = dict.fromkeys(("name", "surName", "middleName", "email", "userData"), "")
            self._update(ctx, command, {**blank, "birthday": None, "nullifyEmptyFields": True})
            body = {"organizationId": ctx.settings.get("organization"), "customerIds": [command.external_id]}
            ctx.post(self._loyalty(ctx, "delete_customers"), json=body)
            return Pushed("done")
        if command.kind == "consent":
            return self._push_consent(ctx, command, customer)
        categories = pairs(ctx.settings.get(f"{command.kind}_groups"))
        if command.kind in ("vip", "tier") and categories:
            return self._push_category(ctx, command, categories, customer)
        return self._push_note(ctx, command, customer, *line_of(command))

    def _push_note(self, ctx, command, customer, tag, said):
        has = text_of(customer.get("userData")) or ""
        note = put(has, tag, said)
        return Pushed("same") if note == has else self._update(ctx, command, {"userData": note})

    def _push_consent(self, ctx, command, customer):
        channel, state = command.values.get("channel"), command.values.get("state")
        if channel in PROMOTED and state in ("granted", "denied"):
            return self._push_promotions(ctx, command, customer, channel, state)
        if channel != "profiling":
            return Pushed("refused", f"The vendor keeps no consent for {channel}.")
        change = {"consentStatus": {"granted": 1, "denied": 2}.get(state, 0)}
        if all(customer.get(name) == value for name, value in change.items()):
            return Pushed("same")
        return self._update(ctx, command, change)

    def _push_promotions(self, ctx, command, customer, channel, state):
        """Set the one switch for e-mail and text messages, with a line that says what was told, for when it comes back.

        It goes on when both are granted, and off when one is refused.
        """
        on, told = customer.get("shouldReceivePromoActionsInfo"), promotions_set(customer)
        if state == "granted":
            if on is True:
                return Pushed("same")
            if not set(PROMOTED) <= {channel, *(command.values.get("granted") or ())}:
                return Pushed("refused", _BOTH)
            line = ["granted", *PROMOTED]
        elif on is False and channel in told:
            return Pushed("same")
        else:
            line = ["denied", *(name for name in PROMOTED if name == channel or (on is False and name in told))]
        has = text_of(customer.get("userData")) or ""
        change = {
            "shouldReceivePromoActionsInfo": state == "granted",
            "userData": put(has, CONSENT_TAG, " ".join(line)),
        }
        return self._update(ctx, command, change)

    def _push_category(self, ctx, command, categories, customer):
        word, category = group_of(categories, command)
        has = {text_of(item.get("id")) for item in dicts_of(customer, "categories")}
        wanted = {category} if category else set()
        changes = [("remove", key) for key in sorted(has & set(categories.values()) - wanted)]
        changes += [("add", key) for key in sorted(wanted - has)]
        for verb, key in changes:
            body = {"customerId": command.external_id, "categoryId": key}
            body["organizationId"] = ctx.settings.get("organization")
            ctx.post(self._loyalty(ctx, f"customer_category/{verb}"), json=body)
        tag, said = line_of(command)
        noted = self._push_note(ctx, command, customer, tag, said if word and not category else "")
        return Pushed("done") if changes else noted

    def _update(self, ctx, command, change):
        body = {"id": command.external_id, "organizationId": ctx.settings.get("organization"), **change}
        ctx.post(self._loyalty(ctx, "customer/create_or_update"), json=body)
        return Pushed("done")


def _newer_than(stream, window):
    """Return the Unix time from which changes are news: earlier ones were seen by the last window; None: all are."""
    if window.end - window.start > 2 * stream.overlap:
        return None
    return (window.start + stream.overlap - timedelta(minutes=10)).timestamp()


def _revision(answer, default):
    found = answer.get("maxRevision")
    return max(found, default) if isinstance(found, int) else default


def _local(at, zone):
    return _written(at.astimezone(zone))


def _written(at):
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"


def _naive(at):
    return at.astimezone(timezone.utc).replace(tzinfo=None)
