"""Which Odoo 19.0 to run: one that exists, Debian's package, or upstream's source."""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil

from . import apt, shell
from .paths import LOCKS, cache, locked, need_space
from .shell import SetupError, say

SERIES = (19, 0)
UPSTREAM = "https://github.com/odoo/odoo"
COMPANIONS_SID = (
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-ocr-b",
    "fonts-glyphicons-halflings",
)
COMPANIONS_STABLE = ("fonts-font-awesome", "fonts-inconsolata")
LANGUAGES = ("ar", "de", "es", "es_419", "fr", "it", "ja", "nl", "pl", "pt", "pt_BR", "zh_CN")
# Absent from Debian's package, and asked for by a bundle: without it every browser tour fails.
MISSING_ASSET = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
_LAYOUT = 2


@dataclasses.dataclass(frozen=True)
class OdooSource:
    """An Odoo on disk: what to put on Python's path, where its addons are, what starts it."""

    root: pathlib.Path
    script: pathlib.Path
    addons_paths: tuple[pathlib.Path, ...]
    origin: str

    def fingerprint(self) -> str:
        """Changes with the Odoo, so that databases of another are not used for it."""
        git_head = self.root / ".git" / "HEAD"
        text = f"{self.origin}:{self.root}"
        if git_head.exists():
            text += shell.run(["git", "-C", self.root, "rev-parse", "HEAD"], why="reading the Odoo checkout").stdout
        return hashlib.sha256(text.encode()).hexdigest()


def version_of(release: str) -> tuple[int, int]:
    """Series of an ``odoo/release.py``.

    >>> version_of("version_info = (19, 0, 0, FINAL, 0, '')")
    (19, 0)
    """
    match = re.search(r"^version_info\s*=\s*\(\s*['\"]?(?:saas~)?(\d+)['\"]?\s*,\s*(\d+)", release, re.MULTILINE)
    if not match:
        raise SetupError("The file odoo/release.py of the given Odoo names no version: is this an Odoo?")
    return int(match[1]), int(match[2])


def from_path(path: pathlib.Path) -> OdooSource:
    """An Odoo that the user has: a source checkout, or a folder that holds the package ``odoo``."""
    path = path.expanduser().resolve()
    packaged = path / "usr/lib/python3/dist-packages"
    root = next((p for p in (path, packaged, path.parent) if (p / "odoo" / "release.py").is_file()), None)
    if not root:
        raise SetupError(
            f"There is no Odoo in {path}: --odoo and ODOO_HOME want the folder that holds odoo/release.py, "
            "such as a checkout of Odoo's 19.0 branch."
        )
    found = version_of((root / "odoo" / "release.py").read_text())
    if found != SERIES:
        raise SetupError(
            f"{root} is Odoo {found[0]}.{found[1]}, and this product needs 19.0: "
            "give a 19.0 with --odoo PATH, or leave the option out to fetch one."
        )
    scripts = (root / "odoo-bin", path / "usr/bin/odoo", root / "odoo/__main__.py")
    script = next(s for s in scripts if s.is_file())
    addons = tuple(p for p in (root / "addons", root / "odoo" / "addons") if (p / "base").is_dir() or _has_modules(p))
    return OdooSource(root, script, addons, "given")


def _has_modules(folder: pathlib.Path) -> bool:
    return folder.is_dir() and next(folder.glob("*/__manifest__.py"), None) is not None


def find(path: str | None) -> OdooSource:
    """The Odoo to use: ``path``, else ``ODOO_HOME``, else the one in the cache, else a fetched one."""
    given = path or os.environ.get("ODOO_HOME")
    if given:
        return from_path(pathlib.Path(given))
    lock = json.loads((LOCKS / "odoo.json").read_text())
    with locked("odoo", "another run is fetching Odoo, waiting for it"):
        return _packaged(lock) or _upstream()


