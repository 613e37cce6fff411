"""A backup on disk: one folder with a database and its filestore as they were at one moment.

``database.dump`` is PostgreSQL's custom format, ``filestore.tar`` holds the files that the database refers to,
``anchors.jsonl`` and ``erasures.jsonl`` copies of what is kept outside the database, ``manifest.json`` says what must
be found again. ``SHA256SUMS`` covers all of them (``sha256sum -c`` reads it). An encrypted part has the ending of its
program; the manifest stays readable, it names no person.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator

from . import database, postgres, shell
from .shell import SetupError

FORMAT = 1
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
DATABASE = "database.dump"
FILES = "filestore.tar"
LISTS = ("anchors.jsonl", "erasures.jsonl")
BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an Odoo lives.

    :ivar server: its PostgreSQL
    :ivar data: its ``data_dir``
    :ivar configuration: an ``odoo.conf`` that leads there
    :ivar python: the interpreter with Odoo's libraries
    :ivar variables: environment in which ``import odoo`` finds Odoo
    """

    server: postgres.Server
    data: pathlib.Path
    configuration: pathlib.Path
    python: pathlib.Path
    variables: dict

    def filestore(self, name: str) -> pathlib.Path:
        return self.data / "filestore" / name

    def drop(self, name: str) -> None:
        """Drop a database with its files."""
        database.drop(self.server, name)
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def lists(self) -> pathlib.Path:
        """The folder with the anchors of ledgers and the list of erasures."""
        named = os.environ.get("HOSPITALITY_ANCHOR_FILE")
        return pathlib.Path(named).parent if named else self.data / "hospitality"


@dataclasses.dataclass(frozen=True)
class Cipher:
    """A program that encrypts for somebody: ``age`` or ``gpg``, with his public key or its name."""

    program: str
    recipient: str = ""

    @classmethod
    def parse(cls, text: str | None) -> "Cipher | None":
        """Read ``age:RECIPIENT`` or ``gpg:RECIPIENT``.

        :raise SetupError: the program isn't there
        """
        if not text:
            return None
        program, _colon, recipient = text.partition(":")
        if program not in ("age", "gpg") or not recipient:
            raise SetupError(f"“{text}” is no way to encrypt: write age:RECIPIENT or gpg:RECIPIENT.")
        _need(program)
        return cls(program, recipient)

    def encrypting(self) -> list[str]:
        if self.program == "age":
            return ["age", "-r", self.recipient]
        return ["gpg", "--batch", "--quiet", "--trust-model", "always", "--encrypt", "--recipient", self.recipient]


def _need(program: str) -> None:
    if not shutil.which(program):
        raise SetupError(
            f"There is no program {program} on this machine: install it, or leave the encryption to others."
        )


def _decrypting(program: str) -> list[str]:
    _need(program)
    if program == "gpg":
        return ["gpg", "--batch", "--quiet", "--decrypt"]
    identity = os.environ.get("AGE_IDENTITY")
    if not identity:
        raise SetupError("Name the file with your age identity in AGE_IDENTITY to read this backup.")
    return ["age", "-d", "-i", identity]


class _Hashed:
    """A stream that is written to another one and hashed on the way."""

    def __init__(self, stream):
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, block: bytes) -> int:
        self.sha256.update(block)
        self.size += len(block)
        self._stream.write(block)
        return len(block)


@contextlib.contextmanager
def writing(folder: pathlib.Path, name: str, cipher: Cipher | None, parts: dict) -> Iterator:
    """A stream for one part; its size and hash are added to ``parts``."""
    path = folder / (f"{name}.{cipher.program}" if cipher else name)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        if not cipher:
            hashed = _Hashed(target)
            yield hashed
        else:
            with subprocess.Popen(cipher.encrypting(), stdin=subprocess.PIPE, stdout=target) as program:
                hashed = _Hashed(program.stdin)
                yield hashed
                program.stdin.close()
                if program.wait():
                    raise SetupError(f"{cipher.program} could not encrypt for {cipher.recipient}: is the key there?")
        target.flush()
        os.fsync(target.fileno())
    parts[name] = {"file": path.name, "size": hashed.size, "sha256": hashed.sha256.hexdigest()}


@contextlib.contextmanager
def reading(folder: pathlib.Path, manifest: dict, name: str) -> Iterator:
    """A stream of one part, decrypted; its hash was or will be that of the manifest."""
    path = folder / manifest["parts"][name]["file"]
    program = path.suffix[1:] if path.suffix in (".age", ".gpg") else ""
    with path.open("rb") as source:
        if not program:
            yield source
            return
        with subprocess.Popen(_decrypting(program), stdin=source, stdout=subprocess.PIPE) as started:
            yield started.stdout
            started.stdout.read()
            if started.wait():
                raise SetupError(f"{path.name} could not be decrypted: is the private key on this machine?")


def close(folder: pathlib.Path, manifest: dict) -> None:
    """Write the manifest and the sums: from here on the set is complete."""
    _write(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    _write(folder / SUMS, "".join(f"{sha256(path)}  {path.name}\n" for path in files))


def _write(path: pathlib.Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def sha256(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def verify(folder: pathlib.Path) -> dict:
    """Check every file of a set against its sum and return the manifest.

    :raise SetupError: names what is missing, damaged or not part of the set
    """
    if not (folder / SUMS).is_file():
        raise SetupError(f"{folder} is no complete backup: {SUMS} is missing. A backup that was cut off can't be used.")
    sums = {}
    for line in (folder / SUMS).read_text().splitlines():
        digest, _blank, name = line.partition("  ")
        sums[name] = digest
    found = {path.name for path in folder.iterdir()} - {SUMS}
    if missing := sorted(sums.keys() - found):
        raise SetupError(f"The backup {folder.name} is damaged: {', '.join(missing)} is missing.")
    if unknown := sorted(found - sums.keys()):
        raise SetupError(f"The backup {folder.name} was changed: {', '.join(unknown)} is not part of it.")
    damaged = sorted(name for name, digest in sums.items() if sha256(folder / name) != digest)
    if damaged:
        raise SetupError(f"The backup {folder.name} is damaged: {', '.join(damaged)} is not what was written.")
    manifest = json.loads((folder / MANIFEST).read_text())
    if manifest.get("format") != FORMAT:
        raise SetupError(f"{folder.name} has the format {manifest.get('format')}; this program reads {FORMAT}.")
    return manifest


def client(server: postgres.Server, name: str) -> tuple[str, dict]:
    """A client program that fits a server, and the environment that it needs."""
    if server.host:
        programs, libraries = postgres._binaries()
        if (programs / name).exists():
            return str(programs / name), {"LD_LIBRARY_PATH": libraries} if libraries else {}
    found = shutil.which(name)
    if not found:
        raise SetupError(f"There is no program {name}: install PostgreSQL's client programs.")
    return found, {}


def environment(server: postgres.Server, more: dict) -> dict:
    return shell.child_environment({**server.environment(), **more})
