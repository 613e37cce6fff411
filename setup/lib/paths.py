"""Where things lie: the checkout, and everything we make in the user's cache folder."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import time
from collections.abc import Iterator

from .shell import SetupError, say

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
SETUP = CHECKOUT / "setup"
LOCKS = SETUP / "lock"
PATIENCE = 3  # seconds to wait for a lock without a word


def cache() -> pathlib.Path:
    """``$XDG_CACHE_HOME/hospitality-crm``, or the same under ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "hospitality-crm"


def checkout_tag() -> str:
    """Six characters that tell this checkout from others on the machine."""
    return hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:6]


def addons() -> list[str]:
    """Names of the installable addons of the checkout, those that others depend on first."""
    manifests = {p.parent.name: p.read_text() for p in CHECKOUT.glob("*/__manifest__.py")}
    depends = {name: {d for d in manifests if f'"{d}"' in text and d != name} for name, text in manifests.items()}
    ordered: list[str] = []
    while len(ordered) < len(depends):
        ready = sorted(n for n, d in depends.items() if n not in ordered and d <= set(ordered))
        if not ready:
            raise SetupError("The addons of this checkout depend on each other in a circle; see their __manifest__.py.")
        ordered += ready
    return ordered


def need_space(gigabytes: float) -> None:
    """Refuse to start what would fill the disk."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise SetupError(
            f"{folder} has {free:.1f} GB free and this needs {gigabytes:.1f} GB: free some space, "
            "or set XDG_CACHE_HOME to a folder on another disk."
        )


@contextlib.contextmanager
def locked(name: str, busy: str | None = None) -> Iterator[None]:
    """Hold a lock of the cache folder: one process of any checkout at a time.

    :param busy: what to tell the user when he has to wait
    """
    folder = cache() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name.replace("/", "_")).open("w") as handle:
        deadline = time.monotonic() + PATIENCE
        while not _taken(handle):
            if time.monotonic() > deadline:
                say(busy or f"waiting for another run that holds the lock “{name}”")
                fcntl.flock(handle, fcntl.LOCK_EX)
                break
            time.sleep(0.05)
        yield


def _taken(handle) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
