"""A small PMS on this machine and its adapter, for tests of what all adapters share."""

import datetime
import http.server
import json
import os
import pathlib
import tempfile
import threading
import urllib.parse
from unittest.mock import patch

from odoo.addons.hospitality_crm.tools import http as client
from odoo.addons.hospitality_crm.tools import keys

from ..engine import adapter as adapters
from ..engine.adapters import records
from ..engine.hook import verify


class Vendor(http.server.ThreadingHTTPServer):
    """:ivar stays: records by id
    :ivar script: answers for the next calls instead of good ones: a status, or a function of the handler
    :ivar calls: ``(method, path with query)`` of all requests
    :ivar token: the only one that is accepted
    :ivar pushed: what was written, as ``(id, JSON)``
    """

    daemon_threads = True

    def __init__(self):
        self.stays, self.script, self.calls, self.pushed = {}, [], [], []
        self.token, self.sign_ins, self.page_size = "token-1", 0, 3
        self.retry_after = None
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, key, ago=60, **values):
        """Add or change a stay.

        :param ago: how many seconds ago that was
        """
        at = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)).isoformat()
        day = datetime.date.today()
        record = {
            "id": key,
            "guest": f"g{key}",
            "name": f"Guest {key}",
            "arrival": day.isoformat(),
            "departure": (day + datetime.timedelta(days=2)).isoformat(),
            "status": "reserved",
            "total": "200.00",
        }
        self.stays[key] = {**record, **self.stays.get(key, {}), **values, "modified": at}

    def handle_error(self, request, client_address):
        """Connections break here on purpose."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        """Tests look at what was asked."""

    def answer(self):
        vendor = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        vendor.calls.append((self.command, self.path))
        if vendor.script:
            line = vendor.script.pop(0)
            if callable(line):
                return line(self)
            if line:
                return self.json(line, {})
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if parts.path == "/token":
            vendor.sign_ins += 1
            return self.json(200, {"token": vendor.token})
        if self.headers.get("Authorization") != f"Bearer {vendor.token}":
            return self.json(401, {})
        if parts.path == "/stays":
            return self.list(query)
        key = parts.path.rpartition("/")[2]
        if self.command == "POST":
            vendor.pushed.append((key, json.loads(body), self.headers.get("Idempotency-Key")))
            return self.json(200 if key in {stay["guest"] for stay in vendor.stays.values()} else 404, {})
        stay = vendor.stays.get(key)
        return self.json(200, stay) if stay else self.json(404, {})

    do_GET = do_POST = answer

    def list(self, query):
        name, vendor = query["by"], self.server
        found = sorted(
            (stay for stay in vendor.stays.values() if query["from"] <= stay[name] < query["to"]),
            key=lambda stay: (stay[name], stay["id"]),
        )
        start = int(query.get("page") or 0) * vendor.page_size
        self.json(200, {"total": len(found), "stays": found[start : start + vendor.page_size]})

    def json(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        if self.server.retry_after and status in (429, 503):
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class TrialAdapter(adapters.Adapter):
    """What a page, a window and a token need, and nothing else."""

    code = "trial"
    name = "Trial"
    hook = verify.Hmac("x-signature", "hook_key")

    def capabilities(self):
        return adapters.Capabilities(
            frozenset({"guest", "stay"}),
            "modified",
            webhook="hint",
            push=frozenset({"vip", "tier", "preference", "consent", "erasure"}),
        )

    def streams(self, settings):
        return (
            adapters.Stream("stays", every=60),
            adapters.Stream("arrivals", kind="sweep", days=(-3, 10), longest=datetime.timedelta(days=7)),
        )

    def check(self, ctx):
        self._list(ctx, "arrival", "2026-01-01", "2026-01-02", "0")
        return [adapters.Finding("ok", "The PMS answers.")]

    def sign_in(self, ctx):
        answer = ctx.get(f"{ctx.settings['url']}/token", signed=False)
        return adapters.Token(ctx.json(answer)["token"], 3600)

    def sign(self, ctx):
        return {"Authorization": f"Bearer {ctx.token()}"}

    def _list(self, ctx, by, start, end, page):
        params = {"by": by, "from": start, "to": end, "page": page}
        return ctx.json(ctx.get(f"{ctx.settings['url']}/stays", params=params))

    def fetch_page(self, ctx, stream, window, cursor):
        page = int(cursor or 0)
        by = "arrival" if stream.kind == "sweep" else "modified"
        answer = self._list(ctx, by, window.start.isoformat(), window.end.isoformat(), page)
        size = len(answer["stays"])
        more = size and answer["total"] > (page + 1) * size
        found = [self._raw(stay) for stay in answer["stays"]]
        return adapters.Page(found, str(page + 1) if more else None, bool(more), total=answer["total"])

    def _raw(self, stay):
        return records.raw("stay", stay["id"], stay, records.stamp(stay["modified"]))

    def fetchable(self, settings):
        return {"stay": "stay"}

    def fetch_one(self, ctx, entity, external_id):
        answer = ctx.get(f"{ctx.settings['url']}/stays/{external_id}", accept=(404,))
        if answer.status == 404:
            return adapters.Gone()
        return [self._raw(ctx.json(answer))]

    def parse(self, raw, env):
        stay = records.content(raw)
        version = records.stamp(stay["modified"])
        guest = {"entity": "guest", "external_id": stay["guest"], "version": version, "values": {"name": stay["name"]}}
        event = {
            "entity": "stay",
            "external_id": stay["id"],
            "version": version,
            "guest": stay["guest"],
            "arrival": stay["arrival"],
            "departure": stay["departure"],
            "status_raw": stay["status"],
            "status": stay["status"],
            "currency": "EUR",
            "amount_total": stay["total"],
        }
        return [guest, event]

    def push(self, ctx, command):
        answer = ctx.post(
            f"{ctx.settings['url']}/guests/{command.external_id}",
            json={"kind": command.kind, **command.values},
            headers={"Idempotency-Key": command.key},
            accept=(404, 409),
        )
        return adapters.Pushed({404: "gone", 409: "conflict"}.get(answer.status, "done"))


class VendorMixin:
    """Starts the PMS and registers its adapter for a test class."""

    @classmethod
    def start_vendor(cls):
        cls.vendor = Vendor()
        thread = threading.Thread(target=cls.vendor.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        cls.addClassCleanup(cls.vendor.server_close)
        cls.addClassCleanup(cls.vendor.shutdown)
        cls.startClassPatcher(patch.dict(adapters._ADAPTERS, {"trial": TrialAdapter}))
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        key_file = pathlib.Path(folder.name) / "keys"
        key_file.write_text(f"test:{'5e' * 32}\n")
        environment = {client.VARIABLE: "127.0.0.1/32", keys.VARIABLE: str(key_file)}
        cls.startClassPatcher(patch.dict(os.environ, environment))

    def setUp(self):
        super().setUp()
        self.vendor.stays.clear()
        self.vendor.script.clear()
        self.vendor.calls.clear()
        self.vendor.pushed.clear()
