"""Servers on this machine that behave as badly as real ones, for tests of the HTTP client."""

import contextlib
import http.server
import importlib.util
import sys
import threading
from pathlib import Path


def load_client():
    """Return the module of the client; its package needs Odoo, the module doesn't."""
    path = Path(__file__).parents[2] / "hospitality_crm" / "tools" / "http.py"
    spec = importlib.util.spec_from_file_location("hospitality_http", path)
    module = sys.modules.setdefault("hospitality_http", importlib.util.module_from_spec(spec))
    if not hasattr(module, "Client"):
        spec.loader.exec_module(module)
    return module


class Server(http.server.ThreadingHTTPServer):
    """:ivar hits: (method, path, headers, body) of each request"""

    daemon_threads = True

    def __init__(self, answer, address="127.0.0.1"):
        self.answer = answer
        self.hits = []
        super().__init__((address, 0), _Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Connections break here on purpose."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.hits.append((self.command, self.path, dict(self.headers), body))
        self.server.answer(self)

    do_GET = do_POST

    def reply(self, status, body=b"{}", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Tests say what they see."""


@contextlib.contextmanager
def serve(answer):
    """Run a server on a free port of this machine.

    :param answer: function that is given the handler of each request
    """
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
