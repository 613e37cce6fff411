"""Runs the parts of the gate, side by side where they do not need each other."""

import argparse
import concurrent.futures
import time
from collections.abc import Callable

from . import database, engine_tests, lint, odoo_source, odoo_tests, postgres, summary, venv
from .odoo import Odoo
from .shell import SetupError, say
from .summary import Result

NEEDS_DATABASE = ("odoo", "browser", "scenarios", "faults", "core-lint")


def run(wanted: list[tuple[str, str]], options: argparse.Namespace) -> list[Result]:
    """Run each ``(part, target)``; a part that cannot run is a failed one."""
    results: list[Result] = []
    environment = venv.use_product_libraries()
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as light:
        started = [light.submit(_timed, part, _light(part), target, options) for part, target in wanted if _light(part)]
        heavy = [(part, target) for part, target in wanted if part in NEEDS_DATABASE]
        if heavy:
            source = odoo_source.find(options.odoo)
            with postgres.serving("test") as server:
                database.drop_abandoned(server, "t_")
                odoo_tests.drop_old_logs()
                results += _heavy(heavy, Odoo(source, environment, server), options)
        for future in started:
            results += future.result()
    return results


def _light(part: str) -> Callable | None:
    return {"lint": lint.run, "engine": engine_tests.run, "packaging": engine_tests.run_packaging}.get(part)


def _heavy(wanted: list[tuple[str, str]], odoo: Odoo, options: argparse.Namespace) -> list[Result]:
    jobs, broken = [], []
    for part, target in wanted:
        try:
            jobs += odoo_tests.jobs(part, target, odoo, options)
        except SetupError as error:
            broken.append(Result(f"{part} {target}".strip(), failed=1, details=[str(error)]))
            summary.show(broken[-1])
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        futures = [pool.submit(_timed, part, job) for part, job in jobs]
        return broken + [result for future in futures for result in future.result()]


def _timed(part: str, job: Callable, *arguments) -> list[Result]:
    started = time.monotonic()
    try:
        results = job(*arguments)
    except SetupError as error:
        results = [Result(part, failed=1, details=[str(error)])]
    for result in results:
        result.seconds = result.seconds or time.monotonic() - started
        say(f"{result.part}: {result.passed} passed, {result.failed} failed ({result.seconds:.0f} s)")
        summary.show(result)
    return results
