"""The PMS and the POS that feed the demo group: small servers on this machine, beside the product's own."""

import contextlib
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time

from . import shell, venv
from .odoo import Odoo, free_ports
from .paths import CHECKOUT, cache
from .shell import say

#: Plain http to vendors is allowed to this machine alone.
ALLOWED = "127.0.0.1/32"
SECONDS_TO_STOP = 5


def _file(name: str) -> pathlib.Path:
    return cache() / "servers" / name / "vendors.json"


def _known(name: str) -> dict:
    path = _file(name)
    return json.loads(path.read_text()) if path.is_file() else {}


def _remember(name: str, **values: object) -> dict:
    known = {**_known(name), **values}
    _file(name).parent.mkdir(parents=True, exist_ok=True)
    _file(name).write_text(json.dumps(known))
    return known


def _ports(name: str) -> list[str]:
    """Ports of PMS and POS: always the same for a database, since its connectors know them."""
    known = _known(name)
    if "pms" not in known:
        pms, pos = free_ports(2)
        known = _remember(name, pms=pms, pos=pos)
    return ["--pms", str(known["pms"]), "--pos", str(known["pos"])]


def _command(odoo: Odoo, name: str, *more: str) -> list[str]:
    return [str(venv.python(odoo.environment)), "-m", "fakes.live", *_ports(name), *more]


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": str(CHECKOUT / "tests"), "PYTHONUNBUFFERED": "1"}


def connect(odoo: Odoo, name: str) -> None:
    """Give the database a connector to each vendor, once for each way of reaching them."""
    described = shell.run(_command(odoo, name, "--describe"), why="asking how to reach the vendors", env=_environment())
    digest = hashlib.sha256(described.stdout.encode()).hexdigest()
    if _known(name).get("connected") == digest:
        return
    say("connecting the demo group to a live PMS and POS")
    script = pathlib.Path(__file__).with_name("inside") / "connect_vendors.py"
    log = _file(name).with_name("vendors-connect.log")
    configuration = odoo.configuration(log.parent / "vendors", hospitality_http_allow=ALLOWED)
    command = [venv.python(odoo.environment), script, configuration, name]
    with log.open("w") as stream:
        subprocess.run(
            [str(part) for part in command],
            input=described.stdout,
            env=shell.child_environment(odoo.variables()),
            cwd=cache(),
            stdout=stream,
            stderr=stream,
            text=True,
            check=True,
        )
    _remember(name, connected=digest)


def start(odoo: Odoo, name: str) -> None:
    """Start the vendors unless they run."""
    if _runs(name):
        return
    log = _file(name).with_name("vendors.log")
    with log.open("a") as stream:
        process = subprocess.Popen(
            _command(odoo, name),
            env=shell.child_environment(_environment()),
            cwd=cache(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _remember(name, pid=process.pid)


def stop(name: str) -> None:
    """Stop the vendors of a database."""
    if not _runs(name):
        return
    pid = _known(name)["pid"]
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    while _runs(name):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.1)


def forget(name: str) -> None:
    """The database was dropped: its connectors are gone."""
    stop(name)
    _file(name).unlink(missing_ok=True)


def _runs(name: str) -> bool:
    """Whether the process we started is there: numbers of processes come back."""
    known = _known(name)
    with contextlib.suppress(OSError, KeyError):
        command = pathlib.Path(f"/proc/{known['pid']}/cmdline").read_bytes().decode(errors="replace")
        return "fakes.live" in command and str(known["pms"]) in command
    return False
