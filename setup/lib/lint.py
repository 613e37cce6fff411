"""Static checks of the checkout: ruff, pylint with OCA's and Odoo's own checkers, semgrep."""

import argparse

from . import shell, venv
from .paths import CHECKOUT, SETUP, addons
from .shell import say
from .summary import Result

CODE = ("setup", "tests", "conftest.py")


def run(target: str, options: argparse.Namespace) -> list[Result]:
    return [_ruff("ruff check", "check"), _ruff("ruff format", "format", "--check", "--diff"), _pylint(), _semgrep()]


def _ruff(part: str, *arguments: str) -> Result:
    return _checked(part, [venv.lint() / "bin" / "ruff", *arguments, "."])


def _pylint() -> Result:
    command = [
        *(venv.python(venv.lint()), "-m", "pylint", f"--rcfile={SETUP / 'lint' / 'pylintrc'}", "--score=n", "--jobs=2"),
        *addons(),
    ]
    return _checked("pylint-odoo", command)


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
