"""Any system with a JSON interface, by what an administrator says of it: where its lists are, how they are paged, and
what their columns mean. The latter is a column mapping as of files (:mod:`engine.files.mapping`).

A list is a dict of the settings: ``name path items id version kind paging page_param size_param size cursor_path
since_param until_param time_format detail_path mapping every``; see ``hospitality.connector.list`` for what each means.
"""

import base64
import json
from datetime import date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ..adapter import (
    Adapter,
    Capabilities,
    Finding,
    Hint,
    Page,
    ParseError,
    Raw,
    Received,
    Reply,
    Setting,
    Stream,
    Token,
    gone,
    register,
)
from ..files.adapter import compiled
from ..files.convert import Unknown
from ..files.errors import FileError, RowError
from ..files.flatten import flatten
from ..hook.verify import AnyOf, Basic, HeaderToken, Hmac, StandardWebhooks
from ..network.errors import Strange
from ..redaction import redact_raw
from ..types import EventError
from .records import path, raw, stamp

TIME_FORMATS = ("iso", "local", "date", "epoch", "epoch_ms")
PAGING = ("none", "page", "offset", "cursor", "link")
DAY = 86400


@register
class RestAdapter(Adapter):
    """A system with a JSON interface."""

    code = "rest"
    name = "Other System (JSON over HTTP)"
    settings = (
        Setting(
            "url", "Address", required=True, help="What all paths begin with, such as https://pms.example.com/api."
        ),
        Setting(
            "auth",
            "Sign-in",
            default="token",
            choices=("none", "token", "header", "login", "oauth"),
            help="token: Authorization: Bearer; header: a header of its own; login: user and password; oauth: client "
            "credentials.",
        ),
        Setting("auth_header", "Header of the Key", default="X-API-Key", help="For the sign-in “header”."),
        Setting("token_url", "Address of the Sign-in", help="For the sign-in “oauth”."),
        Setting("client_id", "Client ID", help="For the sign-in “oauth”."),
        Setting("scope", "Scope", help="For the sign-in “oauth”, where the vendor asks for one."),
        Setting("token", "Token or Key", secret=True, help="For the sign-ins “token” and “header”."),
        Setting("login", "Login", secret=True, help="user:password, for the sign-in “login”."),
        Setting("client_secret", "Client Secret", secret=True, help="For the sign-in “oauth”."),
        Setting(
            "hook_brings",
            "Requests Bring",
            default="keys",
            choices=("keys", "records"),
            help="keys: the record is fetched again; records: the request holds it.",
        ),
        Setting("hook_items", "Place in Requests", help="Where the list is in the request, such as data.items."),
        Setting("hook_id", "Key in Requests", default="id", help="Where the key is in each of them."),
        Setting("hook_key", "Signing Key", secret=True, help="Of the signature x-signature or webhook-signature."),
        Setting("hook_token", "Token of Requests", secret=True, help="Value of the header X-API-Key."),
        Setting("hook_login", "Login of Requests", secret=True, help="user:password of HTTP Basic."),
    )
    hook = AnyOf(
        StandardWebhooks(),
        Hmac("x-signature"),
        Hmac("x-signature", prefix="sha256="),
        HeaderToken("X-API-Key"),
        Basic(),
    )

    def capabilities(self):
        return Capabilities(
            frozenset(("guest", "booking", "stay", "reservation", "check", "charge", "payment")),
            "modified",
            webhook="record",
            tz_mode="property_local",
        )

    # Reading

    def streams(self, settings):
        return tuple(self._stream(entry) for entry in _lists(settings) if entry.get("path"))

    def _stream(self, entry):
        if entry.get("kind") == "sweep":
            return Stream(entry["name"], "sweep", every=DAY, longest=timedelta(days=14), entity=_main(entry))
        endless = entry.get("paging") == "cursor" and not entry.get("since_param")
        return Stream(
            entry["name"],
            windowed=not endless,
            every=entry.get("every") or 45,
            longest=timedelta(days=31) if entry.get("until_param") else None,
            entity=_main(entry),
        )

    def check(self, ctx):
        lists = _lists(ctx.settings)
        if not lists:
            return [Finding("warning", "The system can be reached only once a list to read is described.")]
        findings = []
        for entry in lists:
            end = ctx.now()
            start = end - timedelta(days=1)
            window = (start.date(), end.date()) if entry.get("kind") == "sweep" else (start, end)
            _answer, items = self._fetch(ctx, entry, window, None)
            findings.append(Finding("ok", f"{entry['name']}: {len(items)} records of the last day on the first page."))
        return findings

    def sign_in(self, ctx):
        form = {"grant_type": "client_credentials", "client_id": ctx.settings.get("client_id", "")}
        form |= {"client_secret": ctx.secret("client_secret")}
        if ctx.settings.get("scope"):
            form["scope"] = ctx.settings["scope"]
        found = ctx.json(ctx.post(ctx.settings["token_url"], form=form, signed=False))
        if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
            raise Strange("The sign-in gives no access_token.")
        try:
            return Token(found["access_token"], float(found["expires_in"]))
        except (KeyError, TypeError, ValueError):
            return Token(found["access_token"])

    def sign(self, ctx):
        kind = ctx.settings.get("auth")
        if kind == "token":
            return {"Authorization": f"Bearer {ctx.secret('token')}"}
        if kind == "header":
            return {ctx.settings["auth_header"]: ctx.secret("token")}
        if kind == "login":
            return {"Authorization": "Basic " + base64.b64encode(ctx.secret("login").encode()).decode()}
        return {"Authorization": f"Bearer {ctx.token()}"} if kind == "oauth" else {}

    def fetch_page(self, ctx, stream, window, cursor):
        entry = _find(ctx.settings, stream.name)
        answer, items = self._fetch(ctx, entry, window, cursor)
        next_cursor = self._next(entry, answer, items, cursor)
        records = [_raw(entry, item, ctx.now()) for item in items]
        return Page(records, next_cursor[0], next_cursor[1])

    def _fetch(self, ctx, entry, window, cursor):
        """Return the whole answer and the records in it."""
        paging = entry.get("paging") or "none"
        if paging == "link" and cursor:
            address, params = _within(ctx.settings["url"], cursor), {}
        else:
            address, params = _join(ctx.settings["url"], entry["path"]), self._params(ctx, entry, window, cursor)
        answer = _decode(ctx.get(address, params=params))
        items = path(answer, *_steps(entry.get("items"))) if entry.get("items") else answer
        if items is None:
            items = []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Strange(f"{entry['name']}: there is no list of records at “{entry.get('items') or 'the top'}”.")
        return answer, items

    def _params(self, ctx, entry, window, cursor):
        params = {}
        if window is not None:
            start, end = window
            if entry.get("since_param"):
                params[entry["since_param"]] = _time(start, entry.get("time_format"), ctx.tz)
            if entry.get("until_param"):
                params[entry["until_param"]] = _time(end, entry.get("time_format"), ctx.tz)
        if entry.get("size_param"):
            params[entry["size_param"]] = entry.get("size") or 100
        paging = entry.get("paging") or "none"
        if paging in ("page", "offset") and entry.get("page_param"):
            params[entry["page_param"]] = cursor or ("1" if paging == "page" else "0")
        elif paging == "cursor" and cursor:
            params[entry.get("page_param") or "cursor"] = cursor
        return params

    def _next(self, entry, answer, items, cursor):
        """Return the cursor of the page after, and whether there is one."""
        paging = entry.get("paging") or "none"
        if paging in ("cursor", "link"):
            found = path(answer, *_steps(entry.get("cursor_path") or "next"))
            text = str(found) if found else None
            if paging == "cursor" and not entry.get("since_param"):
                return text, bool(text and items)
            return text, bool(text)
        if paging == "none" or not items or len(items) < int(entry.get("size") or 100):
            return None, False
        if paging == "page":
            return str(int(cursor or 1) + 1), True
        return str(int(cursor or 0) + len(items)), True

    def fetchable(self, settings):
        # The first list counts, and a nightly one where there is no other.
        able = [entry for entry in _lists(settings) if entry.get("detail_path")]
        able.sort(key=lambda entry: entry.get("kind") == "sweep")
        return {_main(entry): entry["name"] for entry in reversed(able)}

    def fetch_one(self, ctx, entity, external_id):
        entry = _find(ctx.settings, entity)
        if not entry.get("detail_path"):
            raise Strange(f"{entity}: nobody has said where a single record is found.")
        address = _join(ctx.settings["url"], entry["detail_path"].replace("{id}", quote(external_id, safe="")))
        answer = ctx.get(address, accept=(404, 410))
        if answer.status in (404, 410):
            return [gone(_main(entry), external_id, ctx.now().replace(tzinfo=None))]
        record = _decode(answer)
        for step in _steps(entry.get("items")):
            inner = path(record, step)
            record = inner if isinstance(inner, (dict, list)) else record
        if isinstance(record, list):
            record = record[0] if record else None
        if not isinstance(record, dict):
            raise Strange(f"{entity}: the answer is not a record.")
        return [_raw(entry, record, ctx.now())]

    def redact(self, raw_record):
        # Records are told apart by these two, whatever they look like.
        return redact_raw(raw_record, spare=lambda value: _is_own(raw_record, value))

    def parse(self, raw_record, env):
        entry = _find(env.settings, raw_record.entity)
        text = env.settings.get("plans", {}).get(str(entry.get("mapping")))
        if text is None:
            raise EventError("", "no_mapping")
        try:
            record = json.loads(raw_record.body, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            raise ParseError("", "not_json", f"The record is not readable JSON: {error}.") from None
        if not isinstance(record, dict):
            raise ParseError("", "not_a_record", "The record is not a set of named values.")
        version = raw_record.version if raw_record.version is not None else _version(entry, record)
        events = {}
        try:
            mapping = compiled(text)
            for flat in flatten(record):
                for event in mapping.parse([str(flat.get(name, "")) for name in mapping.header]):
                    if event.get("version") is None and version is not None:
                        event["version"] = version
                    events.setdefault((event["entity"], event["external_id"]), event)
        except (FileError, RowError) as error:
            params = getattr(error, "params", {})
            column = params.get("column") or params.get("target") or ""
            reason = {"key": f"file.{error.code}", "params": params}
            raise ParseError(str(column), error.code, str(error), reason) from None
        except Unknown as error:
            raise ParseError("", "bad_choice", f"Nobody has said what “{str(error)[:80]}” means.") from None
        return list(events.values())

    # Requests

    def receive(self, request, env):
        name = request.query().get("list")
        lists = _lists(env.settings)
        entry = _find(env.settings, name) if name else (lists[0] if len(lists) == 1 else None)
        if entry is None:
            raise ParseError(
                "list", "unknown_list", "The address has to say which list the request is about: ?list=NAME."
            )
        try:
            body = json.loads(request.body, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            raise EventError("", "not_json", str(error)) from None
        items = path(body, *_steps(env.settings.get("hook_items"))) if env.settings.get("hook_items") else body
        items = items if isinstance(items, list) else [items]
        if env.settings.get("hook_brings") == "records":
            return Received([_raw(entry, item if isinstance(item, dict) else {"value": item}, None) for item in items])
        hints = []
        for item in items:
            key = path(item, *_steps(env.settings.get("hook_id") or "id")) if isinstance(item, dict) else item
            if not isinstance(key, str) or not key:
                raise ParseError(env.settings.get("hook_id") or "id", "missing_key", "The request names no record.")
            hints.append(Hint(entry["name"], key, "request"))
        return Received([], hints)

    def reply(self, request, error=None):
        return Reply(200) if error is None else Reply(400, error.message.encode(), "text/plain; charset=utf-8")


def _lists(settings):
    return settings.get("lists") or []


def _find(settings, name):
    for entry in _lists(settings):
        if entry["name"] == name:
            return entry
    raise ParseError("", "unknown_list", f"The connector has no list “{name}” any more.")


def _main(entry):
    return entry.get("rows") or "stay"


def _steps(text):
    """Return the steps of a path such as ``data.items.0``."""
    return [int(part) if part.isdigit() else part for part in (text or "").split(".") if part]


def _decode(answer):
    try:
        return json.loads(answer.body, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise Strange("The answer is not JSON.") from None


def _raw(entry, item, observed_at):
    key = path(item, *_steps(entry.get("id") or "id"))
    now = observed_at.replace(tzinfo=None) if observed_at else None
    key = "" if key is None or isinstance(key, (dict, list)) else str(key)
    made = raw(entry["name"], key, item, _version(entry, item), now)
    return made if key else Raw(entry["name"], "", made.body, made.content_type, "", made.version, now)


def _version(entry, item):
    """Return the version of a record: a number, or the time of its change."""
    return _moment(path(item, *_steps(entry.get("version"))) if entry.get("version") else None)


def _is_own(record, value):
    """Say whether a value is the key of its record, or its version."""
    return str(value) == record.external_id or (record.version is not None and _moment(value) == record.version)


def _moment(value):
    """Return the number that a value stands for, or the Unix time; None for neither."""
    if value is None or isinstance(value, (dict, list)):
        return None
    try:
        number = float(value)
    except ValueError:
        return stamp(value)
    return number if abs(number) < 1e15 else None


def _time(value, style, tz):
    """Return a time or day as the vendor wants it."""
    if not isinstance(value, datetime):
        return value.isoformat() if isinstance(value, date) else str(value)
    if style == "epoch":
        return str(int(value.timestamp()))
    if style == "epoch_ms":
        return str(int(value.timestamp() * 1000))
    if style in ("local", "date"):
        value = value.astimezone(ZoneInfo(tz))
        return value.date().isoformat() if style == "date" else f"{value:%Y-%m-%dT%H:%M:%S}"
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"


def _join(base, tail):
    return f"{base.rstrip('/')}/{tail.lstrip('/')}"


def _within(base, link):
    """Return the address of a link of the vendor; one that leads elsewhere isn't followed."""
    if link.startswith("/"):
        scheme, _colon, rest = base.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{link}"
    scheme, _colon, rest = base.partition("://")
    if not link.startswith(f"{scheme}://{rest.partition('/')[0]}/"):
        raise Strange("The link to the next page leads to another system.")
    return link
