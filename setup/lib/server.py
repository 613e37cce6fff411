"""The running product: an Odoo server that outlives the command that started it."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from . import proxy, shell, vendors
from .odoo import Odoo, free_ports
from .paths import cache
from .shell import SetupError, say

SECONDS_TO_START = 180
SECONDS_TO_STOP = 20


def folder(name: str) -> pathlib.Path:
    return cache() / "servers" / name


def state(name: str) -> dict | None:
    """What the running server of a database was started with, or nothing when none runs."""
    path = folder(name) / "state.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text())
    return found if _is_ours(found["pid"], name) else None


def _is_ours(pid: int, name: str) -> bool:
    """Whether a process is the server we started: numbers of processes come back."""
    with contextlib.suppress(OSError):
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return str(folder(name)) in command
    return False


def check_port(port: int, name: str) -> None:
    """Refuse a port that something other than this database's server listens on."""
    if not 0 < port < 65536:
        raise SetupError(f"{port} is no port: choose one from 1024 to 65535 with --port.")
    running = state(name)
    if running and running["port"] == port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise SetupError(f"Port {port} is for root only: choose one above 1023 with --port.") from None
        except OSError:
            others = [p.parent.name for p in (cache() / "servers").glob("*/state.json")]
            owner = next((o for o in others if (state(o) or {}).get("port") == port), None)
            advice = f"stop it with ./setup/run --stop --db {owner}" if owner else "stop the program that has it"
            raise SetupError(f"Port {port} is in use: {advice}, or choose another with --port.") from None


def start(odoo: Odoo, name: str, port: int, workers: int, live: bool = False) -> None:
    """Start a server and wait until it answers.

    :param live: it may call the vendors on this machine that feed the demo group
    """
    home = folder(name)
    http, gevent = free_ports(2)
    # No dbfilter: with one, Odoo lists the databases over a new connection for each request without a session.
    options: dict[str, object] = {"db_name": name, "max_cron_threads": 2, "workers": workers}
    if live:
        options["hospitality_http_allow"] = vendors.ALLOWED
    if workers:
        options |= {"http_port": http, "gevent_port": gevent, "proxy_mode": True}
    else:
        options |= {"http_port": port, "gevent_port": gevent}
    configuration = odoo.configuration(home, **options)
    say(f"starting the server on 127.0.0.1:{port}")
    with (home / "odoo.log").open("a") as log, odoo.server.used() as descriptors:
        process = subprocess.Popen(
            odoo.command(configuration),
            env=shell.child_environment(odoo.variables()),
            cwd=cache(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=descriptors,
        )
    known = {"pid": process.pid, "port": port, "workers": workers, "live": live}
    (home / "state.json").write_text(json.dumps(known))
    _wait_for(process, options["http_port"], home / "odoo.log")
    if workers:
        _wait_for_port(process, gevent, home / "odoo.log")
        proxy.start(home, port, http, gevent)
        _wait_for(process, port, home / "odoo.log")


def _wait_for(process: subprocess.Popen, port: object, log: pathlib.Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.2)
    ending = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
    raise SetupError(f"The server does not answer; its log is {log}:\n  {ending}")


def _wait_for_port(process: subprocess.Popen, port: int, log: pathlib.Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
            return
        time.sleep(0.2)
    raise SetupError(f"The process for live updates does not start; the server's log is {log}.")


def stop(name: str) -> bool:
    """Stop the server of a database and its proxy; return whether one was running."""
    proxy.stop(folder(name))
    running = state(name)
    if running:
        _end(running["pid"], name)
    (folder(name) / "state.json").unlink(missing_ok=True)
    return bool(running)


def _end(pid: int, name: str) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    while _is_ours(pid, name):
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            return
        time.sleep(0.1)
