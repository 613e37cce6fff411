"""The key of the product for demo and tests: encryption and seals take it from outside the database."""

import os
import pathlib
import secrets

from .paths import cache, locked
from .shell import SetupError

VARIABLE = "HOSPITALITY_KEY_FILE"


def key_file() -> pathlib.Path:
    """The file the user names in ``HOSPITALITY_KEY_FILE``, else one made once in the cache folder."""
    named = os.environ.get(VARIABLE)
    if named:
        path = pathlib.Path(named).expanduser().resolve()
        if not path.is_file():
            raise SetupError(f"{VARIABLE} names {path}, which is no file: make it, or unset the variable.")
        return path
    path = cache() / "keys" / "demo.key"
    with locked("keys"):
        if path.is_file():
            return path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(f"k1:{secrets.token_hex(32)}\n")
    return path
