"""Generate the asset bundles of a database. Arguments: odoo.conf, database."""

import sys

from environment import configure, odoo_env

if __name__ == "__main__":
    configure(*sys.argv[1:])
    with odoo_env(sys.argv[2]) as environment:
        environment["ir.qweb"]._pregenerate_assets_bundles()
