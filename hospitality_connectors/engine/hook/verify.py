"""How a request proves that it comes from the vendor.

A scheme is made once, as the class attribute ``hook`` of an adapter. ``check(request, secrets)`` returns nothing or
raises :class:`Rejected`; secrets of a name may be two while one is replaced: ``secrets[name]`` is a list, the newest
first. All comparisons take the same time wherever the difference is.
"""

import base64
import hashlib
import hmac

#: Seconds that a signed time may be off.
TOLERANCE = 300
#: Signatures that a request may carry, for several keys.
MOST_SIGNATURES = 5


class Rejected(Exception):
    """The request isn't believed.

    :ivar code: ``missing`` no proof; ``forged`` a wrong one; ``late`` an old one; ``unset`` there is no secret to
        check it with
    """

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Scheme:
    """Base of the schemes.

    :ivar secret: name of the secret that the administrator enters, empty: none
    """

    secret = ""

    def check(self, request, secrets):
        """Accept the request.

        :param engine.hook.request.HookRequest request:
        :param dict secrets: list of values by name
        :raise Rejected: it is not believed
        """
        raise NotImplementedError

    def _secrets(self, secrets):
        values = [value for value in secrets.get(self.secret) or () if value]
        if not values:
            raise Rejected("unset")
        return values


class SecretUrl(Scheme):
    """Nothing but the secret address itself, for vendors that sign nothing. What arrives is a hint, never a record."""

    def check(self, request, secrets):
        return None


class HeaderToken(Scheme):
    """A header repeats our secret, after ``prefix``."""

    def __init__(self, header, secret="hook_token", prefix=""):
        self.header, self.secret, self.prefix = header.lower(), secret, prefix

    def check(self, request, secrets):
        given = _header(request, self.header)
        if not any(_same(given, self.prefix + value) for value in self._secrets(secrets)):
            raise Rejected("forged")


class Basic(Scheme):
    """User and password (RFC 7617); the secret is ``user:password``."""

    def __init__(self, secret="hook_login"):
        self.secret = secret

    def check(self, request, secrets):
        kind, _space, given = _header(request, "authorization").partition(" ")
        if kind.lower() != "basic":
            raise Rejected("missing")
        try:
            given = base64.b64decode(given, validate=True)
        except ValueError:
            raise Rejected("forged") from None
        if not any(_same(given, value) for value in self._secrets(secrets)):
            raise Rejected("forged")


class Hmac(Scheme):
    """A keyed hash of the body, with what some vendors put before it.

    :param header: that carries it
    :param digest: name of the hash in :mod:`hashlib`
    :param encoding: ``hex`` or ``base64``
    :param prefix: of the header's value, such as ``sha256=``
    :param covers: what is hashed: ``body``; ``url_body``: the registered address, then the body; ``time_body``: the
        value of ``time_header``, ``joint``, then the body
    :param time_header: holds seconds or milliseconds since 1970; a time that is off by more than 300 s is refused
    :param decoded: the secret is base64 of the key
    """

    def __init__(
        self,
        header,
        secret="hook_key",
        *,
        digest="sha256",
        encoding="hex",
        prefix="",
        covers="body",
        time_header="",
        joint=".",
        decoded=False,
    ):
        self.header, self.secret, self.digest = header.lower(), secret, digest
        self.encoding, self.prefix, self.covers = encoding, prefix, covers
        self.time_header, self.joint, self.decoded = time_header.lower(), joint, decoded

    def check(self, request, secrets):
        given = _header(request, self.header)
        if not given.startswith(self.prefix):
            raise Rejected("forged")
        given = given[len(self.prefix) :]
        content = self._content(request)
        if not any(_same(given, self._sign(value, content)) for value in self._secrets(secrets)):
            raise Rejected("forged")
        if self.time_header:
            check_time(_header(request, self.time_header), request.at)

    def sign(self, secret, request):
        """Return the value of the header for a request: what the vendor does."""
        return self.prefix + self._sign(secret, self._content(request))

    def _content(self, request):
        if self.covers == "url_body":
            return request.url.encode() + request.body
        if self.covers == "time_body":
            return (_header(request, self.time_header) + self.joint).encode() + request.body
        return request.body

    def _sign(self, secret, content):
        key = base64.b64decode(secret) if self.decoded else secret.encode()
        value = hmac.new(key, content, self.digest).digest()
        return value.hex() if self.encoding == "hex" else base64.b64encode(value).decode()


