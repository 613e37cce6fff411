"""Poster: checks and customers of an account (its documentation at dev.joinposter.com).

Checks are read by account-local days of closing and carry no time of change; customers have no filter at all and are
compared in full each night. Amounts are kopecks written as texts, "0" is how a missing key looks. A web-hook names an
object that has changed and nothing else; it must be answered with JSON.
"""

import json
from datetime import timedelta
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
    Reply,
    Setting,
    Stream,
    register,
)
from ..cards import is_card
from ..hook.verify import Md5Fields
from ..network.errors import Declined, Denied, Failed, Later, Strange
from ..redaction import FIELDS, redact_raw
from ..types import EventError
from .notes import line_of, put, said
from .poster_events import check_events, guest_events
from .records import content, path, raw
from .shape import group_of, pairs, same_zone
from .values import text_of

_DENIED = frozenset((10, 11, 12, 20, 54, 143))
_MISSING = frozenset((32, 42, 404))
#: Times in milliseconds and keys have as many digits as numbers of cards.
_KEYS = frozenset(
    "dateclose dateclosedate datestart datestartnew transactionid clientid spotid tableid userid productid"
    " phone phonenumber cardnumber".split()
)
_NO_PLAIN_GROUP = "The customer has to leave the group of his VIP code or level. Enter the “Group of Others”."
_DROPPED = (
    "client_firstname",
    "client_lastname",
    "history",
    "total_profit",
    "total_profit_netto",
    "id_1c",
    "accumulation_products",
    "prize_products",
)


