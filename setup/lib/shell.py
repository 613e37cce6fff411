"""Running commands, telling progress, and failing with one sentence that says what to do."""

import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

_started = time.monotonic()


class SetupError(Exception):
    """A condition the user can mend; its text is the whole message he gets."""


def say(text: str) -> None:
    print(f"[{time.monotonic() - _started:6.1f} s] {text}", flush=True)


def is_root() -> bool:
    return os.geteuid() == 0


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for programs we start, without the import path of this package."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    environment.update(extra or {})
    return environment


def run(
    argv: Sequence[object],
    *,
    why: str,
    env: Mapping[str, str] | None = None,
    cwd: pathlib.Path | None = None,
    log: pathlib.Path | None = None,
    check: bool = True,
    minutes: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command without standard input.

    :param why: what failed, in words for the user, e.g. ``"creating the database"``
    :param log: file that receives both outputs, which are then not kept in memory
    :param minutes: longer than that and it is ended
    :raise SetupError: when the command takes too long, or fails and ``check`` holds; quotes its last lines
    """
    arguments = [str(a) for a in argv]
    options = dict(
        check=False,
        timeout=minutes and minutes * 60,
        env=child_environment(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )
    try:
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("w") as stream:
                done = subprocess.run(arguments, stdout=stream, stderr=subprocess.STDOUT, **options)
        else:
            done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    except FileNotFoundError as error:
        raise SetupError(f"{why} failed: there is no command {arguments[0]}.") from error
    except subprocess.TimeoutExpired as error:
        where = f"; its output is in {log}" if log else ""
        raise SetupError(f"{why} took longer than {minutes:.0f} minutes and was ended{where}.") from error
    if check and done.returncode:
        output = log.read_text(errors="replace") if log else done.stdout
        raise SetupError(f"{why} failed (exit code {done.returncode}){_ending(output, log)}")
    return done


def _ending(output: str, log: pathlib.Path | None) -> str:
    lines = [line for line in output.splitlines() if line.strip()][-15:]
    where = f"; everything is in {log}" if log else ""
    return where + ":\n  " + "\n  ".join(lines) if lines else where + "."


def command_main(main) -> None:
    """Run ``main(argv) -> exit code`` and turn what a user can mend into one sentence."""
    for ours in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(ours, None)
    try:
        code = main(sys.argv[1:])
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
