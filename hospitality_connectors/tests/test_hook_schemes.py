import base64
import json
import time

from odoo.tests import HttpCase, tagged

from ..engine.hook.request import HookRequest
from ..engine.hook.verify import AnyOf, Basic, HeaderToken, Hmac, Md5Fields, SecretUrl, StandardWebhooks
from .hook_common import KEY, HookCommon, add_adapter, variant

MD5 = Md5Fields(("account", "object", "time"), time_field="time")


class Md5Adapter(variant("test_md5", MD5)):
    """The signature is one of the fields, as with Poster."""

    def receive(self, request, env):
        body = request.json()
        return super().receive(request._replace(body=json.dumps(body["events"]).encode()), env)


ADAPTERS = {
    "hmac_body": variant("test_hmac_body", Hmac("X-Sign")),
    "hmac_url": variant("test_hmac_url", Hmac("X-Sign", encoding="base64", covers="url_body")),
    "hmac_time": variant(
        "test_hmac_time", Hmac("X-Sign", prefix="v0=", covers="time_body", time_header="X-Time", joint=":")
    ),
    "standard": variant("test_standard", StandardWebhooks()),
    "header": variant("test_header", HeaderToken("Authorization", "hook_key", prefix="Bearer ")),
    "basic": variant("test_basic", Basic("hook_key")),
    "md5": Md5Adapter,
    "several": variant("test_several", AnyOf(Basic("api_key"), HeaderToken("X-Token", "hook_key"))),
}
TIMED = {"hmac_time", "standard", "md5"}
#: What is no proof of the body: whoever knows it may send anything.
UNSIGNED_BODY = {"header", "basic", "several"}


