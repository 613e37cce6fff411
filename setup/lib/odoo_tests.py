"""Odoo tests, browser tours and fault scripts, each against its own copy of a template database."""

import argparse
import functools
import itertools
import os
import pathlib
import shutil
from collections.abc import Callable

from . import apt, database, shell, templates, venv
from .odoo import Odoo, free_ports
from .paths import CHECKOUT, addons, cache, checkout_tag, locked
from .shell import SetupError, say
from .summary import Result, from_odoo_log

BROWSER_TAG = "hospitality_browser"
LONG_TAG = "hospitality_long"
_numbers = itertools.count(1)


def jobs(part: str, target: str, odoo: Odoo, variant: str, options: argparse.Namespace) -> list[Callable]:
    """Prepare what a part needs, and return its jobs: callables that return results."""
    if part == "odoo":
        template = templates.product(odoo, variant)
        tags = tags_of(target, options.full)
        return [functools.partial(_odoo, f"odoo {target}", tags, odoo, template, options)]
    if part == "browser":
        return _browser(target, odoo, variant, options)
    if part == "faults":
        return _faults(target, odoo, variant, options)
    return []


def tags_of(target: str, full: bool = False) -> str:
    """Odoo's ``--test-tags`` for an addon or for a file, class or method of its tests.

    >>> tags_of("hospitality_crm")
    '/hospitality_crm,-hospitality_browser,-hospitality_long'
    >>> tags_of("hospitality_crm/tests/test_merge.py:TestMerge.test_undo")
    '/hospitality_crm/tests/test_merge.py:TestMerge.test_undo'
    """
    if "/" not in target:
        name, colon, inner = target.partition(":")
        if inner:
            return f"/{name}:{inner}"
        return f"/{name},-{BROWSER_TAG}" + ("" if full else f",-{LONG_TAG}")
    return f"/{target}"


def _odoo(part: str, tags: str, odoo: Odoo, template: str, options: argparse.Namespace, **counting) -> list[Result]:
    name = _copy(odoo, template)
    log = cache() / "logs" / checkout_tag() / f"{part.replace('/', '_').replace(' ', '_').replace(':', '_')}.log"
    http, gevent = free_ports(2)
    done = odoo.run(
        log,
        *("-d", name, "--test-tags", tags, "--stop-after-init"),
        why="running Odoo",
        check=False,
        http_port=http,
        gevent_port=gevent,
    )
    result = from_odoo_log(part, log.read_text(errors="replace"), **counting)
    if done.returncode and not result.failed:
        result.fail(f"Odoo ended with exit code {done.returncode}")
    if result.failed:
        result.details.append(f"the whole log: {log}")
    _finish(odoo, name, result, options)
    return [result]


def _copy(odoo: Odoo, template: str) -> str:
    name = f"t_{os.getpid()}_{next(_numbers)}"
    database.clone(odoo.server, template, name)
    return name


def _finish(odoo: Odoo, name: str, result: Result, options: argparse.Namespace) -> None:
    if options.keep and result.failed:
        kept = f"kept_{name}"
        database.rename(odoo.server, name, kept)
        result.details.append(f"the database: {database.psql_hint(odoo.server, kept)}")
    else:
        database.drop(odoo.server, name)


def _browser(target: str, odoo: Odoo, variant: str, options: argparse.Namespace) -> list[Callable]:
    if not target and not _mentions(BROWSER_TAG):
        say("browser: no test is tagged hospitality_browser yet")
        return []
    need_chromium()
    template = templates.browser(odoo, variant)
    tags = f"{BROWSER_TAG}" + ("" if options.full else f",-{LONG_TAG}")
    return [functools.partial(_odoo, "browser", tags, odoo, template, options, skips_fail=True)]


def _mentions(tag: str) -> bool:
    return any(tag in path.read_text() for name in addons() for path in (CHECKOUT / name / "tests").glob("**/*.py"))


def need_chromium() -> None:
    """Install Chromium as root; otherwise say what to do."""
    if any(shutil.which(name) for name in ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")):
        return
    with locked("chromium"):
        if shutil.which("chromium"):
            return
        if not shell.is_root() or not shutil.which("apt-get"):
            raise SetupError("The browser tests need Chromium: install the package chromium.")
        apt.install_system_packages(["chromium"], "for the browser tests")


def _faults(target: str, odoo: Odoo, variant: str, options: argparse.Namespace) -> list[Callable]:
    folder = CHECKOUT / "tests" / "faults"
    scripts = [CHECKOUT / target] if target.endswith(".py") else sorted(folder.glob("*.py"))
    scripts = [s for s in scripts if not s.name.startswith(("_", "common"))]
    if not scripts:
        say("faults: there is no script in tests/faults yet")
        return []
    template = templates.product(odoo, variant)
    return [functools.partial(_fault, script, odoo, template, options) for script in scripts]


def _fault(script: pathlib.Path, odoo: Odoo, template: str, options: argparse.Namespace) -> list[Result]:
    result = Result(f"faults {script.stem}")
    name = _copy(odoo, template)
    log = cache() / "logs" / checkout_tag() / f"faults_{script.stem}.log"
    configuration = odoo.configuration(log.parent / log.stem)
    environment = {
        **odoo.variables(),
        **odoo.server.environment(),
        "PYTHONPATH": f"{odoo.source.root}:{CHECKOUT}",
        "HOSPITALITY_DB": name,
        "HOSPITALITY_ODOO_CONF": str(configuration),
        "HOSPITALITY_ODOO_SCRIPT": str(odoo.source.script),
    }
    command = [venv.python(odoo.environment), script, *([] if options.full else ["--short"])]
    done = shell.run(command, why=script.name, env=environment, log=log, check=False, cwd=CHECKOUT)
    if done.returncode:
        result.fail(log.read_text(errors="replace")[-6000:] + f"\nthe whole log: {log}")
    else:
        result.passed = 1
    _finish(odoo, name, result, options)
    return [result]
