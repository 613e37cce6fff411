"""Keys that stand outside the database: for seals of ledgers and for hashes that outlive an erasure.

They come from the file that ``HOSPITALITY_KEY_FILE`` (environment) or ``hospitality_key_file`` (Odoo's configuration
file) names: one ``ID:HEX`` per line, 32 bytes or more each. The first one is used for what is written now, the others
are still understood, so that a key is changed by putting the new one on top. What must be recognised for ever, such as
a suppressed address, uses the last one: lines are added above it and it is never taken away.
"""

import hashlib
import hmac
import os
import pathlib
from typing import NamedTuple

from odoo.tools import config

VARIABLE = "HOSPITALITY_KEY_FILE"
MIN_BYTES = 32


class KeyringError(Exception):
    """There is no usable key.

    :ivar code: ``missing`` none was named; ``unreadable`` the file can't be read; ``invalid`` a line is wrong
    """

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Keyring(NamedTuple):
    """:ivar keys: secret per id, the one for new rows first"""

    keys: dict[str, bytes]

    @property
    def current(self):
        """Id of the key for what is written now."""
        return next(iter(self.keys))

    @property
    def lasting(self):
        """Id of the key for what must be recognised for ever."""
        return next(reversed(self.keys))

    def derive(self, purpose):
        """Return a keyring for one purpose, so that nothing made for one is worth anything for another."""
        return Keyring(
            {
                key_id: hmac.new(secret, f"hospitality:{purpose}".encode(), hashlib.sha256).digest()
                for key_id, secret in self.keys.items()
            }
        )


def load(purpose):
    """Return the keys for a purpose.

    :raise KeyringError: there is none
    """
    name = os.environ.get(VARIABLE) or config.get("hospitality_key_file")
    if not name:
        raise KeyringError("missing")
    path = pathlib.Path(name)
    try:
        stamp = path.stat().st_mtime_ns
        text = path.read_text()
    except OSError as error:
        raise KeyringError("unreadable", f"{path}: {error.strerror}") from error
    cached = _CACHE.get(path)
    if cached is None or cached[0] != stamp:
        cached = _CACHE[path] = (stamp, _parse(text, path))
    return cached[1].derive(purpose)


_CACHE = {}


def _parse(text, path):
    keys = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key_id, _colon, digits = line.strip().partition(":")
        try:
            secret = bytes.fromhex(digits)
        except ValueError:
            secret = b""
        if not key_id or len(secret) < MIN_BYTES or key_id in keys:
            raise KeyringError("invalid", f"{path}, line {number}")
        keys[key_id] = secret
    if not keys:
        raise KeyringError("invalid", f"{path}")
    return Keyring(keys)
