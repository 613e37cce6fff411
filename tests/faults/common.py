"""What every fault script needs: a database of its own, Odoo processes to kill, a look at the database from outside.

A fault script is run by ``./setup/test tests/faults/NAME.py`` (with ``--short`` unless the gate runs in full), on a
fresh copy of the product's database. It passes when it exits with 0::

    with process("env['hospitality.connector']._cron_import()") as importer:
        wait_until(lambda: rows("SELECT 1 FROM hospitality_connector_inbox"))
        kill(importer)
    run("env['hospitality.connector']._cron_import()")
    assert rows("SELECT count(*) FROM hospitality_profile") == [(1000,)]

A ``kill -9`` of a database backend makes PostgreSQL restart all of them, so a script that does it works on a cluster
of its own, on which everything here goes on as before::

    with private_cluster():
        with process("env['hospitality.connector']._cron_import()"):
            kill_backend(backend)
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence

import psycopg2

from setup.lib import database, postgres, shell

DATABASE = os.environ.get("HOSPITALITY_DB", "")
CONFIGURATION = os.environ.get("HOSPITALITY_ODOO_CONF", "")
ODOO_SCRIPT = os.environ.get("HOSPITALITY_ODOO_SCRIPT", "")
CONNECTION = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGSERVICE")
RECOVERY_SECONDS = 60

_SNIPPET = """\
import sys
from environment import configure, odoo_env
configure(sys.argv[1], sys.argv[2])
with odoo_env(sys.argv[2]) as env:
    exec(compile(sys.stdin.read(), "fault script", "exec"))
"""


def parse_arguments(**more: int) -> argparse.Namespace:
    """Read ``--short`` and further whole numbers of the command line, with their defaults."""
    if not DATABASE:
        sys.exit("A fault script is started by ./setup/test tests/faults/NAME.py.")
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    for name, default in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    return parser.parse_args()


def rows(query: str, parameters: Sequence[object] = ()) -> list[tuple]:
    """Rows of a query, read over a connection of its own; nothing for a statement without rows.

    A server that starts again after a crash is waited for.
    """
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return _rows(query, parameters)
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _rows(query: str, parameters: Sequence[object]) -> list[tuple]:
    connection = psycopg2.connect(dbname=DATABASE)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@contextlib.contextmanager
def private_cluster() -> Iterator[None]:
    """A durable cluster of this run's own with a copy of the database; from here on it is the database."""
    global CONFIGURATION
    with tempfile.TemporaryDirectory(prefix="hospitality-faults-") as folder:
        base = pathlib.Path(folder)
        base.chmod(0o755)
        cluster = postgres.Cluster("faults", base)
        cluster.start()
        before = {name: os.environ.pop(name, None) for name in CONNECTION}
        given = CONFIGURATION
        try:
            archive = base / "database.dump"
            pg_dump = [_client(cluster, "pg_dump"), "-Fc", "-Z0", "--no-owner", "-f", archive, DATABASE]
            shell.run(pg_dump, why="copying the database", env={k: v for k, v in before.items() if v})
            os.environ.update(cluster.server().environment())
            database.create(cluster.server(), DATABASE)
            pg_restore = [_client(cluster, "pg_restore"), "--no-owner", "--no-comments", "-d", DATABASE, archive]
            shell.run(pg_restore, why="restoring the database", env=cluster.server().environment())
            archive.unlink()
            rows("ANALYZE")
            CONFIGURATION = str(_configuration_for(cluster.server(), given, base))
            yield
        finally:
            CONFIGURATION = given
            cluster.stop()
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _client(cluster: postgres.Cluster, name: str) -> str:
    """A client program of the cluster's version, else the machine's."""
    own = (cluster.bin / "initdb").resolve().with_name(name)
    return str(own) if own.exists() else shutil.which(name) or name


def _configuration_for(server: postgres.Server, given: str, folder: pathlib.Path) -> pathlib.Path:
    """A copy of an ``odoo.conf`` that leads to another server."""
    path = folder / "odoo.conf"
    kept = [
        line
        for line in pathlib.Path(given).read_text().splitlines()
        if not re.match(r"db_(host|port|user|password)\s*=", line)
    ]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as stream:
        stream.write("\n".join([*kept, f"db_host = {server.host}", f"db_user = {server.user}", ""]))
    return path


def kill_backend(pid: int) -> bool:
    """Kill a backend of the private cluster as the kernel would for want of memory; return whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def process(code: str) -> Iterator[subprocess.Popen]:
    """Python code with ``env`` (superuser, commits at the end) in a process of its own; killed when still there."""
    started = subprocess.Popen(
        [sys.executable, "-c", _SNIPPET, CONFIGURATION, DATABASE], stdin=subprocess.PIPE, text=True
    )
    try:
        with contextlib.suppress(BrokenPipeError):
            started.stdin.write(code)
            started.stdin.close()
        yield started
    finally:
        kill(started)


def run(code: str) -> None:
    """Run code as ``process`` does, to its end, and insist on success."""
    with process(code) as started:
        if started.wait():
            raise AssertionError(f"exit code {started.returncode} of:\n{code}")


@contextlib.contextmanager
def server(cron_threads: int = 0) -> Iterator[tuple[str, subprocess.Popen]]:
    """An Odoo server on the database: its address, and the process to kill."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, (pathlib.Path(folder) / "log").open("w+") as log:
        started = subprocess.Popen(
            [
                *(sys.executable, ODOO_SCRIPT, "server", "-c", CONFIGURATION, "-d", DATABASE),
                *("--http-port", str(port), "--max-cron-threads", str(cron_threads), "--db-filter", f"^{DATABASE}$"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: _answers(address) or started.poll() is not None, seconds=90)
            if started.poll() is not None:
                log.seek(0)
                raise AssertionError(f"the server did not start:\n{log.read()[-4000:]}")
            yield address, started
        finally:
            kill(started)


def _answers(address: str) -> bool:
    with contextlib.suppress(OSError, urllib.error.URLError):
        return urllib.request.urlopen(f"{address}/web/health", timeout=2).status == 200
    return False


def kill(started: subprocess.Popen) -> None:
    """Kill a process as a power cut would: no handler runs."""
    if started.poll() is None:
        started.send_signal(signal.SIGKILL)
    started.wait()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s")
        time.sleep(0.02)


class Checks:
    """Count what holds and say what does not."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok    ' if holds else 'FAILED'} {what} {detail}".rstrip(), flush=True)
