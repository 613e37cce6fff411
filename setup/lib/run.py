"""``./setup/run``: from a bare machine to a running product."""

import argparse

from . import database, install, keys, odoo_source, postgres, proxy, server, vendors, venv
from .odoo import Odoo
from .shell import command_main, say

DESCRIPTION = """\
Sets up what is missing (Odoo 19.0, Python libraries, PostgreSQL, a database with the demo group) and starts the
product on this machine only. What it makes lies in the user's cache folder. A second start takes seconds.
"""


def main(argv: list[str]) -> int:
    options = _options(argv)
    if options.stop:
        return _stop(options.db)
    database.quoted(options.db)
    running = server.state(options.db)
    if not options.no_serve:
        server.check_port(options.port, options.db)
    if options.workers:
        proxy.program()
    keys.key_file()
    environment = venv.use_product_libraries()
    source = odoo_source.find(options.odoo)
    with postgres.serving("durable") as cluster:
        odoo = Odoo(source, environment, cluster)
        if options.reset:
            server.stop(options.db)
            vendors.forget(options.db)
            database.drop(cluster, options.db)
        changed = install.prepare(odoo, options.db, options.demo)
        if options.no_serve:
            say(f"the database {options.db} is ready: {database.psql_hint(cluster, options.db)}")
            return 0
        live = install.has_demo(odoo, options.db) and not options.no_live
        if live:
            vendors.connect(odoo, options.db)
            vendors.start(odoo, options.db)
        else:
            vendors.stop(options.db)
        wanted = {"port": options.port, "workers": options.workers, "live": live}
        if running and not changed and running.items() >= wanted.items() and not options.reset:
            say("the server is already running")
        else:
            server.stop(options.db)
            server.start(odoo, options.db, options.port, options.workers, live)
    _welcome(options)
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="setup/run", description=DESCRIPTION)
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19.0 to use (or ODOO_HOME)")
    parser.add_argument("--db", default="hospitality", help="name of the database (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8069, help="port on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=0, help="worker processes behind a proxy (default: threads)")
    parser.add_argument("--demo", choices=("full", "small", "none"), help="size of the demo group (default: full)")
    parser.add_argument("--no-serve", action="store_true", help="prepare everything, start no server")
    parser.add_argument("--no-live", action="store_true", help="without the PMS and POS that feed the demo group")
    parser.add_argument("--stop", action="store_true", help="stop the server, and PostgreSQL if nobody else uses it")
    parser.add_argument("--reset", action="store_true", help="drop the database first, with all that is in it")
    return parser.parse_args(argv)


def _stop(name: str) -> int:
    stopped = server.stop(name)
    vendors.stop(name)
    say(f"stopped the server of {name}" if stopped else f"no server of {name} was running")
    if not postgres.stop_unused("durable"):
        say("PostgreSQL goes on: another server or a benchmark uses it")
    return 0


def _welcome(options: argparse.Namespace) -> None:
    logins = install.logins(options.db)
    widths = [max(len(str(row[key])) for row in logins) for key in ("role", "login", "password")]
    print(f"\nHospitality CRM is running at http://127.0.0.1:{options.port}/odoo  (this machine only)\n")
    for row in logins:
        cells = [str(row[key]).ljust(width) for key, width in zip(("role", "login", "password"), widths, strict=True)]
        print(f"  {'   '.join(cells)}   {row.get('hint', '')}".rstrip())
    if server.state(options.db).get("live"):
        print("\nA PMS and a POS on this machine feed the demo group: Configuration > Connectors shows them.")
    print("\nThese passwords are for this local demo database only: change them before anybody else can reach it.")
    print(f"Log: {server.folder(options.db) / 'odoo.log'}\nStop: ./setup/run --stop" + _name(options), flush=True)


def _name(options: argparse.Namespace) -> str:
    return "" if options.db == "hospitality" else f" --db {options.db}"


if __name__ == "__main__":
    command_main(main)
