"""Which Odoo a command of backups means: that of ``./setup/run``, or the one that an ``odoo.conf`` names."""

import argparse
import configparser
import contextlib
import os
import pathlib
from collections.abc import Iterator

from . import database, odoo_source, postgres, venv
from .backup_set import Place
from .odoo import Odoo
from .paths import CHECKOUT, cache
from .shell import SetupError

CONNECTION = {"db_host": "PGHOST", "db_port": "PGPORT", "db_user": "PGUSER", "db_password": "PGPASSWORD"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19.0 to use (or ODOO_HOME)")
    parser.add_argument("--db", default="hospitality", help="name of the database (default: %(default)s)")
    parser.add_argument(
        *("--config", "-c"),
        metavar="FILE",
        type=pathlib.Path,
        help="odoo.conf of a server of your own: its PostgreSQL and data folder are used instead of setup/run's",
    )


@contextlib.contextmanager
def found(options: argparse.Namespace) -> Iterator[Place]:
    """The place that the arguments name."""
    values = _read(options.config) if options.config else {}
    for key, variable in CONNECTION.items():
        if values.get(key, "False") != "False":
            os.environ[variable] = values[key]
    environment = venv.use_product_libraries()
    source = odoo_source.find(options.odoo)
    with postgres.serving("durable") as server:
        odoo = Odoo(source, environment, server)
        more = {"data_dir": values["data_dir"]} if values.get("data_dir") else {}
        if values.get("addons_path"):
            more["addons_path"] = f"{values['addons_path']},{CHECKOUT}"
        yield Place(
            server,
            pathlib.Path(values.get("data_dir") or database.data_dir(server)),
            odoo.configuration(cache() / "backup", **more),
            venv.python(environment),
            odoo.variables(),
        )


def _read(path: pathlib.Path) -> dict:
    parser = configparser.RawConfigParser()
    if not parser.read(path) or not parser.has_section("options"):
        raise SetupError(f"{path} is no configuration file of Odoo.")
    return dict(parser["options"])
