"""Connect the demo group to its live vendors. Arguments: odoo.conf, database; standard input: JSON of the vendors."""

import importlib
import json
import sys

from environment import configure, odoo_env

if __name__ == "__main__":
    configuration, database = sys.argv[1:]
    vendors = json.load(sys.stdin)
    configure(configuration, database)
    with odoo_env(database) as env:
        importlib.import_module("odoo.addons.hospitality_connectors.demo.vendors").connect(env, vendors)
        env.cr.commit()
