"""Load the demo group. Arguments: odoo.conf, database, size, today, file for the answer (JSON)."""

import datetime
import importlib
import json
import os
import sys

from environment import configure, odoo_env

if __name__ == "__main__":
    configuration, database, size, today, answer = sys.argv[1:]
    configure(configuration, database)
    with odoo_env(database) as env:
        loader = importlib.import_module("odoo.addons.hospitality_connectors.demo.load")
        rows = loader.load(env, size=size, today=datetime.date.fromisoformat(today))
    with os.fdopen(os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(rows or [], stream)