def _packaged(lock: dict) -> OdooSource | None:
    folder = cache() / "odoo"
    recorded = folder / f"{lock['version']}-{_LAYOUT}"
    for ready in (recorded, *sorted(folder.glob(f"19.0*-{_LAYOUT}"), reverse=True)):
        if (ready / "complete").is_file():
            if ready != recorded:
                say(f"using Odoo {ready.name} of the cache; the lock file records {lock['version']}")
            return dataclasses.replace(from_path(ready / "root"), origin=ready.name)
    if not shutil.which("apt-get"):
        return None
    need_space(3)
    family, codename = apt.distribution()
    if family not in apt.MOVING_SUITE:
        return None
    say("reading the package lists of the machine's apt mirror")
    try:
        private = apt.PrivateApt([apt.MOVING_SUITE[family], codename])
        private.update()
    except SetupError as error:
        say(str(error))
        return None
    offered = [v for v in private.versions(lock["package"]) if v.startswith("19.0")]
    if not offered:
        say(f"the machine's apt mirror has no {lock['package']} 19.0")
        return None
    version = lock["version"] if lock["version"] in offered else offered[0]
    if version != lock["version"]:
        say(f"the mirror has Odoo {version}, the lock file records {lock['version']}: taking the mirror's")
    target = folder / f"{version}-{_LAYOUT}"
    _fetch_package(private, lock, version, target)
    return dataclasses.replace(from_path(target / "root"), origin=target.name)


def _fetch_package(private: apt.PrivateApt, lock: dict, version: str, target: pathlib.Path) -> None:
    work = target.with_name(target.name + ".part")
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    say(f"downloading Odoo {version} (133 MB) and the fonts and scripts it refers to")
    moving = apt.MOVING_SUITE[private.family]
    companions = [f"{name}/{moving}" for name in COMPANIONS_SID]
    companions += [f"{name}/{private.codename}" for name in COMPANIONS_STABLE]
    packages = private.download([f"{lock['package']}={version}", *companions], work / "debs")
    odoo = next(p for p in packages if p.name.startswith(lock["package"] + "_"))
    digest = hashlib.sha256(odoo.read_bytes()).hexdigest()
    if version == lock["version"] and digest != lock["sha256"]:
        raise SetupError(
            f"The downloaded {odoo.name} has another SHA-256 than setup/lock/odoo.json records: "
            "the mirror may be broken; try again, or give an Odoo with --odoo PATH."
        )
    say("unpacking Odoo")
    root = work / "root"
    duplicate = "*/dist-packages/addons"
    apt.extract(packages, root, exclude=(duplicate, "*/i18n/*.po", "*/i18n/*.pot", "./usr/share/doc/*"))
    _extract_languages(odoo, root)
    asset = root / "usr/lib/python3/dist-packages" / MISSING_ASSET
    if not asset.exists():
        asset.parent.mkdir(parents=True, exist_ok=True)
        asset.write_text("/* absent from Debian's package */\n")
    shutil.rmtree(work / "debs")
    (work / "complete").write_text(f"{version} {digest}\n")
    work.rename(target)


def _extract_languages(package: pathlib.Path, root: pathlib.Path) -> None:
    wanted = " ".join(f"'*/odoo/addons/*/i18n/{language}.po'" for language in LANGUAGES)
    script = f"dpkg-deb --fsys-tarfile '{package}' | tar -x --no-same-owner -C '{root}' --wildcards {wanted}"
    shell.run(["bash", "-c", script], why="unpacking the translations")


def _upstream() -> OdooSource:
    target = cache() / "odoo" / "upstream-19.0"
    if not (target / "odoo-bin").is_file():
        need_space(3)
        if not shutil.which("git"):
            raise SetupError(
                "No Odoo 19.0 package is to be had here, and fetching the source needs git: "
                "install git, or give an Odoo 19.0 with --odoo PATH."
            )
        say("fetching the source of Odoo 19.0")
        shutil.rmtree(target, ignore_errors=True)
        command = ["git", "clone", "--quiet", "--depth", "1", "--branch", "19.0", UPSTREAM, target]
        done = shell.run(command, why="fetching Odoo", check=False)
        if done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            raise SetupError(
                "Odoo 19.0 can be had neither from the machine's apt mirror nor from upstream: "
                "check the network, or give an existing one with --odoo PATH (or ODOO_HOME)."
            )
    return dataclasses.replace(from_path(target), origin="upstream")
