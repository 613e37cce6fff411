"""What a gate run found: counts and what went wrong per part, printed at the end."""

import dataclasses
import re


@dataclasses.dataclass
class Result:
    """Outcome of one part of the gate."""

    part: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    details: list[str] = dataclasses.field(default_factory=list)

    def fail(self, text: str, count: int = 1) -> None:
        self.failed += count
        self.details.append(text)


RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>[A-Z]+) (?P<db>\S+) (?P<logger>[^:]+): (?P<text>.*)"
)
TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database")


def log_records(log: str) -> list[tuple[str, str, str]]:
    """Split an Odoo log into ``(level, logger, text)``, each text with its following lines."""
    records: list[tuple[str, str, list[str]]] = []
    for line in log.splitlines():
        match = RECORD.match(line)
        if match:
            records.append((match["level"], match["logger"], [match["text"]]))
        elif records:
            records[-1][2].append(line)
    return [(level, logger, "\n".join(lines)) for level, logger, lines in records]


def from_odoo_log(part: str, log: str, *, skips_fail: bool = False) -> Result:
    """Count an Odoo test run from its log.

    A run that executed no test has failed, and so has one that logged an error outside a test.

    :param skips_fail: count skipped tests as failed, where a skip means a missing tool
    """
    result = Result(part)
    total = None
    for level, logger, text in log_records(log):
        found = TOTAL.search(text)
        if found and logger == "odoo.tests.result":
            total = [int(n) for n in found.groups()]
        elif logger.startswith("odoo.addons.") and text.startswith("skipped "):
            result.skipped += 1
            if skips_fail:
                result.fail(text)
        elif level in ("ERROR", "CRITICAL"):
            result.details.append(f"{logger}: {text}")
    if total is None:
        result.fail("Odoo stopped before its tests were done:\n" + "\n".join(log.splitlines()[-25:]))
        return result
    failures, errors, run = total
    result.failed += failures + errors
    result.passed = max(run - result.skipped - failures - errors, 0)
    if run == 0:
        result.fail("no test ran")
    elif result.details and not result.failed:
        result.failed = 1
    return result


def show(result: Result) -> None:
    """Print what went wrong in a part, at once."""
    for detail in result.details:
        print(f"\n--- {result.part}\n{detail.rstrip()}", flush=True)


def close(results: list[Result]) -> int:
    """Print a line per part and the closing line; return the exit code."""
    print("\n" + "-" * 72)
    for result in results:
        verdict = "FAILED" if result.failed else "ok"
        skipped = f", {result.skipped} skipped" if result.skipped else ""
        print(
            f"{result.part:<34} {verdict:<7} {result.passed} passed, {result.failed} failed{skipped}"
            f"  ({result.seconds:.0f} s)"
        )
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0