@register
class PosterAdapter(Adapter):
    """One account with its spots; the outlet of a check is the id of its spot."""

    code = "poster"
    name = "Poster"
    settings = (
        Setting("url", "Address", default="https://joinposter.com/api"),
        Setting(
            "vip_groups",
            "Groups of VIPs",
            help="Which customer group stands for which VIP code, such as VIP1=3; VIP stands for all other VIPs. A "
            "code without a group is a line of the comment.",
        ),
        Setting(
            "tier_groups",
            "Groups of Tiers",
            help="Which customer group stands for which level, such as Gold=5. A customer has one group: whoever is in "
            "that of a VIP stays there and his level is a line of the comment, and the other way round.",
        ),
        Setting(
            "plain_group",
            "Group of Others",
            help="Customer group of those who are neither. Customers are moved out of it and back into it; whoever is "
            "in a group that stands in none of these settings stays there and has a line of the comment.",
        ),
        Setting(
            "access_token", "Access Token", secret=True, required=True, help="Of the application, for this account."
        ),
        Setting(
            "hook_key",
            "Application Secret",
            secret=True,
            help="Of the application that sends the web-hooks, in the developer account.",
        ),
    )
    #: Poster publishes no figures and answers with error 700 when it has had enough.
    rates = {"": (Rate(20, 1), Rate(600, 60))}
    hook = Md5Fields(("account", "object", "object_id", "action", "data?", "time"), time_field="time")

    def capabilities(self):
        return Capabilities(
            frozenset(("guest", "check", "charge", "payment")),
            cursor_kind="offset",
            money_mode="minor_str",
            tz_mode="mixed",
            webhook="hint",
            push=frozenset(("vip", "tier", "alert", "allergy", "preference", "note", "erasure")),
        )

    # Reading

    def streams(self, settings):
        return (
            Stream("clients", every=86_400, windowed=False, entity="guest"),
            Stream("checks", overlap=timedelta(days=1), longest=timedelta(days=31), entity="check"),
            Stream("checks_by_day", kind="sweep", days=(-7, 0), entity="check"),
        )

    def check(self, ctx):
        spots = self._ask(ctx, "access.getSpots")
        account = self._ask(ctx, "settings.getAllSettings")
        findings = [Finding("ok", f"Poster accepts the access token; the account has {len(spots)} spots.")]
        zone, currency = path(account, "timezones"), path(account, "currency", "currency_code_iso")
        if isinstance(zone, str) and not same_zone(zone, ctx.tz, ctx.now()):
            findings.append(Finding("warning", f"The account is in the time zone {zone}, the property in {ctx.tz}."))
        if isinstance(currency, str) and ctx.currency and currency != ctx.currency:
            findings.append(Finding("warning", f"The account sells in {currency}, the property in {ctx.currency}."))
        return findings

    def fetch_page(self, ctx, stream, window, cursor):
        return self._clients(ctx, cursor) if stream.entity == "guest" else self._checks(ctx, stream, window, cursor)

    def _clients(self, ctx, cursor):
        """Return customers by their keys: an offset that begins anew each time, since nothing says what has changed."""
        offset = int(path(json.loads(cursor or "{}"), "offset", default=0))
        params = {"num": 200, "offset": offset, "order_by": "client_id", "sort": "asc"}
        clients = self._ask(ctx, "clients.getClients", params)
        records = [self._raw(ctx, "guest", client, "client_id") for client in clients]
        # One is read twice at each edge: a customer that is removed meanwhile moves the others up.
        more = len(clients) > 1
        following = {"offset": offset + max(len(clients) - 1, 1)} if more else {"offset": 0}
        return Page(records, json.dumps(following), more)

    def _checks(self, ctx, stream, window, cursor):
        first, last = window
        if stream.kind == "sweep":
            last -= timedelta(days=1)
        else:
            first, last = (at.astimezone(ZoneInfo(ctx.tz)).date() for at in window)
        params = {
            "dateFrom": f"{first:%Y%m%d}",
            "dateTo": f"{last:%Y%m%d}",
            "status": "0",
            "include_products": "true",
            "next_tr": cursor,
        }
        found = self._ask(ctx, "dash.getTransactions", params)
        records = self._checks_of(ctx, found)
        following = text_of(found[-1].get("transaction_id")) if found else None
        return Page(records, following, following is not None, hints=self._newcomers(stream, window, found))

    def _newcomers(self, stream, window, found):
        """Return hints at the customers of checks that are new, since customers are read at night alone."""
        if stream.kind == "sweep" or window.end - window.start > stream.overlap + timedelta(hours=6):
            return []
        new = (window.start + stream.overlap - timedelta(minutes=10)).timestamp() * 1000
        clients = {text_of(item.get("client_id")) for item in found if _number(item, "date_close", "date_start") >= new}
        return [Hint("guest", client, "new check") for client in sorted(clients - {None, "0"})]

    def _checks_of(self, ctx, found):
        """Return records of transactions, with the names of products and tables that Poster keeps elsewhere."""
        names = {}
        if any(item.get("products") for item in found):
            products = self._ask(ctx, "menu.getProducts")
            names = {str(item.get("product_id")): text_of(item.get("product_name")) for item in products}
        for item in found:
            for product in item.get("products") or ():
                if isinstance(product, dict):
                    product["product_name"] = names.get(str(product.get("product_id")))
        return [self._raw(ctx, "check", item, "transaction_id") for item in found]

    def fetchable(self, settings):
        return {"guest": "guest", "check": "check"}

    def fetch_one(self, ctx, entity, external_id):
        if entity == "guest":
            found = self._ask(ctx, "clients.getClient", {"client_id": external_id}, missing=())
            return [self._raw(ctx, "guest", found[0], "client_id")] if found else Gone()
        params = {"transaction_id": external_id, "include_products": "true"}
        found = self._ask(ctx, "dash.getTransaction", params, missing=())
        return self._checks_of(ctx, found[:1]) if found else Gone()

    def _raw(self, ctx, entity, record, key):
        return raw(entity, record.get(key) or "", record, None, ctx.now().replace(tzinfo=None))

    def _ask(self, ctx, method, params=None, form=None, missing=None):
        """Return what Poster answers: errors come with the status 200.

        :param missing: value for an object that is not there
        """
        url = (ctx.settings.get("url") or "https://joinposter.com/api").rstrip("/") + "/" + method
        options = {"params": {"token": ctx.secret("access_token"), **(params or {})}}
        response = ctx.get(url, **options) if form is None else ctx.post(url, form=form, **options)
        answer = ctx.json(response)
        if not isinstance(answer, dict) or ("response" not in answer and "error" not in answer):
            raise Strange("The answer has neither a response nor an error.")
        if "error" not in answer:
            value = answer["response"]
            if method.partition(".")[2].startswith("get") and method != "settings.getAllSettings":
                return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
            return value
        code = path(answer, "error", "code", default=path(answer, "error"))
        code = int(code) if isinstance(code, (int, str)) and str(code).isdecimal() else -1
        if code in _DENIED:
            raise Denied(f"poster_{code}", f"Poster refuses access with error {code}. Check the access token.")
        if code == 700:
            raise Later(60.0, "poster_700", "Poster asks for a pause (error 700).")
        if code in _MISSING and missing is not None:
            return missing
        if code == 1:
            raise Failed("poster_1", "Poster could not save the change (error 1).")
        raise Declined(code, f"Poster refuses the request with error {code}.")

    def redact(self, record):
        record = redact_raw(record, fields=FIELDS - {"cardnumber"}, keep=_KEYS, drop=_DROPPED)
        if record.content_type != "application/json" or "card" not in record.body:
            return record
        # The number of a loyalty card is a key; a bank card that somebody has swiped in its place is not.
        body = content(record)
        for name in [name for name in body if name.lower().replace("_", "") == "cardnumber"]:
            number = text_of(body[name]) or ""
            if len(number) > 13 and is_card(number):
                body[name] = None
        return record._replace(body=json.dumps(body, ensure_ascii=False, separators=(",", ":")))

    def parse(self, record, env):
        make = {"guest": guest_events, "check": check_events}.get(record.entity)
        return make(content(record), env) if make else []

    # Requests of Poster

    def receive(self, request, env):
        body = request.json()
        kind, key = path(body, "object"), text_of(path(body, "object_id"))
        if not isinstance(kind, str) or not isinstance(body, dict):
            raise EventError("object", "missing_field")
        entity = {"transaction": "check", "client": "guest", "client_payed_sum": "guest"}.get(kind)
        if entity is None:
            return Received()
        if not key:
            raise EventError("object_id", "missing_field")
        return Received(hints=[Hint(entity, key, f"{kind}.{text_of(body.get('action')) or ''}")])

    def reply(self, request, error=None):
        # Anything else is sent fifteen times more.
        status = "accept" if error is None else "error"
        return Reply(200, json.dumps({"status": status}).encode(), "application/json")

    # Telling Poster

    def push(self, ctx, command):
        key = command.external_id
        found = self._ask(ctx, "clients.getClient", {"client_id": key}, missing=())
        if not found or text_of(found[0].get("delete")) == "1":
            return Pushed("gone")
        if command.kind == "erasure":
            self._ask(ctx, "clients.removeClient", form={"client_id": key})
            return Pushed("done")
        has = text_of(found[0].get("comment"))
        has = "" if has in (None, "0") else has
        group, note = None, put(has, *line_of(command))
        if command.kind in ("vip", "tier") and ctx.settings.get(f"{command.kind}_groups"):
            try:
                group, note = _placed(ctx.settings, command, text_of(found[0].get("client_groups_id")), has)
            except LookupError:
                return Pushed("refused", _NO_PLAIN_GROUP)
        changes = {"client_groups_id_client": group} if group else {}
        changes |= {"comment": note} if note != has else {}
        if not changes:
            return Pushed("same")
        self._ask(ctx, "clients.updateClient", form={"client_id": key, **changes})
        return Pushed("done")


