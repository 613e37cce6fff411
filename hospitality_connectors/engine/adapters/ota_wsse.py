"""User and password in the SOAP header (WS-Security UsernameToken 1.1)."""

import base64
import hashlib
import hmac

from ..adapter import ParseError
from ..hook.verify import Rejected, Scheme, check_time
from .ota_xml import attribute, kid, read, text, unwrap
from .records import stamp


class Wsse(Scheme):
    """A name and its password, in clear or as a hash with a nonce and a time; the secret is ``user:password``."""

    def __init__(self, secret="hook_login"):
        self.secret = secret

    def check(self, request, secrets):
        values = self._secrets(secrets)
        try:
            _message, header = unwrap(read(request.body))
        except ParseError:
            raise Rejected("missing") from None
        token = kid(header, "Security", "UsernameToken")
        user, password = text(token, "Username"), text(token, "Password")
        if not user or not password:
            raise Rejected("missing")
        is_hash = (attribute(kid(token, "Password"), "Type") or "").endswith("#PasswordDigest")
        made = text(token, "Created") or ""
        for value in values:
            known, _colon, secret = value.partition(":")
            wanted = _digest(text(token, "Nonce") or "", made, secret) if is_hash else secret
            # Both are compared, so that the time taken doesn't tell whether the name is known.
            same = hmac.compare_digest(user.encode(), known.encode())
            if hmac.compare_digest(password.encode(), wanted.encode()) and same:
                break
        else:
            raise Rejected("forged")
        if is_hash:
            check_time(stamp(made), request.at)


def _digest(nonce, made, password):
    try:
        nonce = base64.b64decode(nonce, validate=True)
    except ValueError:
        raise Rejected("forged") from None
    digest = hashlib.sha1(nonce + made.encode() + password.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()
