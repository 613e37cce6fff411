"""The base of the fakes: a vendor on a port of this machine.

A fake keeps state, changes it while it is read, counts who oversteps its limits, and fails on demand. It is written
from the vendor's description alone and imports nothing of the product, so that both can't share a mistake.
"""

import collections
import contextlib
import http.server
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
from email.utils import formatdate
from typing import NamedTuple


class Call(NamedTuple):
    """A request that has arrived."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body or b"null")

    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))


class Answer(NamedTuple):
    status: int = 200
    body: object = b""
    headers: dict = {}


class Logged(NamedTuple):
    """:ivar at: monotonic time of arrival"""

    at: float
    method: str
    path: str
    query: dict
    status: int


def route(method, pattern):
    """Mark a method as the answer to requests: ``/guests/{id}``; a name in braces is one part of the path."""
    expression = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern)) + r"/?$")

    def mark(function):
        function.routes = [*getattr(function, "routes", []), (method, expression)]
        return function

    return mark


class Fake:
    """A vendor.

    Subclasses define routes and, for the contract suite:

    * :attr:`code` of the adapter, :meth:`settings`, :meth:`secrets`
    * :meth:`grow` adds records, :meth:`touch` changes one, :meth:`expected` says what must be known in the end

    :cvar limits: ``[(count, seconds)]`` that hold for all calls; :meth:`limits_of` may choose by call
    :ivar page_size: most records of a page, whatever the client asks for
    :ivar between: called with the number of pages served before each further one, to move records meanwhile
    :ivar breaches: calls above a limit
    :ivar log: list of :class:`Logged`
    """

    code = ""
    limits = ()

    def __init__(self):
        self.lock = threading.RLock()
        self.log = []
        self.page_size = 100
        self.pages = 0
        self.between = None
        self.breaches = 0
        self.planned = collections.deque()
        self.skew = 0.0
        self._arrivals = collections.defaultdict(collections.deque)
        self._routes = [
            (method, expression, getattr(self, name))
            for name in dir(type(self))
            for method, expression in getattr(getattr(type(self), name), "routes", ())
        ]

    # What a subclass provides

    def settings(self):
        """Return the settings of a connector to this vendor; ``self.url`` is where it is."""
        raise NotImplementedError

    def secrets(self):
        return {}

    def grow(self, count, at=None):
        """Add so many guests with a stay or check each.

        :param at: time of change that all of them carry (aware), None: now
        :return: their keys
        """
        raise NotImplementedError

    def touch(self, key):
        """Change a record that :meth:`grow` has made, and its time of change."""
        raise NotImplementedError

    def expected(self):
        """Return what must be known in the end: ``{(entity, external id): {field: value}}``, canonical, in parts."""
        raise NotImplementedError

    def authorize(self, call):
        """Return an :class:`Answer` to a caller without rights, None to let him in."""

    def limits_of(self, call):
        """Return ``(name, limits)`` of the limit that a call counts for."""
        return "", self.limits

    # Serving

    def fail(self, *answers):
        """Answer the next calls so: a status, an :class:`Answer`, or None for a good one."""
        self.planned.extend(answers)

    def turn_page(self):
        """Call it for each page that is served: lets a test move records between pages."""
        self.pages += 1
        if self.between and self.pages > 1:
            self.between(self.pages - 1)

    def answer(self, call):
        """Return the :class:`Answer` to a call; the lock is held."""
        over = self._count(call)
        if over is not None:
            self.breaches += 1
            return json_answer({"error": "too many requests"}, 429, {"Retry-After": str(max(1, round(over)))})
        if self.planned:
            planned = self.planned.popleft()
            if planned is not None:
                return planned if isinstance(planned, Answer) else Answer(planned)
        for method, expression, function in self._routes:
            match = expression.match(call.path)
            if match and method == call.method:
                refused = None if getattr(function, "open", False) else self.authorize(call)
                return refused or function(call, **match.groupdict())
        return json_answer({"error": "not found"}, 404)

    def _count(self, call):
        """Count a call; return the seconds to wait when a limit is overstepped."""
        now = time.monotonic()
        name, limits = self.limits_of(call)
        if not limits:
            return None
        arrivals = self._arrivals[name]
        longest = max(seconds for _count, seconds in limits)
        while arrivals and arrivals[0] < now - longest:
            arrivals.popleft()
        for count, seconds in limits:
            inside = [at for at in arrivals if at > now - seconds]
            if len(inside) >= count:
                return seconds - (now - inside[0])
        arrivals.append(now)
        return None

    @contextlib.contextmanager
    def running(self, port=0):
        """Serve on a port of this machine; ``url`` says where."""
        server = _Server(self, port)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def open_to_all(function):
    """Mark a route that needs no rights, such as the sign-in."""
    function.open = True
    return function


def json_answer(value, status=200, headers=None):
    return Answer(
        status, json.dumps(value, ensure_ascii=False).encode(), {"Content-Type": "application/json", **(headers or {})}
    )


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, fake, port):
        self.fake = fake
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request, client_address):
        """Connections break here on purpose."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_any(self):
        fake = self.server.fake
        arrived = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urllib.parse.urlsplit(self.path)
        query = {}
        for name, value in urllib.parse.parse_qsl(parts.query, keep_blank_values=True):
            query[name] = (
                [*([query[name]] if isinstance(query[name], str) else query[name]), value] if name in query else value
            )
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, parts.path, query, headers, body)
        with fake.lock:
            answer = fake.answer(call)
            fake.log.append(Logged(arrived, call.method, call.path, query, answer.status))
        content = answer.body if isinstance(answer.body, bytes) else str(answer.body).encode()
        self.send_response_only(answer.status)
        self.send_header("Date", formatdate(time.time() + fake.skew, usegmt=True))
        for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def log_message(self, *args):
        """Tests say what they see."""


def abort(sock):
    """Close a connection with a reset."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
