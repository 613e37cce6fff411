"""Template databases that test runs and benchmarks copy: made once, named by what is in them.

``core``: Odoo's modules without ours. ``product``: a copy of it with our addons. ``browser``: that with asset bundles
generated. Each name ends in a hash of everything the database was made from.
"""

import hashlib
import os
import pathlib
import time

from . import database, shell
from .odoo import Odoo
from .paths import CHECKOUT, addons, cache, locked, need_space
from .shell import say
from .summary import log_records

MINIMAL = (
    "contacts mail portal phone_validation mass_mailing mass_mailing_sms utm rating resource spreadsheet_dashboard"
).split()
VARIANTS = {
    "minimal": MINIMAL,
    "full": [*MINIMAL, *"account sale point_of_sale website stock loyalty crm sms_twilio".split()],
}
IGNORED_FOLDERS = {"tests", "readme", "__pycache__", "node_modules"}
IGNORED_FILES = {"README.md", "README.rst", "pyproject.toml"}
KEPT = 4
KEPT_SECONDS = 3600
_LAYOUT = "2"


def sources_hash(names: list[str], root: pathlib.Path = CHECKOUT) -> str:
    """Hash of the addons' files that can shape a database: everything but tests and documents."""
    digest = hashlib.sha256()
    for name in names:
        for folder, folders, files in os.walk(root / name):
            folders[:] = sorted(f for f in folders if f not in IGNORED_FOLDERS)
            for file in sorted(files):
                path = pathlib.Path(folder, file)
                if file not in IGNORED_FILES and path.suffix != ".pyc":
                    digest.update(f"{path.relative_to(root)}\0".encode())
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def core(odoo: Odoo, variant: str) -> str:
    """Name of the template with Odoo's modules only, made when it is missing."""
    modules = VARIANTS[variant]
    text = f"{_LAYOUT} {odoo.source.fingerprint()} {modules}"
    name = f"core_{variant}_{_short(text)}"

    def build(part: str) -> None:
        need_space(2)
        say(f"making the {variant} template: Odoo with {len(modules)} modules and what they need (a minute or two)")
        database.create(odoo.server, part)
        install(odoo, part, modules)
        if odoo.server.kind == "test":
            say("generating its asset bundles")
            generate_assets(odoo, part)

    return _ready(odoo, name, build)


def product(odoo: Odoo, variant: str) -> str:
    """Name of the template with our addons installed, made when their sources are new."""
    base = core(odoo, variant)
    name = f"product_{variant}_{_short(base + sources_hash(addons()))}"

    def build(part: str) -> None:
        need_space(1)
        say(f"installing {', '.join(addons())} into a copy of the {variant} template")
        database.clone(odoo.server, base, part)
        install(odoo, part, addons())

    return _ready(odoo, name, build)


def browser(odoo: Odoo, variant: str) -> str:
    """Name of the product template with asset bundles generated, so that a page opens at once."""
    base = product(odoo, variant)
    name = base.replace("product_", "browser_", 1)

    def build(part: str) -> None:
        say("generating asset bundles for the browser")
        database.clone(odoo.server, base, part)
        generate_assets(odoo, part)

    return _ready(odoo, name, build)


def _ready(odoo: Odoo, name: str, build) -> str:
    """Build a template under a provisional name, so that one with its final name is always whole."""
    if not database.exists(odoo.server, name):
        with locked(f"template-{odoo.server.kind}-{name}", f"another run makes the template {name}, waiting for it"):
            if database.exists(odoo.server, name):
                return name
            database.drop_abandoned(odoo.server, "part_")
            part = f"part_{os.getpid()}_{name}"
            database.drop(odoo.server, part)
            build(part)
            database.rename(odoo.server, part, name)
    _mark_used(odoo, name)
    _drop_old(odoo, name.rpartition("_")[0] + "_")
    return name


def generate_assets(odoo: Odoo, name: str) -> None:
    """Make the asset bundles of a database now rather than at its first page."""
    log = _log(f"assets_{name}")
    script = pathlib.Path(__file__).with_name("inside") / "pregenerate_assets.py"
    configuration = odoo.configuration(log.parent / log.stem)
    odoo.run_script(script, configuration, name, why="generating the asset bundles", log=log)


def install(odoo: Odoo, name: str, modules: list[str], update: list[str] | None = None) -> None:
    """Install modules, and update others; a logged error fails it."""
    log = _log(f"install_{name}")
    what = ", ".join([*modules, *(update or [])])
    options = [*(("-i", ",".join(modules)) if modules else ()), *(("-u", ",".join(update)) if update else ())]
    odoo.run(log, "-d", name, *options, "--stop-after-init", "--no-http", why=f"installing {what}")
    records = log_records(log.read_text(errors="replace"))
    broken = [text for level, _, text in records if level in ("ERROR", "CRITICAL")]
    if broken:
        shown = "\n  ".join(broken[:5])
        raise shell.SetupError(f"Installing {what} logged errors, all in {log}:\n  {shown}")


def _log(name: str) -> pathlib.Path:
    return cache() / "logs" / f"{name}.log"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _mark(odoo: Odoo, name: str) -> pathlib.Path:
    return cache() / "templates" / odoo.server.kind / name


def _mark_used(odoo: Odoo, name: str) -> None:
    mark = _mark(odoo, name)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _drop_old(odoo: Odoo, prefix: str) -> None:
    """Keep the templates used last, and any used within the hour."""
    marks = {n: _mark(odoo, n) for n in database.names(odoo.server, prefix)}
    used = {n: mark.stat().st_mtime if mark.exists() else 0 for n, mark in marks.items()}
    for name in sorted(used, key=used.get, reverse=True)[KEPT:]:
        if used[name] < time.time() - KEPT_SECONDS:
            database.drop(odoo.server, name)
            marks[name].unlink(missing_ok=True)
