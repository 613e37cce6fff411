"""The demo group: loaded by ``odoo.addons.hospitality_connectors.demo.load.load(env, size=..., today=...)``.

That function prints its progress, and returns a row per login: ``role``, ``login``, ``password``, ``hint``.
"""

import datetime
import json
import pathlib
import subprocess

from . import shell, venv
from .odoo import Odoo
from .paths import CHECKOUT, cache
from .shell import SetupError, say

LOADER = CHECKOUT / "hospitality_connectors" / "demo" / "load.py"


def load_demo(odoo: Odoo, name: str, size: str, today: datetime.date | None = None) -> list[dict] | None:
    """Fill a database, passing on what the loader prints; return its logins, or nothing without a loader."""
    if not LOADER.is_file():
        say("no demo group: this checkout has no hospitality_connectors/demo/load.py")
        return None
    say(f"loading the {size} demo group")
    log = cache() / "servers" / name / "demo.log"
    configuration = odoo.configuration(log.parent / "demo")
    answer = log.with_name("demo-answer.json")
    answer.unlink(missing_ok=True)
    script = pathlib.Path(__file__).with_name("inside") / "load_demo.py"
    today = today or datetime.date.today()
    command = [venv.python(odoo.environment), script, configuration, name, size, today.isoformat(), answer]
    with log.open("w") as stream:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=shell.child_environment(odoo.variables()),
            cwd=cache(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
        for line in process.stdout:
            say(f"  {line.rstrip()}")
    if process.wait():
        ending = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
        raise SetupError(f"Loading the demo group failed; everything is in {log}:\n  {ending}")
    rows = json.loads(answer.read_text())
    answer.unlink()
    return rows
