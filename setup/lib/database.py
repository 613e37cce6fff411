"""Databases with their filestore: making, copying, dropping."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time

from .paths import cache
from .postgres import Server
from .shell import SetupError


def data_dir(server: Server) -> pathlib.Path:
    """Odoo's data folder for the databases of a server."""
    folder = cache() / "data" / server.kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def filestore(server: Server, name: str) -> pathlib.Path:
    return data_dir(server) / "filestore" / name


def quoted(name: str) -> str:
    """A database name as an SQL identifier; refuses what we never make."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,62}", name):
        raise SetupError(f"“{name}” is no database name: use letters, digits, _ and -, beginning with a letter.")
    return f'"{name}"'


def exists(server: Server, name: str) -> bool:
    with server.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return bool(cursor.fetchone())


def names(server: Server, prefix: str) -> list[str]:
    with server.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1", [prefix])
        return [name for (name,) in cursor.fetchall()]


def create(server: Server, name: str) -> None:
    """An empty database as Odoo makes one, with trigram search and an indexable ``unaccent`` where we may."""
    import psycopg2

    with server.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE {quoted(name)} ENCODING 'unicode' LC_COLLATE 'C' TEMPLATE template0"  # identifier checked
        )
    with server.cursor(name, admin=True) as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
        with contextlib.suppress(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("ALTER FUNCTION unaccent(text) IMMUTABLE")


def clone(server: Server, source: str, target: str) -> None:
    """Copy a database nobody is connected to; its filestore by hard links, as Odoo never rewrites a stored file."""
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {quoted(target)} TEMPLATE {quoted(source)}")
    shutil.rmtree(filestore(server, target), ignore_errors=True)
    if filestore(server, source).is_dir():
        shutil.copytree(filestore(server, source), filestore(server, target), copy_function=_link)


def give_identity(server: Server, name: str) -> None:
    """Tell a copy apart from its template, as Odoo does when it copies a database.

    Anchors of ledgers are kept under the identity: with that of another copy they would be taken for a broken chain.
    """
    with server.cursor(name) as cursor:
        cursor.execute(
            "UPDATE ir_config_parameter SET value = gen_random_uuid()::text"
            " WHERE key IN ('database.uuid', 'database.secret')"
        )


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def drop(server: Server, name: str) -> None:
    """Drop a database if it exists, ending its connections."""
    import psycopg2.errors  # of the product's libraries, on the path by now

    for left in range(20, -1, -1):
        try:
            with server.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
            break
        except psycopg2.errors.InsufficientPrivilege:
            # An autovacuum worker is in it: PostgreSQL's own, which only a superuser may end. It ends by itself.
            if not left:
                raise
            time.sleep(0.5)
    shutil.rmtree(filestore(server, name), ignore_errors=True)


def rename(server: Server, name: str, new: str) -> None:
    with server.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(new)}")
    if filestore(server, name).is_dir():
        filestore(server, name).rename(filestore(server, new))


def drop_abandoned(server: Server, prefix: str) -> None:
    """Drop copies named ``<prefix><pid>_...`` whose process is gone."""
    for name in names(server, prefix):
        match = re.match(re.escape(prefix) + r"(\d+)_", name)
        if match and not _alive(int(match[1])):
            with contextlib.suppress(SetupError):
                drop(server, name)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def psql_hint(server: Server, name: str) -> str:
    """A command line that opens a database."""
    variables = " ".join(f"{k}={v}" for k, v in server.environment().items())
    return subprocess.list2cmdline(["env", *variables.split(), "psql", name]) if variables else f"psql {name}"
