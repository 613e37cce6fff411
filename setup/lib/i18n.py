"""``./setup/i18n``: write the translation template of each addon (``i18n/ADDON.pot``) anew."""

import argparse
import os
import pathlib

from . import database, odoo_source, postgres, shell, templates, venv
from .odoo import Odoo
from .paths import CHECKOUT, addons, cache
from .shell import command_main, say


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="setup/i18n", description="Writes the translation template of each addon from its sources."
    )
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19.0 to use (or ODOO_HOME)")
    options = parser.parse_args(argv)
    environment = venv.use_product_libraries()
    source = odoo_source.find(options.odoo)
    with postgres.serving("test") as server:
        odoo = Odoo(source, environment, server)
        name = f"i18n_{os.getpid()}"
        database.clone(server, templates.product(odoo, "minimal"), name)
        try:
            configuration = odoo.configuration(cache() / "i18n")
            for addon in addons():
                target = CHECKOUT / addon / "i18n" / f"{addon}.pot"
                target.parent.mkdir(exist_ok=True)
                command = [venv.python(environment), source.script, "i18n", "export", "-c", configuration, "-d", name]
                shell.run([*command, "-o", target, addon], why=f"exporting {target.name}", env=odoo.variables())
                _drop_dates(target)
                say(f"wrote {target.relative_to(CHECKOUT)}")
        finally:
            database.drop(server, name)
    return 0


def _drop_dates(template: pathlib.Path) -> None:
    """Take the dates out of the head, so that an unchanged template is an unchanged file."""
    lines = template.read_text(encoding="utf-8").splitlines(keepends=True)
    dates = ('"POT-Creation-Date:', '"PO-Revision-Date:')
    template.write_text("".join(line for line in lines if not line.startswith(dates)), encoding="utf-8")


if __name__ == "__main__":
    command_main(main)
