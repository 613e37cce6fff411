"""Static checks of the checkout: ruff, pylint with OCA's and Odoo's own checkers, semgrep, Odoo's ``test_lint``."""

import argparse
import json
import pathlib

from . import odoo_source, shell, venv
from .odoo import Odoo
from .paths import CHECKOUT, SETUP, addons
from .shell import say
from .summary import Result

NEED_ODOO = "bad-builtin-groupby,method-required-super,missing-return,prefer-env-translation"
# What Odoo's own test_pylint enables, with its checkers.
CORE_CHECKS = (
    "used-before-assignment,undefined-variable,unreachable,function-redefined,sql-injection,missing-gettext,"
    "gettext-variable,gettext-placeholders,gettext-repr,raise-unlink-override"
)
CORE_PLUGINS = "_pylint_path_setup,_odoo_checker_sql_injection,_odoo_checker_gettext,_odoo_checker_unlink_override"


def run(target: str, options: argparse.Namespace) -> list[Result]:
    """The checks that need no database."""
    return [
        _ruff("ruff check", "check"),
        _ruff("ruff format", "format", "--check"),
        _pylint(),
        _core_pylint(odoo_source.find(options.odoo)),
        _semgrep(),
    ]


def run_core(odoo: Odoo, database: str, log: pathlib.Path) -> Result:
    """Odoo's own ``test_lint``, as far as it holds for any addon; findings in core's code don't count."""
    result = Result("core-lint")
    script = pathlib.Path(__file__).with_name("inside") / "core_lint.py"
    command = [venv.python(odoo.environment), script, odoo.configuration(log.parent / log.stem), database, *addons()]
    variables = odoo.variables() | {"PYTHONPATH": f"{odoo.source.root}:{venv.libraries(venv.lint())}"}
    done = shell.run(command, why="Odoo's test_lint", env=variables, log=log, check=False)
    lines = log.read_text(errors="replace").splitlines()
    if done.returncode:
        result.fail("Odoo's test_lint did not run:\n" + "\n".join(lines[-15:]))
        return result
    counts = json.loads(lines[-1])
    result.failed, result.skipped = counts["failed"], counts["skipped"]
    result.passed = max(counts["ran"] - counts["failed"] - counts["skipped"], 0)
    result.details = [line.removeprefix("FINDING ") for line in lines if line.startswith("FINDING ")]
    return result


def _ruff(part: str, *arguments: str) -> Result:
    return _checked(part, [venv.lint() / "bin" / "ruff", *arguments, "."])


def _pylint() -> Result:
    """OCA's mandatory list; from engines, which do not import Odoo, without the rules that ask for its API."""
    base = [venv.python(venv.lint()), "-m", "pylint", f"--rcfile={SETUP / 'lint' / 'pylintrc'}", "--score=n"]
    result = _checked("pylint-odoo", [*base, "--jobs=2", "--ignore=engine", *addons()])
    engines = [f"{name}/engine" for name in addons() if (CHECKOUT / name / "engine").is_dir()]
    if engines:
        of_engines = _checked("pylint-odoo", [*base, f"--disable={NEED_ODOO}", *engines])
        result.passed += of_engines.passed
        result.failed += of_engines.failed
        result.details += of_engines.details
    return result


def _core_pylint(source: odoo_source.OdooSource) -> Result:
    plugins = next(p / "test_lint" / "tests" for p in source.addons_paths if (p / "test_lint").is_dir())
    command = [
        *(venv.python(venv.lint()), "-m", "pylint", "--rcfile=/dev/null", "--score=n", "--disable=all"),
        # Comments for OCA's checkers mean nothing to Odoo's.
        "--disable=unknown-option-value",
        *(f"--enable={CORE_CHECKS}", f"--load-plugins={CORE_PLUGINS}", *addons()),
    ]
    search = {"PYTHONPATH": f"{plugins}:{source.root}", "ADDONS_PATH": str(CHECKOUT)}
    return _checked("pylint of Odoo", command, search)


def _semgrep() -> Result:
    try:
        environment = venv.semgrep()
    except shell.SetupError as error:
        say(f"semgrep is left out: {error}")
        return Result("semgrep", skipped=1)
    command = [
        *(environment / "bin" / "semgrep", "scan", "--metrics=off", "--disable-version-check", "--error", "--quiet"),
        *("--config", SETUP / "lint" / "odoo-semgrep.yml", "--exclude=tests", *addons()),
    ]
    search = {"PATH": f"{environment / 'bin'}:/usr/local/bin:/usr/bin:/bin"}
    return _checked("semgrep", command, search)


def _checked(part: str, command: list, environment: dict | None = None) -> Result:
    result = Result(part)
    done = shell.run(command, why=part, cwd=CHECKOUT, env=environment, check=False)
    if done.returncode:
        result.fail(done.stdout or f"exit code {done.returncode}")
    else:
        result.passed = 1
    return result
