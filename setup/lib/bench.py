"""``./setup/bench NAME``: run a benchmark of ``tests/bench`` over PostgreSQL with its default durability."""

import argparse
import re
import subprocess

from . import odoo_source, postgres, shell, templates, venv
from .odoo import Odoo
from .paths import CHECKOUT, SETUP, cache
from .shell import SetupError, command_main

FOLDER = CHECKOUT / "tests" / "bench"
WITH_PEERS = frozenset({"identity", "identity_odoo", "matching"})


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="setup/bench",
        description="Runs tests/bench/NAME.py, whose last line is 'NAME key=value key=value ...'.",
        epilog=f"Benchmarks here: {', '.join(_names()) or 'none yet'}",
    )
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--size", type=int, help="how many rows, guests, ... (the benchmark says of what)")
    parser.add_argument("--fresh", action="store_true", help="build the data set again")
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19.0 to use (or ODOO_HOME)")
    options, rest = parser.parse_known_args(argv)
    script = FOLDER / f"{options.name}.py"
    if not script.is_file():
        raise SetupError(f"There is no benchmark {options.name}: choose from {', '.join(_names()) or 'none yet'}.")
    variant = _variant(script.read_text())
    environment = venv.use_product_libraries(peers=options.name in WITH_PEERS)
    source = odoo_source.find(options.odoo)
    with postgres.serving("durable") as server:
        odoo = Odoo(source, environment, server)
        folder = cache() / "bench" / options.name
        variables = {
            **odoo.variables(),
            **server.environment(),
            "PYTHONPATH": f"{CHECKOUT}:{source.root}:{SETUP / 'lib' / 'inside'}",
            "HOSPITALITY_TEMPLATE": templates.product(odoo, variant),
            "HOSPITALITY_CORE": templates.core(odoo, variant),
            "HOSPITALITY_ODOO_SCRIPT": str(source.script),
            "HOSPITALITY_ODOO_CONF": str(odoo.configuration(folder)),
            "HOSPITALITY_SERVER_KIND": server.kind,
            "HOSPITALITY_BENCH_FOLDER": str(folder),
            "HOSPITALITY_FRESH": "1" if options.fresh else "",
        }
        command = [venv.python(environment), script, *(["--size", options.size] if options.size else []), *rest]
        done = subprocess.run(
            [str(part) for part in command],
            env=shell.child_environment(variables),
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    return done.returncode


def _variant(text: str) -> str:
    """Which apps a benchmark wants beside ours: all, when it says so.

    >>> _variant('VARIANT = "full"'), _variant("")
    ('full', 'minimal')
    """
    found = re.search(r'^VARIANT = "(\w+)"$', text, re.MULTILINE)
    return found[1] if found else "minimal"


def _names() -> list[str]:
    return sorted(p.stem for p in FOLDER.glob("*.py") if "__main__" in p.read_text())


if __name__ == "__main__":
    command_main(main)
