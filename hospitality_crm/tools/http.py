"""The one client for outgoing HTTP.

A guest CRM calls addresses that people have typed: of gateways, of self-hosted bots, of hooks. So that none of them
reaches into the house's own network, an address is looked up here, every answer of the name service must be a public
one, and the connection goes to what was looked up, not to the name. Plain http goes nowhere but to this machine, and
only where the operator of the server has said so::

    [options]
    hospitality_http_allow = 127.0.0.1/32, 10.20.0.0/16

(or ``HOSPITALITY_HTTP_ALLOW`` in the environment) names networks that may be called though they aren't public; plain
http is for those among them that are this machine.

Redirects aren't followed, proxies and cookies aren't used, an answer is read up to a limit and until a deadline. What
went wrong is told by the class of the exception, above all whether the other side may have got the request.
"""

import datetime
import email.utils
import http.cookiejar
import ipaddress
import json
import logging
import os
import random
import socket
import threading
import time
import urllib.parse
from typing import NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.connection import create_connection

_logger = logging.getLogger(__name__)

OPTION = "hospitality_http_allow"
VARIABLE = "HOSPITALITY_HTTP_ALLOW"
USER_AGENT = "hospitality-crm"
RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0
BACKOFF_BASE, BACKOFF_CAP = 1.0, 900.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_CHUNK = 1 << 16


class HttpError(Exception):
    """A request without a usable answer.

    :cvar retry: trying again later may help
    :cvar arrived: whether the other side has got the request: False no, None nobody knows, True yes
    """

    retry = False
    arrived = False


class Forbidden(HttpError):
    """The address may not be called; nothing was sent."""


class Unreachable(HttpError):
    """There was no connection; nothing was sent."""

    retry = True


class Unanswered(HttpError):
    """The connection broke, or time was up, after the request had begun to leave."""

    arrived = None


class Unreadable(HttpError):
    """There is an answer, but a larger one than allowed, or in an encoding that wasn't asked for.

    :ivar status: its status
    """

    arrived = True

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class Refused(HttpError):
    """The answer says no; asking again gives the same.

    :ivar response: the answer
    """

    arrived = True

    def __init__(self, response):
        super().__init__(f"status {response.status}")
        self.response = response


class Busy(Refused):
    """The answer says not now.

    :ivar retry_after: seconds that the other side wants us to wait, None where it doesn't say
    """

    retry = True

    def __init__(self, response):
        super().__init__(response)
        self.retry_after = response.retry_after()


class Response(NamedTuple):
    """An answer.

    :ivar headers: case-insensitive mapping
    :ivar body: bytes, not decoded
    """

    status: int
    headers: dict
    body: bytes

    def json(self):
        """Return the body as a JSON value, None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def retry_after(self, now=None):
        """Return how many seconds the other side wants us to wait, 1 to 3600; None where it doesn't say."""
        return parse_retry_after(self.headers.get("Retry-After"), now)

    def check(self):
        """Return the answer when it says yes.

        :raise Busy: not now
        :raise Refused: no; a redirect is one, too
        """
        if 200 <= self.status < 300:
            return self
        raise Busy(self) if self.status in RETRY_STATUSES else Refused(self)


