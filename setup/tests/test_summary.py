"""Counting an Odoo test run from its log."""

from setup.lib.summary import Result, close, from_odoo_log

HEAD = "2026-01-01 10:00:00,000 7 "
END = HEAD + "{level} t_1 odoo.tests.result: {text} when loading database 't_1' \n"


def log(*lines: str, end: str = "0 failed, 0 error(s) of 2 tests", level: str = "INFO") -> str:
    return "".join(f"{HEAD}{line}\n" for line in lines) + END.format(level=level, text=end)


def test_a_green_run_counts_its_tests():
    result = from_odoo_log("x", log("INFO t_1 odoo.addons.a.tests.test_b: Starting T.test_c ..."))
    assert (result.passed, result.failed, result.details) == (2, 0, [])


def test_a_failure_shows_its_traceback():
    failure = (
        "ERROR t_1 odoo.addons.a.tests.test_b: FAIL: T.test_c\nTraceback (most recent call last):\nAssertionError: 1"
    )
    result = from_odoo_log("x", log(failure, end="1 failed, 0 error(s) of 2 tests", level="ERROR"))
    assert (result.passed, result.failed) == (1, 1)
    assert "AssertionError: 1" in result.details[0]
    assert len(result.details) == 1


def test_an_error_logged_outside_a_test_fails_the_run():
    assert from_odoo_log("x", log("ERROR t_1 odoo.sql_db: bad query")).failed == 1


def test_no_test_is_a_failure():
    assert from_odoo_log("x", log(end="0 failed, 0 error(s) of 0 tests", level="WARNING")).failed == 1


def test_a_run_that_stopped_early_is_a_failure_and_shows_its_end():
    result = from_odoo_log("x", f"{HEAD}INFO ? odoo: Odoo version 19.0\nImportError: no module named nonsense\n")
    assert result.failed == 1
    assert "nonsense" in result.details[0]


def test_a_skip_fails_only_where_it_means_a_missing_tool():
    skipped = log("INFO t_1 odoo.addons.a.tests.test_b: skipped T.test_c : Chrome executable not found")
    assert from_odoo_log("x", skipped).failed == 0
    assert from_odoo_log("x", skipped).skipped == 1
    assert from_odoo_log("x", skipped, skips_fail=True).failed == 1


def test_the_closing_line_stands_alone(capsys):
    assert close([Result("a", passed=3), Result("b", passed=1, failed=2)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "4 passed, 2 failed"
    assert close([Result("a", passed=3)]) == 0
    assert close([]) == 1