class StandardWebhooks(Scheme):
    """Keyed hash over id, time and body as in Standard Webhooks (https://www.standardwebhooks.com), version 1.

    The secret is text, or base64 of the key after ``whsec_``.
    """

    def __init__(self, secret="hook_key"):
        self.secret = secret

    def check(self, request, secrets):
        given = _header(request, "webhook-signature").split()
        values = [self.sign(value, request) for value in self._secrets(secrets)]
        if not any(_same(part, value) for part in given[:MOST_SIGNATURES] for value in values):
            raise Rejected("forged")
        check_time(_header(request, "webhook-timestamp"), request.at)

    def sign(self, secret, request):
        """Return the value of the header for a request: what the vendor does."""
        key = secret.encode()
        if secret.startswith("whsec_"):
            try:
                key = base64.b64decode(secret[6:], validate=True)
            except ValueError:
                raise Rejected("unset") from None
        head = f"{_header(request, 'webhook-id')}.{_header(request, 'webhook-timestamp')}.".encode()
        return "v1," + base64.b64encode(hmac.new(key, head + request.body, "sha256").digest()).decode()


class Md5Fields(Scheme):
    """MD5 over fields of the JSON body and the secret, carried in the body itself.

    :param fields: names in their order; those whose name ends in ``?`` are left out where the body lacks them. The
        secret comes last.
    :param verify: name of the field that carries it
    :param time_field: of the fields, the one that holds seconds since 1970
    """

    def __init__(self, fields, secret="hook_key", *, verify="verify", joint=";", time_field=""):
        self.fields, self.secret = tuple(fields), secret
        self.verify, self.joint, self.time_field = verify, joint, time_field

    def check(self, request, secrets):
        body = request.json()
        if not isinstance(body, dict) or not isinstance(body.get(self.verify), str):
            raise Rejected("missing")
        if not any(_same(body[self.verify], self.sign(value, body)) for value in self._secrets(secrets)):
            raise Rejected("forged")
        if self.time_field:
            check_time(body.get(self.time_field), request.at)

    def sign(self, secret, body):
        """Return the hash for a body: what the vendor does."""
        parts = []
        for name in self.fields:
            optional = name.endswith("?")
            value = body.get(name.rstrip("?"))
            if value in (None, "") and optional:
                continue
            parts.append("" if value is None else str(value))
        text = self.joint.join([*parts, secret])
        return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


class AnyOf(Scheme):
    """One of several schemes, for vendors that let the hotel choose; those without a secret of ours are skipped."""

    def __init__(self, *schemes):
        self.schemes = schemes

    def check(self, request, secrets):
        problem = Rejected("unset")
        for scheme in self.schemes:
            if scheme.secret and not any(secrets.get(scheme.secret) or ()):
                continue
            try:
                scheme.check(request, secrets)
            except Rejected as error:
                problem = error
            else:
                return
        raise problem


def check_time(value, now):
    """Accept a time of at most 300 s ago or ahead, in seconds or milliseconds since 1970.

    :raise Rejected: ``late``
    """
    try:
        at = float(value)
    except (OverflowError, TypeError, ValueError):
        raise Rejected("missing") from None
    if at > 1e11:
        at /= 1000
    if not abs(now - at) <= TOLERANCE:
        raise Rejected("late")


def _header(request, name):
    value = request.headers.get(name)
    if not value:
        raise Rejected("missing")
    return value


def _same(left, right):
    left = left.encode("utf-8", "surrogatepass") if isinstance(left, str) else left
    right = right.encode("utf-8", "surrogatepass") if isinstance(right, str) else right
    return hmac.compare_digest(left, right)
