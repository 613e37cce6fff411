"""Debian packages without touching the system: a private apt beside the machine's own.

The mirror is the one the machine itself uses, read from its apt configuration.
"""

import dataclasses
import pathlib
import re
import shlex

from . import shell
from .paths import cache
from .shell import SetupError

SOURCES = pathlib.Path("/etc/apt")
STATUS = pathlib.Path("/var/lib/dpkg/status")
KEYRINGS = {
    "debian": pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    "ubuntu": pathlib.Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg"),
}
MOVING_SUITE = {"debian": "sid", "ubuntu": "devel"}


@dataclasses.dataclass(frozen=True)
class Source:
    """One package source: an address, a suite and its components."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""


def parse_deb822(text: str) -> list[Source]:
    """Read a ``.sources`` file.

    >>> parse_deb822("Types: deb\\nURIs: http://m/debian\\nSuites: a a-updates\\nComponents: main\\n")[1].suite
    'a-updates'
    """
    sources = []
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and key:
                fields[key] += "\n" + line.strip()
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "0") or "deb" not in fields.get("types", "").split():
            continue
        signed_by = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                components = tuple(fields.get("components", "").split())
                sources.append(Source(uri, suite, components, signed_by if signed_by.startswith("/") else ""))
    return sources


def parse_list(text: str) -> list[Source]:
    """Read a one-line-per-source ``.list`` file.

    >>> parse_list("deb [arch=amd64 signed-by=/k.gpg] http://m/debian a main contrib  # note")
    [Source(uri='http://m/debian', suite='a', components=('main', 'contrib'), signed_by='/k.gpg')]
    """
    sources = []
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)", line.split("#")[0].strip())
        if not match:
            continue
        options = dict(o.partition("=")[::2] for o in (match["options"] or "").split())
        suite, *components = match["rest"].split()
        sources.append(Source(match["uri"], suite, tuple(components), options.get("signed-by", "")))
    return sources


def machine_sources(folder: pathlib.Path = SOURCES) -> list[Source]:
    """Every package source the machine has switched on."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    found = []
    for path in files:
        if path.suffix == ".sources" and path.is_file():
            found += parse_deb822(path.read_text(errors="replace"))
        elif path.suffix == ".list" and path.is_file():
            found += parse_list(path.read_text(errors="replace"))
    return found


def distribution(os_release: pathlib.Path = pathlib.Path("/etc/os-release")) -> tuple[str, str]:
    """``("debian", "bookworm")`` or the like; ``("", "")`` where the machine has no such file."""
    if not os_release.is_file():
        return "", ""
    values = dict(line.split("=", 1) for line in os_release.read_text().splitlines() if "=" in line)
    names = {key: (shlex.split(value) or [""])[0] for key, value in values.items()}
    family = next((f for f in (names.get("ID"), *names.get("ID_LIKE", "").split()) if f in KEYRINGS), "")
    return family or "", names.get("VERSION_CODENAME", "")


def mirror(sources: list[Source], codename: str) -> Source | None:
    """The source that carries the machine's own release: not the security or updates suites."""
    for source in sources:
        if source.suite in (codename, "stable", "testing", "unstable", "sid") and "main" in source.components:
            return source
    return None


