"""The product's database: made once, brought up to date when the sources changed, filled with the demo group."""

import json
import os
import pathlib

from . import database, demo, templates
from .odoo import Odoo
from .paths import addons, cache
from .shell import say

SOURCES = "hospitality_setup.sources"
ODOO = "hospitality_setup.odoo"
DEMO = "hospitality_setup.demo"
ASSETS = "hospitality_setup.assets"
ADMINISTRATOR = {"role": "Administrator", "login": "admin", "password": "admin", "hint": "configuration"}


def prepare(odoo: Odoo, name: str, demo_size: str | None) -> bool:
    """Make or update a database; return whether a running server has to start again.

    :param demo_size: ``full``, ``small``, ``none``, or nothing for what is there, and the full one in a new database
    """
    wanted = {SOURCES: templates.sources_hash(addons()), ODOO: odoo.source.fingerprint()}
    fresh = not database.exists(odoo.server, name)
    if fresh:
        _create(odoo, name)
    found = _parameters(odoo, name)
    outdated = {key for key, value in wanted.items() if found.get(key) != value}
    if outdated and not fresh:
        say(f"bringing the database {name} up to date with the sources")
        _update(odoo, name, everything=ODOO in outdated)
    if outdated:
        _remember(odoo, name, wanted)
    rows = None
    size = demo_size or "full"
    if size != "none" and not found.get(DEMO):
        rows = demo.load_demo(odoo, name, size)
    if rows is not None:
        _save_logins(name, rows)
        _remember(odoo, name, {DEMO: size})
    elif demo_size and demo_size != found.get(DEMO, demo_size):
        say(f"the database {name} has the {found[DEMO]} demo group already: --reset makes it anew")
    if not found.get(ASSETS):
        say("generating asset bundles, so that the first page opens at once")
        templates.generate_assets(odoo, name)
        _remember(odoo, name, {ASSETS: "generated"})
    return bool(outdated) or rows is not None


def has_demo(odoo: Odoo, name: str) -> bool:
    """Whether the demo group is in a database."""
    return bool(_parameters(odoo, name).get(DEMO))


def _create(odoo: Odoo, name: str) -> None:
    base = templates.core(odoo, "minimal")
    database.drop_abandoned(odoo.server, "part_")
    part = f"part_{os.getpid()}_{name}"
    database.clone(odoo.server, base, part)
    say(f"installing {', '.join(addons())} into the database {name}")
    templates.install(odoo, part, addons())
    database.give_identity(odoo.server, part)
    database.rename(odoo.server, part, name)
    logins_file(name).unlink(missing_ok=True)


def _update(odoo: Odoo, name: str, *, everything: bool) -> None:
    with odoo.server.cursor(name) as cursor:
        cursor.execute("SELECT name FROM ir_module_module WHERE state = 'installed' AND name = ANY(%s)", [addons()])
        installed = {row[0] for row in cursor.fetchall()}
    new = [addon for addon in addons() if addon not in installed]
    templates.install(odoo, name, new, update=["base"] if everything else sorted(installed))


def _parameters(odoo: Odoo, name: str) -> dict[str, str]:
    with odoo.server.cursor(name) as cursor:
        cursor.execute("SELECT key, value FROM ir_config_parameter WHERE starts_with(key, 'hospitality_setup.')")
        return dict(cursor.fetchall())


def _remember(odoo: Odoo, name: str, values: dict[str, str]) -> None:
    with odoo.server.cursor(name) as cursor:
        for key, value in values.items():
            cursor.execute(
                """INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)
                       ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value""",
                [key, value],
            )


def logins_file(name: str) -> pathlib.Path:
    return cache() / "servers" / name / "logins.json"


def _save_logins(name: str, rows: list[dict]) -> None:
    path = logins_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(rows, stream)


def logins(name: str) -> list[dict]:
    """One row per role: ``role``, ``login``, ``password``, ``hint``."""
    path = logins_file(name)
    rows = json.loads(path.read_text()) if path.is_file() else []
    return [*rows, *([] if any(row["login"] == "admin" for row in rows) else [ADMINISTRATOR])]
