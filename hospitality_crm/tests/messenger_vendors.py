"""Telegram, WhatsApp, Viber and a gateway on this machine, for tests and fault scripts: no Odoo import."""

import base64
import hashlib
import hmac
import http.server
import json
import re
import socket

TOKEN = "12345:TELEGRAM-TOKEN-x1"
WA_TOKEN = "EAAB-WHATSAPP-TOKEN-x2"
WA_APP_SECRET = "whatsapp-app-secret-x3"
WA_VERIFY = "verify-me-x4"
VIBER_TOKEN = "viber-token-x5"
HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = (TOKEN, WA_TOKEN, WA_APP_SECRET, WA_VERIFY, VIBER_TOKEN, HOOK_SECRET, HOOK_SECRET[6:])


class Vendors(http.server.ThreadingHTTPServer):
    """Telegram, WhatsApp, Viber and a gateway on this machine: documented answers, and every way to fail.

    :ivar sent: ``(vendor, address, text)`` of what was accepted
    :ivar asked: ``(text, line)`` of each message that has come, in their order; ``line`` of the script or None
    :ivar calls: ``(method, path)`` of all requests
    :ivar script: address -> list of what happens to the next messages there; then they are accepted
    :ivar pause: what is called before anything happens
    """

    daemon_threads = True

    def __init__(self):
        self.sent, self.asked, self.calls, self.script = [], [], [], {}
        self.bodies = []
        self.pause = lambda line: line
        self.number = 100
        super().__init__(("127.0.0.1", 0), _Vendor)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Connections break here on purpose."""


class _Vendor(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        """Tests look at what was sent."""

    def do_GET(self):
        self.server.calls.append(("GET", self.path))
        if self.headers.get("Authorization") != f"Bearer {WA_TOKEN}":
            return self._json(401, {"error": {"code": 190, "message": "Invalid OAuth access token"}})
        return self._json(200, {"display_phone_number": "+44 20 7946 0000", "id": "555"})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.calls.append(("POST", self.path))
        self.server.bodies.append(raw)
        payload = json.loads(raw)
        if match := re.fullmatch(r"/bot([^/]+)/(\w+)", self.path):
            return self._telegram(match[1], match[2], payload)
        if re.fullmatch(r"/555/messages", self.path):
            return self._whatsapp(payload)
        if match := re.fullmatch(r"/pa/(\w+)", self.path):
            return self._viber(match[1], payload)
        if self.path == "/gateway":
            return self._gateway(raw, payload)
        return self._json(404, {})

    def _json(self, status, value, **headers):
        self._raw(status, json.dumps(value).encode(), **headers)

    def _raw(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _fails(self, address, text):
        """Play the next line of the script; return what the vendor has to answer itself."""
        line = self.server.script[address].pop(0) if self.server.script.get(address) else None
        self.server.asked.append((text, line))
        line = self.server.pause(line)
        if line == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            return "done"
        if line == "accept and drop":
            self.server.sent.append(("lost", address, text))
            self.connection.shutdown(socket.SHUT_RDWR)
            return "done"
        if line == "502":
            self._raw(502, b"<html>Bad gateway</html>")
            return "done"
        return line

    def _accept(self, vendor, address, text):
        self.server.number += 1
        self.server.sent.append((vendor, address, text))
        return self.server.number

    def _telegram(self, token, method, payload):
        if token != TOKEN:
            return self._json(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        if method == "getMe":
            return self._json(200, {"ok": True, "result": {"id": 1, "is_bot": True, "username": "palace_bot"}})
        if method == "setWebhook":
            self.server.hook = payload
            return self._json(200, {"ok": True, "result": True})
        address = str(payload["chat_id"])
        line = self._fails(address, payload["text"])
        if line == "done":
            return None
        errors = {
            "blocked": (403, "Forbidden: bot was blocked by the user", {}),
            "429": (429, "Too Many Requests: retry after 30", {"parameters": {"retry_after": 30}}),
            "400": (400, "Bad Request: message text is empty", {}),
            "500": (500, "Internal Server Error", {}),
        }
        if line in errors:
            status, text, more = errors[line]
            return self._json(status, {"ok": False, "error_code": status, "description": text, **more})
        number = self._accept("telegram", address, payload["text"])
        return self._json(200, {"ok": True, "result": {"message_id": number, "chat": {"id": payload["chat_id"]}}})

    def _whatsapp(self, payload):
        if self.headers.get("Authorization") != f"Bearer {WA_TOKEN}":
            return self._json(401, {"error": {"code": 190, "message": "Invalid OAuth access token"}})
        text = payload["template"]["name"] if payload["type"] == "template" else payload["text"]["body"]
        line = self._fails(payload["to"], text)
        if line == "done":
            return None
        if line:
            return self._json(400, {"error": {"code": int(line), "message": "refused", "fbtrace_id": "A"}})
        number = self._accept("whatsapp", payload["to"], text)
        contact = {"input": payload["to"], "wa_id": payload["to"]}
        answer = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": f"wamid.{number}"}]}
        return self._json(200, answer)

    def _viber(self, method, payload):
        if self.headers.get("X-Viber-Auth-Token") != VIBER_TOKEN:
            return self._json(200, {"status": 2, "status_message": "invalidAuthToken"})
        if method == "get_account_info":
            return self._json(200, {"status": 0, "uri": "palace"})
        line = self._fails(payload.get("receiver"), payload.get("text"))
        if line == "done":
            return None
        if line:
            return self._json(200, {"status": int(line), "status_message": "refused"})
        number = self._accept("viber", payload["receiver"], payload["text"])
        return self._json(200, {"status": 0, "status_message": "ok", "message_token": number})

    def _gateway(self, raw, payload):
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + raw
        digest = hmac.new(base64.b64decode(HOOK_SECRET[len("whsec_") :]), signed, hashlib.sha256).digest()
        if self.headers["webhook-signature"] != f"v1,{base64.b64encode(digest).decode()}":
            return self._json(401, {})
        if payload["type"] == "test":
            return self._raw(204, b"")
        line = self._fails(payload["data"]["address"], payload["data"]["text"])
        if line == "done":
            return None
        if line:
            return self._json(int(line), {"error": "refused", "unreachable": line == "422"}, Retry_After="50")
        number = self._accept("gateway", payload["data"]["address"], payload["data"]["text"])
        return self._json(202, {"id": f"g{number}"})
