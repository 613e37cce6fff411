"""Tests that need no database: pytest for the engines and for this tooling, doctests, wheels of the addons."""

import argparse
import concurrent.futures
import pathlib
import shlex
import tempfile
import time
import xml.etree.ElementTree

from . import odoo_source, prism, shell, venv
from .paths import CHECKOUT, addons
from .shell import SetupError
from .summary import Result

NO_TESTS = 5
#: Processes that try adapters beside the others.
AT_ONCE = 6


def run(target: str, options: argparse.Namespace) -> list[Result]:
    """pytest over ``tests/engine``, the doctests of every addon's ``engine/``, and the tests of ``setup/``.

    :param target: a file or node of them, or nothing for all
    """
    results, described = [], {}
    folder = "tests/engine/connectors"
    if folder.startswith(target.rstrip("/")) or target.startswith(folder):
        described, results = _descriptions()
    if target:
        return [*results, _pytest(f"engine {target}", [target], options, described)]
    waiting = sorted(str(path.relative_to(CHECKOUT)) for path in CHECKOUT.glob("tests/engine/connectors/test_*.py"))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        # They wait for limits and time-outs most of the time.
        connectors = [
            pool.submit(_pytest, f"engine {pathlib.Path(name).stem}", [name], options, described) for name in waiting
        ]
        if any(CHECKOUT.glob("tests/engine/**/test_*.py")):
            results.append(_pytest("engine", ["tests/engine", "--ignore=tests/engine/connectors"], options))
        results += [future.result() for future in connectors]
    engines = [f"{name}/engine" for name in addons() if (CHECKOUT / name / "engine").is_dir()]
    if engines:
        results.append(_pytest("engine doctests", engines, options))
    results.append(_pytest("setup", ["setup"], options))
    return results


def _descriptions() -> tuple[dict[str, str], list[Result]]:
    """What tests need to hold adapters and fakes against vendors' descriptions; without it they are skipped."""
    try:
        return {"HOSPITALITY_PRISM": shlex.join(prism.command())}, []
    except SetupError as error:
        return {}, [Result("engine descriptions", failed=1, details=[str(error)])]


def _pytest(part: str, paths: list[str], options: argparse.Namespace, more: dict[str, str] | None = None) -> Result:
    result, started = Result(part), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        command = [
            *(venv.python(venv.product()), "-m", "pytest", "-q", "--doctest-modules", "--import-mode=importlib"),
            *("-p", "no:cacheprovider", f"--junit-xml={report}", "--ignore=setup/lib/inside", *paths),
        ]
        # The addons' packages import odoo, their engines do not: pytest must import those without the package above.
        environment = {"PYTHONPATH": str(CHECKOUT), "HOSPITALITY_FULL": "1" if options.full else ""}
        environment |= more or {}
        done = shell.run(command, why="pytest", env=environment, cwd=CHECKOUT, check=False)
        result.seconds = time.monotonic() - started
        if not report.is_file():
            result.fail(done.stdout)
            return result
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            result.skipped += int(suite.get("skipped", 0))
            result.passed += int(suite.get("tests", 0)) - failed - int(suite.get("skipped", 0))
            result.failed += failed
    if done.returncode == NO_TESTS:
        result.fail("no test ran" if part.startswith("engine ") and "doctests" not in part else "")
        result.failed = 1 if result.details[-1] else 0
        result.details = [d for d in result.details if d]
    elif done.returncode:
        result.details.append(done.stdout)
        result.failed = result.failed or 1
    return result


def run_packaging(target: str, options: argparse.Namespace) -> list[Result]:
    """Build a wheel of each addon, and let Odoo find the installed ones without an addons path."""
    result = Result("packaging")
    python = venv.python(venv.product())
    source = odoo_source.find(options.odoo)
    with tempfile.TemporaryDirectory() as folder:
        installed = pathlib.Path(folder) / "installed"
        for name in addons():
            result_of_build = _build_wheel(name, pathlib.Path(folder), python)
            if not result_of_build:
                result.passed += 1
            else:
                result.fail(result_of_build)
        for wheel in pathlib.Path(folder).glob("*.whl"):
            shell.run([python, "-m", "zipfile", "-e", wheel, installed], why=f"unpacking {wheel.name}")
        for name in addons():
            code = f"from odoo.modules.module import get_module_path as p; print(p({name!r}, display_warning=False))"
            environment = {"PYTHONPATH": f"{source.root}:{installed}"}
            done = shell.run([python, "-c", code], why="asking Odoo", env=environment, cwd=installed, check=False)
            if done.stdout.strip().startswith(str(installed)):
                result.passed += 1
            else:
                result.fail(f"Odoo does not find the installed wheel of {name}:\n{done.stdout}")
    return [result]


def _build_wheel(name: str, folder: pathlib.Path, python: pathlib.Path) -> str:
    """Build one addon's wheel into a folder; return what went wrong."""
    code = f"import whool.buildapi as b; print(b.build_wheel({str(folder)!r}))"
    done = shell.run([python, "-c", code], why=f"building {name}", cwd=CHECKOUT / name, check=False)
    return "" if done.returncode == 0 else f"the wheel of {name} does not build:\n{done.stdout}"