class Limits(NamedTuple):
    """Seconds and bytes that a call may take."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    size: int = 20 << 20


class Policy(NamedTuple):
    """What may be called.

    :ivar networks: networks that may be called though they aren't public
    """

    networks: tuple = ()

    @classmethod
    def parse(cls, text):
        """Return the policy of an option's value: networks separated by commas.

        :raise ValueError: one of them is none
        """
        return cls(tuple(ipaddress.ip_network(part.strip()) for part in (text or "").split(",") if part.strip()))

    def allows(self, address, plain=False):
        """Say whether an address may be called.

        :param plain: by http instead of https

        >>> Policy().allows("93.184.216.34"), Policy().allows("169.254.169.254"), Policy().allows("::ffff:10.0.0.1")
        (True, False, False)
        """
        address = ipaddress.ip_address(str(address).partition("%")[0])
        embedded = _embedded(address)
        listed = any((embedded or address) in network for network in self.networks)
        if plain:
            return listed and (embedded or address).is_loopback
        if listed:
            return True
        return all(part.is_global and not part.is_multicast for part in (embedded or address, address) if part)


def _embedded(address):
    """Return the IPv4 address that an IPv6 address leads to, if it does."""
    if address.version == 4:
        return None
    if address in _NAT64:
        return ipaddress.ip_address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def parse_retry_after(value, now=None):
    """Return the seconds of a ``Retry-After`` header (RFC 9110, 10.2.3), 1 to 3600, None when it can't be read.

    :param now: aware time that a date counts from

    >>> parse_retry_after("7"), parse_retry_after("-5"), parse_retry_after("86400"), parse_retry_after("soon")
    (7.0, 1.0, 3600.0, None)
    """
    if value is None:
        return None
    try:
        seconds = float(str(value).strip())
    except ValueError:
        try:
            at = email.utils.parsedate_to_datetime(str(value))
        except (TypeError, ValueError):
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=datetime.timezone.utc)
        seconds = (at - (now or datetime.datetime.now(datetime.timezone.utc))).total_seconds()
    if seconds != seconds:
        return None
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def backoff(tries, rng=random):
    """Return the seconds to wait after so many failures: full jitter, 1 s doubled each time, at most 15 minutes.

    The formula is that of *Exponential Backoff And Jitter* in the AWS Architecture Blog; never less than a second.
    """
    return max(SHORTEST_WAIT, rng.uniform(0.0, min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(tries, 20))))


def mask(text, secrets):
    """Return a text in which no secret can be read.

    >>> mask("/bot12345:AbC/send", ["12345:AbC"])
    '/bot***/send'
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
        text = text.replace(urllib.parse.quote(secret, safe=""), "***")
    return text


class Client:
    """Makes requests.

    Its exceptions are attributes, for those who get a client without knowing this module.

    :param Policy policy: what may be called
    :param Limits limits: of each call
    """

    HttpError, Forbidden, Unreachable, Unanswered, Unreadable = (
        HttpError,
        Forbidden,
        Unreachable,
        Unanswered,
        Unreadable,
    )

    def __init__(self, policy=None, limits=None):
        self.policy = policy or Policy()
        self.limits = limits or Limits()
        self._session = _Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter()
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self):
        """Close what connections are kept."""
        self._session.close()

    def request(self, method, url, *, headers=None, body=None, secrets=()):
        """Make a request and return its answer, whatever its status.

        :param bytes body: as it goes out
        :param secrets: texts that must not be written to a log
        :return: :class:`Response`
        :raise HttpError: there is no usable one; its text names no secret and no path
        """
        host = self._check_url(url)
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **(headers or {})}
        try:
            prepared = requests.Request(method, url, headers=headers, data=body).prepare()
        except (requests.RequestException, UnicodeError, ValueError):
            raise Forbidden("the address can't be read") from None
        if self._check_url(prepared.url) != host:
            raise Forbidden("the address can be read in two ways")
        call = _CALL.current = _Call(self.policy, self.limits, plain=prepared.url.startswith("http:"))
        try:
            response = self._exchange(prepared, call, host)
        except HttpError as error:
            self._log(method, prepared.url, secrets, call, f"{type(error).__name__} ({error})")
            raise
        finally:
            call.disarm()
            _CALL.current = None
        self._log(method, prepared.url, secrets, call, response.status)
        return response

    def _check_url(self, url):
        """Return the host of an address that may be called as far as its form tells."""
        if any(ord(char) < 33 or char == "\\" for char in url):
            raise Forbidden("the address has characters that don't belong there")
        try:
            parts = urllib.parse.urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError:
            raise Forbidden("the address can't be read") from None
        if not host or "@" in parts.netloc:
            raise Forbidden("the address has no host, or names a user")
        plain_allowed = any(network.network_address.is_loopback for network in self.policy.networks)
        if parts.scheme != "https" and not (parts.scheme == "http" and plain_allowed):
            raise Forbidden("the address isn't https")
        return host

    def _exchange(self, prepared, call, host):
        try:
            raw = self._session.send(prepared, stream=True, allow_redirects=False)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise call.explain(error, host) from None
        try:
            return Response(raw.status_code, raw.headers, self._read(raw, call))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise call.explain(error, host) from None
        finally:
            raw.close()

    def _read(self, raw, call):
        if raw.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Unreadable("the answer is compressed", raw.status_code)
        chunks, size = [], 0
        while chunk := raw.raw.read(_CHUNK, decode_content=False):
            size += len(chunk)
            if size > self.limits.size:
                raise Unreadable(f"the answer is larger than {self.limits.size} bytes", raw.status_code)
            chunks.append(chunk)
        if call.is_over():
            raise Unanswered("the answer took too long")
        expected = raw.headers.get("Content-Length")
        has_body = raw.request.method != "HEAD" and raw.status_code not in (204, 304)
        if has_body and expected and expected.isdigit() and size < int(expected):
            raise Unanswered("the answer was cut off")
        return b"".join(chunks)

    def _log(self, method, url, secrets, call, outcome):
        parts = urllib.parse.urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc}{mask(parts.path, secrets)}"
        _logger.info("%s %s: %s after %.2f s", method, shown, outcome, time.monotonic() - call.began)