@tagged("post_install", "-at_install")
class TestHookSchemes(HookCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for adapter in (*ADAPTERS.values(), variant("test_url", SecretUrl())):
            add_adapter(cls, adapter)

    def _use(self, kind):
        self.connector.adapter = ADAPTERS[kind].code
        self.connector._set_secret("hook_key", "user:pässword" if kind == "basic" else KEY)
        self.path = self.connector._renew_hook().removeprefix("https://crm.palace.example")

    def _make(self, kind, events, key=None, at=None):
        """Return body and headers of a request as the vendor makes it."""
        at = str(int(at or time.time()))
        key = key or ("user:pässword" if kind == "basic" else KEY)
        body = json.dumps(events).encode()
        scheme = ADAPTERS[kind].hook
        if kind == "md5":
            value = {"account": "a", "object": "o", "time": at, "events": events}
            return json.dumps(value | {"verify": scheme.sign(key, value)}).encode(), {}
        if kind == "basic":
            return body, {"Authorization": "Basic " + base64.b64encode(key.encode()).decode()}
        if kind == "header":
            return body, {"Authorization": f"Bearer {key}"}
        if kind == "several":
            return body, {"X-Token": key}
        headers = {"x-time": at, "webhook-id": "e1", "webhook-timestamp": at}
        request = HookRequest("POST", f"https://crm.palace.example{self.path}", "", headers, body, 0.0)
        name = "webhook-signature" if kind == "standard" else "X-Sign"
        return body, {**headers, name: scheme.sign(key, request)}

    def _send(self, kind, events, **options):
        body, headers = self._make(kind, events, **options)
        return self._post(body, headers)

    def test_valid_and_repeated(self):
        for kind in ADAPTERS:
            with self.subTest(kind=kind):
                self._use(kind)
                events = [{"entity": "guest", "external_id": f"{kind}Ї", "values": {"name": "Їжак"}}]
                for _time in range(3):
                    self.assertEqual(self._send(kind, events).status_code, 202)
                self.assertEqual(len(self._rows().filtered(lambda r, k=kind: r.external_id == f"{k}Ї")), 1)

    def test_forged_changed_and_missing(self):
        events = [{"entity": "guest", "external_id": "X", "values": {}}]
        for kind in ADAPTERS:
            with self.subTest(kind=kind):
                self._use(kind)
                self.assertEqual(self._send(kind, events, key="another").status_code, 401)
                body, headers = self._make(kind, events)
                if kind not in UNSIGNED_BODY:
                    changed = body.replace(b'"a"', b'"b"') if kind == "md5" else body.replace(b"X", b"Y")
                    self.assertNotEqual(changed, body)
                    self.assertEqual(self._post(changed, headers).status_code, 401)
                if kind == "md5":
                    self.assertEqual(self._post(json.dumps({"events": events}).encode(), {}).status_code, 401)
                else:
                    self.assertEqual(self._post(body, {}).status_code, 401)
        self.assertFalse(self._rows())

    def test_late(self):
        for kind in sorted(TIMED):
            with self.subTest(kind=kind):
                self._use(kind)
                for off, status in ((-400, 401), (400, 401), (-200, 202), (200, 202)):
                    self.assertEqual(self._send(kind, [], at=time.time() + off).status_code, status)

    def test_signature_covers_the_registered_address(self):
        """What a proxy makes of the address doesn't matter, and what the vendor has registered does."""
        self._use("hmac_url")
        body, headers = self._make("hmac_url", [])
        self.assertEqual(self._post(body, {**headers, "X-Forwarded-Host": "evil.example"}).status_code, 202)
        self.assertEqual(self._post(body, headers, path=f"{self.path}?x=1").status_code, 401)
        request = HookRequest("POST", f"https://crm.palace.example{self.path}/a%20b/?x=%C3%A9", "", {}, body, 0.0)
        signed = {"X-Sign": ADAPTERS["hmac_url"].hook.sign(KEY, request)}
        self.assertEqual(self._post(body, signed, path=f"{self.path}/a%20b/?x=%C3%A9").status_code, 202)
        self.connector.public_url = "https://other.example/odoo/"
        self.assertEqual(self._post(body, headers).status_code, 401)
        request = HookRequest("POST", f"https://other.example/odoo{self.path}", "", {}, body, 0.0)
        self.assertEqual(self._post(body, {"X-Sign": ADAPTERS["hmac_url"].hook.sign(KEY, request)}).status_code, 202)

    def test_secret_address_alone(self):
        self.connector.adapter = "test_url"
        self.assertEqual(self._post(b'[{"hint": "S1"}]', {}).status_code, 202)
        self.assertEqual(self._post(b"[]", {}, path=self.path[:-2] + "xx").status_code, 404)
        self.assertTrue(self.env["hospitality.connector.hint"].search([("external_id", "=", "S1")]))

    def test_scheme_that_fails_refuses(self):
        self._use("hmac_body")
        ADAPTERS["hmac_body"].hook.digest = "no such hash"
        self.addCleanup(setattr, ADAPTERS["hmac_body"].hook, "digest", "sha256")
        body, _headers = json.dumps([]).encode(), None
        with self.assertLogs("odoo.addons.hospitality_connectors", "WARNING"):
            self.assertEqual(self._post(body, {"X-Sign": "x"}).status_code, 401)


@tagged("post_install", "-at_install")
class TestCanonicalHook(HookCommon, HttpCase):
    """Systems of one's own post canonical events."""

    def setUp(self):
        super().setUp()
        self.connector.adapter = "canonical"

    def _headers(self, body):
        headers = {"webhook-id": "e1", "webhook-timestamp": str(int(time.time()))}
        request = HookRequest("POST", "", "", headers, body, 0.0)
        return headers | {"webhook-signature": StandardWebhooks().sign(KEY, request)}

    def test_events_land_and_what_is_none_waits(self):
        body = json.dumps([self._guest("C1", name="Own System"), 7, "x", None, {"entity": "guest"}]).encode()
        response = self._post(body, self._headers(body))
        self.assertEqual((response.status_code, response.json()), (200, {"stored": True}))
        self.connector._process()
        self.assertEqual(self._profile("C1").partner_id.name, "Own System")
        states = sorted(self._rows().mapped("state"))
        self.assertEqual(states, ["done", *["quarantined"] * 4])

    def test_a_look_stores_nothing_and_says_nothing(self):
        for headers in (self._headers(b""), {}):
            response = self._post(b"", headers, method="GET")
            self.assertEqual((response.status_code, response.text), (200, ""))
        self.assertFalse(self._rows())

    def test_token_for_what_cannot_sign(self):
        self.connector._remove_secret("hook_key")
        self.connector._set_secret("hook_token", "a-token")
        self.assertEqual(self._post(self._guest("C2", name="A"), {"X-API-Key": "a-token"}).status_code, 200)
        self.assertEqual(self._post(self._guest("C3", name="A"), {"X-API-Key": "a-Token"}).status_code, 401)
        self.assertEqual(self._rows().mapped("external_id"), ["C2"])

    def test_no_json(self):
        response = self._post(b"<xml/>", self._headers(b"<xml/>"))
        self.assertEqual((response.status_code, response.json()["error"]), (400, "not_json"))
        self.assertEqual(self._rows().state, "quarantined")
