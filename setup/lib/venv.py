"""Virtual environments from lock files, made once per lock and Python, with uv where it is there, else pip."""

import hashlib
import os
import pathlib
import platform
import shutil
import site
import sys

from . import apt, shell
from .paths import LOCKS, cache, locked, need_space
from .shell import SetupError, say


def product() -> pathlib.Path:
    """The environment Odoo, our addons and our tests run in."""
    return _environment("product", _product_locks())


def bench() -> pathlib.Path:
    """The product's environment with the peers of the benchmarks added: 500 MB that nobody else needs."""
    return _environment("bench", [*_product_locks(), "bench.txt"])


def _product_locks() -> list[str]:
    return ["product-py313.txt" if sys.version_info >= (3, 13) else "product-py310.txt", "test.txt"]


def lint() -> pathlib.Path:
    return _environment("lint", ["lint.txt"])


def semgrep() -> pathlib.Path:
    return _environment("semgrep", ["semgrep.txt"])


def specs() -> pathlib.Path:
    """Node and schemathesis, which hold both sides against descriptions of an API."""
    return _environment("specs", ["specs.txt"])


def python(environment: pathlib.Path) -> pathlib.Path:
    return environment / "bin" / "python"


def libraries(environment: pathlib.Path) -> pathlib.Path:
    return next((environment / "lib").glob("python3*/site-packages"))


def use_product_libraries(peers: bool = False) -> pathlib.Path:
    """Make the product's environment, and its libraries importable by this process too (psycopg2).

    :param peers: with the libraries that only some benchmarks need
    """
    environment = bench() if peers else product()
    site.addsitedir(str(libraries(environment)))
    return environment


def _environment(name: str, locks: list[str]) -> pathlib.Path:
    files = [LOCKS / lock for lock in locks]
    text = "".join(f.read_text() for f in files) + sys.version + platform.machine() + sys.executable
    target = cache() / "venv" / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    if (target / "complete").is_file() and python(target).exists():
        return target
    with locked(f"venv-{name}", f"another run is making the {name} environment, waiting for it"):
        if not (target / "complete").is_file() or not python(target).exists():
            need_space(1)
            shutil.rmtree(target, ignore_errors=True)
            say(f"installing the Python libraries of the {name} environment")
            _create(target)
            _install(target, files)
            (target / "complete").touch()
    return target


def _create(target: pathlib.Path) -> None:
    shell.run([sys.executable, "-m", "venv", "--without-pip", target], why="creating a virtual environment")


def _install(target: pathlib.Path, locks: list[pathlib.Path]) -> None:
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    for lock in locks:
        options += ["-r", str(lock)]
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", python(target), *options]
        if shell.run(command, why="uv", check=False).returncode == 0:
            return
        say("uv could not install the libraries here, trying pip")
    command, environment = _pip()
    command += ["--python", str(python(target)), "install", "--quiet", "--no-cache-dir", *options]
    done = shell.run(command, why="pip", env=environment, check=False)
    if done.returncode:
        shutil.rmtree(target, ignore_errors=True)
        last = (done.stdout.strip().splitlines() or ["pip says nothing"])[-1]
        raise SetupError(
            "The Python libraries of setup/lock could not be installed: "
            f"check the network and the package index that pip is configured for.\n  {last}"
        )


def _pip() -> tuple[list[str], dict[str, str]]:
    """A pip that knows ``--python``: this Python's, or Debian's unpacked into the cache."""
    own = [sys.executable, "-m", "pip"]
    probe = shell.run([*own, "--version"], why="pip", check=False)
    if probe.returncode == 0 and tuple(int(n) for n in probe.stdout.split()[1].split(".")[:2]) >= (22, 3):
        return own, {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    root = cache() / "pip"
    packages = root / "usr/lib/python3/dist-packages"
    if not (packages / "pip").is_dir():
        if not shutil.which("apt-get"):
            raise SetupError("There is neither uv nor pip here: install one of them (Debian: apt install python3-pip).")
        say("fetching pip from the machine's apt mirror")
        private = apt.PrivateApt([apt.distribution()[1]])
        private.update()
        apt.extract(private.download(["python3-pip", "python3-setuptools", "python3-wheel"], root / "debs"), root)
    return own, {"PYTHONPATH": str(packages), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "HOME": os.path.expanduser("~")}
