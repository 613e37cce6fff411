"""Folders of Odoo tests outside the addons, given to Odoo as addons of their own.

``tests/scenarios`` (stories over all addons) and ``tests/browser`` (tours and screens) look like an addon's ``tests``
folder: an ``__init__.py`` that imports ``test_*.py``. Tours lie in their ``static/tests/``.
"""

import atexit
import os
import pathlib
import shutil

from .paths import CHECKOUT, addons, cache

FOLDERS = ("browser", "scenarios")


def technical_name(folder: str) -> str:
    return f"hospitality_tests_{folder}"


def prepare(folder: str) -> pathlib.Path | None:
    """Make the addon around ``tests/<folder>``; return the addons path to add, or nothing where there is no test."""
    tests = CHECKOUT / "tests" / folder
    if not any(tests.glob("test_*.py")):
        return None
    path = cache() / "test-addons" / f"{folder}_{os.getpid()}"
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    name = technical_name(folder)
    addon = path / name
    shutil.rmtree(path, ignore_errors=True)
    addon.mkdir(parents=True)
    manifest = {
        "name": f"Hospitality tests: {folder}",
        "version": "19.0.1.0.0",
        "license": "LGPL-3",
        "depends": addons(),
        "assets": {"web.assets_tests": [f"{name}/static/tests/**/*"]},
    }
    (addon / "__manifest__.py").write_text(f"{manifest!r}\n")
    (addon / "__init__.py").touch()
    (addon / "tests").symlink_to(tests, target_is_directory=True)
    if (tests / "static").is_dir():
        shutil.copytree(tests / "static", addon / "static")  # bundles leave out what a link leads to
    return path
