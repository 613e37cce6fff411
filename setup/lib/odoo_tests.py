"""Odoo tests, browser tours and fault scripts, each against its own copy of a template database."""

import argparse
import dataclasses
import functools
import itertools
import os
import pathlib
import re
import shutil
from collections.abc import Callable

from . import apt, database, lint, shell, templates, test_addons, venv
from .odoo import Odoo, free_ports
from .paths import CHECKOUT, addons, cache, checkout_tag, locked
from .shell import SetupError, say
from .summary import Result, from_odoo_log

BROWSER_TAG = "hospitality_browser"
LONG_TAG = "hospitality_long"
KEPT_LOGS = 20
#: Names the program to scripts that mention it.
SCHEMATHESIS = "HOSPITALITY_SCHEMATHESIS"
_numbers = itertools.count(1)


Jobs = list[tuple[str, Callable[[], list[Result]]]]


def jobs(part: str, target: str, odoo: Odoo, options: argparse.Namespace) -> Jobs:
    """Prepare what a part needs, and return its jobs, each with its name."""
    makers = {
        "odoo": _addon,
        "browser": _browser,
        "scenarios": _scenarios,
        "faults": _faults,
        "core-lint": _core_lint,
    }
    return makers[part](target, odoo, options)


def tags_of(target: str, full: bool = False) -> str:
    """Odoo's ``--test-tags`` for an addon or for a file, class or method of its tests.

    >>> tags_of("hospitality_crm")
    '/hospitality_crm,-hospitality_browser,-hospitality_long'
    >>> tags_of("hospitality_crm/tests/test_merge.py:TestMerge.test_undo")
    '/hospitality_crm/tests/test_merge.py:TestMerge.test_undo'
    """
    if "/" in target or ":" in target:
        return f"/{target}"
    return f"/{target},-{BROWSER_TAG}{_without_long(full)}"


def _without_long(full: bool) -> str:
    return "" if full else f",-{LONG_TAG}"


def _addon(target: str, odoo: Odoo, options: argparse.Namespace) -> Jobs:
    file = CHECKOUT / target.partition(":")[0]
    browser = file.suffix == ".py" and BROWSER_TAG in file.read_text()
    if browser:
        need_chromium()
    wanted = templates.browser if browser or options.whole else templates.product
    run = OdooRun(f"odoo {target}", tags_of(target, options.full), wanted(odoo, options.variant), skips_fail=browser)
    return [(run.part, functools.partial(run, odoo, options))]


def _scenarios(target: str, odoo: Odoo, options: argparse.Namespace) -> Jobs:
    return _own_folder("scenarios", target, odoo, options)


def _browser(target: str, odoo: Odoo, options: argparse.Namespace) -> Jobs:
    runs = _own_folder("browser", target, odoo, options)
    if not target and any(
        BROWSER_TAG in path.read_text() for name in addons() for path in (CHECKOUT / name / "tests").glob("**/*.py")
    ):
        tags = ",".join(f"{BROWSER_TAG}/{name}" for name in addons()) + _without_long(options.full)
        run = OdooRun("browser addons", tags, templates.browser(odoo, options.variant), skips_fail=True)
        runs.append((run.part, functools.partial(run, odoo, options)))
    if runs:
        need_chromium()
    return runs


def _own_folder(folder: str, target: str, odoo: Odoo, options: argparse.Namespace) -> Jobs:
    path = test_addons.prepare(folder)
    if not path:
        say(f"{folder}: there is no test in tests/{folder} yet")
        return []
    name = test_addons.technical_name(folder)
    inner = target.removeprefix(f"tests/{folder}").strip("/")
    tags = f"/{name}/tests/{inner}" if inner else f"/{name}{_without_long(options.full)}"
    template = templates.browser(odoo, options.variant)
    part = f"{folder} {inner}".strip()
    run = OdooRun(part, tags, template, skips_fail=folder == "browser", module=name, addons_path=path)
    return [(run.part, functools.partial(run, odoo, options))]


