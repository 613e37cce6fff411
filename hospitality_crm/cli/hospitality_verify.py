"""``odoo hospitality_verify -d DATABASE``: check the seals of all ledgers of a database."""

import sys

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config


class HospitalityVerify(Command):
    """Check the seals of the ledgers of a database; ends with 1 where one is broken."""

    name = "hospitality_verify"

    def run(self, args):
        config.parse_config(args, setup_logging=True)
        names = config["db_name"]
        if len(names) != 1:
            sys.exit("Name one database: hospitality_verify -d DATABASE")
        with Registry(names[0]).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            Anchor = env["hospitality.ledger.anchor"]
            try:
                results = Anchor._verify_all()
            except UserError as error:
                sys.exit(str(error))
            for result in results:
                print(f"{result['ledger']}: {Anchor._explain(result)}")
        sys.exit(any(result["broken"] for result in results))