def _placed(settings, command, has, note):
    """Return ``(group, note)``: where a customer is moved to (None: he stays) and what his comment says then.

    A customer has one group. One that is of the other kind, or of neither, is never taken away: what there is to say is
    a line of the comment then, and moves into the group once that one is free.

    :param has: his group
    :raise LookupError: he has to leave a group, and nobody has said for which one
    """
    other_kind = "tier" if command.kind == "vip" else "vip"
    mine, others = (pairs(settings.get(f"{kind}_groups")) for kind in (command.kind, other_kind))
    plain = settings.get("plain_group")
    word, wanted = group_of(mine, command)
    tag, words = line_of(command)
    if wanted and (has in (wanted, plain, None, "0") or (has in mine.values() and has not in others.values())):
        return wanted if has != wanted else None, put(note, tag, "")
    note = put(note, tag, words if word else "")
    if has not in mine.values() or has in others.values():
        return None, note
    waiting = said(note, other_kind)
    place = next((group for name, group in others.items() if name in waiting.split(" · ")), None)
    if waiting and not place and other_kind == "vip":
        place = others.get("VIP")
    if place:
        return place, put(note, other_kind, "")
    if not plain:
        raise LookupError
    return plain, note


def _number(record, *names):
    """Return the first of some values that is a number and not 0."""
    texts = (text_of(record.get(name)) or "" for name in names)
    return next((int(value) for value in texts if value.isascii() and value.isdecimal() and int(value)), 0)
