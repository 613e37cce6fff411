"""``./setup/test``: the gate, whole or in part."""

import argparse
import os
import pathlib

from . import gate, summary
from .paths import CHECKOUT, addons
from .shell import SetupError, command_main

PARTS = ("lint", "engine", "packaging", "browser", "scenarios", "faults", "core-lint")

DESCRIPTION = f"""\
Runs the tests and ends with a line "N passed, N failed".

  ./setup/test                                   everything
  ./setup/test hospitality_crm                   the Odoo tests of one addon
  ./setup/test hospitality_crm/tests/test_x.py   one file of them (add :Class or :Class.method)
  ./setup/test tests/engine/test_y.py            one pytest file (add ::test_name)
  ./setup/test hospitality_crm/engine            doctests of an addon's engines, and tests/engine
  ./setup/test tests/faults/z.py                 one fault script
  ./setup/test {"|".join(PARTS)}
"""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="setup/test", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", help="addons, parts or files; nothing means everything")
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19.0 to use (or ODOO_HOME)")
    parser.add_argument("--full", action="store_true", help="the long fault, browser and property runs too")
    parser.add_argument("--minimal", action="store_true", help="only the modules our addons depend on are installed")
    parser.add_argument("--jobs", type=int, default=0, help="Odoo test processes at a time (default: half the cores)")
    parser.add_argument("--keep", action="store_true", help="keep the test databases of failing runs, and say where")
    options = parser.parse_args(argv)
    options.jobs = options.jobs or max(1, min(4, (os.cpu_count() or 2) // 2 + 1))
    options.variant = "minimal" if options.minimal else "full"
    options.whole = not options.what
    return summary.close(gate.run(wanted(options.what), options))


def wanted(words: list[str]) -> list[tuple[str, str]]:
    """Turn the command line into ``(part, target)`` pairs.

    >>> wanted(["lint", "setup/tests/test_apt.py"])
    [('lint', ''), ('engine', 'setup/tests/test_apt.py')]
    """
    if not words:
        return [*((part, "") for part in PARTS), *(("odoo", name) for name in addons())]
    return [_target(word) for word in words]


def _target(word: str) -> tuple[str, str]:
    if word in PARTS:
        return word, ""
    path, _, rest = word.partition(":")
    path = path.rstrip("/")
    if pathlib.Path(path).is_absolute():
        path = os.path.relpath(path, CHECKOUT)
    first, _, inner = path.partition("/")
    if not (CHECKOUT / path).exists() and not (CHECKOUT / path).parent.exists():
        raise SetupError(f"There is no {path} in this checkout: give an addon, a part ({', '.join(PARTS)}) or a file.")
    if path.startswith("tests/engine") or (first in addons() and inner.startswith("engine")) or first == "setup":
        return "engine", path + (f":{rest}" if rest else "")
    for part in ("faults", "browser", "scenarios"):
        if path.startswith(f"tests/{part}"):
            return part, path + (f":{rest}" if rest else "")
    if first in addons():
        return "odoo", path + (f":{rest}" if rest else "")
    raise SetupError(f"“{word}” is no addon, part or test file: see ./setup/test --help.")


if __name__ == "__main__":
    command_main(main)
