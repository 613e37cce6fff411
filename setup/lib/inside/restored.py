"""Make a restored database harmless and whole. Arguments: odoo.conf, database, renew or keep, file for the answer."""

import json
import pathlib
import sys

from environment import configure, odoo_env

import odoo.sql_db
from odoo.exceptions import UserError
from odoo.modules.neutralize import neutralize_database

#: Table, condition and name of what works by itself.
SWITCHES = {
    "ir_cron": ("active", "cron_name"),
    "ir_mail_server": ("active", "name"),
    "fetchmail_server": ("active", "name"),
    "hospitality_connector": ("state = 'running'", "name"),
}


def main() -> None:
    configuration, database, identity, answer = sys.argv[1:]
    configure(configuration, database)
    with odoo.sql_db.db_connect(database).cursor() as cr:
        report = {"was_on": _get_switches(cr)}
        neutralize_database(cr)
    with odoo_env(database) as env:
        report["ledgers"] = _verify(env)
        eraser = env.get("hospitality.eraser")
        report["erased"] = eraser._replay() if eraser is not None else None
        if identity == "renew":
            # Two databases with one identity would accept each other's links and anchor their ledgers in one place.
            env["ir.config_parameter"].init(force=True)
            env.registry.clear_cache()
    pathlib.Path(answer).write_text(json.dumps(report))


def _get_switches(cr) -> dict:
    found = {}
    for table, (condition, name) in SWITCHES.items():
        cr.execute("SELECT to_regclass(%s)", [table])
        if cr.fetchone()[0] is None:
            continue
        cr.execute(f"SELECT id, {name}::text FROM {table} WHERE {condition} ORDER BY id")  # constants of this file
        found[table] = cr.fetchall()
    return found


def _verify(env) -> list:
    Anchor = env.get("hospitality.ledger.anchor")
    if Anchor is None:
        return []
    try:
        results = Anchor._verify_all()
    except UserError as error:
        return [{"ledger": "-", "sealed": 0, "waiting": 0, "intact": False, "text": str(error)}]
    return [
        {
            "ledger": result["ledger"],
            "sealed": result["sealed"],
            "waiting": result["waiting"],
            "intact": result["broken"] is None,
            "text": Anchor._explain(result),
        }
        for result in results
    ]


if __name__ == "__main__":
    main()