@dataclasses.dataclass(frozen=True)
class OdooRun:
    """One Odoo process that runs tests on its own copy of a template.

    :ivar module: an addon to install into the copy first, whose tests are then the only ones
    """

    part: str
    tags: str
    template: str
    skips_fail: bool = False
    module: str = ""
    addons_path: pathlib.Path | None = None

    def __call__(self, odoo: Odoo, options: argparse.Namespace) -> list[Result]:
        name = _copy(odoo, self.template)
        log = _log(self.part)
        http, gevent = free_ports(2)
        code = odoo.run(
            log,
            *("-d", name, "--test-tags", self.tags, "--stop-after-init", *(("-i", self.module) if self.module else ())),
            why=f"the Odoo process of {self.part}",
            check=False,
            minutes=120 if options.full else 30,
            http_port=http,
            gevent_port=gevent,
            more_addons=(self.addons_path,) if self.addons_path else (),
        )
        result = from_odoo_log(self.part, log.read_text(errors="replace"), skips_fail=self.skips_fail)
        if code and not result.failed:
            result.fail(f"Odoo ended with exit code {code}")
        if result.failed:
            result.details.append(f"the whole log: {log}")
        _finish(odoo, name, result, options)
        return [result]


def _log(part: str) -> pathlib.Path:
    return _logs() / str(os.getpid()) / f"{re.sub(r'[^A-Za-z0-9]+', '_', part)}.log"


def _logs() -> pathlib.Path:
    return cache() / "logs" / checkout_tag()


def drop_old_logs() -> None:
    """Keep the logs of this checkout's last runs."""
    folders = sorted(_logs().glob("*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[KEPT_LOGS:]:
        shutil.rmtree(folder, ignore_errors=True)


def _core_lint(target: str, odoo: Odoo, options: argparse.Namespace) -> Jobs:
    template = templates.product(odoo, options.variant)

    def run() -> list[Result]:
        name = _copy(odoo, template)
        result = lint.run_core(odoo, name, _log("core-lint"))
        _finish(odoo, name, result, options)
        return [result]

    return [("core-lint", run)]


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


def _faults(target: str, odoo: Odoo, options: argparse.Namespace) -> Jobs:
    folder = CHECKOUT / "tests" / "faults"
    scripts = [CHECKOUT / target] if target.endswith(".py") else sorted(folder.glob("*.py"))
    scripts = [s for s in scripts if not s.name.startswith(("_", "common"))]
    if not scripts:
        say("faults: there is no script in tests/faults yet")
        return []
    template = templates.product(odoo, options.variant)
    return [(f"faults {s.stem}", functools.partial(_fault, s, odoo, template, options)) for s in scripts]


def _fault(script: pathlib.Path, odoo: Odoo, template: str, options: argparse.Namespace) -> list[Result]:
    result = Result(f"faults {script.stem}")
    name = _copy(odoo, template)
    log = _log(result.part)
    configuration = odoo.configuration(log.parent / log.stem)
    environment = {
        **odoo.variables(),
        **odoo.server.environment(),
        "PYTHONPATH": f"{CHECKOUT}:{odoo.source.root}:{pathlib.Path(__file__).with_name('inside')}",
        "HOSPITALITY_DB": name,
        "HOSPITALITY_ODOO_CONF": str(configuration),
        "HOSPITALITY_ODOO_SCRIPT": str(odoo.source.script),
    }
    if SCHEMATHESIS in script.read_text():
        environment[SCHEMATHESIS] = str(venv.specs() / "bin" / "schemathesis")
    command = [venv.python(odoo.environment), script, *([] if options.full else ["--short"])]
    minutes = 120 if options.full else 10
    done = shell.run(command, why=script.name, env=environment, log=log, check=False, cwd=CHECKOUT, minutes=minutes)
    if done.returncode:
        result.fail(log.read_text(errors="replace")[-6000:] + f"\nthe whole log: {log}")
    else:
        result.passed = 1
    _finish(odoo, name, result, options)
    return [result]
