import hashlib
import hmac
import json
import os
import pathlib
import tempfile
from unittest.mock import patch

from odoo.addons.hospitality_crm.tools import keys

from ..engine import adapter as adapters
from ..engine.adapter import Hint, Raw, Received, Reply, Setting
from ..engine.hook.verify import Hmac
from ..engine.types import EventError
from ..models.hook import hospitality_connector as connector_module
from ..models.hook import hospitality_connector_hook as hook_module
from .common import ConnectorCommon


class KeyFile:
    """A key file of the test's own."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.key_file = pathlib.Path(folder.name, "keys")
        self.key_file.write_text(f"k1:{'ab' * 32}\n")
        variables = patch.dict(os.environ, {keys.VARIABLE: str(self.key_file)})
        variables.start()
        self.addCleanup(variables.stop)


class SecretAdapter(adapters.Adapter):
    """An adapter with settings of every kind, for tests."""

    code = "test_secret"
    name = "Test Secrets"
    settings = (
        Setting("hotel", "Hotel", required=True, help="Its number at the vendor"),
        Setting("region", "Region", choices=("eu", "us"), default="eu"),
        Setting("note", "Note"),
        Setting("api_key", "API Key", secret=True, required=True),
        Setting("hook_key", "Signature Key", secret=True),
    )

    def capabilities(self):
        return adapters.Capabilities(frozenset({"guest"}))

    def parse(self, raw, env):
        return adapters.get("canonical").parse(raw, env)


def add_adapter(case, cls):
    """Have an adapter registered while a test or test class runs."""
    known = patch.dict(adapters._ADAPTERS, {cls.code: cls})
    known.start()
    (case.addClassCleanup if isinstance(case, type) else case.addCleanup)(known.stop)


class HookAdapter(SecretAdapter):
    """A vendor who posts records, hints or arrays of both, signed with a keyed hash of the body.

    What is marked makes the adapter fail as real ones may: ``{"fail": "refused"|"crash"|"reply"}``.
    """

    code = "test_hook"
    name = "Test Requests"
    hook = Hmac("X-Signature")

    def redact(self, raw):
        if b"crash redaction" in as_bytes(raw.body):
            raise KeyError("redaction")
        return raw._replace(body=as_bytes(raw.body).replace(b"4111111111111111", b"[redacted]"))

    def receive(self, request, env):
        body = request.json()
        if isinstance(body, dict) and "fail" in body:
            if body["fail"] == "crash":
                raise TypeError("a mistake of the adapter")
            raise EventError("fail", "not_json", body["fail"])
        if not isinstance(body, list):
            raise EventError("", "not_json", "no array")
        records, hints = [], []
        for event in body:
            if "hint" in event:
                hints.append(Hint("stay", event["hint"], event.get("topic", "")))
            else:
                key = event.pop("event_id", "")
                records.append(Raw(event.get("entity"), event.get("external_id"), json.dumps(event), event_key=key))
        return Received(records, hints)

    def reply(self, request, error=None):
        if request.method != "POST":
            return Reply(200, request.query().get("challenge", "").encode())
        if error is not None:
            return Reply(422, error.code.encode())
        return Reply(202, b"taken")


def as_bytes(body):
    return body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")


def variant(adapter_code, scheme, **names):
    """Return an adapter with another scheme."""
    return type(adapter_code, (HookAdapter,), {"code": adapter_code, "name": adapter_code, "hook": scheme, **names})


KEY = "a-signing-key-x9"


class HookCommon(KeyFile, ConnectorCommon):
    """A connector whose vendor posts to the real route."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_adapter(cls, HookAdapter)

    def setUp(self):
        super().setUp()
        self.connector.adapter = "test_hook"
        self.connector._set_secret("hook_key", KEY)
        self.connector.public_url = "https://crm.palace.example"
        self.url = self.connector._renew_hook()
        self.path = self.url.removeprefix("https://crm.palace.example")
        self.Count = self.env["hospitality.connector.hook.count"]
        hook_module._numbers = hook_module.Numbers()
        connector_module._woken.clear()
        self.authenticate(None, None)

    def _sign(self, body, key=KEY):
        return {"X-Signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}

    def _post(self, content, headers=None, path=None, method="POST", **more):
        """Post a value as JSON, or bytes as they are; signed unless headers are given."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.env.flush_all()
        response = self.opener.request(
            method,
            self.base_url() + (path or self.path),
            data=body,
            headers={"Content-Type": "application/json", **(self._sign(body) if headers is None else headers)},
            timeout=60,
            allow_redirects=False,
            **more,
        )
        self.env.invalidate_all()
        return response

    def _rows(self):
        return self.Inbox.search([("connector_id", "=", self.connector.id)], order="id")

    def _counted(self):
        """Return how many requests ended how."""
        self.env.invalidate_all()
        rows = self.Count._read_group(
            [("connector_id", "=", self.connector.id), ("outcome", "!=", "woken")], ["outcome"], ["number:sum"]
        )
        return dict(rows)

    def _events(self, count, **more):
        return [
            {"entity": "guest", "external_id": f"G{n}", "event_id": f"e{n}", "values": {"name": f"Guest {n}"}, **more}
            for n in range(count)
        ]

    def _flood(self, count):
        body = json.dumps(self._events(2)).encode()
        good = self._sign(body)["X-Signature"]
        for number in range(count):
            wrong = (
                {},
                {"X-Signature": good[:-1] + ("0" if good[-1] != "0" else "1")},
                {"X-Signature": good.upper() if good.upper() != good else "0"},
                self._sign(body, f"key {number}"),
                {"X-Signature": f"sha256={good}"},
            )[number % 5]
            content = body if number % 2 else body + b"\n"
            self.assertEqual(self._post(content, wrong).status_code, 401)
        self.assertFalse(self._rows())
        self.assertFalse(self.env["hospitality.connector.hint"].search([]))