class PrivateApt:
    """apt with its own lists, cache and state in the cache folder, usable by any user.

    :param installed: path of the dpkg status to resolve dependencies against; without it nothing counts as installed
    """

    def __init__(self, suites: list[str], installed: pathlib.Path | None = None):
        self.family, self.codename = distribution()
        source = mirror(machine_sources(), self.codename)
        if not source:
            raise SetupError(
                "The apt configuration of this machine names no Debian or Ubuntu mirror with a 'main' component, "
                "so packages cannot be fetched: add one."
            )
        self.folder = cache() / "apt" / "-".join([*suites, "installed" if installed else "bare"])
        for sub in ("lists/partial", "cache/archives/partial", "etc"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True)
        if not installed:
            installed = self.folder / "status"
            installed.touch()
        keyring = source.signed_by or str(KEYRINGS[self.family])
        options = f"[signed-by={keyring}] " if pathlib.Path(keyring).exists() else ""
        components = " ".join(c for c in source.components if c in ("main", "universe"))
        lines = [f"deb {options}{source.uri} {suite} {components}" for suite in suites]
        (self.folder / "sources.list").write_text("\n".join(lines) + "\n")
        self._configure(installed)

    def _configure(self, installed: pathlib.Path) -> None:
        settings = {
            "Dir::State": self.folder,
            "Dir::State::lists": self.folder / "lists",
            "Dir::State::status": installed,
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferences": "-",
            "Dir::Etc::preferencesparts": "-",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            # A frozen mirror is fine: what is signed stays signed, and Odoo's SHA-256 is in our lock file.
            "Acquire::Check-Valid-Until": "false",
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "true",
            "APT::Install-Recommends": "false",
        }
        hooks = (
            "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n#clear DPkg::Post-Invoke;\n"
        )
        text = "".join(f'{key} "{value}";\n' for key, value in settings.items())
        self.config = self.folder / "apt.conf"
        self.config.write_text(text + hooks)

    def _apt(self, *arguments: object, why: str, cwd: pathlib.Path | None = None) -> str:
        environment = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C", "APT_CONFIG": str(self.config)}
        return shell.run(arguments, why=why, env=environment, cwd=cwd).stdout

    def update(self) -> None:
        self._apt("apt-get", "update", "-qq", why="reading the package lists of the machine's apt mirror")
        if not any((self.folder / "lists").glob("*Packages*")):
            raise SetupError("The machine's apt mirror cannot be reached: check the network and the apt configuration.")

    def versions(self, package: str) -> list[str]:
        """Versions the mirror offers, newest first."""
        lines = self._apt("apt-cache", "madison", package, why=f"looking up {package}").splitlines()
        return [line.split("|")[1].strip() for line in lines if line.count("|") >= 2]

    def download(self, specs: list[str], target: pathlib.Path) -> list[pathlib.Path]:
        """Fetch packages (``name``, ``name=version`` or ``name/suite``) into a folder."""
        target.mkdir(parents=True, exist_ok=True)
        self._apt("apt-get", "download", "-qq", *specs, why=f"downloading {', '.join(specs)}", cwd=target)
        return sorted(target.glob("*.deb"))

    def download_with_dependencies(self, packages: list[str]) -> list[pathlib.Path]:
        """Fetch packages with everything they need that this machine has not installed."""
        self._apt("apt-get", "clean", why="emptying the package cache")
        self._apt(
            "apt-get", "install", "-qq", "-y", "--download-only", *packages, why=f"downloading {', '.join(packages)}"
        )
        return sorted((self.folder / "cache" / "archives").glob("*.deb"))


def extract(packages: list[pathlib.Path], root: pathlib.Path, exclude: tuple[str, ...] = ()) -> None:
    """Unpack packages into a folder, without running their scripts."""
    root.mkdir(parents=True, exist_ok=True)
    excludes = " ".join(shlex.quote(f"--exclude={pattern}") for pattern in exclude)
    for package in packages:
        script = (
            f"set -o pipefail; dpkg-deb --fsys-tarfile {shlex.quote(str(package))} | "
            f"tar -x --no-same-owner -C {shlex.quote(str(root))} --wildcards {excludes}"
        )
        shell.run(["bash", "-c", script], why=f"unpacking {package.name}")


def install_system_packages(packages: list[str], reason: str) -> None:
    """As root, install packages on the machine itself, and say so."""
    shell.say(f"installing system packages with apt-get: {' '.join(packages)} ({reason})")
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    shell.run(["apt-get", "update", "-qq"], why="apt-get update", env=environment)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    shell.run(command, why=f"installing {' '.join(packages)}", env=environment)
