from odoo.tools import SQL

from .models.guest.hospitality_adoption import INDEXES
from .models.search.hospitality_guest_search import COMPLETE


def post_init_hook(env):
    """Plan the adoption of the contacts that exist already."""
    env["hospitality.adoption"]._start()


def uninstall_hook(env):
    """Remove what Odoo leaves behind: indexes on core columns, a parameter and files of our records."""
    for name in INDEXES:
        env.cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(name)))
    env["ir.config_parameter"].set_param(COMPLETE, False)
    models = [name for name in env.registry if name.startswith("hospitality.")]
    env["ir.attachment"].search([("res_model", "in", models), ("res_field", "!=", False)]).unlink()
    env["ir.attachment"].search([("res_model", "in", models)]).unlink()