def from_config(limits=None):
    """Return a client with what the operator of this server allows.

    :raise ValueError: the option names no networks
    """
    from odoo.tools import config  # everything else here runs without Odoo

    return Client(Policy.parse(os.environ.get(VARIABLE) or config.get(OPTION)), limits)


class _Call:
    """What is known about the request that a thread is making."""

    def __init__(self, policy, limits, plain):
        self.policy = policy
        self.limits = limits
        self.plain = plain
        self.began = time.monotonic()
        self.sent = False
        self._timer = None
        self._armed = None

    def remaining(self):
        return self.began + self.limits.total - time.monotonic()

    def is_over(self):
        return self.remaining() <= 0

    def arm(self, sock):
        """Cut a connection at the deadline, so that an answer in drops doesn't take longer."""
        if sock is self._armed:
            return
        self.disarm()
        self._armed = sock
        self._timer = threading.Timer(max(self.remaining(), 0.0), _cut, (sock,))
        self._timer.daemon = True
        self._timer.start()

    def disarm(self):
        if self._timer:
            self._timer.cancel()
        self._timer = self._armed = None

    def resolve(self, host, port):
        """Return the addresses of a host.

        :raise Unreachable: it has none
        :raise Forbidden: one of them may not be called
        """
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unreachable(f"{host} can't be found") from None
        addresses = list(dict.fromkeys(entry[4][0] for entry in found))
        if not addresses or not all(self.policy.allows(address, self.plain) for address in addresses):
            raise Forbidden(f"{host} isn't on the public internet")
        return addresses

    def connect(self, host, port, **options):
        problem = None
        for address in self.resolve(host, port):
            timeout = min(self.limits.connect, self.remaining())
            if timeout <= 0:
                break
            try:
                sock = create_connection((address, port), timeout, **options)
            except OSError as error:
                problem = error
                continue
            self.arm(sock)
            return sock
        reason = "took too long" if isinstance(problem, TimeoutError) or problem is None else "was refused"
        raise Unreachable(f"the connection to {host} {reason}") from None

    def explain(self, error, host):
        """Return what an exception of the libraries means."""
        if not self.sent:
            kind = "isn't safe" if "SSL" in type(error).__name__ else "failed"
            return Unreachable(f"the connection to {host} {kind}")
        slow = self.is_over() or isinstance(error, (requests.Timeout, TimeoutError, urllib3.exceptions.TimeoutError))
        return Unanswered(f"{host} {'took too long to answer' if slow else 'closed the connection without an answer'}")


def _cut(sock):
    try:
        # Past the TLS layer: another thread is reading from it.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        _logger.debug("A connection was closed at its deadline already")


_CALL = threading.local()


class _Pinned:
    """A connection to an address that was checked, not to whatever the name means a moment later."""

    def _new_conn(self):
        return _CALL.current.connect(self.host, self.port, socket_options=self.socket_options)

    def send(self, data):
        call = _CALL.current
        if self.sock is None and self.auto_open:
            self.connect()
        call.arm(self.sock)
        call.sent = True
        return super().send(data)


class _HttpConnection(_Pinned, urllib3.connection.HTTPConnection):
    pass


class _HttpsConnection(_Pinned, urllib3.connection.HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Session(requests.Session):
    def get_redirect_target(self, resp):
        """Say that there is none: the library reads the whole answer otherwise, though it isn't to follow it."""
        return None


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs):
        result = super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
        return result

    def send(self, request, **options):
        call = _CALL.current
        options["timeout"] = (min(call.limits.connect, call.limits.total), min(call.limits.read, call.limits.total))
        options["verify"] = os.environ.get("REQUESTS_CA_BUNDLE") or True
        options["proxies"] = {}
        return super().send(request, **options)


class _Silence(logging.Filter):
    """Keeps the library from logging paths of our requests: some providers have the token there."""

    def filter(self, record):
        return getattr(_CALL, "current", None) is None


logging.getLogger("urllib3.connectionpool").addFilter(_Silence())
